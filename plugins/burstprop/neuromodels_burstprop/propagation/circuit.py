"""The circuit ``burstprop/propagation``: two signals in opposite directions through one ensemble.

Two populations of two-compartment pyramidal neurons, PYR1 below PYR2.  A sinusoidal current into
PYR1's somata is what comes from below, another one into PYR2's dendrites is what comes from above.
PYR1's spikes reach PYR2's somata through depressing synapses, which make little of the further
spikes of a burst: event rates pass the one signal upwards.  PYR2's spikes reach PYR1's dendrites
through facilitating synapses, which make much of bursts: burst probabilities pass the other one
downwards.  Parvalbumin-positive interneurons (PV: driven by PYR1, inhibiting PYR2's somata) and
somatostatin-positive ones (SOM: driven by PYR2, inhibiting PYR1's dendrites), and inhibition of the
dendrites by the own population, keep both in range.

Numbers are those of the published simulation (Payeur et al. 2021, Fig. 3), as its code has them.
What differs from it:

* Arithmetic is double, there single precision; a network like this amplifies the difference, so
  that runs agree in distribution, not spike by spike.
* Background noise is drawn inside the neurons.  Like the published sources it gives at most one
  event per channel and step, with probability rate * dt.
* Time stamps: a spike that the published simulator labels with the beginning of a step carries the
  end of this step in NEST.  Bins, too, are thereby 0.1 ms (of 50 ms) earlier.  Delays, the order
  of operations in a step and the time at which the sinusoids are read are the same.
* Initial somatic voltages are drawn anew for each seed, there once for all.

Lesions
-------
``with_pv`` and ``with_som`` leave a population out, which here is the same as silencing it: each of
them acts on one population only.  Nothing else is adjusted, so that rates move too.

Without ``short_term_plasticity`` the same connections are static, with their weight times the mean
efficacy ``u x`` per spike in the intact network (`efficacy_facilitating`, `efficacy_depressing`).
The drive per spike thus stays, while the distinction of single spikes and bursts is lost.  Weight
times 1, or times the resting u, would instead change the drive: 25 times too strong, or half.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from neuromodels import Circuit, Cost, Network, Parameters, Phase, parameter
from neuromodels.errors import ParameterError
from neuromodels_burstprop.cells import SOM

PYRAMIDAL = "pyramidal_burst_neuron"
INTERNEURON = "adex_interneuron"
SHORT_TERM = "short_term_synapse"
FACILITATING = "propagation_facilitating"
DEPRESSING = "propagation_depressing"
STATIC = "static_synapse"

BURN_IN, STIMULATION = "burn_in", "stimulation"

CODE = "Payeur et al. 2021, Fig. 3; authors' simulation code"
MEASURED = "measured in the intact network: all spikes of the stimulation, mean of seeds 1-3"


class PropagationParameters(Parameters):
    """Parameters of ``burstprop/propagation``; defaults are the published ones."""

    n_pyr: int = parameter(
        4000,
        unit="",
        ge=2,
        doc="Neurons in PYR1, and in PYR2 (keep p_connect * n_pyr)",
        source=CODE,
    )
    n_pv: int = parameter(
        1000, unit="", ge=1, doc="PV neurons (keep p_connect * n_pv)", source=CODE
    )
    n_som: int = parameter(
        1000, unit="", ge=1, doc="SOM neurons (keep p_connect * n_som)", source=CODE
    )
    p_connect: float = parameter(
        0.05,
        unit="",
        gt=0,
        le=1,
        doc="Probability of a connection between two neurons, in every projection",
        source=CODE,
    )
    delay: float = parameter(0.8, unit="ms", ge=0.1, doc="Delay of all connections", source=CODE)

    with_pv: bool = parameter(True, unit="", doc="Whether there are PV neurons", source=CODE)
    with_som: bool = parameter(True, unit="", doc="Whether there are SOM neurons", source=CODE)
    short_term_plasticity: bool = parameter(
        True,
        unit="",
        doc="Whether PYR's synapses facilitate and depress; else they are static, with efficacy_*",
        source=CODE,
    )
    efficacy_facilitating: float = parameter(
        0.0392,
        unit="",
        ge=0,
        doc="Factor on the weight of facilitating synapses where they are made static",
        source=MEASURED,
    )
    efficacy_depressing: float = parameter(
        0.705,
        unit="",
        ge=0,
        doc="Factor on the weight of depressing synapses where they are made static",
        source=MEASURED,
    )

    w_pyr1_pyr2_soma: float = parameter(
        0.05, unit="", ge=0, doc="PYR1 to PYR2's somata: excitatory, depressing", source=CODE
    )
    w_pyr1_pv: float = parameter(
        0.05, unit="", ge=0, doc="PYR1 to PV: excitatory, depressing", source=CODE
    )
    w_pv_pyr2_soma: float = parameter(
        0.07, unit="", ge=0, doc="PV to PYR2's somata: inhibitory", source=CODE
    )
    w_pyr2_pyr1_dend: float = parameter(
        0.37, unit="", ge=0, doc="PYR2 to PYR1's dendrites: excitatory, facilitating", source=CODE
    )
    w_pyr2_som: float = parameter(
        0.3, unit="", ge=0, doc="PYR2 to SOM: excitatory, facilitating", source=CODE
    )
    w_som_pyr1_dend: float = parameter(
        0.035, unit="", ge=0, doc="SOM to PYR1's dendrites: inhibitory", source=CODE
    )
    w_pyr1_pyr1_dend: float = parameter(
        0.1, unit="", ge=0, doc="PYR1 to PYR1's dendrites: inhibitory, facilitating", source=CODE
    )
    w_pyr2_pyr2_dend: float = parameter(
        0.1, unit="", ge=0, doc="PYR2 to PYR2's dendrites: inhibitory, facilitating", source=CODE
    )

    tau_rec_facilitating: float = parameter(
        100.0, unit="ms", gt=0.1, doc="Recovery from depression, facilitating", source=CODE
    )
    tau_fac_facilitating: float = parameter(
        100.0, unit="ms", gt=0.1, doc="Decay of facilitation, facilitating", source=CODE
    )
    U_facilitating: float = parameter(
        0.02, unit="", ge=0, le=1, doc="Resting efficacy, facilitating", source=CODE
    )
    tau_rec_depressing: float = parameter(
        20.0, unit="ms", gt=0.1, doc="Recovery from depression, depressing", source=CODE
    )
    tau_fac_depressing: float = parameter(
        1000.0, unit="ms", gt=0.1, doc="Decay of facilitation, depressing", source=CODE
    )
    U_depressing: float = parameter(
        0.9, unit="", ge=0, le=1, doc="Resting efficacy, depressing", source=CODE
    )

    noise_rate: float = parameter(
        500.0, unit="Hz", ge=0, le=1e4, doc="Background events per channel of a neuron", source=CODE
    )
    w_noise_pyr_soma_exc: float = parameter(
        0.35, unit="", ge=0, doc="Weight of the background, PYR somata, excitatory", source=CODE
    )
    w_noise_pyr_soma_inh: float = parameter(
        0.35, unit="", ge=0, doc="Weight of the background, PYR somata, inhibitory", source=CODE
    )
    w_noise_pyr_dend_exc: float = parameter(
        0.05, unit="", ge=0, doc="Weight of the background, PYR dendrites, excitatory", source=CODE
    )
    w_noise_pyr_dend_inh: float = parameter(
        0.05, unit="", ge=0, doc="Weight of the background, PYR dendrites, inhibitory", source=CODE
    )
    w_noise_pv_exc: float = parameter(
        0.75, unit="", ge=0, doc="Weight of the background, PV, excitatory", source=CODE
    )
    w_noise_pv_inh: float = parameter(
        1.125, unit="", ge=0, doc="Weight of the background, PV, inhibitory", source=CODE
    )
    w_noise_som_exc: float = parameter(
        0.4, unit="", ge=0, doc="Weight of the background, SOM, excitatory", source=CODE
    )
    w_noise_som_inh: float = parameter(
        0.5, unit="", ge=0, doc="Weight of the background, SOM, inhibitory", source=CODE
    )

    I_pyr1_soma: float = parameter(
        0.0, unit="pA", doc="Constant current, PYR1's somata", source=CODE
    )
    I_pyr1_dend: float = parameter(
        50.0, unit="pA", doc="Constant current, PYR1's dendrites", source=CODE
    )
    I_pyr2_soma: float = parameter(
        -100.0, unit="pA", doc="Constant current, PYR2's somata", source=CODE
    )
    I_pyr2_dend: float = parameter(
        100.0, unit="pA", doc="Constant current, PYR2's dendrites", source=CODE
    )
    I_pv: float = parameter(205.0, unit="pA", doc="Constant current, PV", source=CODE)
    I_som: float = parameter(0.0, unit="pA", doc="Constant current, SOM", source=CODE)

    amplitude_soma: float = parameter(
        200.0,
        unit="pA",
        ge=0,
        doc="Amplitude of the sinusoidal current into PYR1's somata: the bottom-up signal",
        source=CODE,
    )
    period_soma: float = parameter(
        0.5, unit="s", gt=0, doc="Its period; phase 0 is at time 0", source=CODE
    )
    amplitude_dend: float = parameter(
        100.0,
        unit="pA",
        ge=0,
        doc="Amplitude of the sinusoidal current into PYR2's dendrites: the top-down signal",
        source=CODE,
    )
    period_dend: float = parameter(
        0.5 * math.sqrt(5.0), unit="s", gt=0, doc="Its period; phase 0 is at time 0", source=CODE
    )

    burn_in: float = parameter(
        1.0, unit="s", ge=0, doc="Time before the sinusoidal currents", source=CODE
    )
    stimulation: float = parameter(
        3.0, unit="s", gt=0, doc="Time with the sinusoidal currents", source=CODE
    )
    bin: float = parameter(
        50.0,
        unit="ms",
        gt=0,
        doc="Width of the bins of rates; divides burn_in and stimulation",
        source=CODE,
    )


class Propagation(Circuit[PropagationParameters]):
    """Event rate passes a signal upwards, burst probability another one downwards."""

    name = "burstprop/propagation"
    summary = "Event rates carry a signal up, burst probabilities another one down (Fig. 3)"
    Parameters = PropagationParameters
    models = (PYRAMIDAL, INTERNEURON, SHORT_TERM)
    # A tenth of the neurons with the same in-degrees: the same in kind, more correlated.
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"n_pyr": 400, "n_pv": 100, "n_som": 100, "p_connect": 0.5},
        "paper": {},
    }
    default_preset = "paper"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "static synapses": {"short_term_plasticity": False},
        "no PV": {"with_pv": False},
        "no SOM": {"with_som": False},
    }
    analyses = ("burstprop/propagation",)

    # Least number of bins of the stimulation that two sines and a constant are fitted to.
    least_bins = 10

    def __init__(self, parameters: PropagationParameters) -> None:
        super().__init__(parameters)
        p = parameters
        for name in ("burn_in", "stimulation"):
            bins = 1000.0 * getattr(p, name) / p.bin
            if abs(bins - round(bins)) > 1e-9:
                raise ParameterError(
                    f"bins of {p.bin:g} ms do not divide {name} = {getattr(p, name):g} s",
                    where=f"{self.name}: bin",
                    fix=f"make {name} a multiple of bin, or change bin",
                )
        if 1000.0 * p.stimulation < (self.least_bins - 1e-9) * p.bin:
            raise ParameterError(
                f"{p.stimulation:g} s are fewer than {self.least_bins} bins of {p.bin:g} ms",
                where=f"{self.name}: stimulation",
                fix=f"give at least {self.least_bins * p.bin / 1000.0:g} s, or narrower bins",
            )
        shortest = min(p.period_soma, p.period_dend)
        if 1000.0 * shortest < 2.0 * p.bin:
            raise ParameterError(
                f"bins of {p.bin:g} ms do not resolve a period of {shortest:g} s",
                where=f"{self.name}: bin",
                fix="choose bins of at most half the shorter period",
            )

    # -- protocol -----------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """Burn-in, then the sinusoidal currents, whose phases count from time 0."""
        p = self.parameters
        yield Phase(BURN_IN, 1000.0 * p.burn_in)
        yield Phase(STIMULATION, 1000.0 * p.stimulation, self._stimulate)

    def _stimulate(self, _: Network) -> None:
        p = self.parameters
        self._pyr1.set(amplitude_s=p.amplitude_soma, frequency_s=1.0 / p.period_soma)
        self._pyr2.set(amplitude_d=p.amplitude_dend, frequency_d=1.0 / p.period_dend)

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Create the populations, their inputs and their connections."""
        p, nest = self.parameters, network.nest
        noise = {
            "bernoulli_noise": True,
            "rate_soma_exc": p.noise_rate,
            "rate_soma_inh": p.noise_rate,
            "rate_dend_exc": p.noise_rate,
            "rate_dend_inh": p.noise_rate,
            "w_bg_soma_exc": p.w_noise_pyr_soma_exc,
            "w_bg_soma_inh": p.w_noise_pyr_soma_inh,
            "w_bg_dend_exc": p.w_noise_pyr_dend_exc,
            "w_bg_dend_inh": p.w_noise_pyr_dend_inh,
        }
        self._pyr1 = pyr1 = nest.Create(
            PYRAMIDAL, p.n_pyr, params={"I_s": p.I_pyr1_soma, "I_d": p.I_pyr1_dend, **noise}
        )
        self._pyr2 = pyr2 = nest.Create(
            PYRAMIDAL, p.n_pyr, params={"I_s": p.I_pyr2_soma, "I_d": p.I_pyr2_dend, **noise}
        )
        for name, nodes in (("pyr1", pyr1), ("pyr2", pyr2)):
            nodes.V_s = network.rng.normal(-70.0, 5.0, p.n_pyr)
            network.population(name, nodes)

        self._add_synapse_models(nest)
        port = nest.GetDefaults(PYRAMIDAL)["receptor_types"]
        self._connect(nest, pyr1, pyr2, DEPRESSING, p.w_pyr1_pyr2_soma, port["SOMA_EXC"])
        self._connect(nest, pyr2, pyr1, FACILITATING, p.w_pyr2_pyr1_dend, port["DEND_EXC"])
        self._connect(nest, pyr1, pyr1, FACILITATING, p.w_pyr1_pyr1_dend, port["DEND_INH"])
        self._connect(nest, pyr2, pyr2, FACILITATING, p.w_pyr2_pyr2_dend, port["DEND_INH"])

        port_int = nest.GetDefaults(INTERNEURON)["receptor_types"]
        if p.with_pv:
            pv = self._interneurons(
                network, "pv", p.n_pv, p.I_pv, p.w_noise_pv_exc, p.w_noise_pv_inh
            )
            self._connect(nest, pyr1, pv, DEPRESSING, p.w_pyr1_pv, port_int["EXC"])
            self._connect(nest, pv, pyr2, STATIC, p.w_pv_pyr2_soma, port["SOMA_INH"])
        if p.with_som:
            som = self._interneurons(
                network, "som", p.n_som, p.I_som, p.w_noise_som_exc, p.w_noise_som_inh, **SOM
            )
            self._connect(nest, pyr2, som, FACILITATING, p.w_pyr2_som, port_int["EXC"])
            self._connect(nest, som, pyr1, STATIC, p.w_som_pyr1_dend, port["DEND_INH"])

    def _interneurons(
        self,
        network: Network,
        name: str,
        n: int,
        current: float,
        w_exc: float,
        w_inh: float,
        **cell: float,
    ) -> Any:
        rate = self.parameters.noise_rate
        nodes = network.nest.Create(
            INTERNEURON,
            n,
            params={
                "I_e": current,
                "bernoulli_noise": True,
                "rate_exc": rate,
                "rate_inh": rate,
                "w_bg_exc": w_exc,
                "w_bg_inh": w_inh,
                **cell,
            },
        )
        nodes.V_m = network.rng.normal(-70.0, 5.0, n)
        return network.population(name, nodes)

    def _add_synapse_models(self, nest: Any) -> None:
        p = self.parameters
        if not p.short_term_plasticity:
            nest.CopyModel(STATIC, FACILITATING)
            nest.CopyModel(STATIC, DEPRESSING)
            return
        for name, tau_D, tau_F, U in (
            (FACILITATING, p.tau_rec_facilitating, p.tau_fac_facilitating, p.U_facilitating),
            (DEPRESSING, p.tau_rec_depressing, p.tau_fac_depressing, p.U_depressing),
        ):
            nest.CopyModel(SHORT_TERM, name, {"tau_D": tau_D, "tau_F": tau_F, "U": U})

    def _connect(
        self, nest: Any, source: Any, target: Any, model: str, weight: float, port: int
    ) -> None:
        p = self.parameters
        if not p.short_term_plasticity:
            factors = {FACILITATING: p.efficacy_facilitating, DEPRESSING: p.efficacy_depressing}
            weight *= factors.get(model, 1.0)
        nest.Connect(
            source,
            target,
            {"rule": "pairwise_bernoulli", "p": p.p_connect, "allow_autapses": False},
            {"synapse_model": model, "weight": weight, "delay": p.delay, "receptor_type": port},
        )

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """The published in-degrees as far as there are neurons for them."""
        p = cls.Parameters()
        n_pyr = max(2, round(size * p.n_pyr))
        quarter = max(0.05, round(seconds / 4.0, 2))
        return {
            "n_pyr": n_pyr,
            "n_pv": max(1, round(size * p.n_pv)),
            "n_som": max(1, round(size * p.n_som)),
            "p_connect": min(1.0, p.p_connect * p.n_pyr / n_pyr),
            "burn_in": quarter,
            "stimulation": 3.0 * quarter,
            "bin": 10.0,
        }

    def cost(self) -> Cost:
        """Updates of all populations, and their spikes' deliveries.

        Reckoned with the published spike rates: PYR1 8, PYR2 9, PV 13, SOM 17 Hz.
        """
        p = self.parameters
        n_pv, n_som = p.with_pv * p.n_pv, p.with_som * p.n_som
        targets = 8.0 * p.n_pyr * (2 * p.n_pyr + n_pv) + 9.0 * p.n_pyr * (2 * p.n_pyr + n_som)
        targets += (13.0 * n_pv + 17.0 * n_som) * p.n_pyr
        return Cost(
            neuron_updates=1000.0 / self.resolution * (2 * p.n_pyr + n_pv + n_som),
            synaptic_events=p.p_connect * targets,
        )
