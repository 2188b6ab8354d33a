"""Figures of ``burstprop/propagation``, equivalent to Fig. 3 of Payeur et al. 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from neuromodels.style import BLUE, GREEN, NEUTRAL, ORANGE, PINK
from neuromodels_burstprop.drawing import band, legend
from neuromodels_burstprop.drawing import raster as draw_raster
from neuromodels_burstprop.propagation import reference
from neuromodels_burstprop.propagation.regression import regress

if TYPE_CHECKING:
    from neuromodels.runs import Run
    from neuromodels_burstprop.propagation.measured import Measured

COLORS = {"pyr1": BLUE, "pyr2": ORANGE, "pv": GREEN, "som": PINK}
SOMA, DEND = BLUE, ORANGE

Array = npt.NDArray[np.float64]


def propagation(run: Run, measured: Measured, *, published: bool) -> Figure:
    """Both input currents, event rates, burst probabilities, rates of the interneurons (Fig. 3).

    Parameters
    ----------
    published : bool
        Whether to draw the reference's bands.
    """
    interneurons = [name for name in ("pv", "som") if name in measured.bursts]
    rows = [
        ("event rate (Hz)", ["pyr1_event_rate", "pyr2_event_rate"]),
        ("burst probability (%)", ["pyr1_burst_probability", "pyr2_burst_probability"]),
    ]
    if interneurons:
        rows.append(("spike rate (Hz)", [f"{name}_spike_rate" for name in interneurons]))
    figure = Figure(figsize=(7.0, 2.0 + 1.8 * len(rows)), layout="constrained")
    currents, *panels = figure.subplots(len(rows) + 1, 1, sharex=True)
    time = measured.time / 1000.0
    for name, color, text in (
        ("I_soma", SOMA, "soma of PYR1"),
        ("I_dend", DEND, "dendrite of PYR2"),
    ):
        currents.plot(time, measured.signals[name], color=color, label=text)
    currents.set_ylabel("current (pA)")
    currents.legend(frameon=False, fontsize=7, loc="upper left")
    for axes, (label, names) in zip(panels, rows, strict=True):
        for name in names:
            population = name.split("_")[0]
            color = COLORS[population]
            axes.plot(time, measured.signals[name], color=color, label=population.upper())
            if published:
                known = reference.band(name)
                band(axes, known.time, known.mean, known.sd, color)
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
    # One legend for all populations: the panels' colours are the same.
    for population in interneurons:
        panels[0].plot([], [], color=COLORS[population], label=population.upper())
    for axes in (currents, *panels):
        _burn_in(axes, run)
    panels[-1].set_xlabel("time (s)")
    legend(figure, panels[0], published=published)
    return figure


def decoding(measured: Measured) -> Figure:
    """Each input current, and what the two populations say of it.

    A line is the linear regression of the current on a rate or a burst probability: the best
    estimate of a downstream reader that weighs and shifts the code.  R² is its fidelity.
    """
    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    on = measured.stimulated
    time = measured.time[on] / 1000.0
    for axes, current, code, title in (
        (upper, "I_soma", "event_rate", "bottom-up signal, from event rates"),
        (lower, "I_dend", "burst_probability", "top-down signal, from burst probabilities"),
    ):
        signal = measured.signals[current][on]
        axes.plot(time, signal, color="black", linewidth=1, label="current")
        for population in ("pyr1", "pyr2"):
            values = measured.signals[f"{population}_{code}"][on]
            slopes, r2 = regress(signal, values)
            estimate = np.nanmean(signal) + slopes[0] * (values - np.nanmean(values))
            label = f"from {population.upper()}: R² = {r2:.2f}"
            axes.plot(time, estimate, color=COLORS[population], label=label)
        axes.set_title(title, fontsize="medium")
        axes.set_ylabel("current (pA)")
        axes.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    lower.set_xlabel("time (s)")
    upper.set_xlim(time[0], time[-1])
    return figure


def raster(run: Run, measured: Measured, *, neurons: int = 60, span: float = 1000.0) -> Figure:
    """Spikes of some neurons of each population around the beginning of the stimulation."""
    burn_in = 1000.0 * run.parameters["burn_in"]
    start = max(0.0, burn_in - span / 2)
    stop = min(run.t_stop, start + span)
    names = [name for name in ("pyr2", "pyr1", "pv", "som") if name in measured.bursts]
    figure = Figure(figsize=(7.0, 1.5 * len(names)), layout="constrained")
    for axes, name in zip(figure.subplots(len(names), 1, sharex=True), names, strict=True):
        pyramidal = name.startswith("pyr")
        draw_raster(axes, measured.bursts[name], start, stop, neurons=neurons, marks=pyramidal)
        axes.axvline(burn_in / 1000.0, color="black", linewidth=0.8, linestyle=":")
        axes.set_ylabel(name.upper())
        axes.set_yticks([])
    axes.set_xlabel("time (s); bursts marked where they are counted")
    axes.set_xlim(start / 1000.0, stop / 1000.0)
    return figure


def _burn_in(axes: Any, run: Run) -> None:
    """Shade the time before the sinusoidal currents."""
    axes.axvspan(0.0, run.parameters["burn_in"], color=NEUTRAL, zorder=-1)
    axes.set_xlim(0.0, run.phases[-1].stop / 1000.0)


__all__ = ["decoding", "propagation", "raster"]
