"""What is changed between two runs of one ``nest.Prepare`` takes effect in the second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import neuromodels
from neuromodels.errors import ConnectionRefused, UsageError


def spikes_in_pieces(
    nest: ModuleType, change: Callable[[Any], None], **rate: float
) -> tuple[int, int]:
    """Spikes of ten parrots in 100 ms before and 900 ms after `change`, in one Prepare."""
    neuromodels.install("plain_neuron")
    source = nest.Create("poisson_generator", params=rate)
    cells = nest.Create("parrot_neuron", 10)
    recorder = nest.Create("spike_recorder")
    nest.Connect(source, cells)
    nest.Connect(cells, recorder)
    nest.Prepare()
    nest.Run(100.0)
    before = int(recorder.n_events)
    change(source)
    nest.Run(900.0)
    nest.Cleanup()
    return before, int(recorder.n_events) - before


def test_a_rate_takes_effect_at_once(nest: ModuleType) -> None:
    def faster(source: Any) -> None:
        source.rate = 5000.0

    before, after = spikes_in_pieces(nest, faster, rate=100.0)
    assert before == pytest.approx(100, abs=50)
    assert after == pytest.approx(45_000, abs=1_100)  # five standard deviations


def test_a_constant_of_nests_own_neuron_takes_effect(nest: ModuleType) -> None:
    """As in two calls of Simulate; the same without a change."""

    def voltage(prepared: bool) -> float:
        nest.ResetKernel()
        cell = nest.Create("iaf_psc_exp", params={"I_e": 300.0})
        for tau in (10.0, 3.0):
            cell.tau_m = tau
            if prepared and tau == 10.0:
                nest.Prepare()
            (nest.Run if prepared else nest.Simulate)(20.0)
        if prepared:
            nest.Cleanup()
        return float(cell.V_m)

    neuromodels.install("plain_neuron")
    assert voltage(True) == voltage(False)


def test_nodes_and_connections_made_while_prepared_work(nest: ModuleType) -> None:
    neuromodels.install("plain_neuron", "halving_synapse")
    source = nest.Create("spike_generator", params={"spike_times": [5.0, 15.0]})
    relay = nest.Create("parrot_neuron")
    nest.Connect(source, relay)
    nest.Prepare()
    nest.Run(10.0)
    late = nest.Create("plain_neuron", 2, {"step_size": 0.0})
    nest.Connect(relay, late, syn_spec={"synapse_model": "halving_synapse", "weight": 3.0})
    nest.Run(10.0)
    nest.Cleanup()
    assert late.get("v") == (3.0, 3.0)


def test_a_file_of_a_recorder_is_not_overwritten(nest: ModuleType, tmp_path: Path) -> None:
    neuromodels.install("plain_neuron")
    nest.data_path, nest.overwrite_files = str(tmp_path), True
    source = nest.Create("poisson_generator", params={"rate": 1000.0})
    cell = nest.Create("parrot_neuron")
    recorder = nest.Create("spike_recorder", params={"record_to": "ascii"})
    nest.Connect(source, cell)
    nest.Connect(cell, recorder)
    nest.Prepare()
    nest.Run(50.0)
    (path,) = tmp_path.glob("*.dat")
    source.rate = 2000.0
    with pytest.raises(UsageError, match="overwrite the file of 'spike_recorder'.*memory"):
        nest.Run(50.0)
    nest.Cleanup()
    assert len(path.read_text().splitlines()) > 20


@pytest.mark.parametrize("rule", ["one_to_one", "symmetric_pairwise_bernoulli"])
def test_a_symmetric_rule_is_refused_before_anything_is_made(nest: ModuleType, rule: str) -> None:
    neuromodels.install("hazard_neuron", "plain_neuron")
    cells, others = nest.Create("hazard_neuron", 2), nest.Create("plain_neuron", 2)
    chance = {"p": 1.0, "allow_autapses": False, "allow_multapses": True}
    spec = {"rule": rule, "make_symmetric": True} | (chance if rule != "one_to_one" else {})
    synapse = {"synapse_model": "counting_synapse", "receptor_type": 1}
    with pytest.raises(ConnectionRefused, match="'hazard_neuron', not to 'plain_neuron'"):
        nest.Connect(others, cells, spec, synapse)
    assert nest.num_connections == 0
    nest.Connect(cells[:1], cells[1:], {"rule": "one_to_one", "make_symmetric": True}, synapse)
    assert nest.num_connections == 2
