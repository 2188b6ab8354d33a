"""What is measured in a run of ``burstprop/xor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.errors import RunError
from neuromodels_burstprop.xor import reference
from neuromodels_burstprop.xor.circuit import Xor, XorParameters
from neuromodels_burstprop.xor.truth_table import Example

if TYPE_CHECKING:
    from neuromodels.runs import Run


REPORTED = (10, 20, 50, 100, 150, 200, 300, 400, 500)
"""Epochs with which a reported block ends; the last block of a run is reported too."""


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """Event and burst rate (Hz) of each population; arrays have populations as last axis."""

    event_rate: Array
    burst_rate: Array

    @property
    def burst_probability(self) -> Array:
        """Bursts per event (%); NaN without events."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return 100.0 * self.burst_rate / self.event_rate


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    circuit : Xor
        With the run's parameters.
    populations, projections : list of str
    tests : dict
        ``("before" or "after", example)`` -> rates, shape (populations,).
    predictions : ndarray, shape (epochs, examples, outputs)
        Mean estimated output rate (Hz) when the teacher read it; complete epochs only.
    cost : ndarray, shape (epochs,)
    weights : ndarray, shape (epochs, projections)
        Mean weight at the end of each epoch.
    time : ndarray, shape (bins,)
        Ends of the bins (s).
    rates : Rates
        Of every bin, shape (bins, populations).
    """

    circuit: Xor
    populations: list[str]
    projections: list[str]
    tests: Mapping[tuple[str, str], Rates]
    predictions: Array
    cost: Array
    weights: Array
    time: Array
    rates: Rates

    @property
    def examples(self) -> tuple[Example, ...]:
        """Of the truth table."""
        return self.circuit.examples

    def blocks(self) -> Iterator[tuple[int, int]]:
        """First and last epoch (from 1) of each reported block."""
        epochs = len(self.cost)
        for last in sorted({e for e in REPORTED if e <= epochs} | ({epochs} if epochs else set())):
            yield max(1, last - reference.BLOCK + 1), last


def measure(run: Run) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        Not even one bin was recorded.
    """
    circuit = Xor(XorParameters.resolve(run.parameters))
    signals = run.signals
    at: Array = np.asarray(signals["events"]["time"], dtype=np.float64)  # ms
    if len(at) < 2:
        raise RunError("nothing was recorded", where=str(run.path))
    events, bursts, weights, predictions = (
        np.asarray(signals[name], dtype=np.float64)
        for name in ("events", "bursts", "weight_mean", "prediction")
    )
    n, width = circuit.parameters.n, 1000.0 * circuit.parameters.bin

    def rates(start: npt.ArrayLike, stop: npt.ArrayLike) -> Rates:
        """Rates between two samples (ms)."""
        i, j = (np.searchsorted(at, np.asarray(t) - width / 100.0) for t in (start, stop))
        seconds = ((at[j] - at[i]) / 1000.0)[..., np.newaxis]
        return Rates((events[j] - events[i]) / n / seconds, (bursts[j] - bursts[i]) / n / seconds)

    tests, epochs = {}, []
    done = {p.name: p for p in run.phases if p.stop <= at[-1] + width / 100.0}
    for example in circuit.examples:
        for when in ("before", "after"):
            phase = done.get(f"test_{when}_{example.name}")
            if phase is not None and phase.stop > phase.start:
                skipped = width if phase.stop - phase.start > width else 0.0
                tests[when, example.name] = rates(phase.start + skipped, phase.stop)
    for epoch in range(1, circuit.parameters.epochs + 1):
        phases = [done.get(f"epoch_{epoch}_{e.name}_learn") for e in circuit.examples]
        if None in phases:
            break
        epochs.append([p.stop for p in phases if p is not None])
    ends = np.array(epochs, dtype=np.float64).reshape(-1, len(circuit.examples))
    sample = np.searchsorted(at, ends - width / 100.0)
    read = predictions[sample]  # (epochs, examples, outputs)
    targets = np.array([e.targets for e in circuit.examples])
    return Measured(
        circuit=circuit,
        populations=[str(name) for name in signals["population"].values],
        projections=[str(name) for name in signals["projection"].values],
        tests=tests,
        predictions=read,
        cost=circuit.teacher.cost(read, targets).sum(axis=(1, 2)),
        weights=weights[sample[:, -1]],
        time=at[1:] / 1000.0,
        rates=rates(at[:-1], at[1:]),
    )
