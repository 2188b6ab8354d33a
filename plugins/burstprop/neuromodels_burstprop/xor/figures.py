"""Figures of ``burstprop/xor``, equivalent to Fig. 4 of Payeur et al. 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from neuromodels.style import BLUE, PALETTE
from neuromodels_burstprop.xor import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuromodels.runs import Run
    from neuromodels_burstprop.xor.measured import Measured

COLORS = (*PALETTE, "#000000", "#999999")
BEFORE, AFTER = "#999999", BLUE


def learning(measured: Measured, *, published: bool) -> Figure:
    """Cost, output rates and weights over epochs."""
    figure = Figure(figsize=(8.0, 7.2), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    epochs = np.arange(1, len(measured.cost) + 1)
    p = measured.circuit.parameters

    top.plot(epochs, measured.cost, color=COLORS[0], label="this run")
    chance = np.log(2.0) * len(measured.examples) * len(measured.circuit.outputs)
    top.axhline(chance, color="0.6", linewidth=0.8, linestyle=":", label="chance")
    top.set_ylabel("cost per epoch")
    for i, example in enumerate(measured.examples):
        for j, output in enumerate(measured.circuit.outputs):
            label = (
                example.name if len(measured.circuit.outputs) == 1 else f"{example.name} {output}"
            )
            color = COLORS[(i + j * len(measured.examples)) % len(COLORS)]
            middle.plot(epochs, measured.predictions[:, i, j], color=color, label=label)
    middle.axhline((p.rate_0 + p.rate_1) / 2, color="0.6", linewidth=0.8, linestyle=":")
    middle.set_ylabel("output event rate (Hz)")
    for i, projection in enumerate(measured.projections):
        bottom.plot(
            epochs, measured.weights[:, i], color=COLORS[i % len(COLORS)],
            label=projection.replace(" to ", " → ").replace("_", " "),
        )  # fmt: skip
    bottom.set_ylabel("mean weight (somatic leak)")
    bottom.set_xlabel("epoch")
    if published:
        _reference(top, "cost", len(epochs), "0.3", label="reference")
        for i, example in enumerate(measured.examples):
            _reference(middle, f"output {example.name}", len(epochs), COLORS[i])
        for i, projection in enumerate(measured.projections):
            _reference(bottom, projection, len(epochs), COLORS[i])
    for axes in (top, middle, bottom):
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    top.set_xlim(0, len(epochs) + 1)
    return figure


def _reference(
    axes: Axes, quantity: str, epochs: int, color: str, label: str | None = None
) -> None:
    """The reference's two networks, dashed and dotted; smoothed, not to hide ours."""
    width = reference.BLOCK
    for seed, (record, style) in enumerate((("port", "--"), ("second", ":")), start=1):
        values = reference.course(record, quantity)
        smooth = np.convolve(values, np.ones(width) / width, mode="valid")
        at = np.arange(len(smooth)) + (width + 1) / 2
        shown = at <= epochs
        axes.plot(
            at[shown], smooth[shown], color=color, linestyle=style, linewidth=1, alpha=0.8,
            label=label and f"{label}, seed {seed}",
        )  # fmt: skip


def tests(measured: Measured, *, published: bool) -> Figure:
    """Event rate and burst probability of every population, before and after learning."""
    names = measured.populations
    figure = Figure(figsize=(1.7 * len(names) + 0.6, 4.4), layout="constrained")
    grid = figure.subplots(2, len(names), sharex=True, squeeze=False)
    x = np.arange(len(measured.examples))
    epochs = len(measured.cost)
    for column, population in enumerate(names):
        for row, quantity in enumerate(("event_rate", "burst_probability")):
            axes = grid[row, column]
            for when, color, marker in (("before", BEFORE, "s"), ("after", AFTER, "o")):
                values = [
                    getattr(measured.tests[when, e.name], quantity)[column]
                    if (when, e.name) in measured.tests
                    else np.nan
                    for e in measured.examples
                ]
                axes.plot(x, values, marker, color=color, label=f"{when} learning")
                known = {"before": "before", "after": f"after {epochs}"}[when]
                if published and known in {"before", "after 10", "after 500"}:
                    axes.plot(
                        x,
                        [
                            reference.of_test(known, e.name, population, quantity).mean
                            for e in measured.examples
                        ],
                        "_", color=color, markersize=16, label=f"reference, {when}",
                    )  # fmt: skip
            axes.set_ylim(0.0, 1.08 * axes.get_ylim()[1])
            if row == 0:
                axes.set_title(population.replace("_", " "), fontsize=9)
            if column == 0:
                axes.set_ylabel(
                    "event rate (Hz)" if row == 0 else "burst probability (%)", fontsize=9
                )
            axes.set_xticks(x, [e.name for e in measured.examples])
            axes.margins(x=0.15)
    p = measured.circuit.parameters
    for column in range(len(names) - len(measured.circuit.outputs), len(names)):
        grid[0, column].axhline(
            (p.rate_0 + p.rate_1) / 2, color="0.6", linestyle=":", linewidth=0.8
        )
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    figure.supxlabel("inputs", fontsize=9)
    return figure


def rates(run: Run, measured: Measured, *, span: float = 120.0) -> Figure:
    """Event rate and burst probability of all populations in the first `span` seconds."""
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    shown = measured.time <= span
    for i, population in enumerate(measured.populations):
        color, label = COLORS[i % len(COLORS)], population.replace("_", " ")
        edges = np.concatenate([[0.0], measured.time[shown]])
        upper.stairs(measured.rates.event_rate[shown, i], edges, color=color, label=label)
        lower.stairs(measured.rates.burst_probability[shown, i], edges, color=color)
    for phase in run.phases:
        if phase.start / 1000.0 < span and not phase.name.endswith("_learn"):
            upper.axvline(phase.start / 1000.0, color="0.9", linewidth=0.6, zorder=0)
        if phase.name.endswith("_learn") and phase.start / 1000.0 < span:
            for axes in (upper, lower):
                axes.axvspan(phase.start / 1000.0, phase.stop / 1000.0, color="#F5E6B8", zorder=0)
    upper.set_xlim(0.0, float(measured.time[shown][-1]))
    upper.set_ylabel("event rate (Hz)")
    lower.set_ylabel("burst probability (%)")
    lower.set_xlabel("time (s); teacher and plasticity on where shaded")
    upper.legend(frameon=False, fontsize=7, ncols=5)
    for axes in (upper, lower):
        axes.set_ylim(bottom=0)
    return figure
