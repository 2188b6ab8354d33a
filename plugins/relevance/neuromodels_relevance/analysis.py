"""Analyses of the experiments: what the published figures show, and steadier summaries of the same.

Names are those of the reference's table (``golden/relevance_scalars.csv``).  A *window* of a
stimulus is all its cycles; ``phiE`` is the mean rate of the excitatory population (Hz), ``I`` the
inhibition (Hz), ``S`` the relevance signal.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels_relevance import reference
from neuromodels_relevance.meaning import meaning
from neuromodels_relevance.measured import Array, Measured, measure, state

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

QUANTITIES = {"phiE": "Hz", "I": "Hz", "S": ""}
OUTPUTS = {"maxy": "", "yraw": "", "pact": "", "S": "", "phiE": "Hz", "I": "Hz"}
UNITS = {**QUANTITIES, **OUTPUTS}


class ExperimentAnalysis(Analysis):
    """Metrics of one trial, with references where the run has a published condition.

    Class attributes
    ----------------
    circuit : circuit class
    experiment : str
        Name in the reference's table.
    """

    circuit: ClassVar[Any]
    experiment: ClassVar[str]

    def __call__(self, run: Run) -> Result:
        """Analyse a complete run."""
        measured = measure(run)
        condition = self.condition(run)
        values = {**self.values(measured, run), **state(measured)}
        metrics = [
            Metric(
                name,
                value,
                self.unit(name),
                reference.reference(self.experiment, condition, name),
                meaning(name),
            )
            for name, value in values.items()
        ]
        return Result(metrics, self.figures(measured, condition))

    def condition(self, run: Run) -> str | None:
        """Published condition of a run, or None."""
        return reference.condition_of(
            run.parameters, self.circuit.Parameters, self.circuit.conditions
        )

    def unit(self, metric: str) -> str:
        """Unit of a metric, by its name."""
        quantity = metric.split(".")[-1].removeprefix("pre_").split("_")[0]
        return UNITS.get(quantity, "Hz" if quantity in {"rateE", "mphi"} else "")

    @abc.abstractmethod
    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Metrics of the experiment."""

    def figures(self, measured: Measured, condition: str | None) -> dict[str, Figure]:
        """Figures of the experiment."""
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_relevance import figures as draw

        return {
            "presentations": draw.presentations(measured, self.experiment, condition),
            "traces": draw.traces(measured),
            "weights": draw.weights(measured),
        }


def mean(values: Array) -> float:
    """Mean of what is there; NaN if nothing is."""
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else float("nan")


class AmygdalaAnalysis(ExperimentAnalysis):
    """Output, relevance and rates in groups of presentations of CS1."""

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:
        """Yield the name of a group and its presentations of CS1."""
        raise NotImplementedError

    names: ClassVar[Mapping[str, str]] = {}
    """Metric -> what the reference's table calls it, where that is another name."""

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Mean over windows of each group."""
        found = {
            f"{name}.{quantity}": mean(measured.windows(quantity, "CS1")[kept])
            for name, kept in self.groups(measured, run)
            for quantity in OUTPUTS
        }
        return {self.names.get(name, name): value for name, value in found.items()}
