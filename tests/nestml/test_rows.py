"""Projections whose weights lie side by side: the same as by events, whatever happens to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import pytest
from small_plugins import registered, synapse

import neuromodels

N_SOURCES, N_TARGETS = 5, 40
PORTS = (1, 3, 4)
"""Of `ports_neuron`: one that tells weights below 0 apart, and two others."""
STATES = ("x", "y", "a", "b")


@pytest.fixture
def rows(nest: ModuleType) -> Iterator[ModuleType]:
    with registered(synapse("relay_synapse", neuron="ports_neuron")):
        yield nest


class Network:
    """Sources that spike at given times, and targets that add up what comes."""

    def __init__(self, nest: ModuleType, threads: int, *, events: bool) -> None:
        nest.ResetKernel()
        neuromodels.install("ports_neuron", "relay_synapse")
        nest.local_num_threads = threads
        self.nest, self.rng = nest, np.random.default_rng(8)
        self.model = "relay_synapse"
        if events:  # a synapse whose weights are recorded sends events
            self.model = "relay_recorded"
            recorder = nest.Create("weight_recorder")
            nest.CopyModel("relay_synapse", self.model, {"weight_recorder": recorder})
        times = [
            np.sort(self.rng.choice(np.arange(10, 1000), 60, replace=False)) / 10
            for _ in range(N_SOURCES)
        ]
        spikes = nest.Create("spike_generator", N_SOURCES, [{"spike_times": t} for t in times])
        self.sources = nest.Create("parrot_neuron", N_SOURCES)
        nest.Connect(spikes, self.sources, "one_to_one", {"delay": 0.1})
        self.targets = nest.Create("ports_neuron", N_TARGETS)
        self.seen: list[np.ndarray] = []

    def connect(self, sources: object, targets: object, port: int, delay: float = 0.3) -> None:
        shape = len(targets), len(sources)  # type: ignore[arg-type]
        self.nest.Connect(
            sources,
            targets,
            "all_to_all",
            {
                "synapse_model": self.model,
                "weight": self.rng.choice([1.0, 1 / 3, 0.1, -0.7 if port != 1 else 0.7], shape),
                "delay": delay,
                "receptor_type": port,
            },
        )

    def weights(self) -> np.ndarray:
        return neuromodels.get_values(self.model, "w")

    def simulate(self) -> None:
        self.nest.Simulate(20.0)
        self.look()

    def look(self) -> None:
        self.seen.append(np.array([neuromodels.get_values(self.targets, n) for n in STATES]))


def gaps(network: Network) -> None:
    """Targets that do not follow each other."""
    network.connect(network.sources, network.targets[::3], 3)
    network.simulate()


def several(network: Network) -> None:
    """A source that reaches a target twice."""
    for _ in range(2):
        network.connect(network.sources, network.targets, 3)
    network.simulate()


def delays(network: Network) -> None:
    """Targets at different delays."""
    network.connect(network.sources, network.targets[:20], 3, delay=0.2)
    network.connect(network.sources, network.targets[20:], 3, delay=0.5)
    network.simulate()


def ports(network: Network) -> None:
    """Several ports, with rows of their own."""
    for port in PORTS:
        network.connect(network.sources[:3], network.targets[4:30], port)
        network.connect(network.sources[3:], network.targets, 4)
    network.simulate()


def below_zero(network: Network) -> None:
    """A port where the sign of a weight says which one it is."""
    network.connect(network.sources, network.targets, 1)
    network.simulate()
    connections = network.nest.GetConnections(network.sources[1], network.targets[7])
    connections.weight = -0.4
    network.simulate()


def new_weights(network: Network) -> None:
    """Weights and delays that change between and within simulations."""
    network.connect(network.sources, network.targets, 3)
    network.simulate()
    one = network.nest.GetConnections(network.sources[2], network.targets[5])
    one.set(weight=2.5)
    network.simulate()
    neuromodels.set_values(network.model, "w", 0.5 * network.weights())
    network.simulate()
    one.set(delay=0.2)
    with network.nest.RunManager():
        network.nest.Run(10.0)
        network.look()
        neuromodels.set_values(network.model, "w", 3.0 * network.weights())
        network.nest.Run(10.0)
        network.look()
        network.nest.GetConnections(network.sources[0], network.targets[9]).weight = 7.0
        network.nest.Run(10.0)
    network.look()


def set_and_read(network: Network, table: np.ndarray) -> None:
    """Set all weights, by target, and see that NEST has them too."""
    # in which order the kernel has connections depends on which thread has a target
    targets = neuromodels.weights(network.model)[1]
    values = table[targets - network.targets[0].global_id]
    neuromodels.set_values(network.model, "w", values)
    np.testing.assert_array_equal(network.weights(), values)
    np.testing.assert_array_equal(neuromodels.weights(network.model)[0], values)
    summary = neuromodels.weight_summary(network.model)
    assert (summary.smallest, summary.largest) == (values.min(), values.max())
    found = network.nest.GetConnections(synapse_model=network.model).get("weight")
    np.testing.assert_array_equal(np.sort(found), np.sort(values))


def all_weights(network: Network) -> None:
    """Weights that are all set at once, in the order that the kernel has them in."""
    network.connect(network.sources, network.targets, 3)
    network.connect(network.sources[:2], network.targets[:3], 4)  # too few for a row
    table = network.rng.choice([0.1, 0.2, 0.3, 1.0, 2.0], N_TARGETS)
    with network.nest.RunManager():
        for factor in (1.0, 3.0, 0.0, -1.0, 0.5):
            set_and_read(network, factor * table)
            network.nest.Run(7.0)
            network.look()
        one = network.nest.GetConnections(network.sources[2], network.targets[5])
        assert one.weight == 0.5 * table[5]
        one.weight = 8.0
        assert np.sum(network.weights() == 8.0) == 1
        network.nest.Run(7.0)
        network.look()
    # NEST sorts connections anew, and weights come along
    before = np.sort(network.weights())
    network.connect(network.sources, network.targets[:20], 1, delay=0.2)
    network.simulate()
    assert np.isin(before, network.weights()).all()
    set_and_read(network, table[::-1])
    network.simulate()


def signs(network: Network) -> None:
    """All weights at once through a port where the sign says which one it is."""
    network.connect(network.sources, network.targets, 1)
    table = network.rng.choice([0.1, 0.2, 1.0], N_TARGETS)
    with network.nest.RunManager():
        for some in (np.inf, 0.5, 0.15, 0.0, np.inf):
            set_and_read(network, np.where(table > some, -table, table))
            network.nest.Run(7.0)
            network.look()


def new_connections(network: Network) -> None:
    """Connections that come, and go."""
    network.connect(network.sources, network.targets[:30], 3)
    network.simulate()
    network.connect(network.sources, network.targets[30:], 3)
    network.simulate()
    network.nest.Disconnect(network.nest.GetConnections(network.sources[3], network.targets[12]))
    network.simulate()


@pytest.mark.parametrize(
    "story",
    [
        gaps,
        several,
        delays,
        ports,
        below_zero,
        new_weights,
        all_weights,
        signs,
        new_connections,
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_as_by_events(
    rows: ModuleType, threads: int, story: Callable[[Network], None]
) -> None:
    results = []
    for events in (False, True):
        network = Network(rows, threads, events=events)
        story(network)
        results.append(network.seen)
    directly, by_events = results
    assert np.ptp(directly[-1]) > 0
    for step, (one, other) in enumerate(zip(directly, by_events, strict=True)):
        np.testing.assert_array_equal(one, other, f"look {step}")
