"""The figure that every run has: spikes of some neurons, and rates over the whole time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.bursts import EVENT, Bursts
from neuromodels.style import NEUTRAL, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run
    from neuromodels.spikes import SpikeTrains

NEURONS = 25
"""Neurons of each population in the raster."""

WINDOW = 2000.0
"""Longest stretch of time in the raster (ms)."""

BINS = 200
"""Number of bins of the rates, at most."""


LINES = ("-", "--", ":", "-.")
"""Line styles, one for each time that the colours are used up."""


def overview(run: Run) -> Figure | None:
    """Draw a raster of the first neurons of each population, and the populations' rates.

    Without recorded spikes, the signals in Hz along time and at most one short dimension more.

    Parameters
    ----------
    run : Run
        Complete or interrupted.

    Returns
    -------
    Figure or None
        None for a run that recorded neither spikes nor rates.
    """
    from matplotlib.figure import Figure

    recorded = list(run.recorded)
    rates = {} if recorded else _rates(run)
    if run.t_stop <= 0 or not (recorded or rates):
        return None
    figure = Figure(figsize=(7.0, 4.8 if recorded else 2.8), layout="constrained")
    if recorded:
        upper, lower = figure.subplots(2, 1, height_ratios=(3, 2))
        window = _window(run)
        _raster(upper, run, recorded, window)
        # Read whole only once: a population may have millions of spikes.
        for number, name in enumerate(recorded):
            time, rate = _rate(run.spikes(name), run)
            lower.plot(time, rate, color=_color(number), label=name)
        if window[1] - window[0] < run.t_stop:
            lower.axvspan(window[0] / 1000, window[1] / 1000, color="0.85", zorder=-1)
    else:
        lower = figure.subplots()
        for number, (name, (time, rate)) in enumerate(rates.items()):
            dashes = LINES[number // len(PALETTE) % len(LINES)]
            lower.plot(time, rate, color=_color(number), linestyle=dashes, label=name)
    _phases(lower, run)
    lower.set_xlim(0, run.t_stop / 1000)
    lower.set_ylim(bottom=0)
    lower.set_xlabel("time (s)")
    lower.set_ylabel("rate (Hz)")
    if len(recorded) <= 4 * len(PALETTE):
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _color(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def _window(run: Run) -> tuple[float, float]:
    """Stretch of time (ms) for the raster: around the middle of the run."""
    if run.t_stop <= WINDOW:
        return 0.0, run.t_stop
    middle = run.t_stop / 2
    return middle - WINDOW / 2, middle + WINDOW / 2


def _raster(axes: Any, run: Run, populations: list[str], window: tuple[float, float]) -> None:
    ticks, base = [], 0
    for number, name in enumerate(populations):
        spikes = run.spikes(name, *window)
        shown = min(NEURONS, spikes.n_neurons)
        chosen = spikes.node_ids < shown
        axes.plot(
            spikes.times[chosen] / 1000.0,
            base + spikes.node_ids[chosen],
            "|",
            markersize=3,
            color=_color(number),
        )
        ticks.append(base + shown / 2)
        base += shown + 2
    axes.set_yticks(ticks, populations)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-1, base)
    axes.set_xlim(window[0] / 1000, window[1] / 1000)
    axes.set_xlabel("time (s)")


def _rate(spikes: SpikeTrains, run: Run) -> tuple[Any, Any]:
    """Population rate (Hz) in bins of a round width, and their middles (s)."""
    width = _round(run.t_stop / BINS)
    step = float(run.info["resolution"]["value"])
    width = max(step, round(width / step) * step)
    everything = Bursts(spikes, np.full(len(spikes), EVENT, np.int8), step)
    rates = everything.rates(width)
    return (rates.start + rates.time) / 2000.0, rates.spike_rate


def _rates(run: Run) -> dict[str, tuple[Any, Any]]:
    """Signals in Hz along time, and along one dimension more if that is short."""
    lines: dict[str, tuple[Any, Any]] = {}
    for name, signal in run.signals.data_vars.items():
        if signal.attrs.get("units") != "Hz" or signal.ndim > 2:
            continue
        time = signal[signal.dims[0]].to_numpy() / 1000.0
        if signal.ndim == 1:
            lines[str(name)] = time, signal.to_numpy()
        elif signal.shape[1] <= len(PALETTE):
            labels = signal[signal.dims[1]].to_numpy()
            lines |= {
                f"{name}, {label}": (time, signal.to_numpy()[:, number])
                for number, label in enumerate(labels)
            }
    return lines


def _round(value: float) -> float:
    """Give the smallest of 1, 2, 5, 10, … that is not below `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(f * power for f in (1, 2, 5, 10) if f * power >= value * (1 - 1e-12)))


def _phases(axes: Any, run: Run) -> None:
    """Shade every other phase, where they are few enough to be told apart."""
    phases = run.phases
    if len(phases) > 40:
        return
    for phase in phases[1::2]:
        axes.axvspan(phase.start / 1000, phase.stop / 1000, color=NEUTRAL, zorder=-2, linewidth=0)


__all__ = ["overview"]
