"""What is measured in a run of ``rdd/weight-alignment``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.analysis import is_published
from neuromodels.errors import RunError
from neuromodels_rdd.weight_alignment import reference
from neuromodels_rdd.weight_alignment.circuit import MEASURES, WeightAlignmentParameters

if TYPE_CHECKING:
    from neuromodels.runs import Run


FREE = frozenset({"sizes", "phases", "rule"})
"""Parameters that may differ from the published ones without losing references."""


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    network : {"full", "small"} or None
        The published network that it is.
    time : ndarray, shape (written,)
        Times of write-outs (s of the phase).
    stage : float
        Duration of a stage (s).
    table : ndarray, shape (phases, written, layers, measures)
    rates : ndarray, shape (phases, stages, populations)
        Mean rates (Hz).
    maxima : ndarray, shape (phases, layers, sides, quantiles)
    forward, feedback : list of ndarray, shape (n_pre, n_post)
        Transposed forward weights, and feedback weights after the last phase.
    """

    network: str | None
    time: Array
    stage: float
    table: Array
    rates: Array
    maxima: Array
    forward: list[Array]
    feedback: list[Array]

    def __getitem__(self, measure: str) -> Array:
        """A measure, shape (phases, written, layers)."""
        return np.asarray(self.table[..., MEASURES.index(measure)])

    def own(self, layer: int) -> npt.NDArray[np.intp]:
        """Indices of the write-outs of a layer's own stage; `layer` from 0."""
        into = (self.time - layer * self.stage) / self.stage
        return np.flatnonzero((into > 1e-9) & (into < 1 + 1e-9))


def measure(run: Run) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        No phase is complete.
    """
    signals = run.signals
    table = np.asarray(signals["alignment"], dtype=np.float64)[1:]
    if not len(table):
        raise RunError("no RDD phase is complete", where=str(run.path))
    sizes = tuple(run.parameters["sizes"])
    published = is_published(run, WeightAlignmentParameters, FREE)
    layers = range(1, len(sizes))
    return Measured(
        network=reference.SIZES.get(sizes) if published else None,
        time=np.asarray(signals["written"], dtype=np.float64),
        stage=float(run.parameters["stage"]),
        table=table,
        rates=np.asarray(signals["rates"], dtype=np.float64)[1:],
        maxima=np.asarray(signals["maxima"], dtype=np.float64)[1:],
        forward=[np.asarray(signals[f"forward_{k}"])[-1] for k in layers],
        feedback=[np.asarray(signals[f"feedback_{k}"])[-1] for k in layers],
    )
