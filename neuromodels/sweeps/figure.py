"""Metrics against the swept parameter, with their spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels import style
from neuromodels.style import PALETTE
from neuromodels.sweeps.definition import text_of
from neuromodels.sweeps.table import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_PANELS = 24
_DECADES = 1.5


def figures(summaries: Sequence[Summary], swept: Sequence[str], title: str) -> dict[str, Figure]:
    """A panel per metric, at most 24 to a figure.

    Along the horizontal axis is the first swept parameter that takes more than one value: to scale
    where it is a number, else one place per value.  Each combination of the others has a colour.
    Dots are runs, lines and bars mean and standard deviation over seeds; grey is the mean and
    standard deviation of the reference: a band where all points share it, else a bar for each.  A
    cross marks a mean that differs from its reference, and the title counts verdicts.

    Parameters
    ----------
    summaries : sequence of Summary
    swept : sequence of str
        Names of the swept parameters.
    title : str

    Returns
    -------
    dict
        Name -> figure.
    """
    # A metric that is a number in no run has nothing to show.
    names = list(dict.fromkeys(s.metric.name for s in summaries if np.isfinite(s.values).any()))
    pages = [names[first : first + _PANELS] for first in range(0, len(names), _PANELS)]
    axis = _Axis(summaries, swept)
    made = {}
    for number, page in enumerate(pages, 1):
        name = "metrics" if number == 1 else f"metrics-{number}"
        with style.applied():
            made[name] = _page(summaries, page, axis, title)
    return made


class _Axis:
    """Where a point stands, and what colour it has."""

    def __init__(self, summaries: Sequence[Summary], swept: Sequence[str]) -> None:
        points = {summary.entry.point: summary.entry for summary in summaries}
        entries = list(points.values())
        self.name, self.unit = "", ""
        # Where points have names, these say more than the parameters behind them.
        labelled = any(entry.label for entry in entries)
        varied = [name for name in swept if len({str(entry.values[name]) for entry in entries}) > 1]
        if varied and not labelled:
            self.name = varied[0]
            self.unit = entries[0].parameters[self.name]["unit"]
        values = [self._value(summary) for summary in summaries]
        self.to_scale = bool(self.name) and all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in values
        )
        self.ticks = list(dict.fromkeys(str(value) for value in values))
        numbers = [float(value) for value in values] if self.to_scale else []
        self.log = (
            bool(numbers) and min(numbers) > 0 and np.log10(max(numbers) / min(numbers)) >= _DECADES
        )
        groups = dict.fromkeys(self.group(summary) for summary in summaries)
        self.groups = list(groups)

    def _value(self, summary: Summary) -> Any:
        entry = summary.entry
        return entry.values[self.name] if self.name else entry.label

    def group(self, summary: Summary) -> str:
        """What tells a point from others at the same place."""
        if not self.name:
            return ""
        entry = summary.entry
        return text_of({k: v for k, v in entry.parameters.items() if k != self.name})

    def place(self, summary: Summary) -> float:
        """Position along the axis."""
        value = self._value(summary)
        return float(value) if self.to_scale else float(self.ticks.index(str(value)))

    def label(self, axes: Axes) -> None:
        """Name the axis and its places."""
        if self.log:
            axes.set_xscale("log")
        if not self.to_scale:
            turned = max(len(tick) for tick in self.ticks) > 4 and len(self.ticks) > 1
            axes.set_xticks(
                range(len(self.ticks)), self.ticks,
                rotation=45 if turned else 0, ha="right" if turned else "center",
            )  # fmt: skip
            axes.set_xlim(-0.5, len(self.ticks) - 0.5)
        if self.name:
            axes.set_xlabel(f"{self.name} ({self.unit})" if self.unit else self.name)


def _page(summaries: Sequence[Summary], names: Sequence[str], axis: _Axis, title: str) -> Figure:
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.0 * columns + 0.5, 2.4 * rows + 0.6), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, name in zip(panels, names, strict=False):
        _panel(panel, [s for s in summaries if s.metric.name == name], axis)
    for panel in panels[len(names) :]:
        panel.remove()
    if len(axis.groups) > 1:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure


def _panel(axes: Axes, summaries: Sequence[Summary], axis: _Axis) -> None:
    metric = summaries[0].metric
    references = {summary.metric.reference for summary in summaries}
    if metric.reference is not None and len(references) == 1:
        mean, sd = metric.reference.mean, metric.reference.sd
        axes.axhspan(mean - sd, mean + sd, color="0.85", lw=0)
        axes.axhline(mean, color="0.6", lw=0.8)
    else:
        _references(axes, summaries, axis)
    for number, group in enumerate(axis.groups):
        members = [summary for summary in summaries if axis.group(summary) == group]
        members = sorted((s for s in members if s.values.size), key=axis.place)
        color = PALETTE[number % len(PALETTE)]
        for summary in members:
            where = np.full(summary.values.size, axis.place(summary))
            axes.plot(where, summary.values, "o", color=color, alpha=0.7, ms=4, mew=0, zorder=3)
        places = [axis.place(summary) for summary in members]
        axes.errorbar(
            places,
            [summary.mean for summary in members],
            yerr=[np.nan_to_num(summary.sd) for summary in members],
            color=color,
            ls="-" if axis.to_scale else "none",
            marker="_",
            ms=8,
            capsize=2,
            lw=1.2,
            label=group,
        )
    differing = [s for s in summaries if s.values.size and s.verdict == "differs"]
    axes.plot(
        [axis.place(s) for s in differing], [s.mean for s in differing],
        "x", color="0.15", ms=8, mew=1.5, zorder=4,
    )  # fmt: skip
    axis.label(axes)
    axes.set_ylabel(metric.unit)
    axes.set_title("\n".join(filter(None, [metric.name, _verdicts(summaries)])), fontsize=8)
    axes.tick_params(labelsize=8)


def _references(axes: Axes, summaries: Sequence[Summary], axis: _Axis) -> None:
    """Draw the reference of each point at its place."""
    for summary in summaries:
        reference = summary.metric.reference
        if reference is not None:
            axes.errorbar(
                axis.place(summary), reference.mean, yerr=reference.sd,
                color="0.75", marker="s", ms=6, lw=5, zorder=1,
            )  # fmt: skip


def _verdicts(summaries: Sequence[Summary]) -> str:
    """How many points agree with their reference; empty where none has one."""
    verdicts = [s.verdict for s in summaries if s.metric.reference is not None and s.values.size]
    return f"{verdicts.count('agrees')} of {len(verdicts)} agree" if verdicts else ""


__all__ = ["figures"]
