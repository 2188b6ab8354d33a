"""``burstprop/deep``: recorded courses, refusals, checkpoints; needs scikit-learn's digits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plain_deep
import pytest
from neuromodels_burstprop.deep import architecture, reference
from neuromodels_burstprop.deep.circuit import Deep, DeepParameters
from neuromodels_burstprop.deep.equations import KAPPA, Rule, Values, errors, forward, gradient
from neuromodels_burstprop.deep.layers import Dense, sigmoid
from neuromodels_burstprop.deep.learner import Learner
from neuromodels_burstprop.deep.measured import measure
from neuromodels_burstprop.deep.measures import angles

import neuromodels
from neuromodels.errors import NeuromodelsError, RunError
from neuromodels.running import simulation

NAME = "burstprop/deep"
COURSES = Path(__file__).parents[1] / "data" / "golden" / "burstprop_deep_digits.csv"
RECORDED = [name for name in Deep.conditions if name != "burst-ccn"]

# Column of the recorded courses -> name of the metric.
COLUMNS = {
    "train_error": "train_error", "test_error": "test_error", "test_loss": "test_loss",
    "weight_angle_2": "feedback_angle/layer_2", "weight_angle_3": "feedback_angle/layer_3",
    "delta_angle_1": "error_angle/layer_1", "delta_angle_2": "error_angle/layer_2",
}  # fmt: skip

digits = pytest.importorskip("sklearn", reason="scikit-learn, which has the digits, is missing")


def made(condition="burst-kp", preset="smoke", **values):
    parameters = {**Deep.presets[preset], **Deep.conditions.get(condition, {}), **values}
    return Deep(DeepParameters.resolve(parameters))


class Kernel:
    """What `Deep.build` asks of a network that is never simulated."""

    nest = SimpleNamespace(local_num_threads=1, total_num_virtual_procs=1, num_processes=1)

    def signal(self, *args, **kwargs):
        pass

    def once(self, do):
        return do()


def built(condition, seed=1, **values):
    circuit = made(condition, **values)
    circuit.seed = seed
    circuit.build(Kernel())
    return circuit


def shown(circuit):
    """What the circuit has measured last, by name of the metric."""
    found = {name: getattr(circuit, name) for name in ("train_error", "test_error", "test_loss")}
    found |= {f"error_angle/layer_{i + 1}": circuit.measures[i, 0] for i in (0, 1)}
    found |= {f"feedback_angle/layer_{i + 1}": circuit.measures[i, 1] for i in (1, 2)}
    return found


def recorded(condition, seed):
    table = pd.read_csv(COURSES)
    rows = table[(table["condition"] == condition) & (table["seed"] == seed)]
    return rows.rename(columns=COLUMNS)[list(COLUMNS.values())].to_dict("records")


def check_course(condition, seed, epochs):
    circuit = built(condition, seed)
    for epoch, expected in enumerate(recorded(condition, seed)[: epochs + 1]):
        if epoch:
            circuit._learn(Kernel())
        found = shown(circuit)
        for name, value in expected.items():
            # The table has ten digits.
            np.testing.assert_allclose(
                found[name], value, rtol=2e-9, atol=1e-9, err_msg=f"{name}, epoch {epoch}"
            )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("condition", RECORDED)
def test_recorded_courses(condition, seed):
    """Eight epochs, 352 updates, to the digits of the table."""
    check_course(condition, seed, 8)


@pytest.mark.fidelity
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("condition", RECORDED)
def test_all_of_the_recorded_courses(condition, seed):
    check_course(condition, seed, 30)


@pytest.mark.fidelity
@pytest.mark.parametrize("condition", RECORDED)
def test_the_program_behind_the_references_gives_the_recorded_courses(condition):
    data = plain_deep.images()
    for seed in (1, 2):
        course = plain_deep.course(condition, seed, 30, data)
        for found, expected in zip(course, recorded(condition, seed), strict=True):
            for name, value in expected.items():
                np.testing.assert_allclose(found[name], value, rtol=2e-9, atol=2e-6, err_msg=name)


@pytest.mark.fidelity
@pytest.mark.parametrize("condition", Deep.conditions)
def test_references_are_what_that_program_gives(condition):
    """Two of its 20 seeds are within the spread, and new seeds agree with the package's."""
    data = plain_deep.images()
    *_, last = plain_deep.course(condition, 31, 30, data)
    circuit = built(condition, 31)
    for _ in range(30):
        circuit._learn(Kernel())
    for name, value in shown(circuit).items():
        assert value == pytest.approx(last[name], rel=1e-6, abs=2e-6), name
    for name, value in last.items():
        known = reference.of(condition, 30, name)
        if known is not None:
            assert abs(value - known.mean) <= max(6.0 * known.sd, 1e-9), name


# -- a run ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return neuromodels.run(NAME, preset="smoke", out=tmp_path_factory.mktemp("deep") / "run")


def test_a_run_is_the_recorded_course(smoke):
    found = measure(smoke)
    assert found.condition == "burst-kp"
    assert np.array_equal(found.epochs, np.arange(6))
    expected = pd.DataFrame(recorded("burst-kp", 1)[:6])
    np.testing.assert_allclose(found.test_error, expected["test_error"], rtol=1e-9)
    np.testing.assert_allclose(found.train_error, expected["train_error"], rtol=1e-9)
    angles_of_errors = found.measures["error_angle"][:, 0]
    np.testing.assert_allclose(angles_of_errors, expected["error_angle/layer_1"], rtol=1e-8)


def test_metrics_have_references_and_agree(smoke):
    judged = [m for m in smoke.metrics.values() if m.reference is not None]
    assert len(judged) >= 12
    assert all(m.verdict == "agrees" for m in judged)
    assert all(np.isfinite(m.value) for m in smoke.metrics.values())
    assert set(smoke.figures) == {"errors", "layers"}


def test_a_changed_network_has_no_references(tmp_path):
    run = neuromodels.run(
        NAME, preset="smoke", parameters={"hidden": (20, 20), "epochs": 1}, out=tmp_path / "run"
    )
    assert all(m.reference is None for m in run.metrics.values())


def test_a_continued_run_is_the_same(smoke, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    train = Learner.train

    def failing(self, images):
        if self.epochs == 3:
            raise RuntimeError("power failure")
        return train(self, images)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "train", failing)
        with pytest.raises(RunError, match="power failure"):
            neuromodels.run(NAME, preset="smoke", out=tmp_path / "run")
    again = neuromodels.resume(tmp_path / "run")
    assert again.status == "complete"
    assert len(again.info["resumed"]) == 1
    whole, parts = measure(smoke), measure(again)
    np.testing.assert_array_equal(whole.test_error, parts.test_error)
    np.testing.assert_array_equal(whole.train_error, parts.train_error)
    for name, values in whole.measures.items():
        np.testing.assert_array_equal(values, parts.measures[name])


def test_conditions_differ_in_the_rule_only():
    rules = {name: made(name).rule for name in Deep.conditions}
    assert len(set(rules.values())) == len(rules)
    seen = [built(name, epochs=1).learner for name in Deep.conditions]
    for learner in seen[1:]:
        for a, b in zip(learner.values.W, seen[0].values.W, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"units": "softmax"}, "rectified units have no recurrent weights"),
        ({"signal": "gradient"}, "feedback weights learn from bursts only"),
        ({"batch": 2000}, "1437 training images make no batch of 2000"),
        ({"maps": (4, 4), "kernels": (3,), "strides": (1, 1)}, "2 numbers of maps, 1 kernels"),
        ({"maps": (4,), "kernels": (9,), "strides": (1,)}, "nothing of images of 8 x 8 pixels"),
        ({"n_train": 5000}, "5000 images are asked for"),
        ({"device": "nowhere"}, "PyTorch cannot calculate on 'nowhere' here"),
    ],
)
def test_refusals(values, message):
    if "maps" in values or "device" in values:
        pytest.importorskip("torch", reason="PyTorch is missing: neuromodels-burstprop[learning]")
    with pytest.raises(NeuromodelsError) as caught:
        made(**values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_learning_rates_must_be_known_or_given(tmp_path):
    import gzip
    import struct

    def idx(values):
        values = np.asarray(values, dtype=np.uint8)
        shape = struct.pack(f">{values.ndim}I", *values.shape)
        return gzip.compress(bytes((0, 0, 8, values.ndim)) + shape + values.tobytes())

    for part, n in (("train", 40), ("t10k", 8)):
        images = idx(np.arange(n * 16).reshape(n, 4, 4) % 251)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(images)
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(n) % 3))
    values = {"dataset": "idx", "data_dir": str(tmp_path)}
    with pytest.raises(NeuromodelsError, match="no learning rates are known for idx"):
        made(**values)
    circuit = made(**values, rate_hidden=0.1, rate_output=0.02)
    assert circuit.rates.layers == [0.1, 0.1, 0.02]


# -- equations ------------------------------------------------------------------------------------


def network(sizes, seed=3, scale=1.0):
    layers = [Dense(post, pre) for pre, post in pairwise(sizes)]
    drawn = architecture.draw(layers, architecture.Initial(), np.random.default_rng(seed))
    drawn["W"] = [scale * w for w in drawn["W"]]
    return layers, Values(**drawn)


def batch(sizes, n=4, seed=5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, sizes[0])), np.eye(sizes[-1])[rng.integers(0, sizes[-1], n)]


@pytest.mark.parametrize("units", ["sigmoid", "softmax"])
def test_gradient_is_that_of_the_loss(units):
    sizes = (5, 4, 6, 3)
    layers, values = network(sizes)
    x, t = batch(sizes)
    rule = Rule("gradient", "tied", recurrent=False, units=units)

    def loss():
        e = forward(layers, values, x, rule).e[-1]
        return 0.5 * np.sum((e - t) ** 2) if units == "sigmoid" else -np.sum(t * np.log(e))

    signals = forward(layers, values, x, rule)
    errors(layers, values, signals, t, rule)
    for i, layer in enumerate(layers):
        weight, bias = layer.gradient(signals.d[i], signals.below[i])
        for array, found in ((values.W[i], weight), (values.c[i], bias)):
            numeric = np.zeros_like(array)
            for index in np.ndindex(array.shape):
                kept = array[index]
                array[index] = kept + 1e-6
                above = loss()
                array[index] = kept - 1e-6
                numeric[index] = (above - loss()) / 2e-6
                array[index] = kept
            np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-8)


def test_two_pathways_leave_dendrites_at_rest_without_teacher():
    """Whatever the input: events inhibit what bursts at rest excite."""
    sizes = (5, 4, 6, 7, 3)
    layers, values = network(sizes, scale=3.0)
    x, t = batch(sizes)
    for strength, resting in ((1.0, True), (0.0, False)):
        rule = Rule(recurrent=False, event_feedback=strength)
        signals = forward(layers, values, x, rule)
        errors(layers, values, signals, t, rule)
        largest = max(np.abs(u).max() for u in signals.u)
        assert (largest < 1e-14) == resting


def test_softmax_networks_follow_the_published_equations():
    sizes = (6, 5, 4, 3)
    layers, values = network(sizes, scale=2.0)
    x, t = batch(sizes, n=8)
    rule = Rule(recurrent=False, units="softmax", feedback="fixed")
    signals = forward(layers, values, x, rule)
    errors(layers, values, signals, t, rule)
    e1 = np.maximum(0, x @ values.W[0].T)
    e2 = np.maximum(0, e1 @ values.W[1].T)
    z = np.exp(e2 @ values.W[2].T)
    a = z / z.sum(1, keepdims=True)
    s = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    np.testing.assert_allclose(signals.e[2], a, rtol=1e-12)
    p = np.minimum(1, 0.2 * (1 + KAPPA * (t - a) / (a + 1e-8)))
    b3, b3t = 0.2 * a, p * a
    np.testing.assert_allclose(signals.d[2], -(b3t - b3) / KAPPA, rtol=1e-6, atol=1e-12)
    f, ft = b3 @ values.Y[2], b3t @ values.Y[2]
    ft = f + (ft - f) / KAPPA
    h = (e2 > 0) / (e2 + 1e-8)
    b2, b2t = s(f * h) * e2, s(ft * h) * e2
    np.testing.assert_allclose(signals.d[1], -(b2t - b2), rtol=1e-6, atol=1e-12)
    h = (e1 > 0) / (e1 + 1e-8)
    b1, b1t = s(b2 @ values.Y[1] * h) * e1, s(b2t @ values.Y[1] * h) * e1
    np.testing.assert_allclose(signals.d[0], -(b1t - b1), rtol=1e-6, atol=1e-12)
    # To first order the output's error is p_b times the gradient of the cross entropy.
    exact = gradient(layers, values.W, signals.e, t, rule)
    np.testing.assert_allclose(signals.d[2], 0.2 * exact[2], rtol=1e-3, atol=1e-8)


def test_numpy_and_pytorch_learn_the_same():
    torch = pytest.importorskip("torch", reason="PyTorch is missing")
    x = np.linspace(-800, 800, 101)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(sigmoid(x), 1 / (1 + np.exp(-x)), atol=1e-15)
    np.testing.assert_allclose(sigmoid(torch.tensor(x)).numpy(), sigmoid(x), atol=1e-15)

    learners = []
    for with_torch in (False, True):
        circuit = made("burst-kp")
        circuit.torch = with_torch
        circuit.build(Kernel())
        circuit.learner.train(circuit.images.train)
        learners.append(circuit.learner)
    for name, array in learners[0].state().items():
        np.testing.assert_allclose(learners[1].state()[name], array, rtol=1e-9, atol=1e-12)


def test_small_angles_are_exact():
    a = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    b = np.array([[2.0, 2e-9], [-1.0, 0.0], [5.0, 5.0], [1.0, 0.0]])
    found = angles(a, b)
    np.testing.assert_allclose(found[:3], [np.degrees(1e-9), 180.0, 0.0], rtol=1e-12)
    assert np.isnan(found[3])


def test_convolutions_learn(tmp_path):
    """A network with a convolution on the digits, and its checkpoint."""
    pytest.importorskip("torch", reason="PyTorch is missing: neuromodels-burstprop[learning]")
    values = {
        "maps": (8,), "kernels": (3,), "strides": (2,), "hidden": (40,), "epochs": 10,
        "rate_hidden": 0.3, "rate_output": 0.03, "precision": "single",
    }  # fmt: skip
    run = neuromodels.run(NAME, preset="smoke", parameters=values, out=tmp_path / "run")
    found = measure(run)
    assert found.layers == ["layer_1", "layer_2", "layer_3"]
    assert found.test_error[0] > 80
    assert found.test_error[-1] < 40
    assert (found.measures["feedback_angle"][0, 1:] > 80).all()
