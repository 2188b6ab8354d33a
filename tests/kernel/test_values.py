"""Variables of neurons and connections at memory speed: the numbers that NEST's own `get` gives."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import neuromodels
from neuromodels import get_values, set_values
from neuromodels.errors import UnknownNameError, UsageError


@pytest.fixture
def network(nest: ModuleType):
    neuromodels.install("plain_neuron", "halving_synapse")
    nest.local_num_threads = 2
    cells = nest.Create("plain_neuron", 10)
    nest.CopyModel("halving_synapse", "mine")
    weights = np.linspace(1.0, 2.0, 10)
    rule, spec = {"rule": "one_to_one"}, {"synapse_model": "mine", "delay": 1.0}
    nest.Connect(cells, cells, rule, {**spec, "weight": weights.reshape(-1)})
    nest.Connect(cells[:3], cells[3:6], rule, {"synapse_model": "halving_synapse"})
    return nest, cells


def test_neurons(network) -> None:
    _, cells = network
    cells.v = np.arange(10.0)
    np.testing.assert_array_equal(get_values(cells, "v"), np.arange(10.0))
    np.testing.assert_array_equal(get_values(cells[2:5], "v"), [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(get_values(cells[[1, 7]], "v"), [1.0, 7.0])
    set_values(cells[5:7], "v", [50.0, 60.0])
    set_values(cells[7:], "step_size", 7)
    assert cells.v == (0.0, 1.0, 2.0, 3.0, 4.0, 50.0, 60.0, 7.0, 8.0, 9.0)
    assert cells.step_size == (*[1.5] * 7, 7.0, 7.0, 7.0)


def test_what_is_set_is_used(network) -> None:
    nest, cells = network
    set_values(cells, "v", 0.0)
    set_values(cells, "step_size", np.arange(10.0))
    nest.Simulate(1.0)
    before = np.array(cells.v)
    set_values(cells, "step_size", 0.0)
    nest.Simulate(1.0)
    np.testing.assert_array_equal(get_values(cells, "v"), before)


def test_connections(network) -> None:
    nest, _cells = network
    found = nest.GetConnections(synapse_model="mine")
    assert sorted(get_values("mine", "w")) == sorted(found.weight)
    assert len(get_values("halving_synapse", "w")) == 3  # copies are counted separately
    values = get_values("mine", "w")
    set_values("mine", "w", 2 * values)
    np.testing.assert_array_equal(get_values("mine", "w"), 2 * values)
    assert sorted(found.get("weight")) == sorted(2 * values)
    assert (get_values("mine", "t_last_update") <= 0.0).all()


def test_mistakes_are_one_clear_line(network) -> None:
    nest, cells = network
    other = nest.Create("iaf_psc_exp")
    for call, says in (
        (lambda: get_values(cells, "nope"), "no scalar parameter or state variable 'nope'"),
        (lambda: get_values("mine", "nope"), "no scalar parameter or state variable 'nope'"),
        (lambda: get_values(other, "V_m"), "iaf_psc_exp is not a neuron model of neuromodels"),
        (lambda: get_values(cells + other, "v"), "iaf_psc_exp, plain_neuron is not a neuron"),
        (lambda: get_values("static_synapse", "weight"), "'static_synapse' is not a synapse"),
        (lambda: set_values("mine", "t_last_update", 1.0), "no scalar parameter or state"),
    ):
        with pytest.raises(UnknownNameError, match=says):
            call()
    with pytest.raises(UsageError, match=r"10 neurons cannot be set to an array of shape \(2,\)"):
        set_values(cells, "v", [1.0, 2.0])
    with pytest.raises(UsageError, match="not finite"):
        set_values(cells, "v", float("nan"))
    with pytest.raises(UsageError, match="10 connections"):
        set_values("mine", "w", [[1.0]])
