"""Conditions in double brackets hold whichever way a value is set."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from small_plugins import registered, synapse

import neuromodels
from neuromodels.errors import UsageError

TEXT = """\
model positive_synapse:
    state:
        w real = 1 [[w >= 0]]
        x real = 0.
    input:
        pre_spikes <- spike
    output:
        spike
    onReceive(pre_spikes):
        x += 1
        emit_spike(w)
"""


def test_a_weight_below_its_bound_is_refused(nest: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "positive_synapse.nestml").write_text(TEXT)
    with registered(synapse("positive_synapse", tmp_path / "positive_synapse.nestml")):
        neuromodels.install("positive_synapse")
        pre, post = nest.Create("parrot_neuron", 2), nest.Create("parrot_neuron")
        with pytest.raises(nest.NESTError, match="constraint"):
            nest.Connect(pre, post, syn_spec={"synapse_model": "positive_synapse", "weight": -1.0})
        nest.Connect(pre, post, syn_spec={"synapse_model": "positive_synapse", "weight": 2.0})
        connections = nest.GetConnections(synapse_model="positive_synapse")
        with pytest.raises(nest.NESTError, match="constraint"):
            connections.set(weight=-1.0)
        with pytest.raises(UsageError, match="does not allow"):
            neuromodels.set_values("positive_synapse", "w", [3.0, -1.0])
        assert list(connections.get("weight")) == [2.0, 2.0]
        neuromodels.set_values("positive_synapse", "w", [3.0, 0.0])
        assert list(connections.get("weight")) == [3.0, 0.0]
