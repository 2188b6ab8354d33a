"""The plain-NumPy rule against the published simulator's replay of one synapse."""

from __future__ import annotations

import numpy as np
import pytest
from exact_burst_rule import Rule, postsynaptic_spikes, presynaptic_events, weight_trajectory

# The simulator is single precision and multiplies its slow traces (5 s, 30 s) by a rounded decay
# factor in each of 300 000 steps.  The same loop in NumPy float32 differs from itself in float64 by
# up to 1.3e-4 on these spikes; the golden weights are found within 4.8e-5 of the exact result
# (weights change by up to 0.13).
SINGLE_PRECISION = 1e-4


def train(table: dict[str, np.ndarray], population: str, neuron: int) -> np.ndarray:
    """Spikes of one neuron in steps."""
    chosen = (table["population"] == population) & (table["neuron"] == neuron)
    return np.sort(table["step"][chosen]).astype(np.int64)


@pytest.mark.parametrize("neuron", range(8))
def test_published_weights(golden, neuron):
    spikes, weights = (
        golden("burstprop_unit_plasticity_spikes"),
        golden("burstprop_unit_plasticity_weights"),
    )
    rule = Rule(feed_delay=0.8)
    post = postsynaptic_spikes(train(spikes, "post", neuron), rule)
    result = weight_trajectory(
        train(spikes, "pre", neuron), post, 0.08, weights["step"], rule, delay=0
    )
    assert result.n_homeostatic > 0
    np.testing.assert_allclose(
        result.at_queries, weights[f"w_{neuron}{neuron}"], atol=SINGLE_PRECISION, rtol=0
    )


@pytest.mark.parametrize("neuron", range(8))
def test_undelayed_presynaptic_trace_is_equivalent(golden, neuron):
    """16.8 ms is the limit of a trace fed 0.8 ms late, unless spikes are closer than 0.9 ms."""
    pre = train(golden("burstprop_unit_plasticity_spikes"), "pre", neuron)
    assert np.diff(pre).min() >= 9
    np.testing.assert_array_equal(
        presynaptic_events(pre, Rule()), presynaptic_events(pre, Rule(feed_delay=0.8))
    )


def test_limits_of_isolated_spikes():
    """Exactly 16.0 ms (post) and 16.8 ms (pre) make two events; one step less makes a burst."""
    rule = Rule()
    for limit, detect in (
        (160, lambda steps: postsynaptic_spikes(steps, rule).is_event),
        (168, lambda steps: presynaptic_events(steps, rule)),
        (168, lambda steps: presynaptic_events(steps, Rule(feed_delay=0.8))),
    ):
        assert detect(np.array([50, 50 + limit])).tolist() == [True, True]
        assert detect(np.array([50, 50 + limit - 1])).tolist() == [True, False]
