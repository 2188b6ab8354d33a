"""``burstprop/learning-rule`` as a plain NEST script, without the framework.

    python benchmarks/bare/learning_rule.py SEED THREADS QUARTER OUT

QUARTER is the length (s) of the burn-in and of three segments.  Models, connections, noise,
seeds and what is recorded are those of the circuit at its published size, so are the spikes.
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

N, DT, DELAY = 1000, 0.1, 0.8
seed, threads, quarter, out = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]

nest.verbosity = nest.VerbosityLevel.ERROR
nest.ResetKernel()
neuromodels.install("pyramidal_burst_neuron", "burst_dependent_synapse")
nest.set(resolution=DT, local_num_threads=threads, rng_seed=seed)
rng = np.random.Generator(np.random.PCG64(seed))
clock.mark()

ports = nest.GetDefaults("pyramidal_burst_neuron")["receptor_types"]
pre = nest.Create("pyramidal_burst_neuron", N)
pre.V_s = rng.normal(-70.0, 5.0, N)
post = nest.Create(
    "pyramidal_burst_neuron",
    N,
    params={"I_d": 50.0, "tau_average": 5000.0, "r_max": 12.0, "learning": 0.0},
)

# Background: nine tenths of each neuron's sources private, one tenth from a pool of 250 neurons.
steps = round(4000.0 * quarter / DT)
for p, inputs in (
    (0.004, (("soma_exc", 0.17), ("dend_exc", 0.0425))),
    (0.0012, (("soma_inh", 0.26), ("dend_inh", 0.065))),
):
    for channel, weight in inputs:
        rates = 5.0 * rng.binomial(22500, p, N)
        pre.set({f"w_bg_{channel}": weight, f"rate_{channel}": rates})
    throws = rng.poisson(-math.log1p(-5.0 * DT / 1000.0) * 250 * steps)
    step, source = np.divmod(np.unique(rng.integers(0, 250 * steps, throws)), 250)
    pool = nest.Create("spike_generator", 250)
    pool.set([{"spike_times": DT * (step[source == i] + 1)} for i in range(250)])
    for channel, weight in inputs:
        nest.Connect(
            pool,
            pre,
            {"rule": "pairwise_bernoulli", "p": p / 0.1},
            {"weight": weight, "delay": DELAY, "receptor_type": ports[channel.upper()]},
        )

generator = nest.Create("poisson_generator", params={"rate": 1.0})
sources = nest.Create("parrot_neuron", 100)
nest.Connect(generator, sources, syn_spec={"delay": DELAY})
nest.CopyModel("static_synapse_hom_w", "drive", {"weight": 0.25})
nest.Connect(
    sources,
    post,
    {"rule": "pairwise_bernoulli", "p": 0.2},
    {"synapse_model": "drive", "delay": DELAY, "receptor_type": ports["DEND_EXC"]},
)
nest.CopyModel(
    "burst_dependent_synapse",
    "plastic",
    {
        "eta": 3.5e-3,
        "tau_pre": 100.0,
        "tau_rate": 30000.0,
        "r_min": 2.0,
        "w_max": 1.0,
        "learning_start": 1000.0 * quarter + DT,
    },
)
nest.Connect(
    pre,
    post,
    {"rule": "pairwise_bernoulli", "p": 0.2},
    {
        "synapse_model": "plastic",
        "weight": 0.08,
        "delay": DELAY,
        "receptor_type": ports["SOMA_EXC"],
    },
)
recorders = {}
for name, nodes in (("pre", pre), ("post", post)):
    recorders[name] = nest.Create("spike_recorder", params={"time_in_steps": True})
    nest.Connect(nodes, recorders[name], syn_spec={"delay": DELAY})
clock.mark()

summaries = [neuromodels.weight_summary("plastic")]
for segment, factor in enumerate((None, 1.0, 1.5, 1.0)):
    if factor is not None:
        nest.SetDefaults("drive", {"weight": factor * 0.25})
    if segment == 1:
        post.learning = 1.0
    if segment == 3:
        pre.I_d = 40.0
    nest.Simulate(1000.0 * quarter)
    summaries.append(neuromodels.weight_summary("plastic"))
spikes = events(recorders)
clock.mark()

leave(
    out,
    clock,
    spikes,
    weights=np.array([(s.mean, s.sd, s.smallest, s.largest) for s in summaries]),
)
