"""A network around one model: a population under the model's own defaults, and its synapses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuromodels.circuit import Circuit, Cost, Network, Phase
from neuromodels.models import SynapseModel
from neuromodels.parameters import Parameters, parameter
from neuromodels.registry import registry

NEURONS = 1000
"""Neurons at size 1."""
IN_DEGREE = 100
RATE = 10.0
"""Rate (Hz) of each source."""
# Of NEST's own, it takes any input and costs next to nothing.
TARGET = "iaf_psc_delta"


class ModelParameters(Parameters):
    """Parameters of `ModelNetwork`."""

    model: str = parameter("", unit="", doc="A registered neuron or synapse")
    n: int = parameter(NEURONS, unit="", ge=1, doc="Neurons")
    in_degree: int = parameter(
        0, unit="", ge=0, doc="Poisson sources, each with a synapse to every neuron"
    )
    duration: float = parameter(1.0, unit="s", gt=0, doc="Time simulated")


class ModelNetwork(Circuit[ModelParameters]):
    """Neurons under their defaults; of a synapse those that it is paired with, and their input."""

    name = "bench/model"
    summary = "A population of one model"
    Parameters = ModelParameters

    def __init__(self, parameters: ModelParameters) -> None:
        super().__init__(parameters)
        model = registry().models[parameters.model].object
        self.synapse: str | None = None
        self.neuron = model.name
        if isinstance(model, SynapseModel):
            self.synapse = model.name
            self.neuron = model.neuron or TARGET
        used = (model.name, self.neuron)
        self.models = tuple(  # type: ignore[misc]
            name for name in dict.fromkeys(used) if name in registry().models
        )
        self.resolution = resolution_of(model.name)  # type: ignore[misc]

    def build(self, network: Network) -> None:
        """Create the neurons and connect all sources with all of them."""
        p, nest = self.parameters, network.nest
        delay = max(1.0, self.resolution)
        neurons = network.population("neurons", nest.Create(self.neuron, p.n), spikes=False)
        if not p.in_degree or self.synapse is None:
            return
        # A poisson_generator gives each of its targets a train of its own.
        generator = nest.Create("poisson_generator", params={"rate": RATE})
        sources = nest.Create("parrot_neuron", p.in_degree)
        nest.Connect(generator, sources, syn_spec={"delay": delay})
        spec: dict[str, Any] = {"synapse_model": self.synapse, "delay": delay}
        if ports := nest.GetDefaults(self.neuron).get("receptor_types"):
            spec["receptor_type"] = min(ports.values())
        nest.Connect(sources, neurons, "all_to_all", spec)

    def protocol(self) -> Iterator[Phase]:
        """One phase."""
        yield Phase("all", 1000.0 * self.parameters.duration)

    def cost(self) -> Cost:
        """Updates of all neurons but the sources, and what these send."""
        p = self.parameters
        return Cost(
            neuron_updates=p.n * 1000.0 / self.resolution,
            synaptic_events=RATE * p.in_degree * p.n,
        )


def resolution_of(model: str) -> float:
    """Resolution (ms) of the first registered circuit that uses a model; else NEST's own."""
    for _, item in sorted(registry().circuits.items()):
        if model in item.object.models:
            return float(item.object.resolution)
    return 0.1


__all__ = ["IN_DEGREE", "NEURONS", "RATE", "ModelNetwork", "resolution_of"]
