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

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels.analysis import is_published
from neuromodels_burstprop.xor import reference
from neuromodels_burstprop.xor.circuit import XorParameters
from neuromodels_burstprop.xor.measured import Measured, measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

FREE = frozenset({"epochs", "delay", "record_spikes"})
"""Parameters of the circuit that may differ from the published ones without losing references."""


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
    from neuromodels_burstprop.xor import figures as draw

    published = is_published(run, XorParameters, FREE)
    figures = {}
    if len(measured.cost):
        figures["learning"] = draw.learning(measured, published=published)
    if measured.tests:
        figures["tests"] = draw.tests(measured, published=published)
    figures["rates"] = draw.rates(run, measured)
    return figures
