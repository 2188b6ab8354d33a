"""Figures of ``burstprop/single-cell``: transfer functions, and voltages with their spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.figure import Figure

from neuromodels.bursts import BURST, EVENT
from neuromodels.style import BLUE, ORANGE, PINK
from neuromodels_burstprop.cells import CELLS
from neuromodels_burstprop.single_cell.circuit import (
    MEASURE,
    TRACES,
    grid,
    traced,
    traced_currents,
)
from neuromodels_burstprop.single_cell.measured import parameters

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.bursts import Bursts
    from neuromodels.runs import Run

EVENTS, BURSTS, SPIKES, DENDRITE = BLUE, PINK, "0.3", ORANGE

SHOWN = 600.0
"""Length of the voltage traces in the figure (ms)."""

PEAK = 10.0
"""Models have no peak of a spike: drawn up to here (mV)."""

Array = npt.NDArray[np.float64]


def transfer_functions(run: Run, transfer: xr.Dataset) -> Figure:
    """Event rate, burst rate and burst probability against the currents.

    Lines are means over cells; error bars are their standard errors.
    """
    if "I_dend" not in transfer.dims:
        return _one_current(run, transfer)
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    grid_ = figure.subplots(2, 3, sharey="col")
    for row, (current, other) in enumerate((("I_soma", "I_dend"), ("I_dend", "I_soma"))):
        others = np.asarray(transfer[other])
        colors = colormaps["viridis"](np.linspace(0.0, 0.9, others.size))
        for value, color in zip(others, colors, strict=True):
            part = transfer.sel({other: value})
            x = np.asarray(part[current])
            label = f"{value:g} pA"
            for axes, name in zip(grid_[row], ("event_rate", "burst_rate"), strict=False):
                _line(axes, part[name].transpose(current, "repetition"), x, color, label)
            probability = 100.0 * part["burst_probability"]
            grid_[row, 2].plot(x, probability, "o-", ms=3, lw=1, color=color, label=label)
        for axes, label in zip(
            grid_[row], ("event rate (Hz)", "burst rate (Hz)", "burst probability (%)"), strict=True
        ):
            axes.set_xlabel(f"{_called(current)} current (pA)")
            axes.set_ylabel(label)
            axes.set_ylim(bottom=0)
        grid_[row, 2].legend(
            title=_called(other),
            title_fontsize=7,
            frameon=False,
            fontsize=7,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )
    figure.suptitle(_title(run), fontsize="medium")
    return figure


def _one_current(run: Run, transfer: xr.Dataset) -> Figure:
    figure = Figure(figsize=(7.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    x = np.asarray(transfer["I_soma"])
    for name, color, label in (
        ("spike_rate", SPIKES, "spikes"),
        ("event_rate", EVENTS, "events"),
        ("burst_rate", BURSTS, "bursts"),
    ):
        _line(left, transfer[name].transpose("I_soma", "repetition"), x, color, label)
    right.plot(x, 100.0 * transfer["burst_probability"], "o-", ms=3, lw=1, color=BURSTS)
    left.set_ylabel("rate (Hz)")
    right.set_ylabel("burst probability (%)")
    for axes in (left, right):
        axes.set_xlabel("current (pA)")
        axes.set_ylim(bottom=0)
    left.legend(frameon=False, fontsize=8)
    figure.suptitle(_title(run), fontsize="medium")
    return figure


def _line(axes: Any, rates: xr.DataArray, x: Array, color: Any, label: str) -> None:
    values = np.asarray(rates)
    n = values.shape[1]
    error = values.std(axis=1, ddof=1) / n**0.5 if n > 1 else None
    axes.errorbar(
        x, values.mean(axis=1), error, fmt="o-", ms=3, lw=1, capsize=2, color=color, label=label
    )


def voltages(run: Run, bursts: Bursts) -> Figure:
    """Voltages of the traced cells from the beginning of the measurement on.

    Events and bursts are marked above; spikes are drawn to `PEAK`.
    """
    p = parameters(run)
    _, dend = grid(p)
    dendrites: Sequence[float | None] = [None] if dend is None else dend
    points = [(s, d) for s in traced_currents(p) for d in dendrites]
    trace = run.traces[TRACES]
    start = run.phase(MEASURE).start
    stop = min(start + SHOWN, run.phase(MEASURE).stop)
    time = np.asarray(trace["time"])
    inside = (time > start) & (time <= stop)
    t = time[inside] - start

    figure = Figure(figsize=(7.4, 1.0 + 1.3 * len(points)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(points), 1, sharex=True, sharey=True))
    for column, (axes, point, cell) in enumerate(zip(panels, points, traced(p), strict=True)):
        chosen = bursts.spikes.node_ids == cell
        spikes, kinds = bursts.spikes.times[chosen], bursts.kind[chosen]
        shown = (spikes > start) & (spikes <= stop)
        spikes, kinds = spikes[shown] - start, kinds[shown]
        for name, color in zip(CELLS[p.cell].voltages, (SPIKES, DENDRITE), strict=False):
            axes.plot(t, np.asarray(trace[name])[inside, column], lw=0.7, color=color)
        axes.vlines(spikes, -50.0, PEAK, lw=0.7, color=SPIKES)
        for kind, color in ((EVENT, EVENTS), (BURST, BURSTS)):
            at = spikes[kinds == kind]
            axes.plot(at, np.full(at.size, PEAK + 8.0), "v", ms=3.5, color=color)
        soma, dendrite = point
        text = f"soma {soma:g} pA"
        axes.set_title(
            text if dendrite is None else f"{text}, dendrite {dendrite:g} pA",
            fontsize=7,
            loc="left",
        )
        axes.set_ylabel("V (mV)")
    panels[-1].set_xlabel("time (ms)")
    _legend(figure, dendrite=dend is not None)
    return figure


def _legend(figure: Figure, *, dendrite: bool) -> None:
    from matplotlib.lines import Line2D

    handles = {
        "soma": Line2D([], [], lw=1, color=SPIKES),
        "dendrite": Line2D([], [], lw=1, color=DENDRITE),
        "event": Line2D([], [], ls="", marker="v", ms=3.5, color=EVENTS),
        "burst": Line2D([], [], ls="", marker="v", ms=3.5, color=BURSTS),
    }
    if not dendrite:
        del handles["dendrite"]
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=len(handles),
        frameon=False,
        fontsize=8,
    )


def _called(current: str) -> str:
    return {"I_soma": "somatic", "I_dend": "dendritic"}[current]


def _title(run: Run) -> str:
    noise = run.parameters["noise"]
    return f"{run.parameters['cell']} cell, " + (
        "no noise" if noise == "none" else f"noise of {noise}"
    )


__all__ = ["transfer_functions", "voltages"]
