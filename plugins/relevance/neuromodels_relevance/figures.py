"""Figures of the study, equivalent to Fig. 2, 3, 5 and 6 of Insel et al. 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from neuromodels_relevance import reference
from neuromodels_relevance.network import CYCLE, GROUPS
from neuromodels_relevance.schedules import EVENTS, SCALE, SHARE

if TYPE_CHECKING:
    from neuromodels_relevance.measured import Measured

# Okabe & Ito (2008): told apart with any colour vision.
COLORS = {"CS1": "#D55E00", "CS2": "#0072B2", "no": "0.5", "US": "#009E73", "other": "0.5"}
LABELS = {
    "phiE": "excitatory rate (Hz)",
    "I": "inhibition (Hz)",
    "S": "relevance S (√spikes)",
    "yraw": "output y",
    "maxy": "published output max y",
}


def presentations(measured: Measured, experiment: str, condition: str | None) -> Figure:
    """Mean of each signal in every presentation (Fig. 2C, 3C, 5C, 5D), bands: reference ± s.d."""
    shown = [name for name in LABELS if name in measured.signals]
    stimuli = [s for s in ("CS1", "CS2") if measured.schedule.starts(s).size]
    figure = Figure(figsize=(7.0, 1.7 * len(shown) + 0.6), layout="constrained")
    grid = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True))
    for axes, quantity in zip(grid, shown, strict=True):
        for stimulus in stimuli:
            values = measured.windows(quantity, stimulus)
            number = np.arange(1, values.size + 1)
            color = COLORS[stimulus]
            axes.plot(
                number, values, ".-", color=color, markersize=3, linewidth=0.8, label=stimulus
            )
            band = reference.curve(experiment, condition, f"{quantity}_{stimulus}")
            if band is not None and quantity != "maxy":
                axes.fill_between(
                    band.x, band.mean - band.sd, band.mean + band.sd,
                    color=color, alpha=0.25, linewidth=0,
                )  # fmt: skip
        axes.set_ylabel(LABELS[quantity], fontsize="small")
    grid[-1].set_xlabel("presentation")
    handles, _ = grid[0].get_legend_handles_labels()
    if any(axes.collections for axes in grid):
        handles.append(Patch(color="0.8", label="reference, mean ± sd"))
    grid[0].legend(handles=handles, frameon=False, fontsize="small")
    return figure


def traces(measured: Measured, *, span: float = 1.5) -> Figure:
    """Inhibition, rate and relevance around the first and last presentations (Fig. 2B, 3B)."""
    chosen = [
        (f"{which} {name}", name, measured.schedule.starts(name)[index])
        for which, index in (("first", 0), ("last", -1))
        for name in ("CS1", "CS2")
        if measured.schedule.starts(name).size
    ]
    figure = Figure(figsize=(2.2 * max(len(chosen), 2), 4.6), layout="constrained")
    grid = figure.subplots(3, max(len(chosen), 1), sharex=True, sharey="row", squeeze=False)
    cycle = CYCLE / 1000.0
    half = round(span / cycle / 2)
    for column, (title, name, start) in enumerate(chosen):
        first, last = max(0, start - half), min(measured.schedule.n_cycles, start + half)
        time = (np.arange(first, last) - start) * cycle
        for row, quantity in enumerate(("I", "phiE", "S")):
            axes = grid[row, column]
            axes.plot(time, measured.signals[quantity][first:last], color="black", linewidth=0.9)
            _shade(axes, measured, start, cycle, first, last)
            if column == 0:
                axes.set_ylabel(LABELS[quantity], fontsize="small")
        grid[0, column].set_title(title, fontsize="medium", color=COLORS[name])
        grid[2, column].set_xlabel("time (s)")
    occurring = [name for name in EVENTS if measured.schedule.starts(name).size]
    shades = [
        Patch(color=COLORS[name], alpha=0.2, label=name) for name in ("CS1", "CS2", "US")
        if name in occurring
    ]  # fmt: skip
    if {SHARE, SCALE} & set(occurring):
        shades.append(Patch(color="0.9", label="changed inhibition"))
    figure.legend(
        handles=shades, loc="outside lower center", ncols=4, frameon=False, fontsize="small"
    )
    return figure


def _shade(axes: Any, measured: Measured, zero: int, cycle: float, first: int, last: int) -> None:
    """Colour what is on: stimuli, US, and windows of reduced inhibition."""
    for name in EVENTS:
        color = COLORS.get(name, "0.85")
        for start, stop in measured.schedule.events.get(name, ()):
            if stop > first and start < last:
                edges = [(max(start, first) - zero) * cycle, (min(stop, last) - zero) * cycle]
                if name in (SHARE, SCALE):
                    axes.axvspan(*edges, color="0.9", zorder=-2, linewidth=0)
                else:
                    axes.axvspan(*edges, color=color, alpha=0.2, zorder=-1, linewidth=0)


def classification(measured: Measured, condition: str | None) -> Figure:
    """Right answers and loss, means over a second (Fig. 7C), bands: reference ± s.d."""
    second = round(1000.0 / CYCLE)
    figure = Figure(figsize=(7.0, 2.8), layout="constrained")
    pair = figure.subplots(1, 2)
    for axes, quantity, factor, title in zip(
        pair, ("accuracy", "loss"), (100.0, 1.0), ("right answers (%)", "loss L + κ ln κ"),
        strict=True,
    ):  # fmt: skip
        values = factor * measured.signals[quantity]
        n = values.size // second
        time = 0.5 + np.arange(n)
        axes.plot(time, values[: n * second].reshape(n, second).mean(axis=1), color="black")
        name = {"accuracy": "acc_1s_bins", "loss": "loss_1s_bins"}[quantity]
        band = reference.curve("categorization", condition, name)
        if band is not None:
            axes.fill_between(
                band.x - 0.5, band.mean - band.sd, band.mean + band.sd,
                color="black", alpha=0.2, linewidth=0,
                label="reference, mean ± sd",
            )  # fmt: skip
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("time in training (s)")
    if pair[1].collections:
        pair[1].legend(frameon=False, fontsize="small")
    return figure


def weights(measured: Measured) -> Figure:
    """Mean weights of the three projections over training."""
    figure = Figure(figsize=(7.0, 2.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    kept = measured.weight_time <= measured.schedule.n_cycles * CYCLE / 1000.0
    time = measured.weight_time[kept]
    for axes, prefix, title in (
        (left, "w", "input to inhibitory"), (middle, "W", "input to excitatory")
    ):  # fmt: skip
        for group in GROUPS:
            axes.plot(
                time,
                measured.weight_course[f"{prefix}_{group}"][kept],
                color=COLORS[group],
                label=group,
            )
        axes.set_title(title, fontsize="medium")
    right.plot(time, measured.weight_course["q"][kept], color="black")
    right.set_title("inhibitory to excitatory", fontsize="medium")
    for axes in (left, middle, right):
        axes.set_ylim(bottom=0)
        axes.axvline(0, color="0.7", linewidth=0.8)
        axes.set_xlabel("time in training (s)")
    left.set_ylabel("mean weight")
    left.legend(frameon=False, fontsize="small")
    return figure
