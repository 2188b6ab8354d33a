"""The analysis ``burstprop/plasticity-protocols``: weight change of each condition; Fig. 2B-D.

``<protocol>/<condition>/weight_change`` is the mean over repetitions of the weight at the end (it
starts at 0).  The crossings say where a curve changes its sign (interpolated): of the frequency of
pairings, of the rate of Poisson trains, of the probability of bursts.  They are NaN where it does
not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels import Analysis, Metric, Result
from neuromodels_burstprop.plasticity_protocols import reference
from neuromodels_burstprop.plasticity_protocols.measured import (
    AXES,
    Curve,
    curves,
    weight_changes,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run


class PlasticityProtocolsAnalysis(Analysis):
    """Weight changes of ``burstprop/plasticity-protocols``; Fig. 2B-D."""

    name = "burstprop/plasticity-protocols"
    summary = "Weight change against frequency, rate and burst probability (Fig. 2B-D)"

    def __call__(self, run: Run) -> Result:
        """Analyse a complete run of the circuit."""
        found = weight_changes(run)
        metrics = [metric for curve in curves(found) for metric in _metrics(run, curve)]
        if "given" in found:
            metrics.append(
                Metric("given/weight_change", float(found["given"]), "", doc="Change of the weight")
            )
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_burstprop.plasticity_protocols import figures as draw

        figures: dict[str, Figure] = {"weight_time_course": draw.time_course(run)}
        if shown := list(curves(found)):
            figures["weight_change"] = draw.weight_change(run, shown)
        return Result(metrics=metrics, figures=figures)


def _metrics(run: Run, curve: Curve) -> Iterator[Metric]:
    axis = AXES[curve.protocol]
    place = curve.protocol
    if curve.series is not None:
        place += f"/{axis.series}_{curve.series:g}{axis.series_unit}"
    published = reference.is_published(curve.protocol, run.parameters)
    repetitions = curve.changes.shape[1]
    what = f"mean over {repetitions} repetitions" if repetitions > 1 else "deterministic"
    for x, mean in zip(curve.x.tolist(), curve.mean.tolist(), strict=True):
        yield Metric(
            f"{place}/{axis.x}_{x:.6g}{axis.unit}/weight_change",
            mean,
            "",
            reference.reference(curve.protocol, curve.series, x, repetitions)
            if published
            else None,
            f"Weight change, {what}",
        )
    yield Metric(
        f"{place}/zero_{axis.crossing}",
        curve.crossing,
        axis.unit,
        doc=f"{axis.label.split(' (')[0].capitalize()} where depression turns into potentiation",
    )
