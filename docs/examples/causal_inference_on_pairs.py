"""
A neuron infers what its spikes cause
-------------------------------------

Many times one neuron projects to another, with a random weight, and both receive a noise that they
share.  Comparing what comes back after a spike with what comes back without one is misleading: when
the noise is high both neurons fire.  Moments at which the neuron *barely* spiked and moments at
which it *barely* did not have the same noise; the jump between them is caused by the spike.

Model: Guerguiev, Kording & Richards (2020) International Conference on Learning Representations.
"""

import matplotlib.pyplot as plt
import nest
import numpy as np

import neuromodels

nest.ResetKernel()
nest.verbosity = nest.VerbosityLevel.ERROR
neuromodels.install("rdd_pair_neuron")
nest.set(resolution=1.0, rng_seed=1)

n_pairs = 300
own_noise = 0.25  # part of the noise that is not shared
simulation_time = 30_000.0  # ms
rng = np.random.default_rng(1)

# Neurons of a pair share the state of the generator of their common noise.

lower, upper = (nest.Create("rdd_pair_neuron", n_pairs, {"alpha": own_noise}) for _ in range(2))
for variable in ("seed_1", "seed_2"):
    seeds = rng.integers(1, 2_000_000_000, n_pairs)
    neuromodels.set_values(lower, variable, seeds)
    neuromodels.set_values(upper, variable, seeds)

weights = rng.uniform(-1000.0, 1000.0, n_pairs)
port = nest.GetDefaults("rdd_pair_neuron")["receptor_types"]
forward = {"receptor_type": port["FEEDFORWARD"], "weight": weights, "delay": np.ones(n_pairs)}
back = {"receptor_type": port["FEEDBACK"], "weight": np.ones(n_pairs), "delay": np.ones(n_pairs)}
nest.Connect(lower, upper, "one_to_one", forward)
nest.Connect(upper, lower, "one_to_one", back)

nest.Simulate(simulation_time)

# From its windows with a spike ("upper") and without ("lower") each neuron has sums of M, its
# largest drive, and R, what came back: means, and lines R(M) up to the threshold M = 1.


def mean_and_line(side):
    """Mean of R, and R at the threshold by least squares."""
    names = ["n", "sum_M", "sum_MM", "sum_R", "sum_MR"]
    n, M, MM, R, MR = (neuromodels.get_values(lower, f"{name}_{side}") for name in names)
    slope = (n * MR - M * R) / (n * MM - M * M)
    return R / n, (R - slope * M) / n + slope


(mean_spiked, line_spiked), (mean_silent, line_silent) = map(mean_and_line, ("upper", "lower"))
estimates = {"difference of means": mean_spiked - mean_silent}
estimates["regression discontinuity"] = line_spiked - line_silent
fits = {name: np.polyfit(weights, estimate, 1) for name, estimate in estimates.items()}

figure, panels = plt.subplots(1, 2, sharey=True, figsize=(8.0, 3.6), layout="constrained")
for axes, (name, estimate) in zip(panels, estimates.items(), strict=True):
    axes.axhline(0.0, color="0.8")
    axes.axvline(0.0, color="0.8")
    axes.plot(weights, estimate, ".", color="#0072B2", ms=3)
    axes.plot([-1000.0, 1000.0], np.polyval(fits[name], [-1000.0, 1000.0]), color="#D55E00")
    axes.set_title(f"{name}: {fits[name][1]:.3f} at weight 0", fontsize="medium")
    axes.set_xlabel("true weight")
panels[0].set(ylabel="estimated effect of a spike", ylim=(-0.4, 0.4))
plt.show()
