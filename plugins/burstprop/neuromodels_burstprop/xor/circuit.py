"""The circuit ``burstprop/xor``: two layers of plastic synapses learn a truth table.

Input, hidden and output populations of burst-Poisson pyramidal neurons.  Bottom-up, events travel
through plastic excitatory and fixed inhibitory synapses to the somata of the next layer.  Top-down,
the bursts of the output populations travel through fixed synapses to the dendrites of the hidden
ones.  A teacher injects an error current into the output dendrites for a short while: their burst
probability moves, their synapses learn, and the change is handed down to the hidden populations,
whose synapses learn from it at the same time (Payeur et al. 2021, Fig. 4).

The exclusive or with two hidden populations is the published case; `truth_table` and the lists of
feedback weights make any other table with any number of inputs, hidden populations and outputs.

What differs from the published simulation:

* Synapses that transmit within the step there have a delay of 0.8 ms here (`delay`), as all others;
  NEST needs at least one step, and longer delays let it communicate more rarely.
* An example lasts 8 s; there 7.9999 s, because 7.2 s is not a number of single precision.
* Plastic synapses see a postsynaptic spike `delay` later, with the learning gate as it was at the
  spike.

Checkpoints are taken once an epoch, before its last error is injected: by then nearly all plastic
synapses have taken in what the neurons told them in the learning phase before.  They hold all
variables of all neurons and plastic synapses.  What starts afresh: spikes on their way (0.8 ms),
postsynaptic spikes that a synapse has not yet looked at (it does at its next presynaptic spike;
they carry no learning then, and count 1 each in an average over 30 s), and the 16 ms traces of the
fixed synapses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels import (
    Circuit,
    Cost,
    Network,
    Parameters,
    Phase,
    get_values,
    parameter,
    set_values,
    weight_summary,
)
from neuromodels.errors import ParameterError
from neuromodels_burstprop.xor.supervision import Teacher
from neuromodels_burstprop.xor.truth_table import Example, parse

NEURON = "burst_poisson_neuron"
SYNAPSE = "burst_dependent_synapse_burst_poisson"

PAPER = "Payeur et al. 2021, Fig. 4"
CODE = f"{PAPER}; authors' simulation code"

BURN_IN = "burn_in"

# What a checkpoint holds: variables of neurons and of plastic synapses.
NEURON_STATE = (
    "V_s", "V_d", "w_s", "w_d", "theta", "g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d",
    "refractory_steps", "second_steps", "spike_trace", "event_rate", "burst_rate", "burst_valence",
    "in_burst", "n_events", "n_bursts", "bg_wait_soma_exc", "bg_wait_soma_inh", "bg_wait_dend_exc",
    "bg_wait_dend_inh", "bg_started", "n_bg_events", "I_s", "I_d", "learning",
)  # fmt: skip
SYNAPSE_STATE = ("w", "pre_event_trace", "pre_spike_trace", "post_spike_trace")
SYNAPSE_AGES = ("since_pre", "since_post")

Array = npt.NDArray[np.float64]


class XorParameters(Parameters):
    """Parameters of ``burstprop/xor``; defaults are the published ones."""

    truth_table: str = parameter(
        "00:0 10:1 01:1 11:0",
        unit="",
        doc="Examples inputs:targets in the order in which they are shown; one digit for each "
        "input and each output population",
        source=CODE,
    )
    epochs: int = parameter(
        500, unit="", ge=0, doc="Times that all examples are shown", source=CODE
    )

    n: int = parameter(
        500, unit="", ge=1, doc="Neurons in each population (keep p_connect * n)", source=CODE
    )
    p_connect: float = parameter(
        0.2, unit="", gt=0, le=1, doc="Probability of a synapse, in every projection", source=CODE
    )
    delay: float = parameter(
        0.8,
        unit="ms",
        ge=0.1,
        doc="Delay of all synapses; the published simulator has none in these",
        source="the published axonal delay, so that NEST communicates as rarely as possible",
    )

    w_0: float = parameter(
        0.234, unit="", ge=0, doc="Initial plastic weight, in units of the somatic leak",
        source=CODE,
    )  # fmt: skip
    w_max: float = parameter(1.0, unit="", gt=0, doc="Largest plastic weight", source=CODE)
    w_inh: float = parameter(
        0.25, unit="", ge=0, doc="Weight of the inhibition that goes with each plastic projection",
        source=CODE,
    )  # fmt: skip
    feedback_exc: tuple[float, ...] = parameter(
        (0.26, 0.026),
        unit="",
        ge=0,
        doc="Excitatory feedback weight to each hidden population, in units of the dendritic leak; "
        "for several outputs one list after the other",
        source=CODE,
    )
    feedback_inh: tuple[float, ...] = parameter(
        (0.06, 0.27), unit="", ge=0, doc="Inhibitory feedback weight, likewise", source=CODE
    )

    eta_hidden: float = parameter(
        8e-3, unit="", ge=0, doc="Learning rate, input to hidden", source=CODE
    )
    eta_output: float = parameter(
        4e-3, unit="", ge=0, doc="Learning rate, hidden to output", source=CODE
    )
    tau_pre: float = parameter(
        100.0, unit="ms", gt=0, doc="Decay of the presynaptic event trace", source=CODE
    )
    tau_average: float = parameter(
        2000.0,
        unit="ms",
        gt=0,
        doc='Averaging time of event and burst rates ("alpha"), also of the teacher\'s estimate',
        source=CODE,
    )
    tau_rate: float = parameter(
        30000.0,
        unit="ms",
        gt=0,
        doc="Averaging time of the spike rate in the homeostasis at r_min; starts at 3 spikes",
        source=CODE,
    )
    r_min: float = parameter(
        2.0, unit="Hz", ge=0, doc="Spike rate below which weights grow", source=CODE
    )
    r_max: float = parameter(
        10.0, unit="Hz", gt=0, doc="Event rate above which weights shrink", source=CODE
    )

    burn_in: float = parameter(6.0, unit="s", ge=0, doc="Time without input", source=CODE)
    test: float = parameter(
        8.0, unit="s", ge=0, doc="Time of each example in the tests before and after", source=CODE
    )
    settle: float = parameter(
        7.2, unit="s", gt=0, doc="Time of an example before its output is read", source=CODE
    )
    learn: float = parameter(
        0.8, unit="s", gt=0, doc="Time with error current and plasticity after that", source=CODE
    )
    bin: float = parameter(
        2.0,
        unit="s",
        gt=0,
        doc="Interval of the recorded rates and weights; divides burn_in, test, settle + learn",
        source="a test is read after its first 2 s",
    )
    record_spikes: bool = parameter(
        False,
        unit="",
        doc="Whether to keep all spikes, not only events and bursts per bin (2 MB per 10 s)",
    )

    I_on: float = parameter(150.0, unit="pA", doc="Current into an input's somata, 1", source=CODE)
    I_off: float = parameter(-350.0, unit="pA", doc="The same, 0", source=CODE)
    I_hidden_dend: tuple[float, ...] = parameter(
        (0.0, 500.0),
        unit="pA",
        doc="Constant current into the dendrites of each hidden population",
        source=CODE,
    )
    I_output_dend: float = parameter(
        400.0, unit="pA", doc="Constant current into the dendrites of the outputs", source=CODE
    )

    error_current: float = parameter(
        1000.0, unit="pA", ge=0, doc="Strongest error current", source=CODE
    )
    rate_0: float = parameter(2.0, unit="Hz", ge=0, doc="Output event rate meaning 0", source=CODE)
    rate_1: float = parameter(10.0, unit="Hz", ge=0, doc="Output event rate meaning 1", source=CODE)
    rate_tolerance: float = parameter(
        1.0, unit="Hz", gt=0, doc="Distance from either that is not corrected", source=CODE
    )

    noise_input: float = parameter(
        500.0, unit="Hz", ge=0, doc="Rate of each channel of noise, input somata", source=CODE
    )
    noise_deep: float = parameter(
        150.0, unit="Hz", ge=0, doc="The same, hidden and output somata", source=CODE
    )
    noise_dend: float = parameter(500.0, unit="Hz", ge=0, doc="The same, dendrites", source=CODE)
    w_noise_input: tuple[float, float] = parameter(
        (0.35, 0.35),
        unit="",
        ge=0,
        doc="Weights of excitatory and inhibitory noise, input somata",
        source=CODE,
    )
    w_noise_hidden: tuple[float, float] = parameter(
        (0.385, 0.49), unit="", ge=0, doc="The same, hidden somata", source=CODE
    )
    w_noise_output: tuple[float, float] = parameter(
        (0.35, 0.35), unit="", ge=0, doc="The same, output somata", source=CODE
    )
    w_noise_dend: tuple[float, float] = parameter(
        (0.05, 0.05), unit="", ge=0, doc="The same, dendrites", source=CODE
    )


class Xor(Circuit[XorParameters]):
    """Bursts of the output teach two layers of synapses a truth table."""

    name = "burstprop/xor"
    summary = "Two plastic layers learn a truth table, taught by bursts from above (Fig. 4)"
    Parameters = XorParameters
    models = (NEURON, SYNAPSE, "event_synapse", "burst_synapse")
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # In-degrees as published (a larger p_connect would pair excitation and inhibition from the
        # same source, and hidden neurons would fall silent); everything slow takes a tenth of its
        # time.
        "smoke": {
            "n": 250,
            "p_connect": 0.4,
            "epochs": 2,
            "tau_average": 400.0,
            "tau_rate": 3000.0,
            "burn_in": 1.2,
            "test": 0.8,
            "settle": 0.72,
            "learn": 0.08,
            "bin": 0.4,
        },
        "40-examples": {"epochs": 10},
        "100-epochs": {"epochs": 100},
        "paper": {},
    }
    default_preset = "40-examples"
    reproduced = "100-epochs"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "no feedback": {"feedback_exc": (0.0, 0.0), "feedback_inh": (0.0, 0.0)},
        "hidden layer not plastic": {"eta_hidden": 0.0},
    }
    analyses = ("burstprop/xor",)

    def __init__(self, parameters: XorParameters) -> None:
        super().__init__(parameters)
        p = parameters
        self.examples = parse(p.truth_table, f"{self.name}: truth_table")
        self.teacher = Teacher(p.rate_0, p.rate_1, p.rate_tolerance, p.error_current)
        n_hidden, n_output = len(p.I_hidden_dend), len(self.examples[0].targets)
        self.inputs = [f"input_{i + 1}" for i in range(len(self.examples[0].inputs))]
        self.hidden = [f"hidden_{i + 1}" for i in range(n_hidden)]
        self.outputs = ["output"] if n_output == 1 else [f"output_{i + 1}" for i in range(n_output)]
        for name in ("feedback_exc", "feedback_inh"):
            given = len(getattr(p, name))
            if not n_hidden or given != n_hidden * n_output:
                raise ParameterError(
                    f"{given} weights for {n_hidden} hidden and {n_output} output populations",
                    where=f"{self.name}: {name}",
                    fix=f"I_hidden_dend has an entry for each hidden population; "
                    f"give {n_hidden * n_output or 'one or more'} weights",
                )
        if p.rate_1 - p.rate_0 < 2 * p.rate_tolerance:
            raise ParameterError(
                f"rates for 0 and 1 are {p.rate_1 - p.rate_0:g} Hz apart",
                where=f"{self.name}: rate_1",
                fix="put them at least 2 * rate_tolerance apart",
            )
        for name, time in (
            ("burn_in", p.burn_in), ("test", p.test), ("settle + learn", p.settle + p.learn),
        ):  # fmt: skip
            if abs(time / p.bin - round(time / p.bin)) > 1e-9:
                raise ParameterError(
                    f"bins of {p.bin:g} s do not divide {name} = {time:g} s",
                    where=f"{self.name}: bin",
                    fix=f"choose a bin of which {name} is a multiple",
                )

    # -- protocol -----------------------------------------------------------------------------

    @property
    def projections(self) -> list[tuple[str, str]]:
        """Plastic projections: names of their pre- and postsynaptic populations."""
        pairs = [(pre, post) for pre in self.inputs for post in self.hidden]
        return pairs + [(pre, post) for pre in self.hidden for post in self.outputs]

    def protocol(self) -> Iterator[Phase]:
        """Burn-in, a test, `epochs` times all examples, and the test again."""
        p = self.parameters
        yield Phase(BURN_IN, 1000.0 * p.burn_in)
        time = p.burn_in
        yield from self._tests("before")
        time += len(self.examples) * p.test
        for epoch in range(1, p.epochs + 1):
            for example in self.examples:
                name = f"epoch_{epoch}_{example.name}"
                yield Phase(
                    f"{name}_settle",
                    1000.0 * p.settle,
                    self._show(example),
                    checkpoint=example is self.examples[-1],
                )
                time += p.settle
                yield Phase(f"{name}_learn", 1000.0 * p.learn, self._teach(example, time))
                time += p.learn
        yield from self._tests("after")

    def _tests(self, when: str) -> Iterator[Phase]:
        for example in self.examples:
            yield Phase(
                f"test_{when}_{example.name}", 1000.0 * self.parameters.test, self._show(example)
            )

    def _show(self, example: Example) -> Callable[[Network], None]:
        """Set the inputs, without teacher and plasticity."""

        def enter(_network: Network) -> None:
            p = self.parameters
            for name, value in zip(self.inputs, example.inputs, strict=True):
                set_values(self._nodes[name], "I_s", p.I_on if value else p.I_off)
            for name in self.outputs:
                set_values(self._nodes[name], "I_d", p.I_output_dend)
            for name in (*self.hidden, *self.outputs):
                set_values(self._nodes[name], "learning", 0.0)

        return enter

    def _teach(self, example: Example, start: float) -> Callable[[Network], None]:
        """Read the prediction, inject the error, and let synapses learn, from `start` (s) on."""

        def enter(network: Network) -> None:
            p = self.parameters
            now = 1000.0 * start - network.origin
            for i, (name, target) in enumerate(zip(self.outputs, example.targets, strict=True)):
                rate = self._estimate(name, now)
                self._prediction[i] = rate.mean()
                error = self.teacher.error_current(rate, target)
                set_values(self._nodes[name], "I_d", p.I_output_dend + error)
            for name in (*self.hidden, *self.outputs):
                set_values(self._nodes[name], "learning", 1.0)
            # A spike stamped with the end of a phase belongs to it.
            window = {
                "learning_start": now + self.resolution,
                "learning_stop": now + 1000.0 * p.learn + self.resolution,
            }
            for pre, post in self.projections:
                network.nest.SetDefaults(plastic_model(pre, post), window)

        return enter

    def _estimate(self, population: str, now: float) -> Array:
        """Event rate of each neuron (Hz), averaged over tau_average, at time `now` (ms)."""
        nodes = self._nodes[population]
        rate = get_values(nodes, "event_rate")
        elapsed = now - get_values(nodes, "t_last_spike")
        return np.asarray(rate * np.exp(-elapsed / self.parameters.tau_average))

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Create the populations, their projections, and what is recorded."""
        p, nest = self.parameters, network.nest
        self._nodes: dict[str, Any] = {}
        for name in self.inputs:
            self._create(network, name, p.noise_input, p.w_noise_input, 0.0)
        for name, current in zip(self.hidden, p.I_hidden_dend, strict=True):
            self._create(network, name, p.noise_deep, p.w_noise_hidden, current)
        for name in self.outputs:
            self._create(network, name, p.noise_deep, p.w_noise_output, p.I_output_dend)
        self._prediction = np.full(len(self.outputs), np.nan)

        bernoulli = {"rule": "pairwise_bernoulli", "p": p.p_connect}
        ports = nest.GetDefaults(NEURON)["receptor_types"]

        def connect(pre: str, post: str, model: str, port: str, weight: float) -> None:
            spec = {"synapse_model": model, "delay": p.delay, "receptor_type": ports[port]}
            nodes = self._nodes
            nest.Connect(nodes[pre], nodes[post], bernoulli, {**spec, "weight": weight})

        for pre, post in self.projections:
            nest.CopyModel(
                SYNAPSE,
                plastic_model(pre, post),
                {
                    "eta": p.eta_output if post in self.outputs else p.eta_hidden,
                    "tau_pre": p.tau_pre,
                    "tau_rate": p.tau_rate,
                    "r_min": p.r_min,
                    "w_max": p.w_max,
                    "learning_stop": -1.0,
                },
            )
            connect(pre, post, plastic_model(pre, post), "SOMA_EXC", p.w_0)
            connect(pre, post, "event_synapse", "SOMA_INH", p.w_inh)
        back = [(pre, post) for pre in self.outputs for post in self.hidden]
        for (pre, post), exc, inh in zip(back, p.feedback_exc, p.feedback_inh, strict=True):
            connect(pre, post, "burst_synapse", "DEND_EXC", exc)
            connect(pre, post, "burst_synapse", "DEND_INH", inh)
        self._record(network)

    def _create(
        self,
        network: Network,
        name: str,
        rate: float,
        weights: tuple[float, float],
        current: float,
    ) -> None:
        p = self.parameters
        nodes = network.nest.Create(
            NEURON,
            p.n,
            params={
                "bernoulli_noise": True,
                "rate_soma_exc": rate,
                "rate_soma_inh": rate,
                "rate_dend_exc": p.noise_dend,
                "rate_dend_inh": p.noise_dend,
                "w_bg_soma_exc": weights[0],
                "w_bg_soma_inh": weights[1],
                "w_bg_dend_exc": p.w_noise_dend[0],
                "w_bg_dend_inh": p.w_noise_dend[1],
                "I_d": current,
                "tau_average": p.tau_average,
                "r_max": p.r_max,
                "learning": 0.0,
            },
        )
        set_values(nodes, "V_s", network.rng.normal(-70.0, 5.0, p.n))
        self._nodes[name] = network.population(name, nodes, spikes=p.record_spikes)

    def _record(self, network: Network) -> None:
        interval = 1000.0 * self.parameters.bin

        def counter(variable: str) -> Callable[[], Array]:
            return lambda: np.array(
                [get_values(nodes, variable).sum() for nodes in self._nodes.values()]
            )

        for name in ("events", "bursts"):
            network.signal(
                name,
                counter(f"n_{name}"),
                interval=interval,
                unit="",
                dims=("population",),
                coords={"population": list(self._nodes)},
                doc=f"{name.capitalize()} of each population since the beginning",
            )
        models = [plastic_model(pre, post) for pre, post in self.projections]
        network.signal(
            "weight_mean",
            lambda: np.array([weight_summary(model).mean for model in models]),
            interval=interval,
            unit="",
            dims=("projection",),
            coords={"projection": [f"{pre} to {post}" for pre, post in self.projections]},
            doc="Mean plastic weight of each projection, in units of the somatic leak",
        )
        network.signal(
            "prediction",
            self._prediction.copy,
            interval=interval,
            unit="Hz",
            dims=("output",),
            coords={"output": self.outputs},
            doc="Mean estimated event rate of each output when it was last read by the teacher",
        )

    # -- checkpoints --------------------------------------------------------------------------

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """All variables of all neurons and plastic synapses; times as ages."""
        now = float(network.nest.biological_time)
        state: dict[str, npt.ArrayLike] = {"prediction": self._prediction.copy()}
        for name, nodes in self._nodes.items():
            for variable in NEURON_STATE:
                state[f"{name}/{variable}"] = get_values(nodes, variable)
            state[f"{name}/age"] = now - get_values(nodes, "t_last_spike")
        for pre, post in self.projections:
            model = plastic_model(pre, post)
            for variable in SYNAPSE_STATE:
                state[f"{model}/{variable}"] = get_values(model, variable)
            waited = now - get_values(model, "t_last_update")
            for variable in SYNAPSE_AGES:
                state[f"{model}/{variable}"] = get_values(model, variable) + waited
        return state

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put it into a network that was built anew; the kernel's time is 0."""
        del network
        self._prediction[:] = state["prediction"]
        for name, nodes in self._nodes.items():
            for variable in NEURON_STATE:
                set_values(nodes, variable, state[f"{name}/{variable}"])
            set_values(nodes, "t_last_spike", -state[f"{name}/age"])
        for pre, post in self.projections:
            model = plastic_model(pre, post)
            for variable in (*SYNAPSE_STATE, *SYNAPSE_AGES):
                set_values(model, variable, state[f"{model}/{variable}"])

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """The published in-degrees as far as there are neurons for them; one epoch."""
        p = cls.Parameters()
        n = max(1, round(size * p.n))
        # Burn-in, two tests of four examples, and four examples to learn from, as long as a bin.
        one = max(0.05, round(seconds / 13.0, 2))
        return {
            "n": n,
            "p_connect": min(1.0, p.p_connect * p.n / n),
            "epochs": 1,
            "burn_in": one,
            "test": one,
            "settle": round(0.9 * one, 4),
            "learn": round(0.1 * one, 4),
            "bin": one,
        }

    def cost(self) -> Cost:
        """Updates of all populations; events of all projections at the published rates.

        Reckoned with 6, 6 and 7 spikes/s of input, hidden and output neurons.
        """
        p = self.parameters
        counts = [len(names) for names in (self.inputs, self.hidden, self.outputs)]
        outgoing = (2 * counts[1], 2 * counts[2], 2 * counts[1])
        spikes = sum(
            rate * n * out for rate, n, out in zip((6.0, 6.0, 7.0), counts, outgoing, strict=True)
        )
        return Cost(
            neuron_updates=1000.0 / self.resolution * p.n * sum(counts),
            synaptic_events=spikes * p.n * p.n * p.p_connect,
        )


def plastic_model(pre: str, post: str) -> str:
    """Name of the synapse model of one plastic projection."""
    return f"xor_{pre}_to_{post}"
