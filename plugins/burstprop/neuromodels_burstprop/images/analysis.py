"""The analysis ``burstprop/images``: right answers, event rates and burst probabilities.

Definitions: an answer is the group of outputs with the most events, in training in the time before
the teacher, in a test in all of the time that an image is shown; weights do not change in a test,
and its images are none of those that were learned from.  No reference is attached: the network is
published nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels_burstprop.images.measured import Measured, measure

if TYPE_CHECKING:
    from neuromodels.runs import Run


class SpikingImagesAnalysis(Analysis):
    """Learning curve of ``burstprop/images``."""

    name = "burstprop/images"
    summary = "Right answers in training and tests, event rates and burst probabilities"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        from neuromodels_burstprop.images import figures

        found, xor = measure(run), run.parameters["task"] == "xor"
        drawn = {"learning": figures.learning(found)}
        if found.responses:
            drawn["cases"] = figures.cases(found, pair=run.parameters["pair"] if xor else None)
        if found.weights is not None:
            drawn["receptive_fields"] = figures.receptive_fields(
                found.weights, halves=2 if xor else 1
            )
        return Result(metrics=list(metrics(found)), figures=drawn)


def metrics(found: Measured) -> Iterator[Metric]:
    """Yield the accuracy of every test, and rates and burst probabilities at the end."""
    last = max(found.tests, default=0)
    for number, accuracy in found.tests.items():
        yield Metric(
            "accuracy" if number == last else f"accuracy/examples_{number}",
            accuracy,
            "%",
            None,
            f"right answers for test images after {number} examples",
        )
    for name in found.rates:
        for what, values, unit in (
            ("event_rate", found.rates, "Hz"),
            ("burst_probability", found.bursts, ""),
        ):
            if len(values[name]) and np.isfinite(values[name][-1]):
                yield Metric(
                    f"{what}/{name}", float(values[name][-1]), unit, None,
                    f"{what.replace('_', ' ')} of {name}, last block of examples",
                )  # fmt: skip


__all__ = ["SpikingImagesAnalysis", "metrics"]
