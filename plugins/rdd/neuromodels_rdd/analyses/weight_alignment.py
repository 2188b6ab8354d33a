"""The analysis ``rdd/weight-alignment``: how feedback weights come to resemble forward weights.

Layer numbers are those of the forward matrices, from 1; a layer's own stage is the one in which its
input side is driven.  Measures are defined in `neuromodels_rdd.measures`.  References are attached
to the first phase of the two networks that there are tables of, at the published parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels import Analysis, Metric, Result
from neuromodels.analysis import is_published
from neuromodels.errors import RunError
from neuromodels_rdd.analyses import weight_alignment_reference as reference
from neuromodels_rdd.circuits.weight_alignment import MEASURES, WeightAlignmentParameters

if TYPE_CHECKING:
    from neuromodels.runs import Run

FREE = frozenset({"sizes", "phases", "rule"})
"""Parameters that may differ from the published ones without losing references."""

REPORTED = {
    "sign": "%", "correlation": "", "slope": "", "beta_std": "", "beta_mean": "",
    "std_feedback": "", "self": "", "symm": "", "windows_spiked": "", "windows_silent": "",
}  # fmt: skip
"""Measure -> unit: the metrics of each write-out of a layer's own stage."""
UNSEEN = frozenset({"beta_mean"})
"""Measures without a reference: they scatter around 0."""

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


class WeightAlignmentAnalysis(Analysis):
    """Sign agreement, correlation and the published measures over time."""

    name = "rdd/weight-alignment"
    summary = "Agreement of feedback and forward weights over time, and statistics of windows"

    def __call__(self, run: Run) -> Result:
        """Analyse a run with at least one complete phase."""
        measured = measure(run)
        from neuromodels_rdd.analyses import weight_alignment_figures as draw

        return Result(
            metrics=list(metrics(measured)),
            figures={
                "alignment": draw.alignment(measured),
                "measures": draw.measures(measured),
                "weights": draw.weights(measured),
            },
        )


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


def metrics(measured: Measured) -> Iterator[Metric]:
    """Yield the metrics of the first phase, and the final ones of all phases if there are more."""
    first = measured.table[0]
    for layer in range(first.shape[1]):
        for written in measured.own(layer):
            seconds = measured.time[written] - layer * measured.stage
            for name, unit in REPORTED.items():
                found = None
                if measured.network and name not in UNSEEN:
                    found = reference.of(
                        measured.network, name, layer + 1, float(measured.time[written])
                    )
                yield Metric(
                    f"layer_{layer + 1}/{name}_{seconds:g}s",
                    float(measured[name][0, written, layer]),
                    unit,
                    found,
                    f"{name.replace('_', ' ')}, forward matrix {layer + 1}, after {seconds:g} s "
                    "of its stage",
                )
        last = measured.own(layer)[-1]
        spiked, silent = (
            measured[f"windows_{kind}"][0, last, layer] for kind in ("spiked", "silent")
        )
        if spiked + silent:
            yield Metric(
                f"layer_{layer + 1}/spiked_windows", 100.0 * spiked / (spiked + silent), "%", None,
                f"windows with a spike, layer {layer}",
            )  # fmt: skip
        for kind, row in (("spiked", 0), ("silent", 1)):
            yield Metric(
                f"layer_{layer + 1}/median_max_{kind}", float(measured.maxima[0, layer, row, 2]),
                "", None, f"median of the largest u in {kind} windows of layer {layer}",
            )  # fmt: skip
        yield Metric(
            f"layer_{layer + 1}/driven_rate", float(measured.rates[0, layer, layer]), "Hz", None,
            f"mean rate of layer {layer} while it is driven",
        )  # fmt: skip
        yield Metric(
            f"layer_{layer + 1}/upper_rate", float(measured.rates[0, layer, layer + 1]), "Hz", None,
            f"mean rate of layer {layer + 1} while layer {layer} is driven",
        )  # fmt: skip
    if len(measured.table) > 1:
        for layer in range(first.shape[1]):
            for name in ("sign", "correlation"):
                yield Metric(
                    f"layer_{layer + 1}/{name}_after_{len(measured.table)}_phases",
                    float(measured[name][-1, -1, layer]), REPORTED[name], None,
                    f"{name}, forward matrix {layer + 1}, at the end",
                )  # fmt: skip
