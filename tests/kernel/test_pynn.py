"""Models in PyNN, by ``native_cell_type``."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import neuromodels

FILE = Path(__file__).parents[2] / "docs" / "examples" / "adapting.nestml"


def test_defaults_are_what_can_be_set(nest: ModuleType) -> None:
    neuromodels.install("hazard_neuron", "ports_neuron")
    for model in ("hazard_neuron", "ports_neuron"):
        defaults = nest.GetDefaults(model)
        ours = {
            k: v for k, v in defaults.items() if isinstance(v, float) and not k.startswith("__")
        }
        nest.SetDefaults(
            model, {k: ours[k] for k in ours if k not in {"t_spike", "Ca", "post_trace"}}
        )
    assert "decay" not in nest.GetDefaults("hazard_neuron")
    assert nest.Create("hazard_neuron").get("decay") == pytest.approx(np.exp(-0.1 / 5.0))


def test_a_population_of_pynn_is_that_of_nest(nest: ModuleType) -> None:
    pytest.importorskip("pyNN")
    import pyNN.nest as sim

    currents = [500.0, 800.0]  # 300 pA would stay 3 mV below the threshold
    sim.setup(timestep=0.1, min_delay=0.1)
    neuromodels.install(FILE)
    kind = sim.native_cell_type("adapting_neuron")
    cells = sim.Population(2, kind(I_e=currents, b=30.0))
    cells.record(["spikes", "V_m"])
    sim.run(200.0)
    segment = cells.get_data().segments[0]
    times = [np.asarray(train.rescale("ms")) for train in segment.spiketrains]
    voltage = np.asarray(segment.filter(name="V_m")[0])
    sim.end()

    nest.ResetKernel()
    nest.resolution = 0.1
    same = nest.Create("adapting_neuron", 2, {"I_e": currents, "b": 30.0})
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.1})
    nest.Connect(same, recorder)
    nest.Connect(meter, same)
    nest.Simulate(200.0)
    for cell, mine in zip(same.tolist(), times, strict=True):
        fired = recorder.events["times"][recorder.events["senders"] == cell]
        assert fired.size > 3
        np.testing.assert_allclose(mine, fired)
        there = meter.events["V_m"][meter.events["senders"] == cell]
        column = voltage[1 : there.size + 1, same.tolist().index(cell)]
        np.testing.assert_array_equal(column, there[: column.size])
