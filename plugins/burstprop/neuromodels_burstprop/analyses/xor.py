"""The analysis ``burstprop/xor``: costs, output rates and weights over epochs, and the tests.

Definitions, as in the reference's tables:

* The **cost** of an epoch is the sum over its examples of the cross entropy of the mean estimated
  output rate just before the teacher steps in; chance is ``ln 2`` for each example and output.
* Costs and output rates are averaged over blocks of ten epochs; a weight is the mean of its
  projection at the end of the block.
* Rates of a **test** are those of its events and bursts after the first bin (2 s).  Its burst
  probability is the ratio of burst rate and event rate.
* An output **decides** for 1 above the middle of the rates that mean 0 and 1.

References are attached where the run has the published parameters; `FREE` are those that may
differ.
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
from neuromodels_burstprop.analyses import xor_reference as reference
from neuromodels_burstprop.circuits.xor import Xor, XorParameters
from neuromodels_burstprop.truth_table import Example

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

FREE = frozenset({"epochs", "delay", "record_spikes"})
"""Parameters of the circuit that may differ from the published ones without losing references."""

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


class XorAnalysis(Analysis):
    """Costs, output rates, weights and tests of ``burstprop/xor``; Fig. 4."""

    name = "burstprop/xor"
    summary = "Learning curve, and rates of all populations before and after (Fig. 4)"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured = measure(run)
        return Result(
            metrics=list(metrics(measured, published=is_published(run, XorParameters, FREE))),
            figures=_figures(run, measured),
        )


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


def metrics(measured: Measured, *, published: bool) -> Iterator[Metric]:
    """Yield the metrics of the tests and of the reported blocks, with references if `published`."""
    yield from _tests(measured, published=published)
    for first, last in measured.blocks():
        name, rows = f"epochs_{first}_{last}", slice(first - 1, last)
        whole = published and last - first + 1 == reference.BLOCK
        whole = whole and last <= len(reference.course("port", "cost"))

        yield Metric(
            f"{name}/cost",
            float(measured.cost[rows].mean()),
            "",
            reference.of_cost(last) if whole else None,
            f"cost per epoch, mean of epochs {first} to {last}",
        )
        for i, example in enumerate(measured.examples):
            for j, output in enumerate(measured.circuit.outputs):
                yield Metric(
                    f"{name}/{output}_rate_{example.name}",
                    float(measured.predictions[rows, i, j].mean()),
                    "Hz",
                    reference.of_output(last, example.name) if whole else None,
                    f"estimated event rate of {output} for {example.name}, "
                    f"mean of epochs {first} to {last}",
                )
        for i, projection in enumerate(measured.projections):
            yield Metric(
                f"{name}/weight_{projection.replace(' ', '_')}",
                float(measured.weights[last - 1, i]),
                "",
                reference.of_weight(last, projection) if whole else None,
                f"mean weight {projection} after epoch {last}",
            )


def _tests(measured: Measured, *, published: bool) -> Iterator[Metric]:
    epochs = len(measured.cost)
    learned = {"before": "before", "after": f"after {epochs}"}
    p = measured.circuit.parameters
    for when in ("before", "after"):
        shown = [e for e in measured.examples if (when, e.name) in measured.tests]
        wrong = 0
        for example in shown:
            rates = measured.tests[when, example.name]
            for i, population in enumerate(measured.populations):
                for quantity, unit in (
                    ("event_rate", "Hz"), ("burst_rate", "Hz"), ("burst_probability", "%"),
                ):  # fmt: skip
                    found = None
                    if published and learned[when] in {"before", "after 10", "after 500"}:
                        found = reference.of_test(learned[when], example.name, population, quantity)
                    yield Metric(
                        f"test_{when}_{example.name}/{population}_{quantity}",
                        float(getattr(rates, quantity)[i]),
                        unit,
                        found,
                        f"{quantity.replace('_', ' ')} of {population}, inputs {example.name}, "
                        f"{when} learning",
                    )
            decided = rates.event_rate[-len(measured.circuit.outputs) :] > (p.rate_0 + p.rate_1) / 2
            wrong += int(np.sum(decided != np.array(example.targets, dtype=bool)))
        if shown:
            yield Metric(
                f"test_{when}/wrong_decisions", float(wrong), "", None,
                f"outputs on the wrong side of {(p.rate_0 + p.rate_1) / 2:g} Hz, "
                f"{when} learning",
            )  # fmt: skip


def _figures(run: Run, measured: Measured) -> dict[str, Figure]:
    # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
    from neuromodels_burstprop.analyses import xor_figures as draw

    published = is_published(run, XorParameters, FREE)
    figures = {}
    if len(measured.cost):
        figures["learning"] = draw.learning(measured, published=published)
    if measured.tests:
        figures["tests"] = draw.tests(measured, published=published)
    figures["rates"] = draw.rates(run, measured)
    return figures
