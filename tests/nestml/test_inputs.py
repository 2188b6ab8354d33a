"""Spikes that a synapse adds to its target's inputs: the same as by events, which NEST sends."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import neuromodels

STATES = ("x", "y", "a", "b", "c", "d", "f", "g", "h", "k")
N = 24
DELAYS = np.arange(1, 41) / 10


class Network:
    """A random network of four classes of neurons, and what it does in two stretches of time."""

    def __init__(self, nest: ModuleType, threads: int, *, events: bool, late: bool) -> None:
        neuromodels.install("ports_neuron", "hazard_neuron", "counting_synapse", "halving_synapse")
        nest.local_num_threads = threads
        nest.rng_seed = 5
        self.nest, self.events = nest, events
        self.rng = np.random.default_rng(3)
        self.recorder = nest.Create("spike_recorder")
        noise = nest.Create("poisson_generator", params={"rate": 400.0})
        self.sources = nest.Create("parrot_neuron", N)
        nest.Connect(noise, self.sources, syn_spec={"delay": 0.1})
        weights = nest.Create("weight_recorder")
        if events:  # a synapse whose weights are recorded sends events
            for model in ("counting_synapse", "halving_synapse"):
                nest.CopyModel(model, f"{model}_recorded", {"weight_recorder": weights})
        self.cells: list[object] = []
        self.create()
        nest.Simulate(60.0)
        if late:
            self.create()
        first = nest.GetConnections(source=self.sources[0], target=self.cells[0])
        first.weight = 0.7
        nest.Simulate(60.0)

    def create(self) -> None:
        """Neurons of every class, each with connections from all sources and within its class."""
        nest = self.nest
        ports = nest.Create("ports_neuron", N)
        hazard = nest.Create("hazard_neuron", N, params={"tau": 10.0})
        foreign = nest.Create("iaf_psc_exp", N)
        nest.Create("ports_neuron", 3)  # without any input
        self.connect(self.sources, ports, range(1, 10), "halving_synapse")
        self.connect(self.sources, hazard, (1, 2), "counting_synapse")
        self.connect(ports, hazard, (1, 2), "counting_synapse")
        self.connect(hazard, ports, range(1, 10), "halving_synapse")
        self.connect(hazard, foreign, (0,), "halving_synapse")
        for nodes in (ports, hazard, foreign):
            nest.Connect(nodes, self.recorder)
        self.cells += [ports, hazard]

    def connect(self, pre: object, post: object, ports: object, model: str) -> None:
        pre, post = np.array(pre.tolist()), np.array(post.tolist())
        n = 6 * len(pre)
        self.nest.Connect(
            self.rng.choice(pre, n),
            self.rng.choice(post, n),
            "one_to_one",
            {
                "synapse_model": f"{model}_recorded" if self.events else model,
                "weight": self.rng.choice([1.0, 1 / 3, -0.7], n),
                "delay": self.rng.choice(DELAYS, n),
                "receptor_type": self.rng.choice(list(ports), n),
            },
        )

    def result(self) -> dict[str, np.ndarray]:
        events = self.recorder.events
        order = np.lexsort((events["senders"], events["times"]))
        found = {"senders": events["senders"][order], "times": events["times"][order]}
        for number, cells in enumerate(self.cells):
            names = STATES if number % 2 == 0 else ("g", "count")
            found |= {f"{number}.{n}": neuromodels.get_values(cells, n) for n in names}
        for model in ("counting_synapse", "halving_synapse"):
            name = f"{model}_recorded" if self.events else model
            of = self.nest.GetConnections(synapse_model=name).get(["source", "target", "weight"])
            rows = np.array([of["source"], of["target"], of["weight"]])
            found[model] = rows[:, np.lexsort(rows[::-1])]
        return found


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_as_by_events(nest: ModuleType, threads: int, late: bool) -> None:
    results = []
    for events in (False, True):
        nest.ResetKernel()
        results.append(Network(nest, threads, events=events, late=late).result())
    directly, by_events = results
    assert len(directly["times"]) > 1000
    assert np.ptp(directly["0.h"]) > 0
    assert np.ptp(directly["0.y"]) > 0
    for name, values in directly.items():
        np.testing.assert_array_equal(values, by_events[name], name)


def test_a_receptor_that_a_neuron_lacks_is_refused(nest: ModuleType) -> None:
    """Two ports that share a receptor type are one."""
    neuromodels.install("ports_neuron")
    cell = nest.Create("ports_neuron")
    receptors = set(cell.get("receptor_types").values())
    assert receptors == set(range(1, len(receptors) + 1))
    source = nest.Create("parrot_neuron")
    for receptor in (0, len(receptors) + 1, len(receptors) + 2):
        with pytest.raises(nest.NESTErrors.UnknownReceptorType):
            nest.Connect(source, cell, syn_spec={"receptor_type": receptor})
