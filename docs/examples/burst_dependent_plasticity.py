"""
Postsynaptic bursts decide the sign of plasticity
-------------------------------------------------

A presynaptic neuron fires at random at 10 Hz.  The postsynaptic neuron fires events at 5 Hz, of
which a fraction are bursts; that fraction changes every 20 s.  While it is larger than its own
running average the weight grows; while it is smaller the weight falls.

Both neurons emit spike trains that are given to them, so nothing but the synapse is under test.

Model: Payeur et al. (2021) Nature Neuroscience 24:1010-1019, Fig. 2B-D.
"""

import matplotlib.pyplot as plt
import nest
import numpy as np

import neuromodels

nest.ResetKernel()
nest.verbosity = nest.VerbosityLevel.ERROR
neuromodels.install("burst_replay_neuron", "burst_pairing_synapse")

segment = 20_000.0  # ms
burst_fractions = [0.2, 0.7, 0.05]
n_pairs = 50  # independent pairs, to average over
rng = np.random.default_rng(1)


def poisson_train(rate, start, stop):
    """Times (ms) of a Poisson process with a dead time of 40 ms, on the grid of the simulation."""
    intervals = 40.0 + rng.exponential(1000.0 / rate - 40.0, int(rate * (stop - start) / 500.0))
    times = start + np.cumsum(intervals)
    return times[times < stop].round(1)


def bursting_train(fraction, start):
    """Events at 5 Hz; a fraction of them get a second spike 10 ms later."""
    events = poisson_train(5.0, start + 1.0, start + segment - 20.0)
    return np.sort(np.append(events, events[rng.random(events.size) < fraction] + 10.0).round(1))


# One pair after another: generators, presynaptic parrots, and replaying neurons.

pre_trains = [poisson_train(10.0, 1.0, 3 * segment) for _ in range(n_pairs)]
post_trains = [
    np.concatenate([bursting_train(f, i * segment) for i, f in enumerate(burst_fractions)])
    for _ in range(n_pairs)
]
pre_sources = nest.Create("spike_generator", n_pairs, [{"spike_times": t} for t in pre_trains])
post_sources = nest.Create("spike_generator", n_pairs, [{"spike_times": t} for t in post_trains])
pre, post = nest.Create("parrot_neuron", n_pairs), nest.Create("burst_replay_neuron", n_pairs)
port = nest.GetDefaults("burst_replay_neuron")["receptor_types"]
nest.Connect(pre_sources, pre, "one_to_one")
nest.Connect(post_sources, post, "one_to_one", {"receptor_type": port["TRAIN"]})
plastic = {"synapse_model": "burst_pairing_synapse", "receptor_type": port["SYNAPSE"]}
nest.Connect(pre, post, "one_to_one", plastic)

# Read the mean weight twice a second.

times = np.arange(0.0, 3 * segment + 1.0, 500.0)
weights = [0.0]
for _ in times[1:]:
    nest.Simulate(500.0)
    weights.append(neuromodels.weight_summary("burst_pairing_synapse").mean)

figure, axes = plt.subplots(layout="constrained")
axes.plot(times / 1000.0, weights, color="#0072B2")
for i, fraction in enumerate(burst_fractions):
    start = i * segment / 1000.0
    axes.axvline(start, color="0.8")
    axes.text(start + 1.0, 0.95, f"{fraction:.0%} bursts", transform=axes.get_xaxis_transform())
axes.set(xlabel="time (s)", ylabel=f"weight, mean of {n_pairs} pairs")
plt.show()
