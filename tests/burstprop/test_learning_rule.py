"""The circuit burstprop/learning-rule at a small size: wiring, determinism, what it leaves."""

from __future__ import annotations

import numpy as np
import pytest
from exact_burst_rule import Rule, postsynaptic_spikes, weight_trajectory
from neuromodels_burstprop.learning_rule.background import SOMA_EXC, Merger, Pool
from neuromodels_burstprop.learning_rule.circuit import PLASTIC, LearningRule

import neuromodels
from neuromodels.errors import ParameterError

nest = pytest.importorskip("nest")

NAME = "burstprop/learning-rule"
SMOKE = LearningRule.presets["smoke"]
DT = 0.1
QUANTITIES = (
    "post_event_rate", "post_burst_rate", "post_burst_probability", "post_spike_rate",
    "pre_event_rate", "pre_burst_rate", "pre_burst_probability",
    "weight_end",
)  # fmt: skip
PHASES = ("burn_in", *(f"segment_{i}" for i in range(1, 7)))


def steps(times):
    return np.round(np.asarray(times) / DT).astype(np.int64)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """A run of the smoke preset, and its plastic connections as the kernel has them at its end."""
    run = neuromodels.run(NAME, preset="smoke", seed=1, out=tmp_path_factory.mktemp("a") / "run")
    found = nest.GetConnections(synapse_model=PLASTIC).get(["source", "target", "weight"])
    connections = {name: np.array(values) for name, values in found.items()}
    return run, connections


def test_signals_and_metrics(smoke):
    run, _ = smoke
    assert run.status == "complete"
    assert tuple(p.name for p in run.phases) == PHASES
    duration = SMOKE["burn_in"] + 6 * SMOKE["segment"]
    assert run.populations == {"pre": SMOKE["n_pre"], "post": SMOKE["n_post"]}
    for name in ("weight_mean", "weight_sd", "weight_min", "weight_max"):
        assert run.signals[name].sizes["time"] == round(duration / SMOKE["bin"]) + 1
    assert set(run.metrics) == {f"{p}/{q}" for p in PHASES for q in QUANTITIES}
    assert all(np.isfinite(m.value) for m in run.metrics.values())
    # The published reference is for the published size only.
    assert {m.verdict for m in run.metrics.values()} == {"no reference"}
    assert {"events_and_bursts", "weights", "weight_change", "raster"} <= set(run.figures)


def test_protocol_has_its_effects(smoke):
    """Not numbers, but directions too large to be chance."""
    run, _ = smoke
    value = {name: m.value for name, m in run.metrics.items()}
    assert value["burn_in/weight_end"] == pytest.approx(0.08, rel=1e-9)
    bursts = [value[f"{p}/post_burst_probability"] for p in PHASES]
    assert bursts[2] > 1.3 * bursts[1]  # dendritic input 1.5 times as strong
    assert bursts[4] < 0.6 * bursts[5]  # 0.55 times as strong
    assert value["segment_2/weight_end"] > value["segment_1/weight_end"]
    assert value["segment_4/weight_end"] < value["segment_3/weight_end"]
    pre = [value[f"{p}/pre_burst_probability"] for p in PHASES]
    assert pre[6] > 1.4 * max(pre[1:6])  # current into PRE's dendrites


def test_weights_are_those_of_the_rule(smoke):
    """Final weights, calculated anew from the spikes on disk: sources, targets, delays, gates."""
    run, connections = smoke
    recorded = run.info["recordings"]["populations"]
    spikes = {name: run.spikes(name) for name in ("pre", "post")}
    on = int(steps(1000.0 * SMOKE["burn_in"]))
    rule = Rule(tau_average=SMOKE["tau_average"], tau_rate=SMOKE["tau_rate"])
    # Spikes of the last communication interval have not been delivered to the synapses.
    delivered = steps(run.t_stop) - 8
    indegree = np.bincount(connections["target"])
    assert abs(indegree[indegree > 0].mean() - 200.0) < 5.0

    picked = np.random.default_rng(0).choice(connections["weight"].size, 25, replace=False)
    for source, target, weight in zip(
        *(connections[k][picked] for k in ("source", "target", "weight")), strict=True
    ):
        pre = steps(spikes["pre"].of(source - recorded["pre"]["first_nest_id"]))
        post = steps(spikes["post"].of(target - recorded["post"]["first_nest_id"]))
        pre = pre[pre <= delivered]
        expected = weight_trajectory(
            pre,
            postsynaptic_spikes(post, rule, DT, learning_off=[(0, on)]),
            0.08,
            pre[-1:],
            rule,
            delay=8,
            dt=DT,
            homeostasis=(on + 1, np.inf),
        ).at_queries[0]
        assert weight != 0.08
        np.testing.assert_allclose(weight, expected, rtol=1e-9)

    last = run.signals["weight_mean"].values[-1]
    np.testing.assert_allclose(connections["weight"].mean(), last, rtol=1e-12)


@pytest.mark.parametrize("background", ["condensed-pools", "private", "shared-pools"])
def test_same_seed_same_run(tmp_path, background):
    short = {
        "n_pre": 200,
        "n_post": 20,
        "p_connect": 1.0,
        "burn_in": 0.5,
        "segment": 0.5,
        "drive_factors": [1.0, 2.0],
        "background": background,
    }

    def go(name, seed):
        return neuromodels.run(
            NAME,
            preset="smoke",
            parameters=short,
            seed=seed,
            threads=2,
            out=tmp_path / name,
            analyze=False,
        )

    a, b, c = go("a", 3), go("b", 3), go("c", 4)
    for population in ("pre", "post"):
        np.testing.assert_array_equal(a.spikes(population).times, b.spikes(population).times)
        np.testing.assert_array_equal(a.spikes(population).node_ids, b.spikes(population).node_ids)
        assert len(a.spikes(population)) > 0
    np.testing.assert_array_equal(a.signals["weight_mean"], b.signals["weight_mean"])
    assert not np.array_equal(a.spikes("pre").times, c.spikes("pre").times)


def test_parameters_that_do_not_fit_each_other():
    with pytest.raises(ParameterError, match="divide"):
        LearningRule(LearningRule.Parameters(bin=2.4))
    with pytest.raises(ParameterError, match="pool_fraction"):
        LearningRule(LearningRule.Parameters(pool_fraction=0.001))
    with pytest.raises(ParameterError, match="no segment"):
        LearningRule(LearningRule.Parameters(drive_factors=[]))


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5])
def test_condensed_pools_keep_first_and_second_order(fraction):
    pool = Pool(25000, 5.0, 0.004, {SOMA_EXC: 0.17})
    shared, private = pool.condensed(fraction)
    sources = shared.size * shared.p + private.size * private.p
    assert sources == pytest.approx(pool.size * pool.p, rel=0.01)
    # Sources that a pair has in common, as a fraction of all of one's sources
    assert shared.size * shared.p**2 / sources == pytest.approx(pool.p, rel=0.02)
    variance = sum(x.size * x.p * (1 - x.p) for x in (shared, private))
    assert variance == pytest.approx(pool.size * pool.p, rel=0.02)


def test_merged_pool():
    """Rates, in-degrees, and that targets share the spikes of the sources they share."""
    pool = Pool(400, 50.0, 0.05, {SOMA_EXC: 1.0})
    merger = Merger(np.random.default_rng(1), pool, 300, DT)
    # In-degrees are binomial: mean 20, sd 4.4.
    assert abs(merger.in_degrees.mean() - 20.0) < 1.0
    assert 3.5 < merger.in_degrees.std() < 5.2
    first, second = merger.trains(1, 50000), merger.trains(50001, 60000)
    assert all(np.all(np.diff(train) >= 0) for train in first + second)
    assert min(t[0] for t in first if t.size) >= 1
    assert max(t[-1] for t in first if t.size) <= 50000 < min(t[0] for t in second if t.size)
    counts = np.array([train.size for train in first])
    # 5 s at 50 Hz for each source
    assert abs(counts.sum() / merger.in_degrees.sum() - 250.0) < 2.5
    # Two targets of p = 1 hear the same
    everybody = Pool(400, 50.0, 1.0, {SOMA_EXC: 1.0})
    left, right = Merger(np.random.default_rng(2), everybody, 2, DT).trains(1, 1000)
    np.testing.assert_array_equal(left, right)
    assert abs(left.size / (400 * 50.0 * 0.1) - 1.0) < 0.1
