"""The learning network in PyTorch against calculations by hand; needs neuromodels-rdd[learning]."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_rdd.learning.architecture import Architecture, initial_values
from neuromodels_rdd.learning.conditions import (
    AFTER,
    BACKPROP,
    BEFORE,
    CONDITIONS,
    FEEDBACK_ALIGNMENT,
    MEASURES,
    MOMENTS,
    RDD,
    Learners,
)
from neuromodels_rdd.learning.measured import measure
from plain_feedback_alignment import gradients

import neuromodels
from neuromodels.errors import RunError
from neuromodels.images import FASHION_MNIST, Images, ImageSet
from neuromodels.running import simulation

torch = pytest.importorskip("torch", reason="PyTorch is missing: neuromodels-rdd[learning]")
from neuromodels_rdd.learning.learner import Learner, Optimiser  # noqa: E402

pytestmark = pytest.mark.fidelity

CONVOLUTIONAL = Architecture(2, 12, (3, 4), 3, (7, 6), 4)
FULL = Architecture(1, 5, (), 3, (9,), 3)
PLAIN = Optimiser(rate=0.1, momentum=0.9, weight_decay=0.0, feedback_decay=0.0, double_softmax=True)


def batches(architecture, n, size=9):
    rng = np.random.default_rng(5)
    shape = (size, architecture.channels, architecture.size, architecture.size)
    return [(rng.normal(size=shape), rng.integers(0, architecture.classes, size)) for _ in range(n)]


def convolutions(architecture):
    return [name for name in architecture.shapes if name not in architecture.full]


def parameters(learner):
    return {
        name.replace(".", "/"): values.detach().numpy()
        for name, values in learner.net.named_parameters()
    }


@pytest.mark.parametrize("architecture", [CONVOLUTIONAL, FULL], ids=["convolutional", "full"])
@pytest.mark.parametrize("transported", [False, True])
@pytest.mark.parametrize("double_softmax", [True, False])
def test_training_equals_numpy(architecture, transported, double_softmax):
    """Three batches with momentum and weight decay, all weights and batch norms, to rounding."""
    values = initial_values(architecture, [1, 2])
    optimiser = Optimiser(0.1, 0.9, 0.02, 0.0, double_softmax)
    learner = Learner(architecture, values, optimiser, transported=transported, dtype=torch.float64)

    by_hand = {name: np.array(v) for name, v in values.items() if not name.endswith("/feedback")}
    for name, value in parameters(learner).items():
        by_hand.setdefault(name, value.copy())  # gain and bias of batch norm
    velocity = {name: np.zeros_like(value) for name, value in by_hand.items()}
    for x, labels in batches(architecture, 3):
        feedback = {n: v for n, v in values.items() if n.endswith("/feedback")}
        _, found = gradients(
            x, labels, by_hand | feedback, convolutions(architecture), architecture.full,
            transported=transported, double_softmax=double_softmax,
        )  # fmt: skip
        assert set(found) == set(by_hand)
        for name, gradient in found.items():
            velocity[name] = 0.9 * velocity[name] + gradient + 0.02 * by_hand[name]
            by_hand[name] = by_hand[name] - 0.1 * velocity[name]
        learner.train([(x, labels)])
    for name, value in parameters(learner).items():
        np.testing.assert_allclose(value, by_hand[name], rtol=0, atol=1e-12, err_msg=name)


def test_evaluation_uses_running_averages():
    values = initial_values(FULL, [1, 2])
    learner = Learner(FULL, values, PLAIN, transported=True, dtype=torch.float64)
    seen = batches(FULL, 4)
    learner.train(seen)
    mean, var = np.zeros(9), np.ones(9)
    for x, _ in seen[:1]:
        hidden = np.maximum(x.reshape(9, -1) @ values["fc1/weight"].T + values["fc1/bias"], 0)
        mean, var = 0.1 * hidden.mean(0), 0.9 * var + 0.1 * hidden.var(0, ddof=1)
    fresh = Learner(FULL, values, PLAIN, transported=True, dtype=torch.float64)
    fresh.train(seen[:1])
    norm = fresh.net.get_submodule("fc1_norm")
    np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-12)
    np.testing.assert_allclose(norm.running_var, var, rtol=1e-12)

    rng = np.random.default_rng(3)
    images = Images(rng.integers(0, 256, (230, 1, 5, 5), dtype=np.uint8), rng.integers(0, 3, 230))
    p = parameters(learner)
    norm = learner.net.get_submodule("fc1_norm")
    x = (images.pixels.reshape(230, -1) / 127.5) - 1.0
    hidden = np.maximum(x @ p["fc1/weight"].T + p["fc1/bias"], 0)
    hidden = (hidden - norm.running_mean.numpy()) / np.sqrt(norm.running_var.numpy() + 1e-5)
    hidden = hidden * p["fc1_norm/weight"] + p["fc1_norm/bias"]
    outputs = hidden @ p["fc2/weight"].T + p["fc2/bias"]
    found = learner.evaluate(images)
    assert found.error == pytest.approx(100 * np.mean(outputs.argmax(1) != images.labels))
    e = np.exp(outputs - outputs.max(1, keepdims=True))
    e = np.exp(e / e.sum(1, keepdims=True))
    loss = -np.log(e[np.arange(230), images.labels] / e.sum(1)).mean()
    assert found.loss == pytest.approx(loss, rel=1e-6)


def test_feedback_decays_after_every_batch():
    values = initial_values(CONVOLUTIONAL, [1, 2])
    optimiser = Optimiser(0.1, 0.9, 0.01, 0.01, True)
    learner = Learner(CONVOLUTIONAL, values, optimiser, transported=False, dtype=torch.float64)
    learner.train(batches(CONVOLUTIONAL, 5))
    for layer in CONVOLUTIONAL.fed_back:
        expected = values[f"{layer}/feedback"] * 0.99**5
        np.testing.assert_allclose(learner.feedback(layer), expected, rtol=1e-12)
    assert learner.feedback("conv1") is None


# -- conditions -----------------------------------------------------------------------------------

SMALL = Architecture(1, 12, (4,), 3, (8, 6), 3)


@pytest.fixture(scope="module")
def images():
    """Three kinds of noisy blobs."""
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 3, 260)
    pixels = rng.integers(0, 120, (260, 1, 12, 12), dtype=np.uint8)
    for image, label in zip(pixels[:, 0], labels, strict=True):
        image[3 * label + 1 : 3 * label + 4, 2:9] += 120
    return ImageSet(Images(pixels[:200], labels[:200]), Images(pixels[200:], labels[200:]))


def learners(images, conditions=CONDITIONS, seed=1):
    return Learners(
        conditions, images, SMALL, PLAIN, batch=32, shift=1, mirror=False, seed=seed, threads=1
    )


def found(trained, condition):
    row = trained.conditions.index(condition)
    return {name: values[row] for name, values in trained.performance.items()}


def test_a_condition_does_not_depend_on_the_others(images):
    together, alone = learners(images), learners(images, [FEEDBACK_ALIGNMENT])
    for epoch in (1, 2):
        for condition in CONDITIONS:
            together.learn(condition, epoch)
        alone.learn(FEEDBACK_ALIGNMENT, epoch)
    assert found(together, FEEDBACK_ALIGNMENT) == found(alone, FEEDBACK_ALIGNMENT)
    # Without a phase of regression discontinuity rdd is feedback alignment.
    assert found(together, RDD) == found(together, FEEDBACK_ALIGNMENT)
    assert found(together, BACKPROP) != found(together, FEEDBACK_ALIGNMENT)
    assert np.all(together.performance["test_error"] < 100 * 2 / 3)


def test_feedback_equal_to_forward_weights_is_backprop_for_one_batch(images):
    one = ImageSet(images.train.first(32), images.test)
    trained = learners(one, [RDD, BACKPROP])
    for layer in SMALL.fed_back:
        trained[RDD].set_feedback(layer, trained[RDD].weight(layer))
    for condition in trained.conditions:
        trained.learn(condition, 1)
    for layer in SMALL.shapes:
        np.testing.assert_allclose(
            trained[RDD].weight(layer), trained[BACKPROP].weight(layer), rtol=0, atol=1e-7
        )
    angles = trained.measures[..., MEASURES.index("angle")]
    assert angles[0, :, MOMENTS.index(BEFORE)].max() < 1e-2
    assert angles[0, :, MOMENTS.index(AFTER)].min() > 1e-2
    assert np.isnan(angles[1]).all()


def test_learning_goes_on_from_its_state(images):
    whole, first = learners(images), learners(images)
    for condition in CONDITIONS:
        whole.learn(condition, 1)
        first.learn(condition, 1)
    state = {name: np.array(values) for name, values in first.state().items()}
    second = learners(images)
    second.restore(state)
    for condition in CONDITIONS:
        whole.learn(condition, 2)
        second.learn(condition, 2)
    final, again = whole.state(), second.state()
    assert set(final) == set(again)
    for name, values in final.items():
        np.testing.assert_array_equal(np.asarray(values), np.asarray(again[name]), err_msg=name)


# -- the circuit on the digits --------------------------------------------------------------------

NAME = "rdd/learning"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The smoke preset, all conditions."""
    pytest.importorskip("nest")
    return neuromodels.run(NAME, preset="smoke", out=tmp_path_factory.mktemp("smoke") / "run")


def test_all_conditions_from_one_command(smoke):
    assert smoke.status == "complete"
    assert {"errors", "angles"} <= set(smoke.figures)
    found = measure(smoke)
    assert found.epochs == smoke.parameters["epochs"]
    assert found.conditions == list(CONDITIONS)
    assert found.layers == ["fc2", "fc3"]
    chance = 90.0
    assert (found.performance["test_error"][-1] < 0.8 * chance).all()
    assert found.nest > 0
    assert all(wall > 0 for wall in found.pytorch.values())
    # The walls of the phases are all there is of wall time, but for the building.
    total = found.nest + sum(found.pytorch.values())
    assert total == pytest.approx(sum(p["wall"] for p in smoke.info["phases"]))


def test_spiking_neurons_find_the_forward_weights(smoke):
    """Before each epoch: aligned far beyond what independent weights are."""
    found = measure(smoke)
    rdd, plain = (found.conditions.index(name) for name in (RDD, FEEDBACK_ALIGNMENT))
    for column, (n, m) in enumerate(((50, 30), (30, 10))):
        chance = 1 / np.sqrt(n * m)  # standard deviation of a correlation
        assert found.before["correlation"][0, rdd, column] > 6 * chance
        assert abs(found.before["correlation"][0, plain, column]) < 4 * chance
        assert found.before["angle"][0, rdd, column] < 75.0
        assert found.before["correct"][0, rdd, column] > 60.0
    # With |W - Y'|^2 = |W|^2 + |Y|^2 - 2 trace(Y W).
    symm = found.before["sparse"] + 2 * found.before["self"]
    np.testing.assert_allclose(found.before["symm"], symm, rtol=1e-9)


def test_a_continued_run_gives_the_same_without_spiking_neurons(smoke, tmp_path, monkeypatch):
    """Conditions without RDD give exactly what an uninterrupted run gives; RDD goes on learning."""
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    learn = Learners.learn

    def failing(self, condition, epoch):
        if (condition, epoch) == (FEEDBACK_ALIGNMENT, 3):
            raise RuntimeError("power failure")
        learn(self, condition, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Learners, "learn", failing)
        with pytest.raises(RunError, match="power failure"):
            neuromodels.run(NAME, preset="smoke", out=tmp_path / "run")
    again = neuromodels.resume(tmp_path / "run")
    assert again.status == "complete"
    assert len(again.info["resumed"]) == 1
    whole, parts = measure(smoke), measure(again)
    assert parts.epochs == whole.epochs
    for condition in (FEEDBACK_ALIGNMENT, BACKPROP):
        row = whole.conditions.index(condition)
        for name, values in whole.performance.items():
            np.testing.assert_array_equal(values[:, row], parts.performance[name][:, row])
        for name, values in whole.after.items():
            np.testing.assert_array_equal(values[:, row], parts.after[name][:, row])
    # Until it was interrupted, and in the phase of NEST before that, all are the same.
    row = whole.conditions.index(RDD)
    for name, values in whole.after.items():
        np.testing.assert_array_equal(values[:2, row], parts.after[name][:2, row])
    assert parts.before["angle"][-1, row].max() < 75.0


def test_the_same_seed_gives_the_same_run(smoke, tmp_path):
    again = measure(neuromodels.rerun(smoke.path, tmp_path / "again"))
    first = measure(smoke)
    for name, values in first.performance.items():
        np.testing.assert_array_equal(values, again.performance[name])
    for name, values in first.before.items():
        np.testing.assert_array_equal(values, again.before[name])


# -- does it help? --------------------------------------------------------------------------------


def final_errors(run):
    found = measure(run)
    return dict(zip(found.conditions, found.performance["test_error"][-1], strict=True))


def test_error_on_digits_lies_between_backprop_and_feedback_alignment(smoke, tmp_path):
    """The claim of the paper, on five seeds of a small network after three epochs."""
    runs = [smoke] + [
        neuromodels.run(NAME, preset="smoke", seed=seed, out=tmp_path / str(seed), analyze=False)
        for seed in range(2, 6)
    ]
    errors = [final_errors(run) for run in runs]
    gain = np.array([e[FEEDBACK_ALIGNMENT] - e[RDD] for e in errors])
    # Paired over seeds; without an effect t (4 degrees of freedom) is above 2.78 in 2.5 % of cases.
    assert gain.mean() > 2.78 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert np.mean([e[RDD] - e[BACKPROP] for e in errors]) > 0


@pytest.mark.long
def test_error_on_fashion_mnist(tmp_path):
    """The claim of the paper with the short preset, three seeds, a quarter of an hour each."""
    if not FASHION_MNIST.is_dir():
        pytest.skip("Fashion-MNIST is missing: apt-get install dataset-fashion-mnist")
    for seed in (1, 2, 3):
        found = measure(neuromodels.run(NAME, preset="short", seed=seed, out=tmp_path / str(seed)))
        order = [found.conditions.index(c) for c in (BACKPROP, RDD, FEEDBACK_ALIGNMENT)]
        # In the mean over epochs: at a constant learning rate single ones differ by a point or two.
        errors = found.performance["test_error"].mean(axis=0)
        assert (np.diff(errors[order]) > 0).all()
        full = [found.layers.index(name) for name in ("fc1", "fc2", "fc3")]
        angles = found.before["angle"][:, :, full]
        assert (angles[:, order[1]] < angles[:, order[2]]).all()
