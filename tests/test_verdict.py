"""The rule of the verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromodels.verdict import ALPHA, Metric, Reference, assess, judge, tolerance


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


def test_a_value_that_is_not_finite_differs_and_says_so():
    # The mean of the finite ones alone would agree.
    found = assess([1.0, math.nan, math.inf], Reference(1.0, 0.1, 10, 9, ""))
    assert (found.verdict, found.reason) == ("differs", "not finite in 2 of 3 runs")
    assert Metric("x", math.nan, "").judgement.reason == "not finite"


def test_repetitions_without_spread_are_refused():
    with pytest.raises(ValueError, match="10 repetitions without any spread"):
        Reference(99.98, 0.0, 10, 9, "")


@pytest.mark.parametrize(("n", "ours"), [(3, 3), (10, 1), (30, 3)])
def test_the_error_said_to_be_noticed_is_noticed_nine_times_in_ten(n, ours):
    rng = np.random.default_rng(n + ours)
    noticed = assess([0.0] * ours, Reference(0.0, 3.0, n, n - 1, "")).noticed
    reference = rng.normal(10.0, 3.0, (4000, n))
    values = rng.normal(10.0 + noticed, 3.0, (4000, ours)).mean(axis=1)
    seen = np.mean(
        [
            judge(value, Reference(r.mean(), r.std(ddof=1), n, n - 1, ""), ours) == "differs"
            for value, r in zip(values, reference, strict=True)
        ]
    )
    assert seen == pytest.approx(0.9, abs=0.02)


def test_power_of_a_share():
    published = Reference.share(70, 100, 50, "", whole=100.0)
    found = assess([70.0] * 3, published)
    rng = np.random.default_rng(5)
    for sign in (-1, 1):
        p = 0.7 + sign * found.noticed / 100
        ours = rng.binomial(150, p, 20_000) / 150 * 100
        seen = np.mean([not found.low <= value <= found.high for value in ours])
        assert seen > 0.895


@pytest.mark.parametrize(("n", "ours", "p"), [(200, 50, 0.69), (40, 100, 0.5), (1000, 10, 0.98)])
def test_false_alarms_of_a_share(n, ours, p):
    rng = np.random.default_rng(n)
    theirs = rng.binomial(n, p, 1500)
    mine = rng.binomial(ours, p, 1500)
    alarms = [
        Metric("x", m / ours, "", Reference.share(t, n, ours, "")).verdict == "differs"
        for t, m in zip(theirs, mine, strict=True)
    ]
    assert np.mean(alarms) < ALPHA + 4 * math.sqrt(ALPHA / 1500)


def test_false_alarms_against_data_with_a_standard_error():
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(2000):
        subjects, ours = rng.normal(5.0, 2.0, 12), rng.normal(5.0, 0.5, 4)
        sem = subjects.std(ddof=1) / math.sqrt(12)
        reference = Reference.measured(subjects.mean(), sem, 12, "")
        alarms += assess(ours.tolist(), reference).verdict == "differs"
    assert alarms / 2000 == pytest.approx(ALPHA, abs=4 * math.sqrt(ALPHA / 2000))


def test_an_exact_value_with_a_tolerance():
    theory = Reference.exact(2.0, 0.01, "")
    assert judge(2.009, theory) == "agrees"
    assert judge(2.011, theory) == "differs"
    # A run that knows how well it knows its value, and seeds that say so by their spread.
    assert Metric("slope", 2.05, "", theory, uncertainty=0.02).verdict == "agrees"
    assert Metric("slope", 2.07, "", theory, uncertainty=0.02).verdict == "differs"
    assert assess([1.9, 2.3, 2.0, 2.2], theory).verdict == "agrees"
    assert assess([2.19, 2.21, 2.2, 2.2], theory).verdict == "differs"


def test_old_references_are_read():
    entry = Metric("rate", 3.5, "Hz", Reference(3.0, 0.5, 3, 2, "")).as_dict()
    del entry["uncertainty"]
    entry["reference"] = {k: entry["reference"][k] for k in ("mean", "sd", "n", "dof", "source")}
    assert Metric.from_dict(entry).verdict == "agrees"
