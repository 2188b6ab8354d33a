"""The analysis ``burstprop/continuous``: errors, feedback angle, rates and burst probabilities.

Definitions: a training error is the share of images whose prediction, when they were shown, was
wrong; a test error that of test images with all units at rest, weights fixed.  No reference is
attached: the published figure has no table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels.style import BLUE, GREEN, ORANGE
from neuromodels_burstprop.continuous.circuit import EPOCH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

_REPORTED = {
    "test_error": ("%", "test images classified wrongly"),
    "train_error": ("%", "training images whose prediction was wrong when shown"),
    "feedback_angle": ("deg", "angle of the feedback to the forward weights"),
    "hidden_rate": ("", "mean event rate of hidden units after the last image"),
    "hidden_burst_probability": ("", "mean moving burst probability of hidden units"),
}


class ContinuousAnalysis(Analysis):
    """Errors and angles of ``burstprop/continuous``; Extended Data Fig. 4."""

    name = "burstprop/continuous"
    summary = "Errors and feedback angle over epochs (Extended Data Fig. 4)"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        signals = run.signals
        found = {name: np.asarray(signals[name], dtype=np.float64) for name in _REPORTED}
        epochs = np.rint(np.asarray(signals["time"]) / EPOCH).astype(int)
        metrics = [
            Metric(name, float(found[name][-1]), unit, None, f"{what}, after epoch {epochs[-1]}")
            for name, (unit, what) in _REPORTED.items()
            if np.isfinite(found[name][-1])
        ]
        return Result(metrics=metrics, figures={"errors": _figure(epochs, found)})


def _figure(epochs: np.ndarray, found: dict[str, np.ndarray]) -> Figure:
    # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, found["test_error"], color=BLUE, label="test images")
    left.plot(epochs, found["train_error"], color=ORANGE, label="training images, when shown")
    left.set_title("A  errors", loc="left")
    left.set_ylabel("classified wrongly (%)")
    left.set_ylim(bottom=0.0)
    left.legend()
    right.plot(epochs, found["feedback_angle"], color=GREEN)
    right.axhline(90.0, color="0.6", linewidth=0.8, linestyle=":")
    right.set_title("B  feedback to forward weights", loc="left")
    right.set_ylabel("angle (°)")
    right.set_ylim(0.0, 100.0)
    for axes in (left, right):
        axes.set_xlabel("epochs")
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure
