"""A study by someone else: one neuron model, one circuit, one analysis.

It uses public names of neuromodels alone; the tests of neuromodels install it and run it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels import (
    Analysis,
    Circuit,
    Metric,
    Network,
    NeuronModel,
    Parameters,
    Phase,
    Reference,
    Result,
    hookimpl,
    parameter,
)

if TYPE_CHECKING:
    from neuromodels import Run


class DriveParameters(Parameters):
    """How many neurons, and how strongly driven."""

    n_neurons: int = parameter(20, unit="", ge=1, doc="Number of neurons")
    current: float = parameter(100.0, unit="pA", gt=0, doc="Constant current into each neuron")
    duration: float = parameter(1000.0, unit="ms", gt=0, doc="Duration of each phase")


class Drive(Circuit[DriveParameters]):
    """Integrators under a constant current, which doubles in the second phase."""

    name = "good/drive"
    summary = "Perfect integrators under a constant current"
    Parameters = DriveParameters
    models = ("good_neuron",)
    presets = {"smoke": {"n_neurons": 2, "duration": "0.5 s"}, "paper": {}}
    analyses = ("good/rate",)

    def build(self, network: Network) -> None:
        """Create the neurons; record their spikes and the mean potential."""
        self.cells = network.nest.Create(
            "good_neuron", self.parameters.n_neurons, {"I_e": self.parameters.current}
        )
        network.population("cells", self.cells)
        network.signal(
            "potential",
            lambda: np.mean(self.cells.get("V_m")),
            interval=10.0,
            unit="mV",
            doc="Mean membrane potential",
        )

    def protocol(self) -> Iterator[Phase]:
        """One phase at the current, one at twice the current."""
        yield Phase("single", self.parameters.duration)
        yield Phase("double", self.parameters.duration, enter=self._double)

    def _double(self, network: Network) -> None:
        self.cells.set({"I_e": 2 * self.parameters.current})


class Rate(Analysis):
    """Firing rate in both phases; a perfect integrator fires at I / (C theta)."""

    name = "good/rate"
    summary = "Firing rate in each phase against the analytic value"

    def __call__(self, run: Run) -> Result:
        """Give one metric per phase."""
        metrics = []
        for factor, name in ((1, "single"), (2, "double")):
            phase = run.phase(name)
            spikes = run.spikes("cells", phase.start, phase.stop)
            # pA / (pF mV) = 1 / ms
            expected = 1000.0 * factor * run.parameters["current"] / (100.0 * 10.0)
            # One spike more or less in the phase is rounding of the step, not another model.
            spread = 1000.0 / (phase.stop - phase.start)
            metrics.append(
                Metric(
                    name=f"rate_{name}",
                    value=float(spikes.rate),
                    unit="Hz",
                    reference=Reference(expected, spread, n=1, dof=1, source="analytic"),
                    doc=f"Mean firing rate in phase {name}",
                )
            )
        return Result(metrics=metrics)


@hookimpl
def neuromodels_models() -> Sequence[NeuronModel]:
    """One neuron."""
    source = files(__package__) / "models" / "good_neuron.nestml"
    return [NeuronModel(name="good_neuron", source=source, summary="Perfect integrator")]


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """One circuit."""
    return [Drive]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """One analysis."""
    return [Rate]
