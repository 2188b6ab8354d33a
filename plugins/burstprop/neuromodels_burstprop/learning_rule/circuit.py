"""The circuit ``burstprop/learning-rule``: dendritic input steers the weights of somatic synapses.

Two populations of two-compartment pyramidal neurons.  The presynaptic one (PRE) fires on
background noise; its events drive the somata of the postsynaptic one (POST) through plastic
synapses.  POST's dendrites receive shared Poisson input whose strength is changed from segment to
segment of the protocol: stronger input raises the burst probability above its running average and
weights grow until the average has caught up; weaker input does the opposite.  In the last segment
PRE's dendrites are depolarised instead: PRE bursts more, and the weights hardly notice, because
synapses transmit and count events only.

Numbers are those of the published simulation (Payeur et al. 2021, Fig. 2), as its code has them.
What differs from it:

* Plastic synapses have a delay of 0.8 ms, the published simulator's axonal delay, where there they
  have none (`plastic_delay`): one delay everywhere keeps NEST's communication slices long, and the
  simulation twice as fast.  Calculated for the same spikes with and without delay, mean weights
  differ by less than 1e-4 (360 synapses), a third of their spread over seeds.
* Sources of POST's dendritic input are Poisson processes, there Bernoulli per step of 0.1 ms: at
  1 Hz one spike in 20 000 has a companion in its step.
* Background noise comes from condensed pools, see `neuromodels_burstprop.learning_rule.background`.
* A weight is read as of its synapse's last presynaptic spike, 0.2 s ago on average.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from neuromodels import Circuit, Cost, Network, Parameters, Phase, parameter, weight_summary
from neuromodels.errors import ParameterError
from neuromodels_burstprop.learning_rule.background import (
    DEND_EXC,
    DEND_INH,
    SOMA_EXC,
    SOMA_INH,
    Kind,
    MergedPool,
    Pool,
    add_private,
    add_shared_nodes,
)

NEURON = "pyramidal_burst_neuron"
SYNAPSE = "burst_dependent_synapse"
PLASTIC = "learning_rule_plastic"
DRIVE = "learning_rule_drive"

BURN_IN = "burn_in"

PAPER = "Payeur et al. 2021, Fig. 2"
CODE = f"{PAPER}; authors' simulation code"


class LearningRuleParameters(Parameters):
    """Parameters of ``burstprop/learning-rule``; defaults are the published ones."""

    n_pre: int = parameter(
        1000, unit="", ge=1, doc="Presynaptic neurons (keep p_connect * n_pre)", source=CODE
    )
    n_post: int = parameter(1000, unit="", ge=1, doc="Postsynaptic neurons", source=CODE)

    p_connect: float = parameter(
        0.2,
        unit="",
        gt=0,
        le=1,
        doc="Probability of a plastic synapse PRE to POST soma; with w_0 the mean in-degree "
        "p_connect * n_pre = 200 sets POST's drive, so raise it when n_pre is lowered",
        source=CODE,
    )
    plastic_delay: float = parameter(
        0.8,
        unit="ms",
        ge=0.1,
        doc="Delay of the plastic synapses; the published simulator has none, NEST at least one "
        "step; less than axonal_delay makes the simulation slower",
        source="axonal_delay, so that NEST communicates as rarely as possible",
    )
    axonal_delay: float = parameter(
        0.8, unit="ms", ge=0.1, doc="Delay of all other connections", source=CODE
    )
    w_0: float = parameter(
        0.08, unit="", ge=0, doc="Initial plastic weight, in units of the somatic leak", source=CODE
    )
    w_max: float = parameter(1.0, unit="", gt=0, doc="Largest plastic weight", source=CODE)
    eta: float = parameter(3.5e-3, unit="", ge=0, doc="Learning rate", source=CODE)
    tau_pre: float = parameter(
        100.0, unit="ms", gt=0, doc="Decay of the presynaptic event trace", source=CODE
    )
    tau_average: float = parameter(
        5000.0,
        unit="ms",
        gt=0,
        doc='Averaging time of POST\'s event and burst rates ("alpha")',
        source=CODE,
    )
    tau_rate: float = parameter(
        30000.0,
        unit="ms",
        gt=0,
        doc="Averaging time of POST's spike rate in the homeostasis at r_min; starts at 3 spikes",
        source=CODE,
    )
    r_min: float = parameter(
        2.0, unit="Hz", ge=0, doc="Spike rate of POST below which weights grow", source=CODE
    )
    r_max: float = parameter(
        12.0, unit="Hz", gt=0, doc="Event rate of POST above which weights shrink", source=CODE
    )

    burn_in: float = parameter(
        20.0, unit="s", ge=0, doc="Time before learning is switched on", source=CODE
    )
    segment: float = parameter(25.0, unit="s", gt=0, doc="Duration of each segment", source=CODE)
    bin: float = parameter(
        2.5,
        unit="s",
        gt=0,
        doc="Width of the bins of rates and interval of weight samples; divides burn_in, segment",
        source=CODE,
    )
    drive_factors: tuple[float, ...] = parameter(
        (1.0, 1.5, 1.0, 0.55, 1.0, 1.0),
        unit="",
        ge=0,
        doc="Factor on the weight of POST's dendritic input, for each segment",
        source=CODE,
    )
    I_pre_last: float = parameter(
        40.0, unit="pA", doc="Current into PRE's dendrites in the last segment", source=CODE
    )

    drive_sources: int = parameter(
        100, unit="", ge=1, doc="Poisson sources shared by POST's dendrites", source=CODE
    )
    drive_rate: float = parameter(1.0, unit="Hz", ge=0, doc="Rate of each of them", source=CODE)
    drive_p: float = parameter(
        0.2, unit="", ge=0, le=1, doc="Probability that a dendrite listens to one", source=CODE
    )
    drive_weight: float = parameter(
        0.25, unit="", ge=0, doc='Its weight ("d0"), in units of the dendritic leak', source=CODE
    )
    I_post_dend: float = parameter(
        50.0, unit="pA", doc="Constant current into POST's dendrites", source=CODE
    )

    background: Kind = parameter(
        "condensed-pools",
        unit="",
        doc="PRE's noise: from two pools shared by all PRE neurons, as published; from smaller "
        "pools that keep what PRE neurons share on average, and noise of their own; or from noise "
        "of their own only, which lowers POST's event rate by 5 %",
        source="shared-pools in the authors' code; condensed-pools takes a third of its time",
    )
    pool_fraction: float = parameter(
        0.1,
        unit="",
        gt=0,
        le=1,
        doc="Fraction of a PRE neuron's sources that are in the condensed pools",
        source="measured: PRE's events are as correlated as with shared-pools",
    )
    pool_size: int = parameter(
        25000, unit="", ge=1, doc="Neurons in each of the two pools", source=CODE
    )
    pool_rate: float = parameter(5.0, unit="Hz", ge=0, doc="Rate of a pool neuron", source=CODE)
    p_exc: float = parameter(
        0.004, unit="", ge=0, le=1, doc="Probability of a source, excitatory pool", source=CODE
    )
    p_inh: float = parameter(
        0.0012, unit="", ge=0, le=1, doc="Probability of a source, inhibitory pool", source=CODE
    )
    w_soma_exc: float = parameter(
        0.17, unit="", ge=0, doc="Weight, excitatory pool to soma", source=CODE
    )
    w_soma_inh: float = parameter(
        0.26, unit="", ge=0, doc="Weight, inhibitory pool to soma", source=CODE
    )
    w_dend_exc: float = parameter(
        0.0425, unit="", ge=0, doc="Weight, excitatory pool to dendrite", source=CODE
    )
    w_dend_inh: float = parameter(
        0.065, unit="", ge=0, doc="Weight, inhibitory pool to dendrite", source=CODE
    )


class LearningRule(Circuit[LearningRuleParameters]):
    """Dendritic input to POST steers the weights of PRE's synapses onto POST's somata."""

    name = "burstprop/learning-rule"
    summary = "Burst probability, set by dendritic input, steers somatic weights (Fig. 2E-G)"
    Parameters = LearningRuleParameters
    models = (NEURON, SYNAPSE)
    # Small enough for seconds, the same in kind: single neurons and the in-degree of the plastic
    # synapses stay, and everything slow, protocol and averages alike, takes a fifth of its time
    # (a shorter burn-in alone would leave the spike rate's average below r_min).
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "n_pre": 400,
            "n_post": 100,
            "p_connect": 0.5,
            "tau_average": 1000.0,
            "tau_rate": 6000.0,
            "burn_in": 4.0,
            "segment": 5.0,
            "bin": 0.5,
        },
        "paper": {},
    }
    default_preset = "paper"
    analyses = ("burstprop/learning-rule",)

    def __init__(self, parameters: LearningRuleParameters) -> None:
        super().__init__(parameters)
        p = parameters
        for name in ("burn_in", "segment"):
            bins = getattr(p, name) / p.bin
            if abs(bins - round(bins)) > 1e-9:
                raise ParameterError(
                    f"bins of {p.bin:g} s do not divide {name} = {getattr(p, name):g} s",
                    where=f"{self.name}: bin",
                    fix=f"make {name} a multiple of bin, or change bin",
                )
        # Below, a condensed pool would need connection probabilities above 1, or be empty.
        least = max(p.p_exc, p.p_inh, p.pool_size**-0.5)
        if p.background == "condensed-pools" and p.pool_fraction < least:
            raise ParameterError(
                f"pools cannot be condensed to a fraction of {p.pool_fraction:g}",
                where=f"{self.name}: pool_fraction",
                fix=f"give at least {least:.3g}, or another background",
            )
        if not p.drive_factors:
            raise ParameterError(
                "there is no segment", where=f"{self.name}: drive_factors", fix="give a factor"
            )

    # -- protocol -----------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """Burn-in without learning, then one segment for each of `drive_factors`."""
        p = self.parameters
        yield Phase(BURN_IN, 1000.0 * p.burn_in, self._entering(0.0, p.burn_in))
        start = p.burn_in
        for number in range(1, len(p.drive_factors) + 1):
            stop = start + p.segment
            yield Phase(
                f"segment_{number}", 1000.0 * p.segment, self._entering(start, stop, number)
            )
            start = stop

    def _entering(
        self, start: float, stop: float, segment: int | None = None
    ) -> Callable[[Network], None]:
        """Return what happens before a phase from `start` to `stop` (s); None: the burn-in."""

        def enter(network: Network) -> None:
            p, nest = self.parameters, network.nest
            if segment is not None:
                factor = p.drive_factors[segment - 1]
                nest.SetDefaults(DRIVE, {"weight": factor * p.drive_weight})
            if segment == 1:
                self._post.learning = 1.0
            if segment == len(p.drive_factors):
                self._pre.I_d = p.I_pre_last
            for pool in self._merged:
                pool.prepare(1000.0 * start, 1000.0 * stop)

        return enter

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Create both populations, their inputs, the plastic projection, and what is recorded."""
        p, nest, rng = self.parameters, network.nest, network.rng
        ports = nest.GetDefaults(NEURON)["receptor_types"]

        self._pre = nest.Create(NEURON, p.n_pre)
        self._pre.V_s = rng.normal(-70.0, 5.0, p.n_pre)
        self._post = nest.Create(
            NEURON,
            p.n_post,
            params={
                "I_d": p.I_post_dend,
                "tau_average": p.tau_average,
                "r_max": p.r_max,
                "learning": 0.0,
            },
        )
        self._merged = self._add_background(network)

        # One source node per train, because poisson_generator gives each target its own train.
        generator = nest.Create("poisson_generator", params={"rate": p.drive_rate})
        sources = nest.Create("parrot_neuron", p.drive_sources)
        nest.Connect(generator, sources, syn_spec={"delay": p.axonal_delay})
        # One weight for the whole projection: a segment changes it in a single call.
        nest.CopyModel("static_synapse_hom_w", DRIVE, {"weight": p.drive_weight})
        nest.Connect(
            sources,
            self._post,
            {"rule": "pairwise_bernoulli", "p": p.drive_p},
            {
                "synapse_model": DRIVE,
                "delay": p.axonal_delay,
                "receptor_type": ports["DEND_EXC"],
            },
        )

        nest.CopyModel(
            SYNAPSE,
            PLASTIC,
            {
                "eta": p.eta,
                "tau_pre": p.tau_pre,
                "tau_rate": p.tau_rate,
                "r_min": p.r_min,
                "w_max": p.w_max,
                # A spike stamped with the end of the burn-in belongs to the burn-in.
                "learning_start": 1000.0 * p.burn_in + self.resolution,
            },
        )
        nest.Connect(
            self._pre,
            self._post,
            {"rule": "pairwise_bernoulli", "p": p.p_connect},
            {
                "synapse_model": PLASTIC,
                "weight": p.w_0,
                "delay": p.plastic_delay,
                "receptor_type": ports["SOMA_EXC"],
            },
        )

        network.population("pre", self._pre)
        network.population("post", self._post)
        self._record_weights(network)

    def _add_background(self, network: Network) -> list[MergedPool]:
        """Connect PRE's noise; return the pools whose spikes are drawn phase by phase."""
        p, resolution = self.parameters, self.resolution
        exc = {SOMA_EXC: p.w_soma_exc, DEND_EXC: p.w_dend_exc}
        inh = {SOMA_INH: p.w_soma_inh, DEND_INH: p.w_dend_inh}
        merged = []
        for probability, weights in ((p.p_exc, exc), (p.p_inh, inh)):
            pool = Pool(p.pool_size, p.pool_rate, probability, weights)
            match p.background:
                case "private":
                    add_private(self._pre, pool, network.rng)
                case "condensed-pools":
                    shared, private = pool.condensed(p.pool_fraction)
                    add_private(self._pre, private, network.rng)
                    add_shared_nodes(
                        self._pre,
                        shared,
                        network,
                        delay=p.axonal_delay,
                        duration=1000.0 * (p.burn_in + len(p.drive_factors) * p.segment),
                        resolution=resolution,
                    )
                case "shared-pools":
                    merged.append(
                        MergedPool(
                            self._pre, pool, network, delay=p.axonal_delay, resolution=resolution
                        )
                    )
        return merged

    def _record_weights(self, network: Network) -> None:
        def reader(statistic: str) -> Callable[[], float]:
            return lambda: float(getattr(weight_summary(PLASTIC), statistic))

        for name, statistic, doc in (
            ("weight_mean", "mean", "mean"),
            ("weight_sd", "sd", "standard deviation"),
            ("weight_min", "smallest", "smallest"),
            ("weight_max", "largest", "largest"),
        ):
            network.signal(
                name,
                reader(statistic),
                interval=1000.0 * self.parameters.bin,
                unit="",
                doc=f"Plastic weights PRE to POST: {doc}, in units of the somatic leak",
            )

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """The published in-degree as far as there are neurons for it; four phases."""
        p = cls.Parameters()
        n_pre = max(1, round(size * p.n_pre))
        quarter = max(0.1, round(seconds / 4.0, 1))
        return {
            "n_pre": n_pre,
            "n_post": max(1, round(size * p.n_post)),
            "p_connect": min(1.0, p.p_connect * p.n_pre / n_pre),
            "burn_in": quarter,
            "segment": quarter,
            "bin": quarter,
            "drive_factors": (1.0, 1.5, 1.0),
        }

    def cost(self) -> Cost:
        """Updates of both populations; events of the plastic and of the background synapses.

        Reckoned with PRE's published spike rate, about 5 Hz.
        """
        p = self.parameters
        pre_rate = 5.0
        steps = 1000.0 / self.resolution
        events = pre_rate * p.n_pre * p.n_post * p.p_connect
        events += p.drive_rate * p.drive_sources * p.drive_p * p.n_post
        events += 2.0 * p.pool_rate * p.pool_size * (p.p_exc + p.p_inh) * p.n_pre
        return Cost(neuron_updates=steps * (p.n_pre + p.n_post), synaptic_events=events)
