"""Figures of ``rdd/weight-alignment``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from neuromodels_rdd.drawing import GREY, PALETTE
from neuromodels_rdd.weight_alignment import reference

if TYPE_CHECKING:
    from neuromodels_rdd.weight_alignment.measured import Measured

LABELS = {
    "sign": "correct signs (%)",
    "correlation": "correlation with forward weights",
    "self": "self-alignment",
    "amp": "amplitude",
    "info": "information",
    "symm": "asymmetry",
}


def alignment(measured: Measured) -> Figure:
    """Correct signs, and correlation, over time; grey: seeds of the published code."""
    return _over_time(measured, ("sign", "correlation"), (7.0, 3.0), (1, 2))


def measures(measured: Measured) -> Figure:
    """Measures that the published script records; lower is better."""
    return _over_time(measured, ("self", "amp", "info", "symm"), (7.0, 5.0), (2, 2))


def _over_time(
    measured: Measured, names: tuple[str, ...], size: tuple[float, float], grid: tuple[int, int]
) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    panels: Any = np.atleast_1d(figure.subplots(*grid, sharex=True)).ravel()
    phase = measured.time[-1]
    for axes, name in zip(panels, names, strict=True):
        values = measured[name]
        for layer in range(values.shape[2]):
            color = PALETTE[layer % len(PALETTE)]
            for i, course in enumerate(values[..., layer]):
                label = f"matrix {layer + 1}" if i == 0 else None
                axes.plot(i * phase + measured.time, course, ".-", color=color, label=label)
            if measured.network:
                table = reference.values(measured.network, name, layer + 1)
                seeds = np.array([table[t] for t in sorted(table)])
                axes.plot(sorted(table), seeds, color=GREY, linewidth=0.8, zorder=0)
        axes.set_ylabel(LABELS[name], fontsize="small")
    for axes in panels[-grid[1] :]:
        axes.set_xlabel("time (s)")
    panels[0].legend(frameon=False, fontsize="small")
    return figure


def weights(measured: Measured) -> Figure:
    """Feedback against forward weights after the last phase."""
    n = len(measured.forward)
    figure = Figure(figsize=(2.6 * n, 2.8), layout="constrained")
    panels: Any = np.atleast_1d(figure.subplots(1, n))
    for layer, (axes, W, Y) in enumerate(
        zip(panels, measured.forward, measured.feedback, strict=True)
    ):
        step = max(1, W.size // 20000)
        axes.plot(
            W.ravel()[::step], Y.ravel()[::step], ",", color=PALETTE[layer % len(PALETTE)],
            rasterized=True,
        )  # fmt: skip
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.axvline(0, color=GREY, linewidth=0.6)
        axes.set_title(f"matrix {layer + 1}", fontsize="small")
        axes.set_xlabel("forward weight")
    panels[0].set_ylabel("feedback weight")
    return figure
