"""Equations without an exact solution, and exact solutions whose formulas are 0 / 0."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_plugins import neuron, registered

import neuromodels

#: Models that the package nestml brings.
MODELS = Path(sys.prefix) / "models" / "neurons"


def _spikes(nest: ModuleType, model: str, time: float, **parameters: float) -> np.ndarray:
    nest.ResetKernel()
    if model.endswith("_neuron"):
        neuromodels.install(model)
    cell = nest.Create(model, params=parameters)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cell, recorder)
    nest.Simulate(time)
    assert np.isfinite(cell.V_m)
    return np.asarray(recorder.events["times"])


def test_hodgkin_huxley_spikes_as_nests_own(nest: ModuleType) -> None:
    with registered(neuron("hh_psc_alpha_neuron", MODELS / "hh_psc_alpha_neuron.nestml")):
        right = _spikes(nest, "hh_psc_alpha", 300.0, I_e=650.0)
        ours = _spikes(nest, "hh_psc_alpha_neuron", 300.0, I_e=650.0)
    assert len(right) == 17
    assert np.array_equal(ours, right)


def test_the_exponential_neuron_is_as_nests_own_up_to_its_first_spike(nest: ModuleType) -> None:
    """NEST's own resets within a step and goes on; NESTML's resets at the end of the step."""
    with registered(neuron("aeif_cond_exp_neuron", MODELS / "aeif_cond_exp_neuron.nestml")):
        first, potentials = [], []
        for model in ("aeif_cond_exp", "aeif_cond_exp_neuron"):
            first.append(_spikes(nest, model, 50.0, I_e=700.0)[0])
            _spikes(nest, model, 20.0, I_e=700.0)
            potentials.append(nest.NodeCollection([1]).V_m)
    assert first[0] == first[1]
    assert potentials[1] == pytest.approx(potentials[0], abs=1e-3)


@pytest.mark.parametrize("unused", [False, True])
def test_equal_time_constants_have_the_limit(nest: ModuleType, unused: bool) -> None:
    """One spike of weight 100; also where it is the other synapse that has tau_m's value."""
    taus = (10.0, 10.0 + 1e-9, 10.0001, 10.01, 9.9, 12.0)
    with registered(neuron("iaf_psc_exp_neuron", MODELS / "iaf_psc_exp_neuron.nestml")):
        for tau in taus:
            potentials = []
            for model, names in (
                ("iaf_psc_exp", ("tau_syn_ex", "tau_syn_in")),
                ("iaf_psc_exp_neuron", ("tau_syn_exc", "tau_syn_inh")),
            ):
                nest.ResetKernel()
                if model.endswith("_neuron"):
                    neuromodels.install(model)
                cell = nest.Create(model, params={"tau_m": 10.0, names[unused]: tau})
                source = nest.Create("spike_generator", params={"spike_times": [5.0]})
                nest.Connect(source, cell, syn_spec={"weight": 100.0})
                nest.Simulate(15.0)
                potentials.append(cell.V_m)
            assert potentials[1] == pytest.approx(potentials[0], abs=1e-9), tau
