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

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels.analysis import is_published
from neuromodels_burstprop.propagation import reference
from neuromodels_burstprop.propagation.circuit import PropagationParameters
from neuromodels_burstprop.propagation.measured import Array, Measured, measure
from neuromodels_burstprop.propagation.regression import SineFit, regress

if TYPE_CHECKING:
    from neuromodels.runs import Run


UNPUBLISHED = frozenset({"efficacy_facilitating", "efficacy_depressing"})
"""Parameters without effect where short-term plasticity is on, as published."""


class PropagationAnalysis(Analysis):
    """Rates, burst probabilities and what they decode in ``burstprop/propagation``; Fig. 3."""

    name = "burstprop/propagation"
    summary = "Rates, burst probabilities and the signals that they carry (Fig. 3)"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured = measure(run)
        published = is_published(run, PropagationParameters, UNPUBLISHED)
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_burstprop.propagation import figures as draw

        return Result(
            metrics=list(metrics(run, measured, published=published)),
            figures={
                "propagation": draw.propagation(run, measured, published=published),
                "decoding": draw.decoding(measured),
                "raster": draw.raster(run, measured),
            },
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


def _ratio(above: str, below: str) -> str:
    return "" if above == below else f"{above}/{below}"
