"""The circuit rdd/weight-alignment, recomputed step by step from the spikes of its drive."""

from __future__ import annotations

import itertools

import exact_rdd as exact
import numpy as np
import pytest
from neuromodels_rdd.alignment_network import LAG, AlignmentNetwork
from neuromodels_rdd.weight_alignment.circuit import WeightAlignment

import neuromodels
from neuromodels import get_values
from neuromodels.errors import ParameterError, RunError
from neuromodels.running import simulation

nest = pytest.importorskip("nest")

SMALL = {"sizes": (40, 20, 10, 5), "stage": 0.6, "write_interval": 0.3, "weight_gain": 2.0}
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
        {"rule": "synapses", "forward_delay": 1, "stale_baseline": False},
    ],
    ids=["windows", "synapses", "variants"],
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


# -- forward weights from a file ------------------------------------------------------------------


def weights(sizes, seed=0):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(sizes))
    found = {f"W{i}": rng.normal(size=(post, pre)) for i, (pre, post) in enumerate(pairs, 1)}
    return {**found, "Y1": rng.normal(size=(sizes[0], sizes[1]))}


def test_forward_weights_from_a_file(tmp_path):
    given = weights(SMALL["sizes"])
    np.savez(tmp_path / "w.npz", **given)
    circuit, run = simulated(tmp_path, forward=str(tmp_path / "w.npz"))
    for i in (1, 2, 3):
        found = np.asarray(run.signals[f"forward_{i}"])[-1]
        np.testing.assert_allclose(found, given[f"W{i}"].T, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(run.signals["feedback_1"])[0], given["Y1"], rtol=1e-6)
    network = circuit.network
    learned = network.beta[0] != 0
    assert learned.mean() > 0.5
    final = network.feedback[0]
    np.testing.assert_allclose(final[learned].std(), given["Y1"].std(), rtol=1e-12)
    np.testing.assert_array_equal(final[~learned], given["Y1"][~learned])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"W2": np.ones((3, 3))}, r"W2 in .* is of shape \(3, 3\)"),
        ({"W2": None}, "W2 in .* is missing"),
        ({"W1": np.ones((20, 40))}, "has no spread"),
        ({"W3": np.full((5, 10), np.nan)}, "not finite"),
    ],
)
def test_a_file_that_does_not_fit(change, says, tmp_path):
    given = {**weights(SMALL["sizes"]), **change}
    np.savez(tmp_path / "w.npz", **{k: v for k, v in given.items() if v is not None})
    with pytest.raises(ParameterError, match=says):
        WeightAlignment(WeightAlignment.Parameters(**SMALL, forward=str(tmp_path / "w.npz")))


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "w.npz").write_text("no archive")
    for name in ("w.npz", "missing.npz"):
        with pytest.raises(ParameterError, match="cannot be read"):
            WeightAlignment(WeightAlignment.Parameters(**SMALL, forward=str(tmp_path / name)))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"sizes": (5,)}, "not the sizes of two layers"),
        ({"write_interval": 0.4}, "no multiple of write_interval"),
        ({"stage": 0.1, "write_interval": 0.1}, "too short for 4 layers"),
        ({"redraw": 2.0}, "times redraw in one write_interval"),
        ({"redraw": 2.5}, "no multiple of 1 ms"),
    ],
)
def test_bad_parameters(values, says):
    with pytest.raises(ParameterError, match=says):
        WeightAlignment(WeightAlignment.Parameters(**{**SMALL, **values}))


# -- checkpoints ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["windows", "synapses"])
def test_resume_continues_from_the_last_checkpoint(rule, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    values = {**SMALL, "rule": rule}
    go_on = AlignmentNetwork._go_on
    saved, again = {}, {}

    def failing(self, network, k):
        if k == 3 and not network.origin:
            raise RuntimeError("power failure")
        go_on(self, network, k)

    def keeping(self, network):
        saved.update({name: np.array(v) for name, v in state(self, network).items()})
        return saved

    state, resume = WeightAlignment.state, AlignmentNetwork._resume

    def looking(self, network):
        restored = self._restored
        resume(self, network)
        if restored:
            again.update(beta=self.beta, clock=get_values(self.layers[0], "clock"))

    with monkeypatch.context() as patch:
        patch.setattr(AlignmentNetwork, "_go_on", failing)
        patch.setattr(WeightAlignment, "state", keeping)
        with pytest.raises(RunError, match="power failure"):
            neuromodels.run("rdd/weight-alignment", parameters=values, seed=3, out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(AlignmentNetwork, "_resume", looking)
        run = neuromodels.resume(tmp_path / "run")
    assert run.status == "complete"
    assert run.info["resumed"][0]["time"] == 4 * LAG + 3 * 300
    for layer in range(3):
        lines = {
            side: saved[f"m_{side}_{layer}"] + saved[f"c_{side}_{layer}"]
            for side in ("upper", "lower")
        }
        np.testing.assert_array_equal(again["beta"][layer], lines["upper"] - lines["lower"])
    assert (again["clock"] == 3 * 300 + 4 * LAG - LAG - 1).all()
    table = np.asarray(run.signals["alignment"])[-1]
    assert np.isfinite(table).all()
    windows = run.signals["alignment"].sel(measure="windows_spiked")[-1]
    per_second = np.diff(np.asarray(windows)[:, 1])[2:4]
    assert (per_second > 0).all()
