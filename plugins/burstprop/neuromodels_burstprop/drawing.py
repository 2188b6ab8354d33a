"""What figures of several circuits have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neuromodels.style import PINK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.bursts import Bursts

BURST = PINK

Array = npt.NDArray[np.float64]


def band(axes: Any, time: Array, mean: Array, sd: Array, color: str) -> None:
    """Shade mean ± sd of a reference over time."""
    axes.fill_between(time, mean - sd, mean + sd, color=color, alpha=0.25, linewidth=0)


def legend(figure: Figure, axes: Any, *, published: bool) -> None:
    """Give the legend of `axes` below the figure; with the reference's bands if `published`."""
    handles, labels = axes.get_legend_handles_labels()
    if published:
        from matplotlib.patches import Patch

        handles.append(Patch(color="0.5", alpha=0.4, linewidth=0))
        labels.append("reference, mean ± sd over seeds")
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8
    )


def raster(
    axes: Any, bursts: Bursts, start: float, stop: float, *, neurons: int, marks: bool = True
) -> None:
    """Spikes of the first `neurons` between `start` and `stop` (ms), bursts marked if `marks`."""
    layers = [(bursts.spikes, {"ms": 3, "color": "0.3"})]
    if marks:
        layers.append((bursts.bursts, {"ms": 4, "mew": 1.5, "color": BURST}))
    for trains, style in layers:
        spikes = trains.between(start, stop)
        shown = spikes.node_ids < neurons
        axes.plot(spikes.times[shown] / 1000.0, spikes.node_ids[shown], "|", **style)


__all__ = ["BURST", "band", "legend", "raster"]
