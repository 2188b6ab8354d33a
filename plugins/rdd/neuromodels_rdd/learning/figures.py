"""Figures of ``rdd/learning``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from neuromodels_rdd.drawing import GREY, PALETTE
from neuromodels_rdd.learning.conditions import BACKPROP, FEEDBACK_ALIGNMENT, RDD

if TYPE_CHECKING:
    from neuromodels_rdd.learning.measured import Measured

COLORS = {FEEDBACK_ALIGNMENT: PALETTE[0], RDD: PALETTE[1], BACKPROP: "#000000"}


def errors(measured: Measured) -> Figure:
    """Test and training error after every epoch."""
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    epochs = np.arange(1, measured.epochs + 1)
    for axes, name, title in zip(
        figure.subplots(1, 2, sharey=True),
        ("test_error", "train_error"),
        ("test images", "training images"),
        strict=True,
    ):
        for column, condition in enumerate(measured.conditions):
            axes.plot(
                epochs,
                measured.performance[name][:, column],
                "o-",
                markersize=3,
                color=COLORS[condition],
                label=condition.replace("-", " "),
            )
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylim(bottom=0.0)
    figure.axes[0].set_ylabel("error (%)")
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure


def angles(measured: Measured) -> Figure:
    """Angle between feedback and forward weights of each layer, before and after every epoch."""
    figure = Figure(figsize=(2.0 * len(measured.layers) + 1.0, 3.2), layout="constrained")
    grid = figure.subplots(1, len(measured.layers), sharey=True, squeeze=False)[0]
    epochs = np.arange(measured.epochs)
    # An epoch lies between its number less one and its number.
    x = np.stack([epochs, epochs + 1.0], axis=1).ravel()
    for column, (axes, layer) in enumerate(zip(grid, measured.layers, strict=True)):
        for condition in measured.aligned:
            row = measured.conditions.index(condition)
            around = [m["angle"][:, row, column] for m in (measured.before, measured.after)]
            axes.plot(
                x,
                np.stack(around, axis=1).ravel(),
                color=COLORS[condition],
                label=condition.replace("-", " "),
            )
        axes.axhline(90.0, color=GREY, linewidth=0.8, linestyle=":")
        axes.set_title(layer, fontsize=9)
        axes.set_xlabel("epochs")
        axes.xaxis.get_major_locator().set_params(integer=True)
    grid[0].set_ylabel("angle to forward weights (°)")
    grid[0].legend(frameon=False, fontsize=8)
    return figure
