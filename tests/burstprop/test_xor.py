"""The circuit burstprop/xor at a small size: teacher, protocol, wiring, checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_burstprop.xor.circuit import (
    NEURON_STATE,
    SYNAPSE_AGES,
    SYNAPSE_STATE,
    Xor,
    plastic_model,
)
from neuromodels_burstprop.xor.supervision import Teacher
from neuromodels_burstprop.xor.truth_table import parse

import neuromodels
from neuromodels.errors import ParameterError, RunError
from neuromodels.running import simulation

nest = pytest.importorskip("nest")

NAME = "burstprop/xor"
TINY = {"n": 60, "p_connect": 0.5, "epochs": 3}
EXAMPLES = ("00", "10", "01", "11")


# -- teacher and truth table ----------------------------------------------------------------------


def published_error(e, target):
    """Error current (pA) as the document of the published simulation has it, e in Hz."""
    if target == 0:
        return 0.0 if e <= 3 else -1000.0 if e >= 9 else -1000.0 / (10 - e)
    return 0.0 if e >= 9 else 1000.0 if e <= 3 else 1000.0 / (e - 2)


def test_error_current_is_the_published_one():
    rates = np.array([0.0, 1.0, 2.0, 2.5, 3.0, 3.001, 5.0, 6.0, 8.0, 8.999, 9.0, 9.5, 10.0, 30.0])
    for target in (0, 1):
        ours = Teacher().error_current(rates, target)
        np.testing.assert_allclose(ours, [published_error(e, target) for e in rates], rtol=1e-12)


def test_cost_is_the_published_one():
    teacher = Teacher()
    for rate in (0.0, 2.0, 2.9, 6.0, 9.99, 40.0):
        y = min(0.99, max(0.01, (rate - 2) / 8))
        np.testing.assert_allclose(teacher.cost(np.array(rate), 1), -np.log(y))
        np.testing.assert_allclose(teacher.cost(np.array(rate), 0), -np.log(1 - y))
    four = teacher.cost(np.full((1, 4, 1), 6.0), np.array([[0], [1], [1], [0]]))
    assert four.sum() == pytest.approx(4 * np.log(2))


def test_truth_table():
    table = parse("00:01, 10:10", "here")
    assert [(e.name, e.inputs, e.targets) for e in table] == [
        ("00", (0, 0), (0, 1)), ("10", (1, 0), (1, 0)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not an example"), ("00", "is not an example"), ("0a:1", "is not an example"),
        ("00:0 1:1", "different lengths"), ("00:0 00:1", "occur twice"),
    ],
)  # fmt: skip
def test_bad_truth_table(text, says):
    with pytest.raises(ParameterError, match=says):
        Xor(Xor.Parameters(truth_table=text))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"feedback_exc": (0.1,)}, "1 weights for 2 hidden and 1 output"),
        ({"I_hidden_dend": ()}, "weights for 0 hidden"),
        ({"bin": 1.5}, "do not divide"),
        ({"rate_1": 3.5}, "1.5 Hz apart"),
    ],
)
def test_bad_parameters(values, says):
    with pytest.raises(ParameterError, match=says):
        Xor(Xor.Parameters(**values))


# -- the published experiment, small --------------------------------------------------------------


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """A small run of three epochs, and what the kernel holds at its end."""
    out = tmp_path_factory.mktemp("xor") / "run"
    run = neuromodels.run(NAME, preset="smoke", parameters=TINY, seed=1, out=out)
    counts = {
        name: len(nest.GetConnections(synapse_model=name))
        for name in ("event_synapse", "burst_synapse", plastic_model("input_1", "hidden_2"))
    }
    return run, counts


def test_what_a_run_leaves(smoke):
    run, counts = smoke
    p = run.parameters
    assert run.status == "complete"
    assert [ph.name for ph in run.phases[:6]] == [
        "burn_in", *(f"test_before_{e}" for e in EXAMPLES), "epoch_1_00_settle",
    ]  # fmt: skip
    assert len(run.phases) == 1 + 8 + 2 * 4 * TINY["epochs"]
    bins = round(run.t_stop / 1000.0 / p["bin"])
    assert run.signals["events"].shape == (bins + 1, 5)
    assert run.signals["weight_mean"].shape == (bins + 1, 6)
    expected = 60 * 60 * 0.5
    for name, projections in (("event_synapse", 6), ("burst_synapse", 4)):
        assert abs(counts[name] / (projections * expected) - 1) < 0.06
    assert abs(counts[plastic_model("input_1", "hidden_2")] / expected - 1) < 0.1
    values = {name: metric.value for name, metric in run.metrics.items()}
    assert "epochs_1_3/cost" in values
    assert "test_after/wrong_decisions" in values
    assert {m.verdict for m in run.metrics.values()} == {"no reference"}
    assert {"learning", "tests", "rates"} <= set(run.figures)
    # Inputs: 150 pA and -350 pA make a difference larger than any chance.
    assert values["test_before_10/input_1_event_rate"] > 2 * values[
        "test_before_10/input_2_event_rate"
    ]  # fmt: skip


def test_weights_move_in_learning_phases_only(smoke):
    run, _ = smoke
    weights = run.signals["weight_mean"]
    times, p = np.asarray(weights["time"]), run.parameters
    before = 1000.0 * (p["burn_in"] + 4 * p["test"])
    still = np.asarray(weights)[times <= before + 1.0]
    np.testing.assert_allclose(still, p["w_0"], rtol=1e-12)
    assert np.all(np.abs(np.asarray(weights)[-1] - p["w_0"]) > 1e-5)
    # After learning, synapses only take in what is left; then they stand still.
    after = np.asarray(weights)[times > run.phase("test_after_10").start + 1.0]
    np.testing.assert_allclose(after, np.broadcast_to(after[-1], after.shape), atol=1e-4)


def test_prediction_is_the_average_of_events(smoke):
    """The teacher's estimate of the rate, against the events that were counted."""
    run, _ = smoke
    read = np.asarray(run.signals["prediction"])
    assert np.isnan(read[0]).all()
    assert np.isfinite(read[-1]).all()
    last = run.signals["events"].sel(population="output")
    rate = np.diff(np.asarray(last, dtype=float)) / run.parameters["n"] / run.parameters["bin"]
    assert 0.4 * rate.mean() < read[-1, 0] < 2.5 * rate.mean()


def test_another_task_by_parameters_alone(tmp_path):
    """Three inputs, one hidden population, two outputs."""
    run = neuromodels.run(
        NAME,
        preset="smoke",
        parameters={
            "truth_table": "000:01 111:10",
            "I_hidden_dend": [0.0],
            "feedback_exc": [0.2, 0.1],
            "feedback_inh": [0.0, 0.1],
            "n": 50,
            "p_connect": 0.5,
            "epochs": 1,
            "record_spikes": True,
        },
        out=tmp_path / "run",
    )
    assert list(run.populations) == [
        "input_1", "input_2", "input_3", "hidden_1", "output_1", "output_2",
    ]  # fmt: skip
    assert run.signals["weight_mean"].sizes["projection"] == 3 + 2
    assert run.signals["prediction"].sizes["output"] == 2
    assert len(run.spikes("output_2").times) > 0
    assert "epochs_1_1/output_2_rate_111" in run.metrics


def test_events_and_bursts_are_those_of_the_spikes(tmp_path):
    """Counters in the neurons against the one detector on recorded spikes."""
    from neuromodels.bursts import decompose

    values = {**TINY, "epochs": 1, "record_spikes": True}
    run = neuromodels.run(NAME, preset="smoke", parameters=values, out=tmp_path / "run")
    for population in ("input_1", "hidden_2", "output"):
        found = decompose(run.spikes(population), resolution=0.1)
        for name, trains in (("events", found.events), ("bursts", found.bursts)):
            counted = run.signals[name].sel(population=population)
            expected = np.searchsorted(np.sort(trains.times), np.asarray(counted["time"]) + 0.05)
            np.testing.assert_array_equal(np.asarray(counted), expected)


# -- checkpoints ----------------------------------------------------------------------------------


def interrupted(tmp_path, monkeypatch, at):
    """A run that fails when it enters the phase `at`; with a checkpoint in every epoch."""
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    saved, targets = {}, {}
    show, state = Xor._show, Xor.state

    def failing(self, example):
        enter = show(self, example)

        def entering(network):
            if network.now >= at and not network.origin:
                raise RuntimeError("power failure")
            enter(network)

        return entering

    def keeping(self, network):
        saved.update(state(self, network))
        targets.update(targets_of(self))
        return saved

    with monkeypatch.context() as patch:
        patch.setattr(Xor, "_show", failing)
        patch.setattr(Xor, "state", keeping)
        with pytest.raises(RunError, match="power failure"):
            neuromodels.run(NAME, preset="smoke", parameters=TINY, seed=3, out=tmp_path / "run")
    return tmp_path / "run", saved, targets


def targets_of(circuit):
    """Node ids of the targets of each projection's synapses, in the kernel's order."""
    models = [plastic_model(*projection) for projection in circuit.projections]
    return {model: neuromodels.weights(model)[1] for model in models}


def test_resume_continues_from_the_last_checkpoint(tmp_path, monkeypatch):
    p = Xor.Parameters.resolve({**Xor.presets["smoke"], **TINY})
    start = 1000.0 * (p.burn_in + 4 * p.test)
    epoch = 4000.0 * (p.settle + p.learn)
    path, saved, targets = interrupted(
        tmp_path, monkeypatch, round(10 * (start + 2 * epoch + 100.0))
    )
    checkpoint = path / "checkpoint.npz"
    assert checkpoint.exists()
    assert {f"output/{v}" for v in NEURON_STATE} < set(saved)
    model = plastic_model("hidden_1", "output")
    assert {f"{model}/{v}" for v in (*SYNAPSE_STATE, *SYNAPSE_AGES)} < set(saved)

    seen = {}
    restore = Xor.restore

    def looking(self, network, state):
        restore(self, network, state)
        seen.update(state=dict(state), again=dict(self.state(network)))
        seen["targets"] = targets_of(self)

    with monkeypatch.context() as patch:
        patch.setattr(Xor, "restore", looking)
        run = neuromodels.resume(path)
    assert run.status == "complete"
    assert not checkpoint.exists()
    # Everything that was saved is there again, exactly (ages: a sum of times).
    for name, values in saved.items():
        np.testing.assert_array_equal(seen["state"][name], values)
        np.testing.assert_allclose(seen["again"][name], values, rtol=1e-12, atol=1e-9)
    # ... and at the same synapses, which NEST sorts when a simulation begins.
    for model, nodes in targets.items():
        np.testing.assert_array_equal(seen["targets"][model], nodes)
    # It went on where the last checkpoint was, before the last error of epoch 2.
    assert run.info["resumed"][0]["time"] == start + 2 * epoch - 1000.0 * p.learn
    # Signals have neither a gap nor a sample twice.
    times = np.asarray(run.signals["events"]["time"])
    np.testing.assert_allclose(np.diff(times), 1000.0 * p.bin)
    assert times[-1] == run.t_stop
    events = np.diff(np.asarray(run.signals["events"]), axis=0)
    assert (events >= 0).all()
    weights = np.asarray(run.signals["weight_mean"])
    moved = weights[times > start + 2.9 * epoch][0] - weights[times > start + 1.9 * epoch][0]
    assert np.all(moved != 0)
    assert all(ph["wall"] is not None for ph in run.info["phases"])
    rate = events[:, -1].mean()
    cut = np.searchsorted(times, run.info["resumed"][0]["time"])
    # No jump in activity where it was continued: Poisson-like counts of one bin.
    assert abs(events[cut, -1] - rate) < 6 * np.sqrt(rate)


def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    p = Xor.Parameters.resolve({**Xor.presets["smoke"], **TINY})
    start = 1000.0 * (p.burn_in + 4 * p.test)
    path, _, _ = interrupted(
        tmp_path, monkeypatch, round(10 * (start + 4000.0 * (p.settle + p.learn)))
    )
    (path / "checkpoint.npz").write_bytes(b"not an archive")
    with pytest.raises(RunError, match="checkpoint cannot be read") as caught:
        neuromodels.resume(path)
    assert "delete it" in str(caught.value)
    (path / "checkpoint.npz").unlink()
    assert neuromodels.resume(path).info["resumed"] == []
