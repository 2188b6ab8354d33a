"""Every defect of NESTML 9.0 that changes results: each test fails if its protection is removed."""

from __future__ import annotations

import ctypes
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import neuromodels
from neuromodels.errors import ConnectionRefused
from neuromodels.kernel import guard

TRIGGER = {"receptor_type": 2}


def _driven(nest: ModuleType, pre_times: Any, post_times: Any) -> tuple[Any, Any]:
    """A presynaptic parrot and a hazard neuron that spike at given times (ms)."""
    pre_source = nest.Create("spike_generator", params={"spike_times": np.asarray(pre_times) - 1.0})
    post_source = nest.Create(
        "spike_generator", params={"spike_times": np.asarray(post_times) - 1.0}
    )
    pre, post = nest.Create("parrot_neuron"), nest.Create("hazard_neuron")
    nest.Connect(pre_source, pre, syn_spec={"delay": 1.0})
    nest.Connect(post_source, post, syn_spec={**TRIGGER, "delay": 1.0})
    return pre, post


def test_literals_keep_every_digit_and_exponent(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    defaults = nest.GetDefaults("hazard_neuron")
    assert (defaults["tiny"], defaults["huge"], defaults["digits"]) == (
        1e-10,
        1e300,
        0.1234567890123,
    )


def test_homogeneous_parameters_are_shared_by_existing_synapses(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    pre, post = _driven(nest, [10.0, 30.0], [20.0])
    nest.Connect(pre, post, syn_spec={"synapse_model": "counting_synapse", "receptor_type": 1})
    nest.SetDefaults("counting_synapse", {"eta": 0.5})
    nest.Simulate(40.0)
    weight = nest.GetConnections(synapse_model="counting_synapse").get("weight")
    assert weight == pytest.approx(1.0 + 0.5 * np.exp(-(21.0 - 10.0) / 20.0), rel=1e-12)
    per_synapse = nest.GetDefaults("counting_synapse")["sizeof"]
    assert per_synapse <= 24 + 5 * 8  # connection; weight, trace, time of last spike, resolution


@pytest.mark.parametrize("threads", [1, 2])
def test_two_plastic_synapses_with_different_third_factors_are_exact(
    nest: ModuleType, threads: int
) -> None:
    """The third factor is that of the somatic spike, which reaches the synapse after the delay."""
    neuromodels.install("hazard_neuron")
    nest.local_num_threads = threads
    rng = np.random.default_rng(1)
    pre_times = np.sort(rng.choice(np.arange(20, 4000), 60, replace=False)) / 10
    post_times = np.sort(rng.choice(np.arange(20, 4000), 80, replace=False)) / 10
    pre, post = _driven(nest, pre_times, post_times)
    delays = {"counting_synapse": 3.7, "alternating_synapse": 1.3}
    for model, delay in delays.items():
        nest.Connect(
            pre, post, syn_spec={"synapse_model": model, "receptor_type": 1, "delay": delay}
        )
    nest.Simulate(402.0)

    def weight(model: str) -> float:
        return float(nest.GetConnections(synapse_model=model).get("weight"))

    def events(delay: float) -> list[tuple[float, int, int]]:
        """(time at the synapse, 0 post | 1 pre, index), up to the last presynaptic spike."""
        post = [(round(10 * (time + delay)), 0, i) for i, time in enumerate(post_times)]
        pre = [(round(10 * time), 1, i) for i, time in enumerate(pre_times)]
        return [e for e in sorted(post + pre) if e[0] <= pre[-1][0]]

    w, trace, last = 1.0, 0.0, 0
    for step, is_pre, i in events(delays["counting_synapse"]):
        trace *= np.exp(-(step - last) / 10 / 20.0)
        last = step
        if is_pre:
            trace += 1
        else:
            w += 0.01 * (i + 1) * trace
    assert weight("counting_synapse") == pytest.approx(w, rel=1e-12)

    w, seen, posts = 0.0, 0.0, 0.0
    for _, is_pre, i in events(delays["alternating_synapse"]):
        if is_pre:
            seen += 100 + posts
        else:
            posts += 1
            seen += 1
            w += ((i + 1) % 2) * seen
    assert weight("alternating_synapse") == pytest.approx(w, rel=1e-12)


def test_a_conductance_never_becomes_subnormal(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    cell = nest.Create("hazard_neuron", params={"g": 1e-300})
    smallest = np.finfo(float).tiny
    seen = []
    for _ in range(40):
        nest.Simulate(5.0)
        seen.append(cell.g)
    assert all(value == 0.0 or value >= smallest for value in seen)
    assert seen[-1] == 0.0


def test_spikes_that_no_synapse_reads_are_forgotten(nest: ModuleType) -> None:
    """An unpaired synapse reads none of its target's spikes; NESTML counts it as a reader."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        pytest.skip("no mallinfo2 in this C library")

    class Heap(ctypes.Structure):
        _fields_ = (("before", ctypes.c_size_t * 4), ("mapped", ctypes.c_size_t),
                    ("between", ctypes.c_size_t * 2), ("used", ctypes.c_size_t),
                    ("after", ctypes.c_size_t * 2))  # fmt: skip

    mallinfo.restype = Heap

    def heap() -> int:
        found = mallinfo()
        return int(found.mapped + found.used)

    neuromodels.install("hazard_neuron", "halving_synapse")
    pre, post = _driven(nest, np.arange(10.0, 2000.0, 10.0), np.arange(5.0, 2000.0, 1.0))
    posts = nest.Create("hazard_neuron", 200)
    nest.Connect(post, posts, syn_spec={**TRIGGER, "delay": 1.0})
    for model, port in (("counting_synapse", 1), ("halving_synapse", 1)):
        nest.Connect(pre, posts, syn_spec={"synapse_model": model, "receptor_type": port})
    nest.Simulate(1000.0)
    before = heap()
    nest.Simulate(1000.0)
    # 1000 spikes of 200 neurons; an entry of the history has 24 bytes or more.
    assert heap() - before < 200 * 1000 * 24 / 10


def test_the_rest_of_the_process_keeps_subnormal_numbers(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    nest.Create("hazard_neuron")
    nest.Simulate(10.0)
    assert np.float64(5e-324) * np.float64(1.0) == 5e-324


@pytest.mark.parametrize("kind", ["collection", "arrays", "collocated", "copy", "part", "spatial"])
def test_a_wrong_neuron_is_an_exception_before_anything_is_connected(
    nest: ModuleType, kind: str
) -> None:
    neuromodels.install("hazard_neuron")
    wrong, right = nest.Create("parrot_neuron", 2), nest.Create("hazard_neuron", 2)
    spec = {"synapse_model": "counting_synapse", "receptor_type": 1}
    with pytest.raises(
        ConnectionRefused, match="only connects to neurons of model 'hazard_neuron'"
    ):
        if kind == "collection":
            nest.Connect(right, wrong, syn_spec=spec)
        elif kind == "arrays":
            nest.Connect([3, 4], [1, 2], "one_to_one", spec)
        elif kind == "collocated":
            nest.Connect(right, wrong, syn_spec=nest.CollocatedSynapses({"weight": 1.0}, spec))
        elif kind == "copy":
            nest.CopyModel("counting_synapse", "fast", {"eta": 1.0})
            nest.Connect(right, wrong, syn_spec={**spec, "synapse_model": "fast"})
        elif kind == "part":
            nest.Connect(right, wrong + right, syn_spec=spec)
        else:
            layer = nest.Create("parrot_neuron", positions=nest.spatial.grid([2, 2]))
            mask = {"circular": {"radius": 2.0}}
            rule = {"rule": "pairwise_bernoulli", "p": 1.0, "mask": mask}
            nest.Connect(layer, layer, rule, spec)
    assert nest.num_connections == 0


def test_a_copied_neuron_model_is_accepted(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    nest.CopyModel("hazard_neuron", "mine", {"tau": 7.0})
    nest.CopyModel("mine", "mine_too")
    cells = nest.Create("mine_too", 2)
    nest.Connect(cells, cells, syn_spec={"synapse_model": "counting_synapse", "receptor_type": 1})
    assert nest.num_connections == 4


@pytest.mark.parametrize("threads", [1, 2])
def test_without_the_python_check_the_kernel_still_throws(
    nest: ModuleType, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    neuromodels.install("hazard_neuron")
    nest.local_num_threads = threads
    monkeypatch.setattr(guard, "check", lambda *_: None)
    wrong = nest.Create("parrot_neuron", 2)
    with pytest.raises(nest.NESTError, match="only connects to neurons of model hazard_neuron"):
        nest.Connect(wrong, wrong, syn_spec={"synapse_model": "counting_synapse"})


def test_a_weight_given_twice_is_refused(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    cells = nest.Create("hazard_neuron", 2)
    spec = {"synapse_model": "counting_synapse", "receptor_type": 1, "weight": 1.0, "w": 2.0}
    with pytest.raises(ConnectionRefused, match="both 'weight' and 'w'"):
        nest.Connect(cells, cells, syn_spec=spec)


def test_a_sum_of_weights_does_not_depend_on_the_order_of_spikes(nest: ModuleType) -> None:
    """Which follows how virtual processes are split over ranks and threads."""
    rng = np.random.default_rng(1)
    weights = rng.lognormal(0.0, 2.0, 12) * rng.choice([-1.0, 1.0], 12)
    orders = np.array([rng.permutation(weights) for _ in range(60)])
    plain = {float(sum(row)) for row in orders}
    assert len(plain) > 1, "nothing to protect from"
    neuromodels.install("plain_neuron")
    sources = nest.Create("parrot_neuron", len(weights))
    nest.Connect(nest.Create("spike_generator", params={"spike_times": [1.0, 3.0]}), sources)
    cells = nest.Create("plain_neuron", len(orders), params={"step_size": 0.0})
    nest.Connect(sources, cells, "all_to_all", {"weight": orders, "delay": 1.0})
    nest.Simulate(4.5)
    once = set(neuromodels.get_values(cells, "v"))
    assert len(once) == 1
    assert once.pop() == pytest.approx(math.fsum(weights), rel=1e-14)
    nest.Simulate(2.0)
    assert len(set(neuromodels.get_values(cells, "v"))) == 1


def test_a_value_that_a_model_excludes_changes_nothing(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron")
    cell = nest.Create("hazard_neuron")
    with pytest.raises(nest.NESTErrors.KernelException, match="tau > 0"):
        cell.set({"tau": -1.0, "tiny": 3.0})
    assert (cell.get("tau"), cell.get("tiny")) == (5.0, 1e-10)


def test_a_neuron_has_what_its_models_defaults_say(nest: ModuleType) -> None:
    """Also what synapses of NEST's own read of it."""
    neuromodels.install("hazard_neuron")
    nest.SetDefaults("hazard_neuron", {"tau_minus": 7.0, "tau": 3.0})
    cell = nest.Create("hazard_neuron")
    assert (cell.get("tau_minus"), cell.get("tau")) == (7.0, 3.0)


def test_a_parameter_that_is_set_while_prepared_takes_effect(nest: ModuleType) -> None:
    """Internals follow it at once, and not at the next Prepare."""
    neuromodels.install("hazard_neuron")
    cell = nest.Create("hazard_neuron", params={"g": 1.0})
    with nest.RunManager():
        nest.Run(1.0)
        neuromodels.set_values(cell, "tau", 1.0)
        assert cell.get("decay") == math.exp(-0.1)
        nest.Run(1.0)
    assert cell.get("g") == pytest.approx(math.exp(-1.0 / 5.0 - 1.0), rel=1e-12)
