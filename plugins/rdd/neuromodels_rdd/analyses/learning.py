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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels import Analysis, Metric, Result
from neuromodels_rdd.learning.conditions import (
    AFTER,
    BACKPROP,
    BEFORE,
    FEEDBACK_ALIGNMENT,
    MEASURES,
    PERFORMANCE,
    RDD,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

Array = npt.NDArray[np.float64]

REPORTED = {
    "angle": ("deg", "angle between feedback and forward weights"),
    "correct": ("%", "feedback weights that have the sign of the forward weight"),
    "correlation": ("", "correlation of feedback and forward weights"),
}
"""Measures of alignment that become metrics: unit and meaning; all are in the signals."""


@dataclass(frozen=True)
class Measured:
    """What is measured in a run; complete epochs only.

    Attributes
    ----------
    conditions, layers : list of str
        Layers that have feedback weights.
    performance : dict
        Measure -> shape (epochs, conditions).
    before, after : dict
        Measure of alignment -> shape (epochs, conditions, layers), before and after each epoch.
    nest : float
        Wall time (s) of all phases of the spiking network.
    pytorch : dict
        Condition -> wall time (s) of its learning.
    """

    conditions: list[str]
    layers: list[str]
    performance: Mapping[str, Array]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    nest: float
    pytorch: Mapping[str, float]

    @property
    def epochs(self) -> int:
        """Complete epochs."""
        return len(self.performance["test_error"])

    @property
    def aligned(self) -> list[str]:
        """Conditions that have feedback weights."""
        return [name for name in self.conditions if name != BACKPROP]


class LearningAnalysis(Analysis):
    """Errors and alignment of ``rdd/learning``."""

    name = "rdd/learning"
    summary = "Errors and alignment over epochs under each condition, and wall time"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured = measure(run)
        return Result(metrics=list(metrics(measured)), figures=_figures(measured))


def measure(run: Run) -> Measured:
    """Read what `Measured` holds from a run."""
    signals = run.signals
    at = np.asarray(signals["time"], dtype=np.float64)
    conditions = [str(name) for name in run.parameters["conditions"]]
    last = f"_learn_{conditions[-1]}"
    ends = [p.stop for p in run.phases if p.name.endswith(last) and at.size and p.stop <= at[-1]]
    samples = np.searchsorted(at, np.array(ends))
    moments = [str(name) for name in signals["moment"].values]

    def rows(name: str) -> Array:
        return np.asarray(signals[name], dtype=np.float64)[samples]

    alignment = rows("alignment")

    def aligned(moment: str) -> dict[str, Array]:
        values = alignment[..., moments.index(moment), :]
        return {name: values[..., MEASURES.index(name)] for name in MEASURES}

    walls = {phase["name"]: phase["wall"] or 0.0 for phase in run.info["phases"]}
    learning = {
        c: sum(wall for name, wall in walls.items() if name.endswith(f"_learn_{c}"))
        for c in conditions
    }
    return Measured(
        conditions=conditions,
        layers=[str(name) for name in signals["layer"].values],
        performance={name: rows(name) for name in PERFORMANCE},
        before=aligned(BEFORE),
        after=aligned(AFTER),
        nest=sum(walls.values()) - sum(learning.values()),
        pytorch=learning,
    )


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
    from neuromodels_rdd.analyses import learning_figures as draw

    if not measured.epochs:
        return {}
    figures = {"errors": draw.errors(measured)}
    if measured.aligned and measured.layers:
        figures["angles"] = draw.angles(measured)
    return figures
