"""Spikes reach all targets of a source, whatever these are, and however many come in one step."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import neuromodels

SPIKES = [1.0, 2.5, 2.6, 9.0]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("longest", [0.3, 2.0, 7.0])  # inputs inside of the neuron, and not
def test_targets_of_several_classes(nest: ModuleType, threads: int, longest: float) -> None:
    neuromodels.install("plain_neuron", "hazard_neuron", "halving_synapse")
    nest.local_num_threads = threads
    source = nest.Create("parrot_neuron")
    generator = nest.Create("spike_generator", params={"spike_times": SPIKES})
    nest.Connect(generator, source, syn_spec={"delay": 0.1})
    n = 50
    plain = nest.Create("plain_neuron", n, params={"step_size": 0.0})
    hazard = nest.Create("hazard_neuron", n, params={"tau": 1e12})
    parrots = nest.Create("parrot_neuron", n)
    recorder = nest.Create("spike_recorder")
    nest.Connect(parrots, recorder, syn_spec={"delay": 0.1})
    targets = [node for nodes in zip(plain, hazard, parrots, strict=True) for node in nodes]
    rng = np.random.default_rng(1)
    delays = rng.choice(np.arange(1, round(10 * longest) + 1), len(targets)) / 10
    delays[-1] = longest
    for target, delay in zip(targets, delays, strict=True):
        # one after the other, so that the classes alternate among the targets of the source
        port = 1 if target.model == "hazard_neuron" else 0
        nest.Connect(
            source, target, syn_spec={"synapse_model": "halving_synapse", "weight": 1.0,
                                      "delay": delay, "receptor_type": port},
        )  # fmt: skip
    arrived = delays[:, None] + np.array(SPIKES) + 0.1  # of the parrot's spikes
    for until in (6.0, 20.0):
        nest.Simulate(until - nest.biological_time)
        sums = ((arrived < until + 0.05) * 0.5 ** np.arange(4)).sum(axis=1)
        assert neuromodels.get_values(plain, "v") == pytest.approx(sums[0::3], abs=0)
        assert neuromodels.get_values(hazard, "g") == pytest.approx(sums[1::3], abs=1e-9)
    assert len(recorder.events["times"]) == n * len(SPIKES)


@pytest.mark.parametrize("model", ["counting_synapse", "halving_synapse"])
def test_a_poisson_generator_has_other_spikes_for_each_target(nest: ModuleType, model: str) -> None:
    neuromodels.install("hazard_neuron", "halving_synapse")
    n, rate, seconds = 20, 8000.0, 0.5  # often several in one step
    nest.rng_seed = 1
    generator = nest.Create("poisson_generator", params={"rate": rate})
    cells = nest.Create("hazard_neuron", n, params={"tau": 1e12})
    if model == "halving_synapse":
        relays = nest.Create("parrot_neuron", n)
        nest.Connect(generator, relays, syn_spec={"synapse_model": model, "weight": 1.0})
        recorder = nest.Create("spike_recorder")
        nest.Connect(relays, recorder)
        nest.Simulate(1000.0 * seconds)
        counts = np.bincount(recorder.events["senders"])[relays[0].global_id :]
    else:
        nest.Connect(generator, cells, syn_spec={"synapse_model": model, "receptor_type": 1})
        nest.Simulate(1000.0 * seconds)
        counts = neuromodels.get_values(cells, "g")
    mean, deviation = rate * seconds, np.sqrt(rate * seconds)
    assert np.abs(counts - mean).max() < 5 * deviation
    assert np.std(counts) > 0.3 * deviation
