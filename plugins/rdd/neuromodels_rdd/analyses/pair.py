"""The analyses ``rdd/pair`` and ``rdd/many-inputs``: estimates of effects against true weights.

Estimators, in the names of the tables:

* ``rdd_grad``: the published online estimate at the end of the run.
* ``rdd_grad_net``: the same of R minus ``window`` times what came from above in the step in which
  the window opened, as in the network; in ``rdd/many-inputs`` next to the published running mean.
* ``rdd_lsq``: least-squares lines through the same windows.
* ``meandiff``: mean R of windows with a spike minus mean R of windows without.
* ``naive_20ms``, ``naive_spiketrig``: all spikes (`neuromodels_rdd.analyses.naive`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels import Analysis, Metric, Result
from neuromodels.analysis import is_published
from neuromodels.errors import RunError
from neuromodels_rdd.analyses import naive
from neuromodels_rdd.analyses import pair_reference as reference
from neuromodels_rdd.circuits.pair import LOWER, UPPER, PairParameters

if TYPE_CHECKING:
    from neuromodels.runs import Run

FREE = frozenset({"alpha", "interval"})
"""Parameters of ``rdd/pair`` that may differ without losing references."""
WINDOWED = ("rdd_grad", "rdd_grad_net", "rdd_lsq", "meandiff")
UNITS = {"r": "", "slope": "", "intercept": "", "sign": "%", "sign_centred": "%"}

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    weight : ndarray, shape (trials, units)
    estimates : mapping
        Estimator -> values at the end, shape (trials, units).
    time : ndarray, shape (samples,)
        In s.
    course : mapping
        Estimator -> values over time, shape (samples, trials, units).
    rates : mapping
        Population -> mean rate (Hz).
    windows : mapping
        ``upper`` (with a spike), ``lower`` (without) -> mean number per unit.
    alpha : float or None
        With which the published experiment is this one, if it is.
    """

    weight: Array
    estimates: Mapping[str, Array]
    time: Array
    course: Mapping[str, Array]
    rates: Mapping[str, float]
    windows: Mapping[str, float]
    alpha: float | None


def measure(run: Run, *, published: bool) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        It was interrupted before the first sample.
    """
    signals = run.signals
    time = np.asarray(signals["rdd_grad"]["time"], dtype=np.float64) / 1000.0
    if len(time) < 2:
        raise RunError("nothing was recorded", where=str(run.path))
    course = {name: np.asarray(signals[name], dtype=np.float64) for name in WINDOWED}
    weight = np.asarray(signals["weight"], dtype=np.float64)[-1]
    trains = {name: run.spikes(name) for name in (LOWER, UPPER)}
    seconds = run.t_stop / 1000.0
    return Measured(
        weight=weight,
        estimates={**{name: values[-1] for name, values in course.items()}, **_naive(run, weight)},
        time=time,
        course=course,
        rates={
            name: len(train.times) / run.populations[name] / seconds
            for name, train in trains.items()
        },
        windows={
            side: float(np.asarray(signals[f"windows_{side}"])[-1].mean())
            for side in ("upper", "lower")
        },
        alpha=float(run.parameters["alpha"]) if published else None,
    )


def _naive(run: Run, weight: Array) -> dict[str, Array]:
    """Estimates from all spikes, shape (trials, units)."""
    trials, units = weight.shape
    steps = round(run.t_stop)
    found = {name: np.full(weight.shape, np.nan) for name in ("naive_20ms", "naive_spiketrig")}
    lower, upper = _steps(run, LOWER, trials * units), _steps(run, UPPER, trials)
    for trial in range(trials):
        q = naive.filtered(_train(upper[trial], steps))
        for unit in range(units):
            z = _train(lower[trial * units + unit], steps)
            found["naive_20ms"][trial, unit] = naive.binned(z, q)
            found["naive_spiketrig"][trial, unit] = naive.triggered(z, q)
    return found


def _steps(run: Run, population: str, n: int) -> list[npt.NDArray[np.int64]]:
    """Steps, from 0, in which each neuron spiked."""
    train = run.spikes(population)
    order = np.argsort(train.node_ids, kind="stable")
    steps = np.round(train.times[order]).astype(np.int64) - 1
    edges = np.searchsorted(train.node_ids[order], np.arange(1, n))
    return np.split(steps, edges)


def _train(steps: npt.NDArray[np.int64], n: int) -> Array:
    z = np.zeros(n)
    z[steps[steps < n]] = 1.0
    return z


def metrics(measured: Measured, estimators: Mapping[str, str]) -> Iterator[Metric]:
    """Yield how each estimate depends on the weight: the mean over batches of trials."""
    comparable = measured.alpha is not None
    for name, text in estimators.items():
        found = reference.batches(measured.weight, measured.estimates[name])
        for quantity, unit in UNITS.items():
            yield Metric(
                f"{name}/{quantity}",
                float(found[quantity].mean()),
                unit,
                reference.of(float(measured.alpha or 0.0), name, quantity) if comparable else None,
                f"{text}: {_DOCS[quantity]}",
            )
    for population, rate in measured.rates.items():
        yield Metric(f"rate_{population}", rate, "Hz", None, f"mean rate of {population} units")
    for side, kind in (("upper", "with"), ("lower", "without")):
        yield Metric(
            f"windows_{side}", measured.windows[side], "", None, f"windows {kind} a spike per unit"
        )


_DOCS = {
    "r": "correlation with the true weight",
    "slope": "slope of its regression on the true weight",
    "intercept": "intercept of this regression",
    "sign": "pairs with the right sign",
    "sign_centred": "the same without the intercept",
}

ESTIMATORS = {
    "rdd_grad": "published online RDD",
    "rdd_grad_net": "online RDD with a baseline",
    "rdd_lsq": "least-squares RDD",
    "meandiff": "difference of window means",
    "naive_20ms": "naive, bins of 20 ms",
    "naive_spiketrig": "naive, after spikes",
}


class _EffectAnalysis(Analysis):
    """What both analyses do."""

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        published = (
            run.circuit == "rdd/pair"
            and is_published(run, PairParameters, FREE)
        )  # fmt: skip
        measured = measure(run, published=published)
        from neuromodels_rdd.analyses import pair_figures as draw

        return Result(
            metrics=list(metrics(measured, ESTIMATORS)),
            figures={
                "estimates": draw.estimates(measured, ESTIMATORS),
                "convergence": draw.convergence(measured),
            },
        )


class PairAnalysis(_EffectAnalysis):
    """Estimators of ``rdd/pair``."""

    name = "rdd/pair"
    summary = "Estimates of effects against true weights: regression discontinuity, and all spikes"


class ManyInputsAnalysis(_EffectAnalysis):
    """Estimators of ``rdd/many-inputs``."""

    name = "rdd/many-inputs"
    summary = "The same for many inputs to one unit"
