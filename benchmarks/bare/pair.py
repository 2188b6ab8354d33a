"""``rdd/pair`` as a plain NEST script, without the framework.

    python benchmarks/bare/pair.py SEED THREADS QUARTER OUT

QUARTER is the interval (s) at which estimates are recorded; four of them are simulated, of 1000
trials.  Models, connections, noise, seeds and what is recorded are those of the circuit, so are the
spikes.  Prints what `overhead.py` compares.
"""

# ruff: noqa: E402 (importing is part of what is timed)
from __future__ import annotations

import sys

from outcome import Clock, events, leave

clock = Clock()

import nest
import numpy as np

import neuromodels

TRIALS, UNITS = 1000, 2
seed, threads, quarter, out = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]

nest.verbosity = nest.VerbosityLevel.ERROR
nest.ResetKernel()
neuromodels.install("rdd_pair_neuron")
nest.set(resolution=1.0, local_num_threads=threads, rng_seed=seed)
rng = np.random.Generator(np.random.PCG64(seed))
clock.mark()

settings = {
    "alpha": 1.0, "own_sd": 250.0, "own_mean": 50.0, "shared_sd": 100.0, "shared_mean": 50.0,
    "window": 20, "band": 0.2, "usable": 1.0, "eta": 3e-4,
}  # fmt: skip
weights = rng.uniform(-1000.0, 1000.0, (TRIALS, UNITS))
lower = nest.Create("rdd_pair_neuron", TRIALS * UNITS, params=settings)
upper = nest.Create("rdd_pair_neuron", TRIALS, params=settings)
for name, largest in (("seed_1", 2147483562), ("seed_2", 2147483398)):
    seeds = rng.integers(1, largest, TRIALS, endpoint=True)
    neuromodels.set_values(upper, name, seeds)
    neuromodels.set_values(lower, name, np.repeat(seeds, UNITS))
ports = nest.GetDefaults("rdd_pair_neuron")["receptor_types"]
sources, targets = np.array(lower.tolist()), np.repeat(np.array(upper.tolist()), UNITS)
for pre, post, weight, port in (
    (sources, targets, weights.ravel(), "FEEDFORWARD"),
    (targets, sources, np.ones(sources.size), "FEEDBACK"),
):
    nest.Connect(
        pre,
        post,
        "one_to_one",
        {
            "synapse_model": "static_synapse",
            "receptor_type": ports[port],
            "weight": weight,
            "delay": np.full(sources.size, 1.0),
        },
    )
recorders = {}
for name, nodes in (("lower", lower), ("upper", upper)):
    recorders[name] = nest.Create("spike_recorder", params={"time_in_steps": True})
    nest.Connect(nodes, recorders[name], syn_spec={"delay": 1.0})
clock.mark()

READ = [
    *(f"{name}_{side}{kind}" for kind in ("", "_net") for side in ("upper", "lower")
      for name in ("m", "c")),
    *(f"{name}_{side}" for side in ("upper", "lower")
      for name in ("n", "sum_M", "sum_MM", "sum_R", "sum_MR")),
]  # fmt: skip


def estimates():
    v = {name: neuromodels.get_values(lower, name) for name in READ}
    found = [
        (v[f"m_upper{kind}"] + v[f"c_upper{kind}"]) - (v[f"m_lower{kind}"] + v[f"c_lower{kind}"])
        for kind in ("", "_net")
    ]
    at_threshold, means = [], []
    with np.errstate(invalid="ignore", divide="ignore"):
        for side in ("upper", "lower"):
            n, M, MM, R, MR = (
                v[f"{name}_{side}"] for name in ("n", "sum_M", "sum_MM", "sum_R", "sum_MR")
            )
            slope = (n * MR - M * R) / (n * MM - M * M)
            at_threshold.append(slope + (R - slope * M) / n)
            means.append(R / n)
    return [
        *found, at_threshold[0] - at_threshold[1], means[0] - means[1], v["n_upper"], v["n_lower"]
    ]  # fmt: skip


recorded = [estimates()]
for _ in range(4):
    nest.Simulate(1000.0 * quarter)
    recorded.append(estimates())
spikes = events(recorders)
clock.mark()

leave(
    out,
    clock,
    spikes,
    weights=weights,
    estimates=np.array(recorded),
)
