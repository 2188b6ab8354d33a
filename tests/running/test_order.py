"""Spikes are put in order, and given the numbers that neurons have in their population."""

from __future__ import annotations

import nest
import numpy as np
import pytest

from neuromodels.clock import Clock
from neuromodels.disk.parts import Parts, Spool
from neuromodels.kernel.recording import KernelNetwork


@pytest.mark.parametrize("first", [0, 2**62])
def test_by_time_and_then_neuron(tmp_path, first):
    """As numpy.lexsort gives it; beside the first step also the largest that 64 bits hold."""
    rng = np.random.default_rng(1)
    steps, ids = rng.integers(0, 50, 3000), rng.integers(0, 40, 3000)
    steps[-1] += first
    spool = Spool(tmp_path)
    spool.add("spikes/all/steps", steps)
    spool.add("spikes/all/ids", ids)
    spool.write(50)
    order = np.lexsort((ids, steps))
    ((found, neurons, offsets),) = Parts(tmp_path).spikes("all")
    assert offsets is None
    np.testing.assert_array_equal(found, steps[order])
    np.testing.assert_array_equal(neurons, ids[order])


def test_neurons_of_any_collection(tmp_path):
    """One piece, every other node, and two pieces; drained recorders are empty."""
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nodes = nest.Create("parrot_neuron", 12)
    for i, node in enumerate(nodes):
        source = nest.Create("spike_generator", params={"spike_times": [1.0 + i]})
        nest.Connect(source, node, syn_spec={"delay": 1.0})
    network, spool = KernelNetwork(nest, Clock(0.1), 1), Spool(tmp_path)
    chosen = {"piece": nodes[3:7], "every other": nodes[::2], "two": nodes[:2] + nodes[9:]}
    for name, collection in chosen.items():
        network.population(name, collection)
    network.seal()
    for stop in (80, 200):
        nest.Simulate(stop / 10 - nest.biological_time)
        network.drain(stop, spool)
    assert {recorder.n_events for recorder in nest.GetNodes({"model": "spike_recorder"})} == {0}
    spool.write(200)
    for name, collection in chosen.items():
        ((steps, ids, _),) = Parts(tmp_path).spikes(name)
        numbers = np.array(collection.tolist())
        np.testing.assert_array_equal(ids, np.arange(numbers.size))
        np.testing.assert_array_equal(steps, 10 * (1 + numbers))
