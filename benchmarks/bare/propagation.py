"""``burstprop/propagation`` as a plain NEST script, without the framework.

    python benchmarks/bare/propagation.py SEED THREADS QUARTER OUT

QUARTER is the length (s) of the burn-in; the stimulation lasts three of them.  Models, connections,
noise, seeds and what is recorded are those of the circuit at its published size, so are the spikes.
Prints what `overhead.py` compares.
"""

# ruff: noqa: E402 (importing is part of what is timed)
from __future__ import annotations

import math
import sys

from outcome import Clock, events, leave

clock = Clock()

import nest
import numpy as np

import neuromodels

P, DELAY = 0.05, 0.8
seed, threads, quarter, out = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]

nest.verbosity = nest.VerbosityLevel.ERROR
nest.ResetKernel()
neuromodels.install("pyramidal_burst_neuron", "adex_interneuron", "short_term_synapse")
nest.set(resolution=0.1, local_num_threads=threads, rng_seed=seed)
rng = np.random.Generator(np.random.PCG64(seed))
clock.mark()

noise = {"bernoulli_noise": True}
for compartment, weight in (("soma", 0.35), ("dend", 0.05)):
    for sign in ("exc", "inh"):
        noise |= {f"rate_{compartment}_{sign}": 500.0, f"w_bg_{compartment}_{sign}": weight}
pyr1 = nest.Create("pyramidal_burst_neuron", 4000, params={"I_s": 0.0, "I_d": 50.0, **noise})
pyr2 = nest.Create("pyramidal_burst_neuron", 4000, params={"I_s": -100.0, "I_d": 100.0, **noise})
for nodes in (pyr1, pyr2):
    nodes.V_s = rng.normal(-70.0, 5.0, 4000)
for name, tau_rec, tau_fac, U in (
    ("facilitating", 100.0, 100.0, 0.02),
    ("depressing", 20.0, 1000.0, 0.9),
):
    nest.CopyModel("short_term_synapse", name, {"tau_D": tau_rec, "tau_F": tau_fac, "U": U})


def connect(source, target, model, weight, port):
    nest.Connect(
        source,
        target,
        {"rule": "pairwise_bernoulli", "p": P, "allow_autapses": False},
        {"synapse_model": model, "weight": weight, "delay": DELAY, "receptor_type": port},
    )


port = nest.GetDefaults("pyramidal_burst_neuron")["receptor_types"]
connect(pyr1, pyr2, "depressing", 0.05, port["SOMA_EXC"])
connect(pyr2, pyr1, "facilitating", 0.37, port["DEND_EXC"])
connect(pyr1, pyr1, "facilitating", 0.1, port["DEND_INH"])
connect(pyr2, pyr2, "facilitating", 0.1, port["DEND_INH"])

inputs = {"bernoulli_noise": True, "rate_exc": 500.0, "rate_inh": 500.0}
port_int = nest.GetDefaults("adex_interneuron")["receptor_types"]
pv = nest.Create(
    "adex_interneuron", 1000, params={"I_e": 205.0, "w_bg_exc": 0.75, "w_bg_inh": 1.125, **inputs}
)
pv.V_m = rng.normal(-70.0, 5.0, 1000)
connect(pyr1, pv, "depressing", 0.05, port_int["EXC"])
connect(pv, pyr2, "static_synapse", 0.07, port["SOMA_INH"])
som = nest.Create(
    "adex_interneuron",
    1000,
    params={
        "I_e": 0.0,
        "w_bg_exc": 0.4,
        "w_bg_inh": 0.5,
        "g_L": 5.0,
        "Delta_T": 4.0,
        "V_th": -70.0 + 4.0 + 25.0 / 5.5 - 4.0 * math.log(1.1),
        "V_reset": -65.0,
        "t_ref": 2.0,
        "a": 0.5,
        "b": 10.0,
        "tau_w": 500.0,
        **inputs,
    },
)
som.V_m = rng.normal(-70.0, 5.0, 1000)
connect(pyr2, som, "facilitating", 0.3, port_int["EXC"])
connect(som, pyr1, "static_synapse", 0.035, port["DEND_INH"])
recorders = {}
for name, nodes in (("pyr1", pyr1), ("pyr2", pyr2), ("pv", pv), ("som", som)):
    recorders[name] = nest.Create("spike_recorder", params={"time_in_steps": True})
    nest.Connect(nodes, recorders[name], syn_spec={"delay": DELAY})
clock.mark()

nest.Simulate(1000.0 * quarter)
pyr1.set(amplitude_s=200.0, frequency_s=1.0 / 0.5)
pyr2.set(amplitude_d=100.0, frequency_d=1.0 / (0.5 * math.sqrt(5.0)))
nest.Simulate(3000.0 * quarter)
spikes = events(recorders)
clock.mark()

leave(
    out,
    clock,
    spikes,
)
