"""event_synapse and burst_synapse in NEST against the plain-NumPy detector."""

from __future__ import annotations

import numpy as np
import pytest
from exact_burst_rule import Rule, postsynaptic_spikes, presynaptic_events
from transmitted_spikes import transmitted

pytest.importorskip("nest")

LIMIT = 168  # steps: the shortest interval of isolated spikes that makes two events
RELAYS = ("event_synapse", "burst_synapse")


def random_trains(n: int = 30, length: int = 200) -> list[np.ndarray]:
    """Trains with all sorts of bursts, and all intervals around the limit."""
    rng = np.random.default_rng(11)
    trains = []
    for mean_pause in np.geomspace(20, 1000, n):
        short = rng.integers(9, LIMIT + 40, length)
        pause = rng.exponential(mean_pause, length).astype(int) + 9
        intervals = np.where(rng.random(length) < rng.uniform(0.1, 0.7), short, pause)
        trains.append(9 + np.cumsum(intervals))
    return trains


def split(train: np.ndarray) -> dict[str, np.ndarray]:
    """What each synapse should transmit."""
    # The detector is the same on both sides of a synapse; only the limits differ.
    spikes = postsynaptic_spikes(train, Rule(burst_isi=Rule().burst_isi_pre))
    return {"event_synapse": train[spikes.is_event], "burst_synapse": train[spikes.is_burst]}


@pytest.mark.parametrize("synapse", RELAYS)
def test_exact_on_random_trains(install_models, synapse):
    install_models(synapse)
    trains = random_trains()
    delays = np.random.default_rng(5).integers(8, 40, len(trains)).tolist()
    weights = np.linspace(0.1, 0.5, len(trains))
    found = transmitted(trains, synapse, delays=delays, weights=weights)
    n_sent, n_spikes = 0, 0
    for train, weight, (steps, sent) in zip(trains, weights, found, strict=True):
        np.testing.assert_array_equal(steps, split(train)[synapse])
        assert np.all(sent == weight)
        n_sent, n_spikes = n_sent + len(steps), n_spikes + len(train)
    print(f"{n_sent} of {n_spikes} spikes transmitted")
    assert 0.05 * n_spikes < n_sent < 0.8 * n_spikes


def test_published_detector():
    """The published detector, whose trace is fed 0.8 ms late, finds the same events."""
    for train in random_trains():
        assert np.diff(train).min() >= 9
        published = presynaptic_events(train, Rule(feed_delay=0.8))
        np.testing.assert_array_equal(train[published], split(train)["event_synapse"])


@pytest.mark.parametrize("interval", [LIMIT - 1, LIMIT, LIMIT + 1])
def test_interval_at_the_limit(install_models, interval):
    """An interval of exactly 16.8 ms makes two events, wherever in time it is."""
    install_models(*RELAYS)
    starts = range(9, 50009, 4973)
    trains = [np.array([start, start + interval]) for start in starts]
    is_event = interval >= LIMIT
    expected = {"event_synapse": 1 + is_event, "burst_synapse": 1 - is_event}
    for synapse in RELAYS:
        install_models(synapse)
        found = transmitted(trains, synapse, delays=[10] * len(trains), weights=1.0)
        assert {len(steps) for steps, _ in found} == {expected[synapse]}


def test_spikes_beyond_the_second_are_dropped(install_models):
    train = np.array([10, 60, 110, 160, 1160, 1200])
    for synapse, expected in (("event_synapse", [10, 1160]), ("burst_synapse", [60, 1200])):
        install_models(synapse)
        [(steps, _)] = transmitted([train], synapse, delays=[10], weights=1.0)
        assert steps.tolist() == expected
