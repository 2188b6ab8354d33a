"""Events and bursts, against a plain loop over the spikes of each neuron."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromodels.bursts import BURST, EVENT, NEITHER, decompose
from neuromodels.errors import UsageError
from neuromodels.spikes import SpikeTrains


def reference(steps, rule):
    """One neuron's spikes, by the definition: a trace and a flag, in plain Python."""
    kinds, trace, last, flag = [], 0.0, None, "neither"
    for step in steps:
        if last is not None:
            trace *= math.exp(-(step - last) * 0.1 / 16.0)
        if rule == "trace":
            is_event = trace < math.exp(-1) * (1 + 1e-9)
        else:
            is_event = last is None or (step - last) > 160
        if is_event:
            kinds.append(EVENT)
            flag = "event"
        elif flag == "event":
            kinds.append(BURST)
            flag = "burst"
        else:
            kinds.append(NEITHER)
        trace, last = trace + 1.0, step
    return kinds


def trains(per_neuron, stop=1000.0):
    ids = np.concatenate([np.full(len(s), i) for i, s in enumerate(per_neuron)])
    steps = np.concatenate([np.asarray(s, dtype=float) for s in per_neuron])
    order = np.lexsort((ids, steps))
    return SpikeTrains(ids[order], steps[order] / 10, len(per_neuron), 0.0, stop)


@pytest.mark.parametrize("rule", ["trace", "interval"])
@pytest.mark.parametrize("seed", range(5))
def test_random_trains(rule, seed):
    rng = np.random.default_rng(seed)
    # Silent, sparse and very busy neurons; many intervals of exactly 16.0 ms and next to it.
    per_neuron = []
    for n in (0, 1, 2, 5, 50, 300, 0, 1000):
        gaps = np.where(rng.random(n) < 0.3, rng.integers(157, 164, n), rng.geometric(1 / 150, n))
        per_neuron.append(np.cumsum(gaps))
    spikes = trains(per_neuron, stop=1e6)
    found = decompose(spikes, rule=rule)
    for neuron, steps in enumerate(per_neuron):
        assert list(found.kind[spikes.node_ids == neuron]) == reference(steps, rule)
    assert {EVENT, BURST, NEITHER} == set(found.kind)
    assert len(found.events) + len(found.bursts) + (found.kind == NEITHER).sum() == len(spikes)


@pytest.mark.parametrize("begin", [1, 12_345, 10**9 + 7])
@pytest.mark.parametrize(("gap", "kind"), [(159, BURST), (160, EVENT), (161, EVENT)])
def test_isolated_predecessor(begin, gap, kind):
    for tail in ([], [begin + gap + 5000]):
        spikes = trains([[begin, begin + gap, *tail]], stop=1e9)
        assert decompose(spikes).kind[1] == kind


def test_the_two_rules_differ_at_exactly_tau():
    spikes = trains([[100, 260]])
    assert decompose(spikes, rule="trace").kind[1] == EVENT
    assert decompose(spikes, rule="interval").kind[1] == BURST


def test_after_a_burst_the_next_event_needs_a_longer_pause():
    # A doublet of 5 ms, then a pause: about 25 ms are needed where 16 would do after one spike.
    def kind(pause, rule):
        return decompose(trains([[10, 60, 60 + pause]]), rule=rule).kind[2]

    assert kind(170, "trace") == NEITHER
    assert kind(250, "trace") == EVENT
    assert kind(170, "interval") == EVENT
    border = next(p for p in range(160, 400) if kind(p, "trace") == EVENT)
    assert border == math.ceil(160 * (1 + math.log(1 + math.exp(-50 / 160))))


def test_rates_of_bins():
    # A spike at the border of two bins belongs to the earlier one.
    spikes = trains([[1000, 1050], [1001, 1500, 2000], []], stop=200.0)
    found = decompose(spikes)
    rates = found.rates(100.0)
    assert list(rates.time) == [100.0, 200.0]
    assert list(rates.start) == [0.0, 100.0]
    per_spike = 1000 / (100 * 3)
    assert rates.spike_rate == pytest.approx(np.array([1, 4]) * per_spike)
    assert rates.event_rate == pytest.approx(np.array([1, 3]) * per_spike)
    assert rates.burst_rate == pytest.approx(np.array([0, 1]) * per_spike)
    assert rates.burst_probability == pytest.approx([0, 1 / 3])
    each = found.rates(100.0, per_neuron=True)
    assert each.event_rate == pytest.approx(np.array([[1, 0, 0], [0, 3, 0]]) * 10.0)
    assert np.isnan(each.burst_probability[0, 2])
    assert each.event_rate.mean(axis=1) == pytest.approx(rates.event_rate)
    # An incomplete bin is left out; any edges may be given.
    assert found.rates(150.0).time.tolist() == [150.0]
    assert found.rates_between([0, 120, 200]).spike_rate * 3 == pytest.approx(
        [3000 / 120, 2000 / 80]
    )


def test_rates_by_counting():
    rng = np.random.default_rng(0)
    steps = [np.unique(rng.integers(1, 100_001, 2000)) for _ in range(20)]
    found = decompose(trains(steps, stop=10_000.0))
    rates = found.rates(2500.0)
    for row in range(4):
        for which, kinds in (
            ("event_rate", [EVENT]),
            ("burst_rate", [BURST]),
            ("spike_rate", [0, 1, 2]),
        ):
            count = sum(
                1
                for neuron in steps
                for step, kind in zip(neuron, reference(neuron, "trace"), strict=True)
                if row * 25_000 < step <= (row + 1) * 25_000 and kind in kinds
            )
            assert getattr(rates, which)[row] == pytest.approx(count / (20 * 2.5))


def test_no_spikes_and_wrong_requests():
    silent = SpikeTrains(np.empty(0, int), np.empty(0), 3, 0.0, 100.0)
    rates = decompose(silent).rates(50.0)
    assert not rates.event_rate.any()
    assert np.isnan(rates.burst_probability).all()
    with pytest.raises(UsageError, match="no rule"):
        decompose(silent, rule="other")
    with pytest.raises(UsageError, match="positive"):
        decompose(silent, tau=0.0)
    with pytest.raises(UsageError, match="ascend"):
        decompose(silent).rates_between([1.0, 1.0])
    with pytest.raises(UsageError, match="outside"):
        SpikeTrains(np.array([3]), np.array([1.0]), 3, 0.0, 1.0)


def test_off_grid_times():
    times = np.array([1.234, 1.234 + 15.99, 100.0, 116.2])
    spikes = SpikeTrains(np.zeros(4, int), times, 1, 0.0, 200.0)
    assert list(decompose(spikes, resolution=None).kind) == [EVENT, BURST, EVENT, EVENT]
