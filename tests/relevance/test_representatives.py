"""The units that are recorded stand for all."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_relevance.circuits.representatives import representatives


def test_their_mean_is_that_of_all_in_every_situation():
    drives = np.random.default_rng(5).normal(10.0, 1.0, (3, 800))
    chosen = representatives(drives, 100)
    assert len(set(chosen.tolist())) == 100
    assert list(chosen) == sorted(chosen)
    # 100 at random: 0.09.
    error = drives[:, chosen].mean(axis=1) - drives.mean(axis=1)
    assert np.abs(error).max() < 0.01


@pytest.mark.parametrize("n", [5, 9])
def test_all_of_a_small_population(n):
    np.testing.assert_array_equal(representatives(np.ones((2, 5)), n), np.arange(5))


def test_units_that_are_all_alike():
    assert len(representatives(np.ones((2, 5)), 2)) == 2
