"""``burstprop/continuous`` against a calculation unit by unit; needs scikit-learn's digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from neuromodels_burstprop.continuous.circuit import Continuous, ContinuousParameters
from neuromodels_burstprop.continuous.equations import Constants, Network, Weights

import neuromodels
from neuromodels.errors import ParameterError, RunError
from neuromodels.running import simulation

NAME = "burstprop/continuous"


def s(x):
    return 1 / (1 + math.exp(-x))


class UnitByUnit:
    """The published equations with plain numbers, one unit after the other."""

    def __init__(self, weights, k):
        self.w, self.k = weights, k
        n, m = len(weights.c1), len(weights.c2)
        self.z = [[0.0] * n, [0.0] * m]
        self.e = [[0.0] * n, [0.0] * m]
        self.b = [[0.0] * n, [0.0] * m]
        self.p = [[0.5] * n, [0.5] * m]
        self.E = [[0.0] * n, [0.0] * m]
        self.B = [[0.0] * n, [0.0] * m]
        self.u = [0.0] * n

    def moving_p(self, layer):
        pairs = zip(self.B[layer], self.E[layer], strict=True)
        return [b / e if e > 0 else 0.5 for b, e in pairs]

    def step(self, x, target):
        w, k = self.w, self.k
        n, m = len(w.c1), len(w.c2)
        e, b, p, P = self.e, self.b, self.p, [self.moving_p(0), self.moving_p(1)]
        weights = [np.array(a) for a in (w.W1, w.c1, w.W2, w.c2)]
        new_p2 = [
            0.5 if target is None
            else 0.5 + 0.5 * math.tanh((target[o] - self.E[1][o]) / (self.E[1][o] + 1e-8))
            for o in range(m)
        ]  # fmt: skip
        a = k.dt / k.tau_z
        z1 = [
            (1 - a) * self.z[0][h]
            + a * (sum(weights[0][h][i] * x[i] for i in range(len(x))) + weights[1][h])
            for h in range(n)
        ]
        z2 = [
            (1 - a) * self.z[1][o]
            + a * (sum(weights[2][o][h] * e[0][h] for h in range(n)) + weights[3][o])
            for o in range(m)
        ]
        new_e1 = [math.exp(z) if k.hidden == "exp" else s(z) for z in z1]
        total = sum(math.exp(z) for z in z2)
        new_e2 = [math.exp(z) / total for z in z2]
        Y = weights[2].T if k.tied else w.Y
        for h in range(n):
            gain = 1.0 if k.hidden == "exp" else 1 - e[0][h]
            down = k.beta * gain * sum(Y[h][o] * b[1][o] for o in range(m))
            self.u[h] += k.dt / k.tau_u * (down - self.u[h])
        new_p1 = [s(u) for u in self.u]
        c = k.dt / k.tau_average
        for layer in (0, 1):
            self.E[layer] = [v + c * (r - v) for v, r in zip(self.E[layer], e[layer], strict=True)]
            self.B[layer] = [v + c * (r - v) for v, r in zip(self.B[layer], b[layer], strict=True)]
        if target is not None:
            r = k.dt / k.tau_w
            for h in range(n):
                d = (p[0][h] - P[0][h]) * e[0][h]
                high = 1 - k.e_max / (new_e1[h] + 1e-8) if new_e1[h] > k.e_max else 0.0
                w.c1[h] += r * d
                for i in range(len(x)):
                    w.W1[h, i] += r * (d * x[i] - k.decay * high * x[i])
            for o in range(m):
                d = (p[1][o] - P[1][o]) * e[1][o]
                w.c2[o] += r * d
                for h in range(n):
                    w.W2[o, h] += r * d * e[0][h]
        self.z, self.e, self.p = [z1, z2], [new_e1, new_e2], [new_p1, new_p2]
        self.b = [
            [q * v for q, v in zip(new_p1, new_e1, strict=True)],
            [q * v for q, v in zip(new_p2, new_e2, strict=True)],
        ]


@pytest.mark.parametrize("hidden", ["exp", "sigmoid"])
@pytest.mark.parametrize("tied", [False, True])
def test_images_one_after_the_other(hidden, tied):
    """Four images with teachers; rates high enough for heterosynaptic depression."""
    k = Constants(
        dt=0.1, prediction=0.8, teacher=0.4, tau_z=0.15, tau_u=0.25, tau_average=1.0, tau_w=0.1,
        beta=1.5, decay=0.3, e_max=1.1, hidden=hidden, tied=tied,
    )  # fmt: skip
    fast = Network(Weights.draw(5, 4, 3, np.random.default_rng(1)), k)
    slow = UnitByUnit(Weights.draw(5, 4, 3, np.random.default_rng(1)), k)
    start = fast.weights.W1.copy()
    rng = np.random.default_rng(2)
    highest = 0.0
    for label in (0, 2, 1, 2):
        x, target = rng.random(5), np.eye(3)[label]
        predicted = fast.show(x, target)
        for _ in range(8):
            slow.step(x, None)
        assert predicted == int(np.argmax(slow.e[1]))
        for _ in range(4):
            slow.step(x, target)
        for name in ("W1", "c1", "W2", "c2"):
            found, expected = getattr(fast.weights, name), getattr(slow.w, name)
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13, err_msg=name)
        highest = max(highest, fast.hidden.e.max())
        np.testing.assert_allclose(fast.hidden.moving_p, slow.moving_p(0), rtol=1e-10)
        np.testing.assert_allclose(fast.u, slow.u, rtol=1e-10, atol=1e-13)
    assert np.abs(fast.weights.W1 - start).max() > 1e-3
    assert (highest > k.e_max) == (hidden == "exp")


def test_classification_is_that_of_a_prediction_that_has_come_to_rest():
    weights = Weights.draw(6, 5, 3, np.random.default_rng(4))
    images = np.random.default_rng(5).random((20, 6))
    found = Network(weights, Constants()).classify(images)
    assert len(set(found)) > 1
    for x, expected in zip(images, found, strict=True):
        assert Network(weights, Constants(teacher=0.0)).show(x, np.eye(3)[0]) == expected


def test_steps_must_fit():
    parameters = ContinuousParameters.resolve({**Continuous.presets["smoke"], "dt": 2.0})
    with pytest.raises(ParameterError, match="give a step that is shorter than both"):
        Continuous(parameters)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    pytest.importorskip("sklearn", reason="scikit-learn, which has the digits, is missing")
    return neuromodels.run(NAME, preset="smoke", out=tmp_path_factory.mktemp("c") / "run")


def test_digits_are_learned(smoke):
    errors = np.asarray(smoke.signals["test_error"])
    assert errors[0] > 80
    assert errors[-1] < 55
    assert float(smoke.metrics["feedback_angle"]) < 89
    assert set(smoke.figures) == {"errors"}


def test_a_continued_run_is_the_same(smoke, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    train, calls = Continuous._train, []

    def failing(self):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("power failure")
        return train(self)

    with monkeypatch.context() as patch:
        patch.setattr(Continuous, "_train", failing)
        with pytest.raises(RunError, match="power failure"):
            neuromodels.run(NAME, preset="smoke", out=tmp_path / "run")
    again = neuromodels.resume(tmp_path / "run")
    assert len(again.info["resumed"]) == 1
    for name in ("test_error", "train_error", "hidden_rate"):
        np.testing.assert_array_equal(smoke.signals[name], again.signals[name])
