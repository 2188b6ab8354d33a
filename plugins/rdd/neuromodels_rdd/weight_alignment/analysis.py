"""The analysis ``rdd/weight-alignment``: how feedback weights come to resemble forward weights.

Layer numbers are those of the forward matrices, from 1; a layer's own stage is the one in which its
input side is driven.  Measures are defined in `neuromodels_rdd.measures`.  References are attached
to the first phase of the two networks that there are tables of, at the published parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels import Analysis, Metric, Result
from neuromodels_rdd.weight_alignment import reference
from neuromodels_rdd.weight_alignment.measured import Measured, measure

if TYPE_CHECKING:
    from neuromodels.runs import Run


REPORTED = {
    "sign": "%", "correlation": "", "slope": "", "beta_std": "", "beta_mean": "",
    "std_feedback": "", "self": "", "symm": "", "windows_spiked": "", "windows_silent": "",
}  # fmt: skip
"""Measure -> unit: the metrics of each write-out of a layer's own stage."""
UNSEEN = frozenset({"beta_mean"})
"""Measures without a reference: they scatter around 0."""


class WeightAlignmentAnalysis(Analysis):
    """Sign agreement, correlation and the published measures over time."""

    name = "rdd/weight-alignment"
    summary = "Agreement of feedback and forward weights over time, and statistics of windows"

    def __call__(self, run: Run) -> Result:
        """Analyse a run with at least one complete phase."""
        measured = measure(run)
        from neuromodels_rdd.weight_alignment import figures as draw

        return Result(
            metrics=list(metrics(measured)),
            figures={
                "alignment": draw.alignment(measured),
                "measures": draw.measures(measured),
                "weights": draw.weights(measured),
            },
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
