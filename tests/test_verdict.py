"""The rule of the verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromodels.verdict import ALPHA, Metric, Reference, judge, tolerance


def test_known_quantiles():
    # t(0.995) of 2 and of 10 degrees of freedom, from printed tables.
    assert tolerance(Reference(0.0, 1.0, 3, 2, "")) == pytest.approx(9.925 * math.sqrt(4 / 3), 1e-4)
    assert tolerance(Reference(5.0, 2.0, 11, 10, ""), n=4) == pytest.approx(
        3.169 * 2 * math.sqrt(1 / 11 + 1 / 4), 1e-3
    )


@pytest.mark.parametrize(("n", "ours"), [(3, 1), (3, 3), (10, 1), (5, 20)])
def test_false_alarms_are_as_many_as_stated(n, ours):
    rng = np.random.default_rng(n * 100 + ours)
    trials = 20_000
    reference = rng.normal(10.0, 3.0, (trials, n))
    values = rng.normal(10.0, 3.0, (trials, ours)).mean(axis=1)
    alarms = sum(
        judge(value, Reference(r.mean(), r.std(ddof=1), n, n - 1, ""), ours) == "differs"
        for value, r in zip(values, reference, strict=True)
    )
    expected = trials * ALPHA
    assert abs(alarms - expected) < 4 * math.sqrt(expected)


def test_pooled_spread_has_more_power():
    rng = np.random.default_rng(1)
    found = {
        dof: np.mean(
            [
                judge(4.0, Reference(rng.normal(0, 1 / math.sqrt(3)), sd, 3, dof, "")) == "differs"
                for sd in np.sqrt(rng.chisquare(dof, 2000) / dof)
            ]
        )
        for dof in (2, 12)
    }
    assert found[12] > 0.6 > 0.2 > found[2]


def test_deterministic_reference():
    exact = Reference(0.25, 0.0, 1, 0, "")
    assert judge(0.25, exact) == "agrees"
    assert judge(0.25 * (1 + 5e-10), exact) == "agrees"
    assert judge(0.25 * (1 + 2e-9), exact) == "differs"
    assert judge(0.0, Reference(0.0, 0.0, 1, 0, "")) == "agrees"


def test_no_reference_and_no_number():
    assert Metric("x", 1.0, "").verdict == "no reference"
    assert Metric("x", 1.0, "").tolerance is None
    assert judge(math.nan, Reference(0.0, 1.0, 3, 2, "")) == "differs"


@pytest.mark.parametrize(
    "wrong", [(0.0, 1.0, 1, 0), (0.0, -1.0, 3, 2), (0.0, 1.0, 0, 2), (math.nan, 1, 3, 2)]
)
def test_impossible_references(wrong):
    with pytest.raises(ValueError, match="."):
        Reference(*wrong, "")


def test_json_round_trip():
    metric = Metric("rate", 3.5, "Hz", Reference(3.0, 0.5, 3, 2, "Table 1"), "mean rate")
    assert Metric.from_dict({**metric.as_dict(), "analysis": "a/b"}) == metric
