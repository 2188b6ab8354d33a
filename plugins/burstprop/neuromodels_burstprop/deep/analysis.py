"""The analysis ``burstprop/deep``: errors, angles, burst probabilities and linearity over epochs.

Definitions:

* **Errors** are shares of images that are classified wrongly: test images after an epoch, training
  images when they were shown in it.
* `neuromodels_burstprop.deep.measures` defines what is measured of every layer: the angle of its
  errors to those of backpropagation, the angle of feedback to forward weights, burst probabilities,
  and the linearity of the feedback signal.

References are attached where the run is the recorded case: the digits of scikit-learn in a network
of 100 and 100 hidden units, any seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels_burstprop.deep import reference
from neuromodels_burstprop.deep.measured import Measured, measure

if TYPE_CHECKING:
    from neuromodels.runs import Run

REPORTED = (5, 10, 20, 30, 50, 100, 200, 500)
"""Epochs after which the test error is reported, beside the last one."""

_OF_LAYERS = {
    "error_angle": ("deg", "angle of errors to those of backpropagation"),
    "feedback_angle": ("deg", "angle of feedback to forward weights"),
    "burst_probability": ("", "mean burst probability without teacher"),
    "burst_change": ("", "mean absolute change of burst probability by the teacher"),
    "linearity": ("", "squared correlation of changes of bursts and of dendritic input"),
}


class DeepAnalysis(Analysis):
    """Errors, angles and burst probabilities of ``burstprop/deep``; Figs. 5 and 6."""

    name = "burstprop/deep"
    summary = "Errors, angles to backpropagation, burst probabilities and linearity over epochs"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        from neuromodels_burstprop.deep import figures

        found = measure(run)
        recorded = found.condition if reference.is_recorded(run) else ""
        drawn = {"errors": figures.errors(found), "layers": figures.layers(found)}
        return Result(metrics=list(metrics(found, recorded)), figures=drawn)


def metrics(found: Measured, recorded: str) -> Iterator[Metric]:
    """Yield errors after reported epochs, and measures of each layer after the last one.

    Parameters
    ----------
    found : Measured
    recorded : str
        Condition whose references are attached; none if empty.
    """
    last = int(found.epochs[-1])
    for epoch in [*(e for e in REPORTED if e < last), last]:
        at = int(np.searchsorted(found.epochs, epoch))
        yield Metric(
            "test_error" if epoch == last else f"test_error/epoch_{epoch}",
            float(found.test_error[at]),
            "%",
            reference.of(recorded, epoch, "test_error"),
            f"test images classified wrongly after epoch {epoch}",
        )
    if last:
        yield Metric(
            "train_error",
            float(found.train_error[-1]),
            "%",
            reference.of(recorded, last, "train_error"),
            f"training images classified wrongly when shown in epoch {last}",
        )
    for name, (unit, what) in _OF_LAYERS.items():
        for layer, value in zip(found.layers, found.measures[name][-1], strict=True):
            if np.isfinite(value):
                yield Metric(
                    f"{name}/{layer}",
                    float(value),
                    unit,
                    reference.of(recorded, last, f"{name}/{layer}"),
                    f"{what}, {layer.replace('_', ' ')}, after epoch {last}",
                )


__all__ = ["REPORTED", "DeepAnalysis", "metrics"]
