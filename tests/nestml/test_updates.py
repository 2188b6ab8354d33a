"""Neurons of a class are updated one after the other: the same as one by one, in NEST's order."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from small_plugins import MODELS, neuron, registered

import neuromodels


@pytest.fixture
def drawing(nest: ModuleType) -> Iterator[ModuleType]:
    """Two classes that draw a random number in every step."""
    source = MODELS / "drawing_neuron.nestml"
    with registered(neuron("drawing_neuron"), neuron("other_drawing_neuron", source)):
        yield nest


def kernel(nest: ModuleType, threads: int) -> None:
    nest.ResetKernel()
    neuromodels.install("drawing_neuron", "other_drawing_neuron")
    nest.set(local_num_threads=threads, rng_seed=7)


def drawn(populations: list[object]) -> np.ndarray:
    """Last draws of all neurons, by node ID."""
    return np.concatenate([neuromodels.get_values(nodes, "drawn") for nodes in populations])


@pytest.mark.parametrize("threads", [1, 2])
def test_random_numbers_are_drawn_in_the_order_of_nodes(drawing: ModuleType, threads: int) -> None:
    sizes = (6, 4, 2, 8)
    found = []
    for models in (["drawing_neuron"] * 4, ["drawing_neuron", "other_drawing_neuron"] * 2):
        kernel(drawing, threads)
        populations = [drawing.Create(*of) for of in zip(models, sizes, strict=True)]
        seen = []
        for duration in (0.1, 0.3, 2.0):
            drawing.Simulate(duration)
            seen.append(drawn(populations))
        found.append(np.array(seen))
    np.testing.assert_array_equal(*found)
    assert len(np.unique(found[0])) == found[0].size


@pytest.mark.parametrize("threads", [1, 2])
def test_a_frozen_neuron_rests_and_others_go_on(drawing: ModuleType, threads: int) -> None:
    kernel(drawing, threads)
    cells = drawing.Create("drawing_neuron", 12)
    steps = np.zeros(12)
    for frozen in ([0, 1, 5], [], [11], range(12), [0]):
        cells.set(frozen=[i in frozen for i in range(12)])
        drawing.Simulate(1.0)
        steps += [0 if i in frozen else 10 for i in range(12)]
        np.testing.assert_array_equal(neuromodels.get_values(cells, "steps"), steps)


@pytest.mark.parametrize("threads", [1, 2])
def test_who_is_frozen_may_be_asked_and_changed_between_runs(
    drawing: ModuleType, threads: int
) -> None:
    kernel(drawing, threads)
    cells = drawing.Create("drawing_neuron", 12)
    others = drawing.Create("other_drawing_neuron", 3)
    cells[3].frozen = True
    steps = np.array([0] * 12)
    with drawing.RunManager():
        for frozen in ([3], [3], [0, 4], [], range(6)):
            said = [i in frozen for i in range(12)]
            if list(cells.frozen) != said:
                cells.set(frozen=said)
            for _ in range(2):
                drawing.Run(1.0)
                steps += [0 if i in frozen else 10 for i in range(12)]
                np.testing.assert_array_equal(neuromodels.get_values(cells, "steps"), steps)
            assert list(cells.frozen) == said
            assert not any(others.frozen)
    drawing.Simulate(1.0)
    assert list(cells.frozen) == said
    assert neuromodels.get_values(others, "steps").tolist() == [110] * 3


def test_neurons_that_come_later(drawing: ModuleType) -> None:
    kernel(drawing, 1)
    first = drawing.Create("drawing_neuron", 3)
    drawing.Simulate(1.0)
    others = drawing.Create("other_drawing_neuron", 3)
    last = drawing.Create("drawing_neuron", 3)
    drawing.Simulate(1.0)
    counts = [neuromodels.get_values(nodes, "steps") for nodes in (first, others, last)]
    np.testing.assert_array_equal(counts, [[20] * 3, [10] * 3, [10] * 3])
    drawing.biological_time = 0.0
    drawing.Simulate(1.0)
    assert (neuromodels.get_values(first, "steps") == 30).all()


def test_recording_begins_when_a_multimeter_comes(drawing: ModuleType) -> None:
    kernel(drawing, 1)
    cells = drawing.Create("drawing_neuron", 3)
    drawing.Simulate(1.0)
    meter = drawing.Create("multimeter", params={"record_from": ["steps"], "interval": 0.5})
    drawing.Connect(meter, cells[1], syn_spec={"delay": 0.1})
    drawing.Simulate(2.0)
    assert meter.events["steps"].tolist() == [15, 20, 25]


def test_a_neuron_created_between_two_runs_is_updated_from_the_second_on(
    drawing: ModuleType,
) -> None:
    kernel(drawing, 1)
    first = drawing.Create("drawing_neuron", 3)
    with drawing.RunManager():
        drawing.Run(1.0)
        late = drawing.Create("drawing_neuron")
        drawing.Run(1.0)
    assert (neuromodels.get_values(first, "steps") == 20).all()
    assert (neuromodels.get_values(late, "steps") == 10).all()


def test_a_device_that_comes_late_hears_all_spikes(nest: ModuleType) -> None:
    neuromodels.install("ports_neuron")
    cells = nest.Create("ports_neuron", 4, params={"threshold": 0.5})
    recorder = nest.Create("spike_recorder")
    times = np.arange(1.0, 40.0)
    source = nest.Create("spike_generator", params={"spike_times": times})
    nest.Connect(source, cells, syn_spec={"delay": 0.1, "receptor_type": 9})
    nest.Connect(cells[0], recorder, syn_spec={"delay": 0.1})
    counts = []
    with nest.RunManager():
        for late in (cells[1:2], cells[2:]):
            nest.Run(10.0)
            counts.append(recorder.n_events)
            nest.Connect(late, recorder, syn_spec={"delay": 0.1})
        nest.Run(10.0)
        counts.append(recorder.n_events)
    nest.Simulate(9.9)
    counts.append(recorder.n_events)
    # one, two and four neurons in 10 ms each, and four in the last
    assert counts == [9, 29, 69, 109]
