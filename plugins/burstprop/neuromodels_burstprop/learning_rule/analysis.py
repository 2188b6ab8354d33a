"""The analysis ``burstprop/learning-rule``: rates, burst probability and weights, per phase.

Definitions, as in the reference's table:

* A rate of a phase is that of the population over all of it.  Its **burst probability** is the
  ratio of burst rate and event rate of the phase (not the mean over bins, which is biased where a
  bin holds few events).
* ``weight_end`` is the mean weight at the end of the phase.
* The reference never wrote the last bin of its simulation (2.5 s), so the last bin of the protocol
  is left out here too.

References are attached when the run has the published parameters.  `FREE` are those that concern
the numerics only and may differ.

Why the spread of the reference is pooled over phases is said in
`neuromodels_burstprop.learning_rule.reference`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels import Analysis, Metric, Reference, Result
from neuromodels.analysis import is_published
from neuromodels_burstprop.learning_rule import reference
from neuromodels_burstprop.learning_rule.circuit import BURN_IN, LearningRuleParameters
from neuromodels_burstprop.learning_rule.measured import Measured, measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import PhaseSpan, Run

FREE = frozenset({"background", "pool_fraction", "plastic_delay"})
"""Parameters of the circuit that may differ from the published ones without losing references."""


class LearningRuleAnalysis(Analysis):
    """Rates, burst probability and weights of ``burstprop/learning-rule``; Fig. 2E-G."""

    name = "burstprop/learning-rule"
    summary = "Rates, burst probability and weights per segment (Fig. 2E-G)"

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured = measure(run)
        published = is_published(run, LearningRuleParameters, FREE)
        return Result(
            metrics=list(metrics(measured, published=published)),
            figures=_figures(run, measured, published=published),
        )


def metrics(measured: Measured, *, published: bool) -> Iterator[Metric]:
    """Yield ``phase/quantity`` for every phase and quantity, with references if `published`."""
    known = {name: reference.references(name) for name in reference.QUANTITIES}
    for phase in measured.phases:
        row = 0 if phase.name == BURN_IN else int(phase.name.removeprefix("segment_"))
        for name, value in _phase_values(measured, phase).items():
            quantity = reference.QUANTITIES[name]
            found: Reference | None = known[name][row] if published else None
            yield Metric(
                f"{phase.name}/{name}", value, quantity.unit, found, f"{quantity.doc}, {phase.name}"
            )


def _phase_values(measured: Measured, phase: PhaseSpan) -> dict[str, float]:
    values = {}
    for population in ("post", "pre"):
        rates = measured.bursts[population].rates_between([phase.start, phase.stop])
        values[f"{population}_event_rate"] = rates.event_rate[0]
        values[f"{population}_burst_rate"] = rates.burst_rate[0]
        values[f"{population}_burst_probability"] = 100.0 * rates.burst_probability[0]
        values[f"{population}_spike_rate"] = rates.spike_rate[0]
    slack = measured.bin / 100.0
    time = measured.weight_time
    samples = measured.weight[(time >= phase.start - slack) & (time <= phase.stop + slack)]
    values["weight_end"] = samples[-1]
    return {name: float(values[name]) for name in reference.QUANTITIES}


def _figures(run: Run, measured: Measured, *, published: bool) -> dict[str, Figure]:
    # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
    from neuromodels_burstprop.learning_rule import figures as draw

    figures = {
        "events_and_bursts": draw.events_and_bursts(run, measured, published=published),
        "weights": draw.weights(run, measured, published=published),
        "raster": draw.raster(run, measured),
    }
    if len(measured.phases) > 1:
        figures["weight_change"] = draw.weight_change(run, measured)
    return figures
