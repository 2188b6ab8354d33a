"""The circuit rdd/weight-alignment, recomputed step by step from the spikes of its drive."""

from __future__ import annotations

import exact_rdd as exact
import numpy as np
import pytest
from neuromodels_rdd.alignment_network import LAG
from neuromodels_rdd.circuits.weight_alignment import WeightAlignment

import neuromodels

nest = pytest.importorskip("nest")

SMALL = {"sizes": (40, 20, 10, 5), "stage": 1.0, "write_interval": 0.5}
ESTIMATES = {"m_upper": "m_above", "c_upper": "c_above", "m_lower": "m_below", "c_lower": "c_below"}


class Recorded(WeightAlignment):
    """Records the drive, and fits windows also where synapses learn."""

    analyses = ()

    def build(self, network):
        super().build(network)
        for layer, drive in enumerate(self.network.drives):
            network.population(f"drive_{layer}", drive)
        if self.parameters.rule == "synapses":
            self.network.fits = True
            network.signal("windows", self.network.harvest, interval=30.0, unit="")


def simulated(tmp_path, threads=1, **parameters):
    circuit = Recorded(WeightAlignment.Parameters(**{**SMALL, **parameters}))
    run = neuromodels.run(circuit, seed=5, threads=threads, out=tmp_path / "run")
    return circuit, run


def recomputed(circuit, run):
    """The plain network, after the run's drive."""
    p, network = circuit.parameters, circuit.network
    weights = [p.weight_gain * W.shape[1] / W.std() * W for W in network.forward]
    plain = exact.Network(weights, delay=p.forward_delay, stale=p.stale_baseline)
    stage = network.per_stage * network.segment
    for phase in range(p.phases):
        plain.reset()
        for layer in range(network.n_stages):
            spikes = run.spikes(f"drive_{layer}")
            start = layer * LAG + 1 + phase * network.duration
            counts = np.zeros((network.n_stages * stage, p.sizes[layer]))
            at = np.round(spikes.times - start).astype(int)
            kept = (at >= 0) & (at < len(counts))
            np.add.at(counts, (at[kept], spikes.node_ids[kept]), 1)
            assert not counts[: layer * stage].any()
            assert not counts[(layer + 1) * stage :].any()
            plain.switch(layer)
            for t in range(layer * stage, (layer + 1) * stage):
                plain.step(layer, counts[t])
    return plain


@pytest.mark.parametrize(
    "parameters",
    [
        {"phases": 2},
        {"rule": "synapses", "phases": 2},
        {"forward_delay": 1},
        {"stale_baseline": False, "rule": "synapses"},
    ],
    ids=["windows", "synapses", "delay", "fresh"],
)
def test_equals_a_calculation_step_by_step(parameters, tmp_path):
    circuit, run = simulated(tmp_path, **parameters)
    plain = recomputed(circuit, run)
    for layer in range(3):
        estimates = plain.layers[layer].estimates
        assert np.abs(estimates["beta"]).max() > 1e-4
        lines = circuit.network.lines[layer]
        for ours, name in ESTIMATES.items():
            variable, side = ours.split("_")
            np.testing.assert_allclose(
                getattr(lines, variable)[side], estimates[name], rtol=0, atol=1e-12, err_msg=ours
            )
            if circuit.parameters.rule == "synapses":
                np.testing.assert_allclose(
                    circuit.network.of_synapses(layer, ours), estimates[name], rtol=0, atol=1e-12
                )
    table = run.signals["alignment"].sel(measure=["windows_spiked", "windows_silent"])
    counted = np.asarray(table)[-1, -1]
    kinds = [[layer.windows[k] for k in ("spiked", "silent")] for layer in plain.layers[:3]]
    phases = circuit.parameters.phases
    total = np.nansum(np.asarray(table)[1:, -1], axis=0)
    np.testing.assert_array_equal(total, kinds)
    assert counted.min() > 0
    assert phases == len(table) - 1
