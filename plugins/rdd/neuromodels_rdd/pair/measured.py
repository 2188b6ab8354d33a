"""What is measured in a run of ``rdd/pair`` or ``rdd/many-inputs``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.errors import RunError
from neuromodels_rdd.pair import naive
from neuromodels_rdd.pair.circuit import LOWER, UPPER

if TYPE_CHECKING:
    from neuromodels.runs import Run


WINDOWED = ("rdd_grad", "rdd_grad_net", "rdd_lsq", "meandiff")


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
    alpha : float
        Weight of the units' own noise.
    """

    weight: Array
    estimates: Mapping[str, Array]
    time: Array
    course: Mapping[str, Array]
    rates: Mapping[str, float]
    windows: Mapping[str, float]
    alpha: float


def measure(run: Run) -> Measured:
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
        alpha=float(run.parameters["alpha"]),
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
