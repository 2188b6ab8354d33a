"""Comparisons that consist of differences between metrics: of conditions, or within one.

What most papers claim has this form.  A study lists the differences with their claims, and what its
figure shows; measures, paired seeds and the drawing are the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from neuromodels.comparison import Claim, Compared, Comparison, Measure, RunSet
from neuromodels.style import GREY, PALETTE
from neuromodels.verdict import Reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Term = tuple[str, str]
"""Condition and metric."""

_LEGEND = (
    "Dots and bars: mean and standard deviation over seeds; lines: single seeds; grey bars: "
    "reference."
)


@dataclass(frozen=True)
class Contrast:
    """A difference, and what the paper claims of it.

    Parameters
    ----------
    name : str
        Of the measure.
    first : (str, str)
        Condition and metric.
    second : (str, str), optional
        What is subtracted; without it the measure is the first metric itself.
    sentence, source, low, high, unit
        Of the claim, as in `neuromodels.Claim`.
    reference : Reference, optional
        Of the measure.
    """

    name: str
    first: Term
    second: Term | None
    sentence: str
    source: str
    low: float = 0.0
    high: float = math.inf
    unit: str = ""
    reference: Reference | None = None


@dataclass(frozen=True)
class Panel:
    """A panel of the figure: metrics side by side, each seed a line.

    Parameters
    ----------
    title : str
        What is to be seen.
    label : str
        Of the vertical axis, with the unit.
    columns : sequence of (str, str, str)
        Label, condition and metric of each column.
    """

    title: str
    label: str
    columns: Sequence[tuple[str, str, str]]


class ContrastComparison(Comparison):
    """A comparison of one circuit that is a list of contrasts.

    Class attributes
    ----------------
    circuit : str
    contrasts : sequence of Contrast
    panels : sequence of Panel
        Of its figure, which has the comparison's name.
    caption : str
        Of the figure, without what is the same for all (dots, bars and lines).
    """

    circuit: ClassVar[str]
    contrasts: ClassVar[Sequence[Contrast]]
    panels: ClassVar[Sequence[Panel]] = ()
    caption: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        terms = [term for c in cls.contrasts for term in (c.first, c.second) if term is not None]
        shown = [(condition, metric) for p in cls.panels for _, condition, metric in p.columns]
        conditions = dict.fromkeys(condition for condition, _ in [*terms, *shown])
        cls.needs = {cls.circuit: tuple(conditions)}
        cls.claims = tuple(
            Claim(c.name, c.sentence, c.source, c.low, c.high, c.unit) for c in cls.contrasts
        )

    def __call__(self, runs: RunSet) -> Compared:
        """Take the differences seed by seed, and draw what they are taken of."""
        measures = [
            Measure(c.name, _values(runs, self.circuit, c), c.unit, c.reference, c.sentence)
            for c in self.contrasts
        ]
        if not self.panels or not len(runs):
            return Compared(measures)
        name = self.name.partition("/")[2]
        figure = draw(runs, self.circuit, self.panels)
        caption = f"{self.caption or self.summary} {_LEGEND}"
        return Compared(measures, {name: figure}, {name: caption})


def _values(runs: RunSet, circuit: str, contrast: Contrast) -> dict[int, float]:
    first = runs.metric(circuit, *contrast.first)
    if contrast.second is None:
        return first
    second = runs.metric(circuit, *contrast.second)
    return {seed: first[seed] - second[seed] for seed in first if seed in second}


def draw(runs: RunSet, circuit: str, panels: Sequence[Panel]) -> Figure:
    """Draw metrics of conditions side by side.

    Thin lines join runs of one seed, dots and bars are mean and standard deviation over seeds, a
    grey bar is mean and standard deviation of the reference.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.4 * len(panels), 3.0), layout="constrained")
    for number, (axes, panel) in enumerate(
        zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True)
    ):
        _draw_panel(axes, runs, circuit, panel)
        letter = chr(ord("a") + number)
        axes.set_title(f"$\\bf{{{letter}}}$  {panel.title}", loc="left", wrap=True)
    return figure


def _draw_panel(axes: Axes, runs: RunSet, circuit: str, panel: Panel) -> None:
    columns = [runs.metric(circuit, condition, metric) for _, condition, metric in panel.columns]
    seeds = sorted({seed for values in columns for seed in values})
    for seed in seeds:
        line = [values.get(seed, math.nan) for values in columns]
        axes.plot(line, color=GREY, linewidth=0.8, zorder=1)
    colours: dict[str, str] = {}
    for place, (values, (_, condition, metric)) in enumerate(
        zip(columns, panel.columns, strict=True)
    ):
        colour = colours.setdefault(condition, PALETTE[len(colours) % len(PALETTE)])
        finite = [value for value in values.values() if math.isfinite(value)]
        measure = Measure("", dict(enumerate(finite)))
        if finite:
            spread = 0.0 if math.isnan(measure.sd) else measure.sd
            axes.errorbar(place, measure.mean, spread, fmt="o", color=colour, capsize=3, zorder=3)
        reference = _reference(runs, circuit, condition, metric)
        if reference is not None:
            low, high = reference.mean - reference.sd, reference.mean + reference.sd
            axes.fill_between([place - 0.3, place + 0.3], low, high, color=GREY, alpha=0.4, lw=0)
            axes.hlines(reference.mean, place - 0.3, place + 0.3, color=GREY, linewidth=1.2)
    labels = [label for label, _, _ in panel.columns]
    axes.set_xticks(range(len(labels)), labels, rotation=25 if len(labels) > 2 else 0, ha="right")
    if len(labels) <= 2:
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("center")
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_ylabel(panel.label)


def _reference(runs: RunSet, circuit: str, condition: str, metric: str) -> Reference | None:
    for seed in runs.seeds(circuit, condition):
        found: Mapping[str, Any] = runs.run(circuit, condition, seed).metrics
        return found[metric].reference if metric in found else None
    return None


__all__ = ["Contrast", "ContrastComparison", "Panel", "Term", "draw"]
