"""The analysis ``burstprop/propagation``: what event rate and burst probability say of two signals.

Definitions, as in the reference's table:

* All is measured in bins (50 ms).  The **burst probability** of a bin is its number of bursts per
  event, in percent.
* ``baseline`` is the mean over the second half of the burn-in; everything else is of the bins of
  the stimulation, but for the last one, which the reference never wrote.
* ``amplitude_*``, ``phase_*``, ``sine_fit_R2``: least squares fit of a constant and of sines of the
  two stimulus frequencies, together: ``sum of amplitude * sin(2 pi t / period + phase)``, t the
  middle of the bin.  A positive phase is a lead on the current.  ``soma`` and ``dend`` name the
  frequency, that of the current into PYR1's somata and of that into PYR2's dendrites.
* ``y_on_x/r``, ``/slope``, ``/R2``: linear regression of y on x; a current is read in the middle of
  the bin.  R2 of ``pyr1_event_rate_on_I_soma`` and ``pyr2_burst_probability_on_I_dend`` tell how
  much of each code is its own signal, of ``pyr1_burst_probability_on_I_soma`` and its like how much
  of the other one leaks in.

Phases are given from -90 to 270 degrees, so that no reference is near the seam.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels import Analysis, Metric, Result
from neuromodels.analysis import is_published
from neuromodels.bursts import Bursts, decompose
from neuromodels.errors import RunError
from neuromodels_burstprop.analyses import propagation_reference as reference
from neuromodels_burstprop.circuits.propagation import STIMULATION, PropagationParameters

if TYPE_CHECKING:
    from neuromodels.runs import Run

Array = npt.NDArray[np.float64]

UNPUBLISHED = frozenset({"efficacy_facilitating", "efficacy_depressing"})
"""Parameters without effect where short-term plasticity is on, as published."""


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    time : ndarray, shape (bins,)
        Middle of each bin (ms).
    signals : dict
        Name -> values per bin, shape (bins,), in the unit of `reference.SIGNALS` and `INPUTS`.
    bursts : dict
        Population -> its spikes, events and bursts told apart.
    baseline, stimulated : ndarray of bool, shape (bins,)
        Bins of the second half of the burn-in, and of the stimulation.
    """

    time: Array
    signals: Mapping[str, Array]
    bursts: Mapping[str, Bursts]
    baseline: npt.NDArray[np.bool_]
    stimulated: npt.NDArray[np.bool_]


class PropagationAnalysis(Analysis):
    """Rates, burst probabilities and what they decode in ``burstprop/propagation``; Fig. 3."""

    name = "burstprop/propagation"
    summary = "Rates, burst probabilities and the signals that they carry (Fig. 3)"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured = measure(run)
        published = is_published(run, PropagationParameters, UNPUBLISHED)
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_burstprop.analyses import propagation_figures as draw

        return Result(
            metrics=list(metrics(run, measured, published=published)),
            figures={
                "propagation": draw.propagation(run, measured, published=published),
                "decoding": draw.decoding(measured),
                "raster": draw.raster(run, measured),
            },
        )


def measure(run: Run) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        Too little of the stimulation was simulated for a fit of two sines.
    """
    p = run.parameters
    resolution = float(run.info["resolution"]["value"])
    bursts = {name: decompose(run.spikes(name), resolution=resolution) for name in run.populations}
    rates = {name: found.rates(p["bin"]) for name, found in bursts.items()}
    start, stop = rates["pyr1"].start, rates["pyr1"].time
    time = (start + stop) / 2.0
    signals = {}
    for name in ("pyr1", "pyr2"):
        signals[f"{name}_event_rate"] = rates[name].event_rate
        signals[f"{name}_burst_rate"] = rates[name].burst_rate
        signals[f"{name}_burst_probability"] = 100.0 * rates[name].burst_probability
    for name in sorted(rates.keys() & {"pv", "som"}):
        signals[f"{name}_spike_rate"] = rates[name].spike_rate

    slack = p["bin"] / 100.0
    burn_in = 1000.0 * p["burn_in"]
    on = start > burn_in - slack
    for name, population in (("soma", "pyr1_soma"), ("dend", "pyr2_dend")):
        turns = time / (1000.0 * p[f"period_{name}"])
        sine = p[f"amplitude_{name}"] * np.sin(2.0 * np.pi * turns)
        signals[f"I_{name}"] = p[f"I_{population}"] + np.where(on, sine, 0.0)
    # The last bin of the protocol
    end = next(phase.stop for phase in run.phases if phase.name == STIMULATION)
    stimulated = on & (stop < end - slack)
    if stimulated.sum() < 5:
        raise RunError("too little of the stimulation was simulated", where=str(run.path))
    return Measured(
        time=time,
        signals=signals,
        bursts=bursts,
        baseline=(start > burn_in / 2.0 - slack) & ~on,
        stimulated=stimulated,
    )


def metrics(run: Run, measured: Measured, *, published: bool) -> Iterator[Metric]:
    """Yield ``subject/statistic`` for all signals and relations, with references if `published`."""
    for name, value, unit, doc in _values(run, measured):
        yield Metric(name, value, unit, reference.reference(name) if published else None, doc)


def _values(run: Run, measured: Measured) -> Iterator[tuple[str, float, str, str]]:
    """Yield name, value, unit and meaning of every metric."""
    periods = 1000.0 * np.array([run.parameters[f"period_{name}"] for name in ("soma", "dend")])
    for name, signal in reference.SIGNALS.items():
        if name not in measured.signals:
            continue
        values = measured.signals[name]
        for statistic, value, unit in _statistics(values, measured, periods):
            doc = f"{signal.doc}: {statistic.replace('_', ' ')}"
            yield f"{name}/{statistic}", value, signal.unit if unit is None else unit, doc
    known = {**reference.SIGNALS, **reference.INPUTS}
    on = measured.stimulated
    for name, *others in (*reference.RELATIONS, (reference.JOINT[0], *reference.JOINT[1])):
        if not {name, *others} <= measured.signals.keys():
            continue
        y, x = measured.signals[name][on], [measured.signals[other][on] for other in others]
        slopes, r2 = regress(y, *x)
        units = [_ratio(known[name].unit, known[other].unit) for other in others]
        subject = f"{name}_on_{'_and_'.join(others)}"
        doc = f"{known[name].doc}, linear in {' and '.join(known[o].doc for o in others)}"
        if len(others) == 1:
            yield f"{subject}/r", float(np.copysign(np.sqrt(r2), slopes[0])), "", f"{doc}: r"
            yield f"{subject}/slope", float(slopes[0]), units[0], f"{doc}: slope"
        else:
            for other, slope, unit in zip(others, slopes, units, strict=True):
                yield f"{subject}/slope_{other}", float(slope), unit, f"{doc}: slope of {other}"
        yield f"{subject}/R2", r2, "", f"{doc}: R²"


def _statistics(
    values: Array, measured: Measured, periods: Array
) -> Iterator[tuple[str, float, str | None]]:
    """Yield name, value and unit (None: the signal's own) of a signal's statistics."""
    if measured.baseline.any():
        yield "baseline", float(np.nanmean(values[measured.baseline])), None
    inside = values[measured.stimulated]
    yield "mean", float(np.nanmean(inside)), None
    yield "min", float(np.nanmin(inside)), None
    yield "max", float(np.nanmax(inside)), None
    fit = SineFit.of(measured.time[measured.stimulated], inside, periods)
    for i, name in enumerate(("soma", "dend")):
        yield f"amplitude_{name}", float(fit.amplitude[i]), None
        yield f"phase_{name}", float(fit.phase[i]), "deg"
    yield "sine_fit_R2", fit.r2, ""


@dataclass(frozen=True)
class SineFit:
    """Sum of sines ``amplitude * sin(2 pi time / period + phase)`` and of a constant.

    Attributes
    ----------
    amplitude, phase : ndarray, shape (sines,)
        In the unit of the values; in degrees, -90 to 270.
    r2 : float
        Fraction of the variance that it explains.
    """

    amplitude: Array
    phase: Array
    r2: float

    @classmethod
    def of(cls, time: Array, values: Array, periods: Array) -> SineFit:
        """Fit by least squares; values that are not finite are left out.

        Parameters
        ----------
        time, values : ndarray, shape (n,)
        periods : ndarray, shape (sines,)
            In the unit of `time`.
        """
        angle = 2.0 * np.pi * time[:, np.newaxis] / periods
        slopes, r2 = regress(values, *np.sin(angle).T, *np.cos(angle).T)
        sine, cosine = np.split(slopes, 2)
        phase = (np.degrees(np.arctan2(cosine, sine)) + 90.0) % 360.0 - 90.0
        return cls(np.hypot(sine, cosine), phase, r2)


def regress(y: Array, *x: Array) -> tuple[Array, float]:
    """Slopes of the linear regression of `y` on all of `x`, and its R².

    Values that are not finite are left out.  R² is not a number where `y` is constant.
    """
    columns = np.stack([np.ones_like(y), *x], axis=1)
    use = np.isfinite(y) & np.isfinite(columns).all(axis=1)
    solution = np.linalg.lstsq(columns[use], y[use], rcond=None)[0]
    rest = y[use] - columns[use] @ solution
    variance = float(np.sum((y[use] - y[use].mean()) ** 2)) if use.any() else 0.0
    r2 = 1.0 - float(rest @ rest) / variance if variance > 0 else float("nan")
    return np.asarray(solution[1:], dtype=np.float64), max(r2, 0.0) if np.isfinite(r2) else r2


def _ratio(above: str, below: str) -> str:
    return "" if above == below else f"{above}/{below}"
