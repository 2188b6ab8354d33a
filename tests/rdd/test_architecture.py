"""Sizes and initial values of the learning network; no PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from neuromodels_rdd.learning.architecture import Architecture, initial_values

from neuromodels.errors import ParameterError

PUBLISHED = Architecture(3, 32, (64, 64), 5, (384, 192), 10)


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
