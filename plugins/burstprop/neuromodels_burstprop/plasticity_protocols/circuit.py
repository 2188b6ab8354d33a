"""The circuit ``burstprop/plasticity-protocols``: one synapse, two given spike trains, many times.

What the burst-dependent rule makes of classical pairing protocols (Payeur et al. 2021, Fig. 2B-D):

``periodic``
    Sequences of simultaneous pre- and postsynaptic spikes.  From about 60 Hz on (an interval of
    less than 16 ms) all but the first spike of a sequence are one burst, and depression turns into
    potentiation: the rule depends on frequency like those made for slices.
``poisson``
    Two independent Poisson trains.  Higher rates have more bursts per event, so the change of
    weight reverses its sign at a rate that depends on the burst probability expected at first.
``burst-poisson``
    Two independent trains of events, each a burst with a given probability.  The sign depends on
    this probability alone, the event rates set the slope.
``given``
    One pair of trains from the parameters, for anything else.

The rule is that of the published calculation of these panels, not of the networks: a spike within
16 ms of the *previous spike* belongs to a burst, weights have no bounds, there is no homeostasis,
and all is forward Euler on the grid of the spike trains.  See ``models/burst_replay_neuron.nestml``
and ``models/burst_pairing_synapse.nestml``.

All conditions and repetitions are independent pairs in one network; pairs that have come to their
end are frozen.  At the end of a pair one more presynaptic spike makes its synapse catch up, because
a weight in NEST is as of its last presynaptic spike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Cost, Network, Parameters, Phase, parameter, weights
from neuromodels.errors import ParameterError
from neuromodels_burstprop.plasticity_protocols.protocols import (
    BurstPoisson,
    Given,
    Pair,
    PairingProtocol,
    Periodic,
    Poisson,
)

NEURON = "burst_replay_neuron"
SYNAPSE = "burst_pairing_synapse"

DELAY = 5.0
"""Of every connection (ms), and how often NEST communicates: 1 ms would take half as long again."""

LEAD = 1.0
"""NEST has no spikes at time 0, protocols may: generators of the postsynaptic trains are late by
this (ms)."""

FLUSH = 10.0
"""From the end of a pair to the presynaptic spike after which its weight is read (ms)."""

PAPER = "Payeur et al. 2021, Fig. 2B-D"
CODE = f"{PAPER}; authors' calculation"

Name = Literal["periodic", "poisson", "burst-poisson", "given"]


def pre_offset(resolution: float) -> float:
    """Time stamp of a presynaptic spike of time 0 (ms).

    The synapse sees the simultaneous postsynaptic spike one step later, as it must (see the model).
    """
    return post_offset(resolution) + DELAY - resolution


def post_offset(resolution: float) -> float:
    """Time stamp of a postsynaptic spike of time 0 (ms): generator, delay, a step in the neuron."""
    return LEAD + DELAY + resolution


class PlasticityProtocolsParameters(Parameters):
    """Parameters of ``burstprop/plasticity-protocols``; defaults are the published ones."""

    protocols: tuple[Name, ...] = parameter(
        ("periodic", "poisson", "burst-poisson"), unit="", doc="What to run", source=PAPER
    )

    eta: float = parameter(0.1, unit="", ge=0, doc="Learning rate", source=CODE)
    tau_pre: float = parameter(
        50.0, unit="ms", gt=0, doc="Decay of the presynaptic event trace", source=CODE
    )
    tau_average: float = parameter(
        15000.0,
        unit="ms",
        gt=0,
        doc='Averaging time of the postsynaptic event and burst rates ("alpha")',
        source=CODE,
    )
    burst_isi: float = parameter(
        16.0, unit="ms", gt=0, doc="Longest interval within a burst", source=CODE
    )
    event_rate_0: float = parameter(
        5.0,
        unit="Hz",
        gt=0,
        doc="Initial average of the postsynaptic event rate; burst-poisson trains start from "
        "their own event rate",
        source=CODE,
    )

    frequencies: tuple[float, ...] = parameter(
        tuple(np.linspace(1.0, 100.0, 20).tolist()),
        unit="Hz",
        gt=0,
        doc="periodic: frequencies of pairing",
        source=CODE,
    )
    pairings: int = parameter(5, unit="", ge=1, doc="periodic: pairings of a sequence", source=CODE)
    sequences: int = parameter(15, unit="", ge=1, doc="periodic: sequences", source=CODE)
    first_pairing: float = parameter(
        10.0,
        unit="ms",
        ge=0,
        doc="periodic: from the beginning of a sequence to its first pairing",
        source=CODE,
    )
    tail: float = parameter(
        1.0,
        unit="s",
        gt=0.1,
        doc="periodic: a sequence is longer by this than its pairings' periods",
        source=CODE,
    )
    pause: float = parameter(
        10.0, unit="s", gt=0, doc="periodic: pause between two sequences", source=CODE
    )
    periodic_probability_0: float = parameter(
        0.15, unit="", ge=0, doc="periodic: initial burst probability", source=CODE
    )
    periodic_step: float = parameter(
        0.1,
        unit="ms",
        ge=0.1,
        doc="periodic: Euler step and grid of the spike trains",
        source=CODE,
    )

    rates: tuple[float, ...] = parameter(
        tuple(np.linspace(1.0, 50.0, 10).tolist()),
        unit="Hz",
        gt=0,
        doc="poisson: rates of both trains",
        source=CODE,
    )
    poisson_probabilities_0: tuple[float, ...] = parameter(
        (0.3, 0.5), unit="", ge=0, doc="poisson: initial burst probabilities", source=CODE
    )
    dead_time: float = parameter(
        2.0, unit="ms", gt=0, doc="poisson: shortest interval", source=CODE
    )

    event_rates: tuple[float, ...] = parameter(
        (5.0, 10.0), unit="Hz", gt=0, doc="burst-poisson: event rates of both trains", source=CODE
    )
    burst_probabilities: tuple[float, ...] = parameter(
        tuple(np.linspace(0.0, 0.45, 10).tolist()),
        unit="",
        ge=0,
        le=1,
        doc="burst-poisson: probabilities that an event is followed by a second spike",
        source=CODE,
    )
    burst_poisson_probability_0: float = parameter(
        0.2, unit="", ge=0, doc="burst-poisson: initial burst probability", source=CODE
    )
    event_dead_time: float = parameter(
        20.0, unit="ms", gt=0, doc="burst-poisson: shortest interval of events", source=CODE
    )
    isi_min: float = parameter(
        2.0, unit="ms", gt=0, doc="burst-poisson: shortest interval within a burst", source=CODE
    )
    isi_max: float = parameter(
        12.0, unit="ms", gt=0, doc="burst-poisson: longest interval within a burst", source=CODE
    )

    duration: float = parameter(
        100.0, unit="s", gt=0, doc="poisson, burst-poisson: length of the trains", source=CODE
    )
    repetitions: int = parameter(
        20, unit="", ge=1, doc="poisson, burst-poisson: pairs of each condition", source=CODE
    )
    random_step: float = parameter(
        1.0,
        unit="ms",
        ge=0.1,
        doc="poisson, burst-poisson, given: Euler step and grid of the spike trains",
        source=CODE,
    )

    given_pre: tuple[float, ...] = parameter(
        (), unit="ms", ge=0, doc="given: presynaptic spike times"
    )
    given_post: tuple[float, ...] = parameter(
        (), unit="ms", ge=0, doc="given: postsynaptic spike times"
    )
    given_probability_0: float = parameter(
        0.15, unit="", ge=0, doc="given: initial burst probability"
    )

    sample: float = parameter(
        5.0, unit="s", ge=0.1, doc="Interval between two samples of the weights"
    )
    record_trains: bool = parameter(
        False, unit="", doc="Keep all spike trains; at the published size 3 million spikes"
    )


@dataclass
class _Pairs:
    """The pairs of a protocol in a kernel."""

    protocol: PairingProtocol
    end: float  # of the longest pair (ms), its last presynaptic spike included
    neurons: Any


class PlasticityProtocols(Circuit[PlasticityProtocolsParameters]):
    """Given spike trains on both sides of a synapse with the burst-dependent rule."""

    name = "burstprop/plasticity-protocols"
    summary = "Weight change against frequency, rate and burst probability of pairings (Fig. 2B-D)"
    Parameters = PlasticityProtocolsParameters
    models = (NEURON, SYNAPSE)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "frequencies": (10.0, 40.0, 60.0, 65.0, 100.0),
            "sequences": 3,
            "pause": 2.0,
            "rates": (5.0, 20.0, 50.0),
            "burst_probabilities": (0.0, 0.2, 0.45),
            "duration": 10.0,
            "repetitions": 5,
            "sample": 1.0,
        },
        "paper": {},
    }
    default_preset = "paper"
    analyses = ("burstprop/plasticity-protocols",)

    def __init__(self, parameters: PlasticityProtocolsParameters) -> None:
        super().__init__(parameters)
        self._check()
        self._protocols = [self._make(name) for name in dict.fromkeys(parameters.protocols)]
        self._pairs: list[_Pairs] = []

    # -- protocol -----------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """One phase up to the end of each protocol, the shortest one first.

        Protocols run side by side, so a phase is named after the one that ends with it.  The last
        phase ends with a sample of the weights.
        """
        ends: dict[float, list[str]] = {}
        for protocol in self._protocols:
            ends.setdefault(self._end(protocol), []).append(protocol.name)
        now = 0.0
        for end in sorted(ends):
            until = end
            if end == max(ends):
                sample = 1000.0 * self.parameters.sample
                until = sample * math.ceil(end / sample - 1e-9)
            yield Phase("until_" + "_and_".join(ends[end]), until - now, self._entering(now))
            now = until

    def _entering(self, now: float) -> Callable[[Network], None]:
        def enter(network: Network) -> None:  # noqa: ARG001
            for pairs in self._pairs:
                if pairs.end <= now:
                    pairs.neurons.frozen = True

        return enter

    def _end(self, protocol: PairingProtocol) -> float:
        """When all weights of a protocol have been brought up to date (ms)."""
        rng = np.random.default_rng(0)  # ends are not random
        last = max(
            protocol.pair(condition, rng).end for condition in dict.fromkeys(tuple(protocol))
        )
        flushed = last * self.resolution + pre_offset(self.resolution) + FLUSH
        # One more delay, so that the last spike is delivered in any case.
        return DELAY * (math.ceil(flushed / DELAY - 1e-9) + 1)

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Create the pairs of all protocols, and record their weights."""
        for protocol in self._protocols:
            neurons = self._add_pairs(network, protocol)
            self._pairs.append(_Pairs(protocol, self._end(protocol), neurons))

    def _add_pairs(self, network: Network, protocol: PairingProtocol) -> Any:
        p, nest = self.parameters, network.nest
        pairs = [protocol.pair(condition, network.rng) for condition in protocol]
        initial = np.array([protocol.initial(condition) for condition in protocol])
        n = len(pairs)

        neurons = nest.Create(
            NEURON,
            n,
            params={
                "burst_isi": p.burst_isi,
                "tau_average": p.tau_average,
                "euler_step": protocol.step,
                "pause": 1000.0 * p.pause,
                "t_average": post_offset(self.resolution),
            },
        )
        neurons.set({"event_rate": initial[:, 0], "burst_rate": initial[:, 1]})

        ports = nest.GetDefaults(NEURON)["receptor_types"]
        for port, trains in (
            ("TRAIN", [pair.post for pair in pairs]),
            ("REST", [pair.rests for pair in pairs]),
        ):
            if any(train.size for train in trains):
                nest.Connect(
                    self._generators(nest, trains, LEAD),
                    neurons,
                    "one_to_one",
                    {"delay": DELAY, "receptor_type": ports[port]},
                )

        plastic = f"pairing_{protocol.name}"
        nest.CopyModel(
            SYNAPSE,
            plastic,
            {
                "eta": p.eta,
                "tau_pre": p.tau_pre,
                "burst_isi": p.burst_isi,
                "euler_step": protocol.step,
            },
        )
        sources = self._sources(nest, pairs)
        nest.Connect(
            sources,
            neurons,
            "one_to_one",
            {
                "synapse_model": plastic,
                "weight": 0.0,
                "delay": DELAY,
                "receptor_type": ports["SYNAPSE"],
            },
        )
        if p.record_trains:
            network.population(f"pre_{protocol.name}", sources)
            network.population(f"post_{protocol.name}", neurons)
        self._record_weights(network, protocol, plastic, neurons)
        return neurons

    def _sources(self, nest: Any, pairs: list[Pair]) -> Any:
        """Presynaptic neurons; each emits its train, and one spike more at the end."""
        flush = round(FLUSH / self.resolution)
        trains = [np.append(pair.pre, pair.end + flush) for pair in pairs]
        sources = nest.Create("parrot_neuron", len(pairs))
        nest.Connect(
            self._generators(nest, trains, pre_offset(self.resolution) - DELAY),
            sources,
            "one_to_one",
            {"delay": DELAY},
        )
        return sources

    def _generators(self, nest: Any, trains: list[npt.NDArray[np.int64]], offset: float) -> Any:
        nodes = nest.Create("spike_generator", len(trains))
        late = round(offset / self.resolution)
        nodes.set(
            [{"spike_times": ((train + late) * self.resolution).round(6)} for train in trains]
        )
        return nodes

    def _record_weights(
        self, network: Network, protocol: PairingProtocol, plastic: str, neurons: Any
    ) -> None:
        coords = protocol.coords
        shape = tuple(len(labels) for labels in coords.values())
        first = int(neurons[0].global_id)

        def read() -> npt.NDArray[np.float64]:
            values, targets = weights(plastic)
            ordered = np.full(len(neurons), np.nan)
            ordered[targets - first] = values
            return ordered.reshape(shape)

        network.signal(
            f"weight_{protocol.name.replace('-', '_')}",
            read,
            interval=1000.0 * self.parameters.sample,
            unit="",
            dims=tuple(coords),
            coords=coords,
            doc=f"Change of each weight, protocol {protocol.name}, as of its last presynaptic "
            "spike",
        )

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """More pairs of each condition of the random protocols; periodic ones have a length."""
        duration = max(1.0, round(seconds, 1))
        return {
            "protocols": ("poisson", "burst-poisson"),
            "repetitions": max(1, round(size * cls.Parameters().repetitions)),
            "duration": duration,
            "sample": duration / 2.0,
        }

    def cost(self) -> Cost:
        """Updates of both neurons of all pairs, as if none was ever frozen; their spikes."""
        n = sum(sum(1 for _ in protocol) for protocol in self._protocols)
        return Cost(neuron_updates=2 * n * 1000.0 / self.resolution, synaptic_events=3 * 20.0 * n)

    # -- parameters ---------------------------------------------------------------------------

    def _make(self, name: Name) -> PairingProtocol:
        p = self.parameters
        random: dict[str, Any] = {
            "step": p.random_step,
            "resolution": self.resolution,
        }
        match name:
            case "periodic":
                return Periodic(
                    step=p.periodic_step,
                    resolution=self.resolution,
                    frequencies=p.frequencies,
                    pairings=p.pairings,
                    sequences=p.sequences,
                    first=p.first_pairing,
                    tail=1000.0 * p.tail,
                    pause=1000.0 * p.pause,
                    event_rate=p.event_rate_0,
                    burst_probability=p.periodic_probability_0,
                )
            case "poisson":
                return Poisson(
                    **random,
                    repetitions=p.repetitions,
                    rates=p.rates,
                    dead_time=p.dead_time,
                    duration=1000.0 * p.duration,
                    event_rate=p.event_rate_0,
                    burst_probabilities=p.poisson_probabilities_0,
                )
            case "burst-poisson":
                return BurstPoisson(
                    **random,
                    repetitions=p.repetitions,
                    event_rates=p.event_rates,
                    burst_probabilities=p.burst_probabilities,
                    dead_time=p.event_dead_time,
                    isi_min=p.isi_min,
                    isi_max=p.isi_max,
                    duration=1000.0 * p.duration,
                    initial_burst_probability=p.burst_poisson_probability_0,
                )
            case "given":
                return Given(
                    **random,
                    pre=p.given_pre,
                    post=p.given_post,
                    event_rate=p.event_rate_0,
                    burst_probability=p.given_probability_0,
                )

    def _check(self) -> None:
        """Refuse what cannot be simulated.

        Raises
        ------
        ParameterError
        """
        p = self.parameters
        self._check_steps()
        for name, empty in (
            ("protocols", not p.protocols),
            ("frequencies", "periodic" in p.protocols and not p.frequencies),
            ("rates", "poisson" in p.protocols and not p.rates),
            ("poisson_probabilities_0", "poisson" in p.protocols and not p.poisson_probabilities_0),
            ("event_rates", "burst-poisson" in p.protocols and not p.event_rates),
            ("burst_probabilities", "burst-poisson" in p.protocols and not p.burst_probabilities),
            ("given_pre", "given" in p.protocols and not p.given_pre),
            ("given_post", "given" in p.protocols and not p.given_post),
        ):
            if empty:
                self._refuse(name, "there is none", "give at least one")
        for name, rates, dead in (
            ("rates", p.rates, p.dead_time),
            ("event_rates", p.event_rates, p.event_dead_time),
        ):
            limit = 1000.0 / dead
            if rates and max(rates) >= limit:
                self._refuse(
                    name,
                    f"{max(rates):g} Hz cannot be reached with a dead time of {dead:g} ms",
                    f"stay below {limit:g} Hz",
                )
        if p.frequencies and max(p.frequencies) > 1000.0 / p.periodic_step:
            self._refuse(
                "frequencies",
                f"pairings at {max(p.frequencies):g} Hz fall into one step",
                f"stay below {1000.0 / p.periodic_step:g} Hz",
            )
        if not p.isi_min <= p.isi_max <= p.event_dead_time - p.random_step:
            self._refuse(
                "isi_max",
                f"intervals of {p.isi_min:g} to {p.isi_max:g} ms do not fit between two events",
                "ascend, and stay a random_step below event_dead_time",
            )

    def _check_steps(self) -> None:
        p, resolution = self.parameters, self.resolution
        for name in ("periodic_step", "random_step"):
            step = getattr(p, name)
            if abs(step / resolution - round(step / resolution)) > 1e-9:
                self._refuse(
                    name,
                    f"{step:g} ms is no multiple of the resolution, {resolution:g} ms",
                    f"give a multiple of {resolution:g} ms",
                )
            if step >= min(p.tau_pre, p.tau_average):
                self._refuse(
                    name,
                    f"Euler steps of {step:g} ms need longer time constants",
                    "give less than tau_pre and tau_average",
                )
        for name, least in (("dead_time", p.random_step), ("isi_min", p.random_step)):
            if getattr(p, name) < least:
                self._refuse(
                    name,
                    f"two spikes {getattr(p, name):g} ms apart fall into one step",
                    f"give at least random_step, {least:g} ms",
                )
        for name in ("pause", "duration"):
            value = 1000.0 * getattr(p, name)
            if abs(value / resolution - round(value / resolution)) > 1e-6:
                self._refuse(
                    name,
                    f"{value:g} ms is no multiple of the resolution, {resolution:g} ms",
                    f"give a multiple of {resolution:g} ms",
                )

    def _refuse(self, name: str, what: str, fix: str) -> None:
        raise ParameterError(what, where=f"{self.name}: {name}", fix=fix)
