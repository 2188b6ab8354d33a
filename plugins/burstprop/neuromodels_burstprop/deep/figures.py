"""Figures of ``burstprop/deep``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from neuromodels.style import BLUE, ORANGE, PALETTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from neuromodels_burstprop.deep.measured import Measured

_PANELS = {
    "error_angle": ("errors to backpropagation", "angle (°)", 90.0),
    "feedback_angle": ("feedback to forward weights", "angle (°)", 90.0),
    "burst_probability": ("bursts without teacher", "burst probability", 1.0),
    "linearity": ("linearity of feedback", "squared correlation", 1.0),
}
"""Measure -> title, label, and upper end of its axis."""


def errors(found: Measured) -> Figure:
    """Test and training error after every epoch."""
    figure = Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(found.epochs, found.test_error, color=BLUE, label="test images")
    axes.plot(found.epochs, found.train_error, color=ORANGE, label="training images, when shown")
    axes.set_xlabel("epochs")
    axes.set_ylabel("classified wrongly (%)")
    axes.set_ylim(bottom=0.0)
    axes.set_title(found.condition or "learning from images")
    axes.legend()
    return figure


def layers(found: Measured) -> Figure:
    """Angles, burst probabilities and linearity of every layer over epochs."""
    import numpy as np

    drawn = [name for name in _PANELS if np.isfinite(found.measures[name]).any()]
    figure = Figure(figsize=(2.6 * len(drawn) + 0.4, 3.0), layout="constrained")
    grid = figure.subplots(1, len(drawn), squeeze=False)[0]
    for letter, axes, name in zip("ABCD", grid, drawn, strict=False):
        title, label, top = _PANELS[name]
        _lines(axes, found, name)
        axes.set_title(f"{letter}  {title}", loc="left", fontsize=9)
        axes.set_ylabel(label)
        axes.set_ylim(0.0, max(top, float(np.nanmax(found.measures[name]))) * 1.03)
        axes.set_xlabel("epochs")
    handles = {h.get_label(): h for axes in grid for h in axes.get_lines()}
    order = sorted(handles)
    figure.legend(
        [handles[name] for name in order],
        [name.replace("_", " ") for name in order],
        loc="outside lower center",
        ncols=min(6, len(order)),
    )
    return figure


def conditions(errors: Mapping[str, npt.NDArray[np.float64]]) -> Figure:
    """Test error of every condition after the last epoch: a dot a seed, a line their mean."""
    import numpy as np

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for place, (name, values) in enumerate(errors.items()):
        color = BLUE if name.startswith("burst") else ORANGE
        axes.plot(np.full(len(values), place), values, "o", color=color, markersize=4)
        if len(values):
            mean = float(np.mean(values))
            axes.plot([place - 0.3, place + 0.3], [mean, mean], color=color)
    axes.set_xticks(range(len(errors)), list(errors), rotation=30, ha="right")
    axes.set_ylabel("test images classified wrongly (%)")
    axes.set_ylim(bottom=0.0)
    axes.set_title("bursts (blue) and gradients (orange)", loc="left")
    return figure


def _lines(axes: Any, found: Measured, name: str) -> None:
    import numpy as np

    for i, layer in enumerate(found.layers):
        values = found.measures[name][:, i]
        if np.isfinite(values).any():
            axes.plot(found.epochs, values, color=PALETTE[i % len(PALETTE)], label=layer)


__all__ = ["conditions", "errors", "layers"]
