"""Figures of ``burstprop/learning-rule``, equivalent to Fig. 2E-G of Payeur et al. 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from neuromodels.style import BLUE, NEUTRAL, ORANGE
from neuromodels_burstprop.drawing import BURST, band, legend
from neuromodels_burstprop.drawing import raster as draw_raster
from neuromodels_burstprop.learning_rule import reference
from neuromodels_burstprop.learning_rule.circuit import BURN_IN

if TYPE_CHECKING:
    from neuromodels.bursts import Bursts
    from neuromodels.runs import PhaseSpan, Run
    from neuromodels_burstprop.learning_rule.measured import Measured

POST, PRE = BLUE, ORANGE
SEGMENTS = ("#999999", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#CC79A7")

Array = npt.NDArray[np.float64]


def events_and_bursts(run: Run, measured: Measured, *, published: bool) -> Figure:
    """Event rate and burst probability of both populations over time (Fig. 2E)."""
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for population, color in (("post", POST), ("pre", PRE)):
        rates = measured.bursts[population].rates(measured.bin)
        middle = (rates.start + rates.time) / 2000.0
        label = population.upper()
        upper.plot(middle, rates.event_rate, color=color, label=label)
        lower.plot(middle, 100.0 * rates.burst_probability, color=color, label=label)
        if published:
            half = measured.bin / 2000.0
            _band(upper, f"{population}_ER_Hz", color, shift=-half)
            _band(lower, f"{population}_BP_pct", color, shift=-half)
    upper.set_ylabel("event rate (Hz)")
    lower.set_ylabel("burst probability (%)")
    lower.set_xlabel("time (s)")
    for axes in (upper, lower):
        axes.set_ylim(bottom=0)
        _segments(axes, run, labels=axes is upper)
    legend(figure, upper, published=published)
    return figure


def weights(run: Run, measured: Measured, *, published: bool) -> Figure:
    """Mean plastic weight over time (Fig. 2F)."""
    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(measured.weight_time / 1000.0, measured.weight, color=POST, label="this run")
    if published:
        _band(axes, "w_mean", POST)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("mean weight (somatic leak)")
    _segments(axes, run, labels=True)
    legend(figure, axes, published=published)
    return figure


def weight_change(run: Run, measured: Measured) -> Figure:
    """Change of the mean weight against the burst probability's lead on its average (Fig. 2G).

    Each dot is a bin.  The line is what the rule gives for uncorrelated pre- and postsynaptic
    events: dw/dt = eta * tau_pre * (PRE's event rate) * (POST's event rate) * (P - running P).
    """
    figure = Figure(figsize=(4.6, 3.8), layout="constrained")
    axes = figure.subplots()
    learning = [p for p in measured.phases if p.name != BURN_IN]
    post = measured.bursts["post"].rates(measured.bin)
    lead = post.burst_probability - running_probability(
        measured.bursts["post"], run.parameters["tau_average"], measured.bin
    )
    weight = np.interp([post.start, post.time], measured.weight_time, measured.weight)
    slope = (weight[1] - weight[0]) / (measured.bin / 1000.0)
    for number, phase in enumerate(learning):
        inside = _inside(post.time, phase)
        axes.plot(
            100.0 * lead[inside],
            1000.0 * slope[inside],
            "o",
            color=SEGMENTS[number % len(SEGMENTS)],
            markeredgecolor="0.3",
            markeredgewidth=0.5,
            label=f"{phase.name.replace('_', ' ')}: {_segment_label(run, phase)}",
        )
    span = measured.bursts["pre"].rates_between([learning[0].start, learning[-1].stop])
    post_rate = float(np.mean(post.event_rate[post.start >= learning[0].start]))
    gain = (
        run.parameters["eta"] * run.parameters["tau_pre"] / 1000.0 * span.event_rate[0] * post_rate
    )
    ends = np.array(axes.get_xlim())
    axes.plot(ends, 1000.0 * gain * ends / 100.0, color="black", linewidth=1, label="mean field")
    axes.set_xlim(ends[0], ends[1])
    axes.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axes.axvline(0, color="0.7", linewidth=0.8, zorder=0)
    axes.set_xlabel("burst probability − running average (percentage points)")
    axes.set_ylabel("change of mean weight (10⁻³ / s)")
    axes.legend(frameon=False, fontsize=7)
    return figure


def raster(run: Run, measured: Measured, *, neurons: int = 60, span: float = 2000.0) -> Figure:
    """Spikes of some neurons around the beginning of the second segment, bursts marked."""
    phases = measured.phases
    border = phases[2].start if len(phases) > 2 else phases[-1].start + span / 2
    start, stop = max(0.0, border - span / 2), min(run.t_stop, border + span / 2)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(2, 1))
    for column, population in enumerate(("pre", "post")):
        bursts = measured.bursts[population]
        upper, lower = grid[:, column]
        draw_raster(upper, bursts, start, stop, neurons=neurons)
        rates = bursts.rates_between(np.arange(start, stop + 0.5, 20.0))
        middle = (rates.start + rates.time) / 2000.0
        lower.plot(middle, rates.event_rate, color=POST, label="events")
        lower.plot(middle, rates.burst_rate, color=BURST, label="bursts")
        lower.set_xlabel("time (s)")
        upper.set_title(population.upper(), fontsize="medium")
        for axes in (upper, lower):
            axes.axvline(border / 1000.0, color="black", linewidth=0.8, linestyle=":")
    grid[0, 0].set_ylabel("neuron")
    grid[1, 0].set_ylabel("rate in 20 ms (Hz)")
    grid[1, 1].legend(frameon=False, fontsize=7)
    return figure


def running_probability(bursts: Bursts, tau: float, bin_ms: float, parts: int = 25) -> Array:
    """Running burst probability of a population, averaged over each bin, as a pure number.

    Parameters
    ----------
    bursts : Bursts
    tau : float
        Time constant of the moving averages of event and burst rate (ms).
    bin_ms : float
        Width of a bin (ms).
    parts : int
        Steps per bin with which the moving averages are followed.
    """
    fine = bursts.rates(bin_ms / parts)
    decay = np.exp(-bin_ms / parts / tau)
    events = bursts_ = 0.0
    running = np.empty(fine.time.size)
    for i in range(running.size):
        running[i] = bursts_ / events if events > 0 else np.nan
        events = events * decay + fine.event_rate[i]
        bursts_ = bursts_ * decay + fine.burst_rate[i]
    whole = running.size // parts
    average: Array = np.nanmean(running[: whole * parts].reshape(whole, parts), axis=1)
    return average


def _inside(time: Array, phase: PhaseSpan) -> npt.NDArray[np.bool_]:
    """Bins, given by their ends, that lie in a phase."""
    return (time > phase.start + 1e-6) & (time <= phase.stop + 1e-6)


def _band(axes: Any, column: str, color: str, shift: float = 0.0) -> None:
    found = reference.band(column)
    band(axes, found.time + shift, found.mean, found.sd, color)


def _segments(axes: Any, run: Run, *, labels: bool) -> None:
    """Shade every other phase, and write above what happens in it."""
    for number, phase in enumerate(run.phases):
        if number % 2:
            axes.axvspan(phase.start / 1000.0, phase.stop / 1000.0, color=NEUTRAL, zorder=-1)
        if labels:
            axes.annotate(
                _segment_label(run, phase),
                ((phase.start + phase.stop) / 2000.0, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=7,
            )
    axes.set_xlim(0, run.phases[-1].stop / 1000.0)


def _segment_label(run: Run, phase: PhaseSpan) -> str:
    if phase.name == BURN_IN:
        return "no learning"
    number = int(phase.name.removeprefix("segment_"))
    factors = run.parameters["drive_factors"]
    text = f"× {factors[number - 1]:g}"
    current = run.parameters["I_pre_last"]
    return f"{text}, PRE {current:+g} pA" if number == len(factors) and current else text


__all__ = [
    "events_and_bursts",
    "raster",
    "running_probability",
    "weight_change",
    "weights",
]
