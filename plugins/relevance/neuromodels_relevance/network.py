"""The network of Insel, Guerguiev & Richards (2018) in NEST, without the schedule and the output.

A time step of the published model, 20 ms, is a *cycle* of four kernel steps of 5 ms with delays of
one step, in which the layers act one after the other (`relevance_interneuron` has the sequence).
So every input meets the inhibition and the error that it meets in the published model, and weights
change before the next cycle.  Cycles begin at multiples of 20 ms of the kernel's time.

===========  ===================================================================================
kernel step
===========  ===================================================================================
phase 0      inputs draw x(t); inhibitory units know n(t-1) and compute the error of t-1
phase 1      collaterals credit x(t-2); then they pass on x(t)
phase 2      inhibitory units compute and send I(t)
phase 3      excitatory units have h(t) and I(t), and spike
===========  ===================================================================================

Mean rates of the excitatory population, which the published numbers are of, are those of a *probe*:
an excitatory unit whose input weights are the mean over the population.  All units have the same
divisor, so its rate is the population's mean, exactly.  Where input weights learn (x_E) there is no
such probe, and all units are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Cost, Network, Phase, weight_summary
from neuromodels.errors import ParameterError
from neuromodels_relevance import schedules
from neuromodels_relevance.parameters import RATES, NetworkParameters
from neuromodels_relevance.schedules import SCALE, SHARE, US, Schedule, Timing

if TYPE_CHECKING:
    from collections.abc import Callable

P = TypeVar("P", bound=NetworkParameters)

PHASES = 4
RESOLUTION = 5.0
CYCLE = PHASES * RESOLUTION
PRETRAINING, READOUT = "pretraining", "readout"
GROUPS = ("CS1", "CS2", "other")
"""Input units whose mean weights are recorded."""

INPUT, COLLATERAL = "relevance_input", "relevance_collateral"
INTERNEURON, EXCITATORY = "relevance_interneuron", "relevance_excitatory"
SIGNAL = "relevance_signal"
TO_INHIBITORY, TO_EXCITATORY = "input_inhibition_synapse", "input_excitation_synapse"
GAIN, DRIVE, FEEDBACK = "inhibition_gain_synapse", "drive_synapse", "feedback_synapse"
DIGITS = "relevance_digit_synapse"
"""Copy of `DRIVE` for all that comes as digits, which are to base `BASE`."""
BASE = 4.0
SPIKES_SENT, DIGIT, POISSON = 1, 2, 3
"""Codes of `relevance_interneuron`."""

Array = npt.NDArray[np.float64]


class RelevanceCircuit(Circuit[P]):
    """What the circuits of the study have in common.

    Class attributes
    ----------------
    stimuli : sequence of str
        Stimuli whose units are quiet before training.
    conditions : mapping
        Conditions of the published experiment: name -> parameters that differ from the defaults.
    """

    models: ClassVar[Sequence[str]] = (
        INPUT,
        COLLATERAL,
        INTERNEURON,
        EXCITATORY,
        SIGNAL,
        TO_INHIBITORY,
        TO_EXCITATORY,
        GAIN,
        DRIVE,
        FEEDBACK,
    )
    resolution = RESOLUTION
    stimuli: ClassVar[tuple[str, ...]] = ("CS1", "CS2")
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self, parameters: P) -> None:
        super().__init__(parameters)
        p = parameters
        if p.n_inputs % schedules.N_STIMULI:
            raise ParameterError(
                f"{p.n_inputs} input units cannot be shared by ten stimuli",
                where=f"{self.name}: n_inputs",
                fix="give a multiple of 10",
            )
        for name in ("pretraining", "record_interval"):
            value = getattr(p, name) * 1000.0 / CYCLE
            if abs(value - round(value)) > 1e-6:
                raise ParameterError(
                    f"{getattr(p, name):g} s are no multiple of 20 ms",
                    where=f"{self.name}: {name}",
                    fix="give a multiple of 0.02 s",
                )
        self.timing = Timing(CYCLE / 1000.0, inclusive=p.inclusive_events)
        self.n_pre = round(1000.0 * p.pretraining / CYCLE)
        # Number of the trial -> its schedule; a file of the user's is that of all.
        self._schedules: dict[int, Schedule] = {}
        self._given = (
            None if p.schedule is None else schedules.read(p.schedule, self.timing, where=self.name)
        )

    @property
    def schedule(self) -> Schedule:
        """The user's own, or the one drawn for this number: that of the trial, or the seed."""
        if self._given is not None:
            return self._given
        number = self.parameters.trial or self.seed
        if number not in self._schedules:
            rng = np.random.Generator(np.random.PCG64([number, 20180803]))
            self._schedules[number] = self.make_schedule(rng)
        return self._schedules[number]

    @property
    def n_end(self) -> int:
        """Cycles up to the end of training."""
        return self.n_pre + self.schedule.n_cycles

    @property
    def n_total(self) -> int:
        """Cycles of the run."""
        every = round(1000.0 * self.parameters.record_interval / CYCLE)
        # The weights are frozen and sampled once more; the last error is known in the next cycle.
        return -(-(self.n_end + 1) // every) * every

    # -- what an experiment says ---------------------------------------------------------------

    def make_schedule(self, rng: np.random.Generator) -> Schedule:
        """Draw the schedule of this experiment."""
        raise NotImplementedError

    def input_weights(self, rng: np.random.Generator) -> Array:
        """Weights from input (rows) to excitatory units."""
        p = self.parameters
        return np.maximum(0.0, rng.normal(p.w_mean, p.w_sd, (p.n_inputs, p.n_excitatory)))

    def build_output(self, network: Network) -> None:
        """Add an output layer to what `build` has made."""

    def windows(self) -> Mapping[str, float]:
        """Parameters of excitatory units that hold in windows of the schedule."""
        return {}

    def share_before_training(self) -> float:
        """Share of the drive that is inhibited before training."""
        return self.parameters.share

    @property
    def inputs_learn(self) -> bool:
        """Whether weights from inputs to excitatory units change."""
        return self.parameters.rule == "x_E"

    def mean_input_weight(self, group: str) -> float:
        """Mean weight from a group of inputs to excitatory units."""
        return float(self.W[self.units(group)].mean())

    @property
    def learning_rate(self) -> float:
        """Of the rule."""
        given = self.parameters.learning_rate
        return RATES[self.parameters.rule] if given is None else given

    # -- protocol ------------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """Pre-training, the phases of the schedule, and a stretch in which nothing is learnt."""
        yield Phase(PRETRAINING, self.n_pre * CYCLE)
        begin = 0
        for name, end in self.schedule.phases or [("training", self.schedule.n_cycles)]:
            yield Phase(name, (end - begin) * CYCLE)
            begin = end
        yield Phase(READOUT, (self.n_total - self.n_end) * CYCLE)

    # -- network -------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Create units, projections, the schedule's generators, and what is recorded."""
        p, nest, rng = self.parameters, network.nest, network.rng
        common = {"training_start": self.n_pre, "cycle_duration": CYCLE}
        teach = {
            **common,
            "training_stop": self.n_end,
            "set_point": p.set_point,
            "reward": p.reward,
            "discount": p.discount,
        }
        self.ports = {
            model: nest.GetDefaults(model)["receptor_types"] for model in (INTERNEURON, EXCITATORY)
        }
        weights = self.W = self.input_weights(rng)
        rates = self.rates_off = rng.gamma(p.rate_off_shape, p.rate_off_scale, p.n_inputs)
        quiet = rates.copy()
        quiet[np.concatenate([self.units(name) for name in self.stimuli])] = p.rate_quiet

        self.inputs = nest.Create(INPUT, p.n_inputs, params={**common, "rate_on": p.rate_on})
        self.inputs.set(rate_off=rates, rate_pre=quiet, waiting=rng.exponential(size=p.n_inputs))
        excitatory = {
            **teach,
            "floor_inhibition": p.inhibition_floor,
            "share": p.share,
            "share_pre": self.share_before_training(),
            "rate_inhibition": self.learning_rate if p.rule == "I_E" else 0.0,
            **self.windows(),
        }
        rate_drive = self.learning_rate if p.rule == "x_E" else 0.0
        self.excitatory = nest.Create(
            EXCITATORY, p.n_excitatory, params={**excitatory, "rate_drive": rate_drive}
        )
        # Before the waiting times are drawn: the probe's spikes go nowhere.
        self.probe = nest.Create(EXCITATORY, params=excitatory)
        self.excitatory.waiting = rng.exponential(size=p.n_excitatory)
        inhibitory = {
            **teach,
            "learning_rate": self.learning_rate if p.rule == "x_I" else 0.0,
            "rate_pre": p.pretraining_rate,
            "learns_bias": p.pretraining_bias,
            "quantum": p.inhibition_quantum,
            "n_digits": float(p.inhibition_digits),
            "gain": p.interneuron_gain,
        }
        self.unit = nest.Create(INTERNEURON, params={**inhibitory, "code": SPIKES_SENT})
        self._connect_inputs(network, weights)
        self._connect_inhibition(network, inhibitory)
        self._connect_signals(network)
        self.build_output(network)
        self._record(network)

    def units(self, stimulus: str) -> npt.NDArray[np.int64]:
        """Indices of the input units of a stimulus, or of the group ``other``."""
        n = self.parameters.n_inputs // schedules.N_STIMULI
        if stimulus == "other":
            return np.arange(2 * n, self.parameters.n_inputs)
        k = int(stimulus.removeprefix("CS")) - 1
        return np.arange(k * n, (k + 1) * n)

    def _collaterals(self, network: Network, *, transmit: int, credit: int) -> Any:
        nest = network.nest
        nodes = nest.Create(
            COLLATERAL,
            self.parameters.n_inputs,
            params={"transmit_phase": transmit, "credit_phase": credit},
        )
        nest.Connect(self.inputs, nodes, "one_to_one", {"delay": RESOLUTION})
        return nodes

    def _connect_inputs(self, network: Network, weights: Array) -> None:
        p, nest = self.parameters, network.nest
        drive = self.ports[EXCITATORY]["DRIVE"]
        probed = self.probe
        if p.rule == "x_E":
            collaterals = self._collaterals(network, transmit=2, credit=1)
            for group in GROUPS:
                nest.CopyModel(TO_EXCITATORY, f"{TO_EXCITATORY}_{group}")
                nest.Connect(
                    collaterals[self.units(group).tolist()],
                    self.excitatory,
                    "all_to_all",
                    {
                        "synapse_model": f"{TO_EXCITATORY}_{group}",
                        "weight": weights[self.units(group)].T,
                        "delay": RESOLUTION,
                        "receptor_type": drive,
                    },
                )
        else:
            # The targets of an input follow each other, from the first with a weight to the last:
            # a projection without gaps is delivered faster than one without weights of 0.
            some = weights > 0
            since, until = np.maximum.accumulate(some, 1), np.maximum.accumulate(some[:, ::-1], 1)
            source, target = np.nonzero((since & until[:, ::-1]) | self.inputs_learn)
            first = self.inputs[0].global_id, self.excitatory[0].global_id
            nest.Connect(
                source + first[0],
                target + first[1],
                "one_to_one",
                {
                    "synapse_model": DRIVE,
                    "weight": weights[source, target],
                    "delay": np.full(source.size, 3 * RESOLUTION),
                    "receptor_type": drive,
                },
            )
        nest.Connect(
            self.inputs,
            probed,
            "all_to_all",
            {
                "weight": weights.mean(axis=1)[np.newaxis, :],
                "delay": 3 * RESOLUTION,
                "receptor_type": drive,
            },
        )

    def _connect_inhibition(self, network: Network, settings: Mapping[str, Any]) -> None:
        """Inhibitory units, what they hear, and how they reach the excitatory ones."""
        p, nest = self.parameters, network.nest
        ports = self.ports[EXCITATORY]
        graded = p.inhibition == "graded"
        n = p.inhibition_digits if graded else p.n_interneurons
        self.interneurons = nest.Create(INTERNEURON, n, params=settings)
        if graded:
            self.interneurons.set(code=DIGIT, digit=np.arange(float(n)))
            weights = p.inhibition_quantum * BASE ** np.arange(n)
        else:
            self.interneurons.set(code=POISSON, waiting=network.rng.exponential(size=n))
            weights = np.full(n, 1.0 / (n * p.interneuron_gain * CYCLE / 1000.0))
        collaterals = self.collaterals = self._collaterals(network, transmit=1, credit=0)
        hear = self.ports[INTERNEURON]
        for group in GROUPS:
            nest.CopyModel(TO_INHIBITORY, f"{TO_INHIBITORY}_{group}")
        for targets in (self.unit, self.interneurons):
            for group in GROUPS:
                nest.Connect(
                    collaterals[self.units(group).tolist()],
                    targets,
                    "all_to_all",
                    {
                        "synapse_model": f"{TO_INHIBITORY}_{group}",
                        "weight": p.w_input_inhibitory,
                        "delay": RESOLUTION,
                        "receptor_type": hear["DRIVE"],
                    },
                )
            nest.Connect(
                self.excitatory,
                targets,
                "all_to_all",
                {
                    "synapse_model": FEEDBACK,
                    "weight": 1.0,
                    "delay": RESOLUTION,
                    "receptor_type": hear["SPIKES"],
                },
            )
        nest.CopyModel(DRIVE, DIGITS)
        for targets in (self.excitatory, self.probe):
            nest.Connect(
                self.interneurons,
                targets,
                "all_to_all",
                {
                    "synapse_model": DIGITS,
                    "weight": np.tile(weights, (len(targets), 1)),
                    "delay": RESOLUTION,
                    "receptor_type": ports["INHIBITION"],
                },
            )
            nest.Connect(
                self.unit,
                targets,
                "all_to_all",
                {
                    "synapse_model": GAIN if p.rule == "I_E" else DIGITS,
                    "weight": p.w_inhibitory_excitatory,
                    "delay": RESOLUTION,
                    "receptor_type": ports["STRENGTH"],
                },
            )

    def _connect_signals(self, network: Network) -> None:
        """Stimuli, US and windows; for rules of excitatory synapses, what their error needs."""
        nest, ports = network.nest, self.ports[EXCITATORY]
        for name in self.schedule.events:
            if name in (US, SHARE, SCALE):
                continue
            self._switch(network, name, self.inputs[self.units(name).tolist()], None)
        everybody = (self.excitatory, self.probe)
        for name, port in ((SHARE, "SHARE_SWITCH"), (SCALE, "SCALE_SWITCH")):
            for targets in everybody:
                self._switch(network, name, targets, ports[port])
        for targets in (self.unit, self.interneurons):
            self._switch(network, US, targets, self.ports[INTERNEURON]["US"])
        if self.hears_us:
            for targets in everybody:
                self._switch(network, US, targets, ports["US"])
        if self.parameters.rule != "x_I":
            n = -(-self.parameters.n_excitatory.bit_length() // 2)
            signal = nest.Create(SIGNAL, n, params={"set_point": self.parameters.set_point})
            signal.digit = np.arange(float(n))
            nest.Connect(self.excitatory, signal, "all_to_all", {"delay": RESOLUTION})
            for targets in everybody:
                nest.Connect(
                    signal,
                    targets,
                    "all_to_all",
                    {
                        "synapse_model": DIGITS,
                        "weight": np.tile(BASE ** np.arange(n), (len(targets), 1)),
                        "delay": RESOLUTION,
                        "receptor_type": ports["DIGITS"],
                    },
                )

    @property
    def hears_us(self) -> bool:
        """Whether excitatory units need to know of the US."""
        return self.parameters.rule != "x_I"

    def _switch(self, network: Network, name: str, targets: Any, port: int | None) -> None:
        """Connect a generator of what is on when: +1 and -1, at the beginning of a cycle."""
        if name not in self.schedule.events:
            return
        cycles, change = self.schedule.switches(name)
        generator = network.nest.Create(
            "spike_generator",
            params={
                "spike_times": (cycles + self.n_pre) * CYCLE,
                "spike_weights": change,
            },
        )
        spec: dict[str, Any] = {"delay": RESOLUTION}
        if port is not None:
            spec["receptor_type"] = port
        network.nest.Connect(generator, targets, "all_to_all", spec)

    # -- recording -----------------------------------------------------------------------------

    def _record(self, network: Network) -> None:
        p = self.parameters
        spikes = p.record_spikes
        network.population("input", self.inputs, spikes=spikes)
        network.population("excitatory", self.excitatory, spikes=spikes)
        network.population("interneuron", self.interneurons, spikes=spikes)
        variables = {"I_rate": "Hz", "S": "", "td_error": "", "bias": ""}
        network.traces("inhibitory", self.unit, variables, interval=CYCLE)
        measured = self.excitatory if self.inputs_learn else self.probe
        rate = {"phi": "Hz"}
        network.traces("excitatory", measured, rate, interval=CYCLE, average=True)
        if p.record_rates:
            network.traces("excitatory_units", self.excitatory, rate, interval=CYCLE)

        def mean_of(synapse: str) -> Callable[[], float]:
            return lambda: float(weight_summary(synapse).mean)

        def input_weight(group: str) -> Callable[[], float]:
            return lambda: self.mean_input_weight(group)

        def record(name: str, read: Callable[[], float], doc: str) -> None:
            network.signal(name, read, interval=1000.0 * p.record_interval, unit="", doc=doc)

        for group in GROUPS:
            record(
                f"w_{group}",
                mean_of(f"{TO_INHIBITORY}_{group}"),
                f"Mean weight from input units ({group}) to inhibitory units",
            )
            record(
                f"W_{group}",
                mean_of(f"{TO_EXCITATORY}_{group}") if p.rule == "x_E" else input_weight(group),
                f"Mean weight from input units ({group}) to excitatory units",
            )
        record(
            "q",
            mean_of(GAIN) if p.rule == "I_E" else lambda: p.w_inhibitory_excitatory,
            "Mean weight from the inhibitory unit to excitatory units",
        )
        # With the schedule itself a run can be analysed wherever a file of the user's has gone.
        rows = self.schedule.rows()
        network.signal(
            "schedule",
            lambda: rows,
            interval=self.n_total * CYCLE,
            unit="",
            dims=("event", "column"),
            doc="Events in cycles of training: index of the name, first, one after the last",
        )

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """More units, all connected to all; half of the time before training, half in it."""
        p: Any = cls.Parameters()
        return {
            "n_inputs": schedules.N_STIMULI
            * max(1, round(size * p.n_inputs / schedules.N_STIMULI)),
            "n_excitatory": max(1, round(size * p.n_excitatory)),
            "pretraining": CYCLE / 1000.0 * max(1, round(500.0 * seconds / CYCLE)),
        }

    def cost(self) -> Cost:
        """Updates of all units; spikes of inputs, with their mean rate, to all their targets."""
        p = self.parameters
        n = p.inhibition_digits if p.inhibition == "graded" else p.n_interneurons
        collaterals = 2 if p.rule == "x_E" else 1
        units = (1 + collaterals) * p.n_inputs + p.n_excitatory + n
        spikes = p.n_inputs * p.rate_off_shape * p.rate_off_scale
        rate = 11.0 * p.interneuron_gain if p.inhibition == "spiking" else 44.0
        events = spikes * (collaterals * p.n_excitatory + 2 * n)
        events += n * rate * p.n_excitatory + 2.7 * p.n_excitatory * n
        return Cost(neuron_updates=units * 1000.0 / RESOLUTION, synaptic_events=events)
