"""my-study/pairing: one plastic synapse on each of many neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from neuromodels import Circuit, Cost, Network, Parameters, Phase, parameter, weights

if TYPE_CHECKING:
    import numpy.typing as npt

NEURON = "my_study_neuron"
SYNAPSE = "my_study_synapse"
DELAY = 1.0  # ms, of the plastic synapses


class PairingParameters(Parameters):
    """How strongly neurons are driven, and how their synapses learn."""

    n_neurons: int = parameter(40, unit="", ge=2, doc="Neurons, each with one plastic synapse")
    current_min: float = parameter(190.0, unit="pA", doc="Constant current into the first neuron")
    current_max: float = parameter(300.0, unit="pA", doc="Constant current into the last neuron")
    input_rate: float = parameter(10.0, unit="Hz", gt=0, doc="Poisson rate of the inputs")
    duration: float = parameter(20000.0, unit="ms", gt=0, doc="Time for which inputs are active")
    weight: float = parameter(20.0, unit="pA", ge=0, doc="Initial weight")
    eta: float = parameter(
        0.005, unit="", ge=0, doc="Learning rate (pA per Hz and spike)", source="example"
    )
    theta: float = parameter(
        20.0,
        unit="Hz",
        gt=0,
        doc="Postsynaptic rate that separates depression from potentiation",
        source="Bienenstock et al. 1982: a modification threshold; the value is an example",
    )
    tau_pre: float = parameter(20.0, unit="ms", gt=0, doc="Decay of the presynaptic trace")
    tau_rate: float = parameter(1000.0, unit="ms", gt=0, doc="Averaging time of the rate")


class Pairing(Circuit[PairingParameters]):
    """Neurons under different currents, each with one plastic synapse from a Poisson input.

    Synapses of neurons that fire slower than `theta` are depressed, the others are potentiated.
    """

    name = "my-study/pairing"
    summary = "Weight change against postsynaptic rate"
    Parameters = PairingParameters
    models = (NEURON, SYNAPSE)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"n_neurons": 8, "duration": "5 s"},
        "paper": {},
    }
    analyses = ("my-study/pairing",)

    def build(self, network: Network) -> None:
        """Create inputs, neurons and synapses; record all spikes and the weights."""
        p, nest = self.parameters, network.nest
        # A poisson_generator gives each of its targets a train of its own.
        self.generator = nest.Create("poisson_generator", params={"rate": p.input_rate})
        inputs = nest.Create("parrot_neuron", p.n_neurons)
        nest.Connect(self.generator, inputs, syn_spec={"delay": DELAY})

        neurons = nest.Create(NEURON, p.n_neurons, {"theta": p.theta, "tau_rate": p.tau_rate})
        neurons.I_e = np.linspace(p.current_min, p.current_max, p.n_neurons)
        neurons.V_m = network.rng.uniform(-70.0, -55.0, p.n_neurons)

        # Parameters that all synapses share are set before synapses are made.
        nest.SetDefaults(SYNAPSE, {"eta": p.eta, "tau_pre": p.tau_pre})
        nest.Connect(
            inputs,
            neurons,
            "one_to_one",
            {"synapse_model": SYNAPSE, "weight": p.weight, "delay": DELAY},
        )

        network.population("inputs", inputs)
        network.population("neurons", neurons)
        network.signal(
            "weight",
            self._weights,
            interval=p.duration / 100.0,
            unit="pA",
            dims=("cell",),
            doc="Weight of each neuron's synapse",
        )

    def protocol(self) -> Iterator[Phase]:
        """Pairing, and then some silence in which the last input spikes are delivered."""
        yield Phase("pairing", self.parameters.duration)
        yield Phase("rest", self.parameters.duration / 100.0, enter=self._silence)

    def cost(self) -> Cost:
        """Say what a second costs: updates of inputs and neurons, spikes to and from inputs."""
        p = self.parameters
        return Cost(
            neuron_updates=2 * p.n_neurons * 1000.0 / self.resolution,
            synaptic_events=2 * p.n_neurons * p.input_rate,
        )

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """Say what `neuromodels bench` measures: more neurons, the same protocol in `seconds`."""
        n_neurons = max(2, round(size * cls.Parameters().n_neurons))
        return {"n_neurons": n_neurons, "duration": 1000.0 * max(0.1, round(seconds, 1))}

    def _silence(self, _: Network) -> None:
        self.generator.rate = 0.0

    def _weights(self) -> npt.NDArray[np.float64]:
        values, targets = weights(SYNAPSE)
        return values[np.argsort(targets)]
