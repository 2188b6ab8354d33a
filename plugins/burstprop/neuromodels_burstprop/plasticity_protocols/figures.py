"""Figures of ``burstprop/plasticity-protocols``, equivalent to Fig. 2B-D of Payeur et al. 2021."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.integrate import quad

from neuromodels.style import PALETTE
from neuromodels_burstprop.plasticity_protocols import reference
from neuromodels_burstprop.plasticity_protocols.measured import AXES, Curve

if TYPE_CHECKING:
    from neuromodels.runs import Run

TITLES = {"periodic": "periodic pairing", "poisson": "Poisson", "burst-poisson": "burst-Poisson"}

Array = npt.NDArray[np.float64]


def weight_change(run: Run, curves: Sequence[Curve]) -> Figure:
    """Weight change against frequency, rate and burst probability, one panel for each protocol.

    Error bars are the sd over repetitions, shades mean ± sd of the published values, lines the mean
    field (`mean_field`) of independent random trains.
    """
    names = list(dict.fromkeys(curve.protocol for curve in curves))
    figure = Figure(figsize=(3.4 * len(names) + 0.4, 3.6), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(names)))
    for axes, name in zip(panels, names, strict=True):
        for number, curve in enumerate(c for c in curves if c.protocol == name):
            _draw(axes, run, curve, PALETTE[number % len(PALETTE)])
        axes.axhline(0, color="0.7", linewidth=0.8, zorder=0)
        axes.set_xlabel(AXES[name].label)
        axes.set_title(TITLES[name], fontsize="medium")
        if AXES[name].series is not None:
            axes.legend(frameon=False, fontsize=7)
    panels[0].set_ylabel("weight change")
    _explain(figure, run, names)
    return figure


def _explain(figure: Figure, run: Run, names: Sequence[str]) -> None:
    """Say once what is drawn in every panel."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    random = [name for name in names if AXES[name].series is not None]
    handles: list[Any] = [Line2D([], [], ls="", marker="o", ms=3.5, color="0.3")]
    labels = ["this run, mean ± sd over repetitions" if random else "this run"]
    if random:
        handles.append(Line2D([], [], lw=0.8, color="0.3"))
        labels.append("mean field")
    if any(reference.is_published(name, run.parameters) for name in random):
        handles.append(Patch(color="0.5", alpha=0.4, linewidth=0))
        labels.append("published, mean ± sd")
    if "periodic" in names and reference.is_published("periodic", run.parameters):
        handles.append(Line2D([], [], ls="", marker="_", ms=9, color="black"))
        labels.append("published")
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8
    )


def _draw(axes: Any, run: Run, curve: Curve, color: str) -> None:
    axis = AXES[curve.protocol]
    label = None
    if curve.series is not None:
        label = f"{axis.symbol} = {curve.series:g} {axis.series_unit}".rstrip()
    spread = curve.sd if curve.changes.shape[1] > 1 else None
    axes.errorbar(
        curve.x, curve.mean, spread, fmt="o", ms=3.5, color=color, capsize=2, lw=0.8, label=label
    )
    if reference.is_published(curve.protocol, run.parameters):
        found = reference.curve(curve.protocol, curve.series)
        if found is not None and found.sd.any():
            axes.fill_between(
                found.x,
                found.mean - found.sd,
                found.mean + found.sd,
                color=color,
                alpha=0.2,
                lw=0,
            )
        elif found is not None:
            axes.plot(found.x, found.mean, "_", ms=9, color="black", zorder=3)
    if curve.protocol in ("poisson", "burst-poisson"):
        fine = np.linspace(curve.x.min(), curve.x.max(), 60)
        theory = [_expected(run, curve, x) for x in fine.tolist()]
        axes.plot(fine, theory, color=color, lw=0.8)


def _expected(run: Run, curve: Curve, x: float) -> float:
    """Mean field of a condition."""
    p = run.parameters
    if curve.protocol == "poisson":
        # Without the dead time: an interval is longer than burst_isi with this probability.
        apart = float(np.exp(-x * p["burst_isi"] / 1000.0))
        events, bursts = x * apart, x * apart * (1.0 - apart)
        start = p["event_rate_0"], (curve.series or 0.0) * p["event_rate_0"]
    else:
        events = curve.series or 0.0
        bursts = x * events
        start = events, p["burst_poisson_probability_0"] * events
    return mean_field(
        events,
        bursts,
        start,
        eta=p["eta"],
        tau_pre=p["tau_pre"] / 1000.0,
        tau_average=p["tau_average"] / 1000.0,
        duration=p["duration"],
    )


def mean_field(
    events: float,
    bursts: float,
    start: tuple[float, float],
    *,
    eta: float,
    tau_pre: float,
    tau_average: float,
    duration: float,
) -> float:
    """Mean weight change of independent trains with the same rates on both sides.

    eta tau_pre E (B T - E ∫ P dt), where P, the running burst probability, is the ratio of both
    averages, which relax from their initial values to B and E.

    Parameters
    ----------
    events, bursts : float
        Rates E and B (Hz).
    start : (float, float)
        Initial averages of event and burst rate (Hz).
    eta : float
    tau_pre, tau_average, duration : float
        (s)
    """

    def running(t: float) -> float:
        decay = float(np.exp(-t / tau_average))
        return (bursts + (start[1] - bursts) * decay) / (events + (start[0] - events) * decay)

    integral, _ = quad(running, 0.0, duration)
    return float(eta * tau_pre * events * (bursts * duration - events * integral))


def time_course(run: Run) -> Figure:
    """Weights over time: every condition, mean over repetitions."""
    names = list(run.parameters["protocols"])
    figure = Figure(figsize=(3.4 * len(names) + 0.4, 3.2), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(names)))
    for axes, name in zip(panels, names, strict=True):
        weight = run.signals[f"weight_{name.replace('-', '_')}"].load()
        if "repetition" in weight.dims:
            weight = weight.mean("repetition")
        axis = AXES.get(name)
        time = np.asarray(weight["time"]) / 1000.0
        if axis is None:
            axes.plot(time, weight, color=PALETTE[0])
        else:
            _courses(axes, time, weight.transpose("time", ...), axis)
        axes.axhline(0, color="0.7", linewidth=0.8, zorder=0)
        axes.set_xlabel("time (s)")
        axes.set_title(TITLES.get(name, name), fontsize="medium")
    panels[0].set_ylabel("weight change")
    return figure


def _courses(axes: Any, time: Array, weight: Any, axis: Any) -> None:
    """One line per condition; colour is the condition, style the series."""
    import matplotlib as mpl

    x = np.asarray(weight[axis.x], np.float64)
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(x.min(), x.max() + 1e-9), "viridis")
    series = [None] if axis.series is None else np.asarray(weight[axis.series]).tolist()
    for style, which in zip(("-", "--", ":", "-.") * len(series), series, strict=False):
        part = weight if which is None else weight.sel({axis.series: which})
        for value in x:
            line = part.sel({axis.x: value})
            axes.plot(time, line, ls=style, lw=0.8, color=scale.to_rgba(value))
        if which is not None:
            label = f"{axis.symbol} = {which:g} {axis.series_unit}".rstrip()
            axes.plot([], [], ls=style, lw=0.8, color="0.3", label=label)
    if axis.series is not None:
        axes.legend(frameon=False, fontsize=7)
    axes.figure.colorbar(scale, ax=axes, label=axis.label)


__all__ = ["mean_field", "time_course", "weight_change"]
