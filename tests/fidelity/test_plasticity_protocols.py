"""burstprop/plasticity-protocols as published, against the authors' calculation, over three seeds.

The seeds are 1, 2, 3, fixed before any result was seen.  Each value of a run is a mean over 20
repetitions, as published; the verdict is that of `neuromodels.verdict.judge` on the mean of three.

Of 40 random conditions 0.4 are called different by chance, and one is: burst-Poisson at 5 Hz
without bursts, where the published mean is -0.345 ± 0.011 (standard error), ours over three seeds
-0.384 ± 0.006.  The calculation in plain NumPy gives -0.3765 ± 0.0015 over 1000 repetitions, so
that it is the published sample that is off, by 2.8 standard errors.  So a condition that differs
is looked at again here: with NumPy, at 30 times the published number of repetitions.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from exact_pairing import Rule, burst_poisson_train, event_by_event, poisson_train
from over_seeds import compare
from scipy import stats

import neuromodels
from neuromodels import Reference
from neuromodels.verdict import judge

pytestmark = pytest.mark.fidelity

NAME = "burstprop/plasticity-protocols"
SEEDS = (1, 2, 3)
MANY = 600


def simulated(tmp_path, protocols, seed):
    run = neuromodels.run(
        NAME,
        preset="paper",
        seed=seed,
        parameters={"protocols": protocols},
        out=tmp_path / str(seed),
    )
    return {
        name: metric for name, metric in run.metrics.items() if name.endswith("weight_change")
    }, run


def calculated(condition: str) -> np.ndarray:
    """Weight changes of a random condition in plain NumPy, `MANY` times."""
    first, second = (float(x) for x in re.findall(r"_([\d.]+)(?:Hz)?/", condition))
    rng, rule, n_steps = np.random.default_rng(2021), Rule(h=1.0), 100_000
    changes = np.empty(MANY)
    for i in range(MANY):
        if condition.startswith("poisson"):
            averages = (5.0, 5.0 * first)
            pre, post = (poisson_train(rng, second, 2.0, 1e5, 1.0) for _ in range(2))
        else:
            averages = (first, 0.2 * first)
            pre, post = (burst_poisson_train(rng, first, second, 20.0, 1e5, 1.0) for _ in range(2))
        changes[i] = event_by_event(pre, post, n_steps, averages, rule)[0]
    return changes


def test_periodic_protocol_to_the_last_printed_digit(tmp_path):
    metrics, _ = simulated(tmp_path, ["periodic"], 1)
    assert len(metrics) == 20
    for metric in metrics.values():
        assert metric.verdict == "agrees"
        # Why not 0.5 is said in tests/burstprop/test_plasticity_protocols.py.
        assert abs(metric.value - metric.reference.mean) <= 0.51e-6


def test_random_protocols_agree_with_the_reference(tmp_path):
    metrics, runs = zip(
        *(simulated(tmp_path, ["poisson", "burst-poisson"], seed) for seed in SEEDS), strict=True
    )
    compared = compare(metrics)
    assert len(metrics[0]) == len(compared) == 40
    z = [
        (c.mean - c.reference.mean) / (c.reference.sd * np.sqrt(1 + 1 / len(SEEDS)))
        for c in compared
    ]
    outside = [(c.name, c.mean) for c in compared if not c.agrees()]
    # Together: t(19) has a variance of 19/17
    chi2 = float(np.square(z).sum() * 17 / 19)
    print(f"chi² {chi2:.1f} of 40, p {stats.chi2.sf(chi2, 40):.3f}; outside: {outside}")
    assert stats.chi2.sf(chi2, 40) > 0.001
    assert len(outside) <= stats.binom.ppf(0.99, 40, 0.01)
    for name, ours in outside:
        many = calculated(name)
        # In means over 20 repetitions, as a run has them
        expected = Reference(
            many.mean(), many.std(ddof=1) / np.sqrt(20), MANY // 20, MANY - 1, "NumPy"
        )
        print(f"{name}: NumPy {expected.mean:.4f} ± {expected.sd / np.sqrt(expected.n):.4f} (se)")
        assert judge(ours, expected, len(SEEDS)) == "agrees", name
    # Where depression turns into potentiation: burst-Poisson trains at the initial probability
    for rate in ("5", "10"):
        place = f"burst-poisson/event_rate_{rate}Hz/zero_burst_probability"
        zero = [run.metrics[place].value for run in runs]
        print(place, zero)
        assert abs(np.mean(zero) - 0.2) < 0.05
