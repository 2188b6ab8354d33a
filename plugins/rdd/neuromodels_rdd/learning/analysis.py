"""The analysis ``rdd/learning``: errors and alignment after every epoch, and what they cost.

Definitions:

* An **error** is the share of wrongly classified images after an epoch, batch norm in evaluation
  mode, images neither shifted nor mirrored; on all test images and on all training images in use.
  At a constant learning rate it goes up and down from epoch to epoch; its **mean over epochs** does
  so less, and tells how fast a condition learns.
* **Alignment** compares the feedback weights of a layer with its forward weights: their angle, the
  share of equal signs, Pearson's correlation.  It is measured before and after each epoch of
  learning: ``before`` is what a phase of regression discontinuity has found, ``after`` is what is
  left of it when the forward weights have moved on.
* **Wall time** is that of the phases: of the spiking network in NEST, and of each condition's
  learning in PyTorch, with its tests.  In a run that was continued it is that of the phases that
  were simulated last.

No reference is attached: the published table of test errors was not available.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels import Analysis, Metric, Result
from neuromodels_rdd.learning.conditions import (
    FEEDBACK_ALIGNMENT,
    RDD,
)
from neuromodels_rdd.learning.measured import Measured, measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run


REPORTED = {
    "angle": ("deg", "angle between feedback and forward weights"),
    "correct": ("%", "feedback weights that have the sign of the forward weight"),
    "correlation": ("", "correlation of feedback and forward weights"),
}
"""Measures of alignment that become metrics: unit and meaning; all are in the signals."""


class LearningAnalysis(Analysis):
    """Errors and alignment of ``rdd/learning``."""

    name = "rdd/learning"
    summary = "Errors and alignment over epochs under each condition, and wall time"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured = measure(run)
        return Result(metrics=list(metrics(measured)), figures=_figures(measured))


def metrics(measured: Measured) -> Iterator[Metric]:
    """Yield errors and alignment after the last epoch, their differences, and wall times."""
    if measured.epochs:
        yield from _performance(measured)
        yield from _alignment(measured)
    if RDD in measured.conditions:
        yield Metric("wall/nest", measured.nest, "s", None, "wall time of the spiking network")
    for condition, wall in measured.pytorch.items():
        yield Metric(
            f"wall/pytorch/{condition}", wall, "s", None, f"wall time of learning, {condition}"
        )


def _performance(measured: Measured) -> Iterator[Metric]:
    final = {name: values[-1] for name, values in measured.performance.items()}
    when = f"after epoch {measured.epochs}"
    for column, condition in enumerate(measured.conditions):
        for name, what in (("test_error", "test"), ("train_error", "training")):
            yield Metric(
                f"{name}/{condition}",
                float(final[name][column]),
                "%",
                None,
                f"{what} images classified wrongly {when}, {condition}",
            )
    mean = measured.performance["test_error"].mean(axis=0)
    for condition, error in zip(measured.conditions, mean, strict=True):
        yield Metric(
            f"mean_test_error/{condition}",
            float(error),
            "%",
            None,
            f"test images classified wrongly, mean over {measured.epochs} epochs, {condition}",
        )
    if {RDD, FEEDBACK_ALIGNMENT} <= set(measured.conditions):
        for name, errors, which in (
            ("test_error", final["test_error"], when),
            ("mean_test_error", mean, "over all epochs"),
        ):
            of = dict(zip(measured.conditions, errors, strict=True))
            yield Metric(
                f"{name}/rdd_gain",
                float(of[FEEDBACK_ALIGNMENT] - of[RDD]),
                "%",
                None,
                f"test error of feedback alignment minus that of rdd {which}",
            )


def _alignment(measured: Measured) -> Iterator[Metric]:
    for condition in measured.aligned:
        row = measured.conditions.index(condition)
        for column, layer in enumerate(measured.layers):
            for name, (unit, what) in REPORTED.items():
                for when, values in (("before", measured.before), ("after", measured.after)):
                    yield Metric(
                        f"{name}_{when}/{condition}/{layer}",
                        float(values[name][-1, row, column]),
                        unit,
                        None,
                        f"{what}, {layer}, {condition}, {when} learning in epoch {measured.epochs}",
                    )


def _figures(measured: Measured) -> dict[str, Figure]:
    # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
    from neuromodels_rdd.learning import figures as draw

    if not measured.epochs:
        return {}
    figures = {"errors": draw.errors(measured)}
    if measured.aligned and measured.layers:
        figures["angles"] = draw.angles(measured)
    return figures
