"""burstprop/learning-rule at the published size against the published simulator, over three seeds.

The seeds are 1, 2, 3, fixed before any result was seen.  The verdict is that of
`neuromodels.verdict.judge` on the mean over our three seeds: |ours - reference| within the 99 %
interval of Student's t for the difference of two means of three.
"""

from __future__ import annotations

import numpy as np
import pytest
from over_seeds import compare

import neuromodels

pytestmark = pytest.mark.fidelity

NAME = "burstprop/learning-rule"
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learning-rule")
    return [
        neuromodels.run(NAME, preset="paper", seed=seed, threads=2, out=folder / str(seed))
        for seed in SEEDS
    ]


def test_every_metric_agrees_with_the_reference(runs):
    compared = compare([run.metrics for run in runs])
    outside = [str(c) for c in compared if not c.agrees()]
    assert len(runs[0].metrics) == len(compared) == 56
    assert not outside, "\n".join(outside)


def test_presynaptic_neurons_are_as_correlated_as_with_the_published_pools(runs):
    """Condensed pools keep what PRE neurons share: variance of their summed events in 10 ms.

    With the pools of 25 000 neurons as published (``background=shared-pools``, seed 1, 145 s) it is
    1.588 ± 0.019 times that of independent neurons; with private noise 1.004 ± 0.012.
    """
    from neuromodels.bursts import decompose

    width = 10.0
    for run in runs:
        # Up to the last segment, which has another input.
        events = decompose(run.spikes("pre", 0.0, 145000.0)).events
        bins = np.floor((events.times - 1000.0) / width).astype(int)
        events_of, bins = events.node_ids[bins >= 0], bins[bins >= 0]
        n = int((145000.0 - 1000.0) / width)
        inside = bins < n
        events_of, bins = events_of[inside], bins[inside]
        cells, counts = np.unique(events_of * n + bins, return_counts=True)
        mean = np.bincount(events_of, minlength=1000) / n
        square = np.bincount(cells // n, weights=counts**2, minlength=1000) / n
        ratio = np.bincount(bins, minlength=n).var() / (square - mean**2).sum()
        print(f"seed {run.seed}: {ratio:.3f}")
        assert abs(ratio - 1.588) < 4 * 0.019 * 2**0.5
