"""The rule of a claim, by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromodels.comparison import Claim, Measure, rule
from neuromodels.verdict import Reference

LARGER = Claim("a - b", "a is larger than b", "Fig. 1")
SAME = Claim("a - b", "a is b", "Fig. 1", low=-1.0, high=1.0)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_a_claim_that_is_on_the_border_is_rarely_decided(n):
    rng = np.random.default_rng(n)
    found = [rule(LARGER, row).finding for row in rng.normal(0.0, 2.0, (4000, n)).tolist()]
    for finding in ("holds", "fails"):
        assert found.count(finding) / 4000 == pytest.approx(0.025, abs=0.01)


def test_what_is_clear_is_decided():
    assert rule(LARGER, [2.0, 2.1, 1.9]).finding == "holds"
    assert rule(LARGER, [-2.0, -2.1, -1.9]).finding == "fails"
    assert rule(SAME, [0.1, -0.1, 0.0]).finding == "holds"
    assert rule(SAME, [2.0, 2.1, 1.9]).finding == "fails"
    # Exactly the same is not larger.
    assert rule(LARGER, [0.0, 0.0, 0.0]).finding == "fails"


def test_the_number_of_seeds_that_it_takes():
    values = [0.5, 2.0, -0.4, 1.1]
    found = rule(LARGER, values)
    assert found.finding == "cannot be told"
    mean, sd = np.mean(values), np.std(values, ddof=1)
    again = np.resize([mean - sd, mean + sd], found.needed)
    again *= 1.0  # as many with the same mean and, but for n - 1, the same spread
    scaled = mean + (again - again.mean()) * sd / again.std(ddof=1)
    assert rule(LARGER, list(scaled - scaled.mean() + mean)).finding == "holds"
    fewer = np.resize([mean - sd, mean + sd], found.needed - 2)
    fewer = mean + (fewer - fewer.mean()) * sd / fewer.std(ddof=1)
    assert rule(LARGER, list(fewer)).finding == "cannot be told"
    assert f"about {found.needed} seeds would decide" in found.reason


def test_what_cannot_be_told():
    assert rule(LARGER, []).reason == "there are no runs for it"
    assert rule(LARGER, [5.0]).finding == "cannot be told"
    assert rule(LARGER, [5.0]).needed == 2
    assert rule(LARGER, [-1.0, 1.0]).needed is None


def test_what_is_not_finite_fails():
    found = rule(LARGER, [2.0, math.nan, 2.1])
    assert (found.finding, found.reason) == ("fails", "not finite in 1 of 3 seeds")


def test_a_measure_has_a_verdict_of_its_own():
    reference = Reference(2.0, 0.1, 10, 9, "table")
    assert Measure("m", {1: 2.0, 2: 2.1}, reference=reference).judgement.verdict == "agrees"
    assert Measure("m", {1: 3.0, 2: 3.1}, reference=reference).judgement.verdict == "differs"
    assert Measure("m", {}, reference=reference).judgement.verdict == "missing"
