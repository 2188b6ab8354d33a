"""Measures of alignment, and the sizes of the learning network; no PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from neuromodels_rdd import alignment
from neuromodels_rdd.learning.architecture import Architecture, initial_values

from neuromodels.errors import ParameterError

PUBLISHED = Architecture(3, 32, (64, 64), 5, (384, 192), 10)


def test_angle_sign_and_correlation():
    w = np.array([[3.0, 0.0], [0.0, 4.0]])
    assert alignment.angle(w, w) == pytest.approx(0.0, abs=1e-6)
    assert alignment.angle(w, -w) == pytest.approx(180.0)
    assert alignment.angle(w, np.array([[0.0, 1.0], [2.0, 0.0]])) == pytest.approx(90.0)
    assert math.isnan(alignment.angle(w, 0 * w))
    w = np.array([[1.0, -2.0, 3.0, -4.0]])
    f = np.array([[2.0, 1.0, 0.0, -1.0]])
    assert alignment.sign_agreement(w, f) == pytest.approx(200 / 3)
    assert alignment.sign_agreement(w, 0 * f) == 0.0
    assert alignment.correlation(w, f) == pytest.approx(np.corrcoef(w[0], f[0])[0, 1])
    assert math.isnan(alignment.correlation(w, 0 * f))


def test_published_measures():
    """Element by element, from their definitions with Y the transpose of the feedback."""
    rng = np.random.default_rng(1)
    w, f, x = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.uniform(size=4)
    y = f.T
    wx = [sum(w[k, i] * x[i] for i in range(4)) for k in range(3)]
    xy = [sum(x[i] * y[i, k] for i in range(4)) for k in range(3)]
    ywx = [sum(y[i, k] * wx[k] for k in range(3)) for i in range(4)]
    expected = {
        "decay": sum(v * v for v in wx) + sum(v * v for v in xy),
        "sparse": (w**2).sum() + (y**2).sum(),
        "self": -np.trace(y @ w),
        "amp": -sum(x[i] * ywx[i] for i in range(4)),
        "info": sum((x[i] - ywx[i]) ** 2 for i in range(4)),
        "symm": sum((w[k, i] - y[i, k]) ** 2 for k in range(3) for i in range(4)),
    }
    assert set(expected) == set(alignment.OF_MATRICES)
    for name, (_, measure, _) in alignment.OF_MATRICES.items():
        assert measure(w, f, x) == pytest.approx(expected[name], rel=1e-12), name


def test_published_sizes():
    assert PUBLISHED.layers == (1600, 384, 192, 10)
    assert PUBLISHED.shapes == {
        "conv1": (64, 3, 5, 5),
        "conv2": (64, 64, 5, 5),
        "fc1": (384, 1600),
        "fc2": (192, 384),
        "fc3": (10, 192),
    }
    assert PUBLISHED.full == ["fc1", "fc2", "fc3"]
    assert PUBLISHED.fed_back == ["conv2", "fc1", "fc2", "fc3"]
    assert Architecture(1, 28, (64, 64), 5, (384, 192), 10).layers[0] == 1024
    full = Architecture(1, 8, (), 5, (50,), 10)
    assert full.layers == (64, 50, 10)
    assert full.fed_back == ["fc2"]
    with pytest.raises(ParameterError, match="2 convolutions of 5 x 5 pixels leave nothing"):
        Architecture(1, 8, (4, 4), 5, (50,), 10)


def test_initial_values():
    """Uniform with the published limits, so with these standard deviations."""
    values = initial_values(PUBLISHED, [1, 0])
    for layer, sd in (("fc1", 0.01443), ("fc2", 0.02946), ("fc3", 0.04167)):
        for kind in ("weight", "feedback"):
            drawn = values[f"{layer}/{kind}"]
            assert np.abs(drawn).max() <= math.sqrt(3) * sd * 1.001
            # The standard deviation of an estimated one, for uniform numbers.
            assert drawn.std() == pytest.approx(sd, rel=4 * math.sqrt(0.2 / drawn.size))
        assert abs(np.corrcoef(values[f"{layer}/weight"].ravel(), drawn.ravel())[0, 1]) < (
            4 / math.sqrt(drawn.size)
        )
        assert np.abs(values[f"{layer}/bias"]).max() <= math.sqrt(3) * sd * 1.001
    assert np.abs(values["conv2/weight"]).max() <= 1 / math.sqrt(64 * 25)
    assert "conv1/bias" not in values
    again = initial_values(PUBLISHED, [1, 0])
    assert all(np.array_equal(values[name], again[name]) for name in values)
    assert not np.array_equal(values["fc3/weight"], initial_values(PUBLISHED, [2, 0])["fc3/weight"])
