"""The burst-dependent synapse in NEST against the plain-NumPy rule, on spikes of the same run."""

from __future__ import annotations

import numpy as np
import pytest
from exact_burst_rule import Rule, postsynaptic_spikes, presynaptic_events, weight_trajectory

nest = pytest.importorskip("nest")

NEURON = "pyramidal_burst_neuron"
SYNAPSE = "burst_dependent_synapse"
# The rule is compiled for each neuron that says what it reads, under a name of its own.
PAIRS = ((NEURON, SYNAPSE), ("burst_poisson_neuron", "burst_dependent_synapse_burst_poisson"))
DT = 0.1
TOLERANCE = 1e-9
STEPS_PER_MS = round(1 / DT)

# With this rule the postsynaptic rates cover all regimes: below r_min, between, above r_max.
RULE = Rule(eta=0.15, tau_rate=2000.0, tau_average=1500.0, r_min=2.0, r_max=9.0, w_max=0.5)
N_PRE, N_POST = 15, 6
W_INIT = 0.1

# Steps from the stamp of a forcing pulse to that of the spike it forces
PULSE_LAG = 2


def steps(times: np.ndarray) -> np.ndarray:
    """Times in ms as integer steps."""
    return np.round(np.asarray(times) / DT).astype(np.int64)


def trains(recorder, population) -> list[np.ndarray]:
    """Recorded spikes of each neuron, in steps."""
    events = recorder.events
    return [np.sort(steps(events["times"][events["senders"] == n])) for n in population.tolist()]


@pytest.fixture(params=PAIRS, ids=lambda p: p[0])
def pair(request) -> tuple[str, str]:
    """A neuron and the synapse that is compiled for it."""
    return request.param


def build(pair: tuple[str, str], rule: Rule, seed: int):
    """Noisy neurons, all-to-all plastic synapses with random delays, postsynaptic of all rates."""
    neuron, synapse = pair
    receptors = nest.GetDefaults(neuron)["receptor_types"]
    detector = {"tau_average": rule.tau_average, "r_max": rule.r_max}
    noise = {
        "rate_soma_exc": 500.0,
        "rate_soma_inh": 500.0,
        "rate_dend_exc": 500.0,
        "rate_dend_inh": 500.0,
    }
    pre = nest.Create(neuron, N_PRE, params={"I_s": 150.0, "I_d": 150.0, **noise})
    post = nest.Create(neuron, N_POST, params={**detector, **noise})
    post.I_s = np.linspace(-350.0, 400.0, N_POST)
    post.I_d = np.linspace(0.0, 250.0, N_POST)
    nest.SetDefaults(
        synapse,
        {
            "eta": rule.eta,
            "tau_rate": rule.tau_rate,
            "r_min": rule.r_min,
            "w_max": rule.w_max,
            "w_min": rule.w_min,
        },
    )
    recorders = [nest.Create("spike_recorder") for _ in range(2)]
    weight_recorder = nest.Create("weight_recorder")
    nest.CopyModel(synapse, "recorded", {"weight_recorder": weight_recorder})
    delays = np.random.default_rng(seed).integers(10, 45, (N_POST, N_PRE)) * DT
    nest.Connect(
        pre,
        post,
        "all_to_all",
        {
            "synapse_model": "recorded",
            "weight": W_INIT,
            "delay": delays.round(1),
            "receptor_type": receptors["SOMA_EXC"],
        },
    )
    for population, recorder in zip((pre, post), recorders, strict=True):
        nest.Connect(population, recorder)
    return pre, post, recorders, weight_recorder


def compare(
    rule, pre, post, recorders, weight_recorder, *, learning_off=(), homeostasis=(-np.inf, np.inf)
):
    """All weights, at the end and at each transmission, against the rule; returns what happened."""
    pre_trains, post_trains = trains(recorders[0], pre), trains(recorders[1], post)
    # Spikes of the last communication interval have not been delivered to the synapses.
    delivered = steps(nest.biological_time - nest.min_delay)
    post_spikes = [postsynaptic_spikes(s, rule, DT, learning_off) for s in post_trains]
    sent = weight_recorder.events
    connections = nest.GetConnections(pre, post).get(["source", "target", "delay", "weight"])
    results = []
    worst = 0.0
    columns = (connections[k] for k in ("source", "target", "delay", "weight"))
    for source, target, delay, weight in zip(*columns, strict=True):
        train = pre_trains[pre.tolist().index(source)]
        train = train[train <= delivered]
        result = weight_trajectory(
            train,
            post_spikes[post.tolist().index(target)],
            W_INIT,
            train[-1:],
            rule,
            delay=int(steps(delay)),
            dt=DT,
            homeostasis=homeostasis,
        )
        mine = (sent["senders"] == source) & (sent["targets"] == target)
        order = np.argsort(sent["times"][mine])
        assert np.array_equal(
            steps(sent["times"][mine][order]), train[presynaptic_events(train, rule, DT)]
        )
        events = result.transmitted_steps <= train[-1]
        for got, expected in (
            (weight, result.at_queries[0]),
            (sent["weights"][mine][order], result.transmitted[events]),
        ):
            np.testing.assert_allclose(got, expected, rtol=TOLERANCE, atol=1e-12)
            worst = max(worst, float(np.max(np.abs(got - expected), initial=0.0)))
        results.append(result)
    change = np.mean(np.abs(np.array(connections["weight"]) - W_INIT))
    print(
        f"max |dw| {worst:.2e}; mean |w - w0| {change:.3f}; "
        f"spikes {[len(x) for x in post_trains]}; "
        f"bursts {[int(p.is_burst.sum()) for p in post_spikes]}; "
        f"homeostatic steps {sum(r.n_homeostatic for r in results)}; "
        f"coincidences {sum(r.n_coincident for r in results)}"
    )
    return results, post_spikes


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("seed", [1, 2])
def test_exact_with_random_delays(install_models, pair, threads, seed):
    install_models(*pair, threads=threads, seed=seed)
    parts = build(pair, RULE, seed)
    nest.Simulate(10000.0)
    results, post_spikes = compare(RULE, *parts)
    # The run must visit what it claims to test.
    assert any(r.hit_max for r in results)
    assert any(r.hit_min for r in results)
    assert sum(r.n_homeostatic for r in results) > 50
    assert sum(r.n_coincident for r in results) > 0
    assert any((p.event_rate > RULE.r_max).any() for p in post_spikes)
    assert sum(p.is_burst.sum() for p in post_spikes) > 50
    assert any((~p.is_event & ~p.is_burst).any() for p in post_spikes)


def test_neuron_counts_events_and_bursts(install_models, pair):
    install_models(*pair, seed=3)
    _, post, recorders, _ = build(pair, RULE, 3)
    nest.Simulate(4000.0)
    for neuron, train in zip(post, trains(recorders[1], post), strict=True):
        spikes = postsynaptic_spikes(train, RULE, DT)
        state = neuron.get(
            ["n_events", "n_bursts", "event_rate", "burst_rate", "burst_valence", "t_last_spike"]
        )
        assert (state["n_events"], state["n_bursts"]) == (
            spikes.is_event.sum(),
            spikes.is_burst.sum(),
        )
        if len(train):
            assert steps(state["t_last_spike"]) == train[-1]
            got = [state["event_rate"], state["burst_rate"], state["burst_valence"]]
            expected = [spikes.event_rate[-1], spikes.burst_rate[-1], spikes.valence[-1]]
            np.testing.assert_allclose(got, expected, rtol=TOLERANCE, atol=1e-12)


@pytest.mark.parametrize("threads", [1, 2])
def test_learning_off_and_on_again(install_models, pair, threads):
    """Both gates together reproduce an interval without learning, to the spike."""
    install_models(*pair, threads=threads, seed=8)
    pre, post, recorders, weight_recorder = build(pair, RULE, 8)
    nest.SetDefaults("recorded", {"learning_start": 0.05, "learning_stop": 1500.05})
    nest.Simulate(1500.0)
    post.learning = 0.0
    nest.Simulate(1500.0)
    post.learning = 1.0
    nest.Simulate(1500.0)
    # The step that ends at 1500 ms still learns, the one that ends at 3000 ms does not yet.
    off = (steps(1500.0) + 1, steps(3000.0))
    results, _ = compare(
        RULE,
        pre,
        post,
        recorders,
        weight_recorder,
        learning_off=[tuple(map(int, off))],
        homeostasis=(1, int(off[0])),
    )
    assert sum(r.n_homeostatic for r in results) > 50
    # The weights stand still once the spikes under way have arrived (largest delay 4.5 ms).
    for r in results:
        quiet = (r.transmitted_steps > off[0] + 50) & (r.transmitted_steps < off[1])
        assert len(np.unique(r.transmitted[quiet])) <= 1


def test_window_of_homeostasis(install_models, pair):
    """The presynaptic event at learning_start counts, the one at learning_stop does not."""
    duration = 1500.0

    def run(window):
        install_models(*pair, seed=8)
        parts = build(pair, RULE, 8)
        nest.SetDefaults(
            "recorded", dict(zip(("learning_start", "learning_stop"), window, strict=True))
        )
        nest.Simulate(duration)
        return parts

    # Nothing acts back on the presynaptic neurons, so they repeat their spikes.
    pre, _, recorders, _ = run((0.0, 0.0))
    train = trains(recorders[0], pre)[0]
    events = train[presynaptic_events(train, RULE, DT)]
    for first, last in ((1, 4), (2, 5), (3, 6)):
        start, stop = (int(events[k]) for k in (first, last))
        parts = run((round(start * DT, 1), round(stop * DT, 1)))
        results, _ = compare(RULE, *parts, homeostasis=(start, stop))
        assert sum(r.n_homeostatic for r in results) > 0


def test_no_learning_keeps_weights(install_models, pair):
    """Also weights outside the bounds: nothing is clipped while both gates are closed."""
    install_models(*pair, seed=5)
    pre, post, *_ = build(pair, RULE, 5)
    nest.SetDefaults("recorded", {"learning_stop": -1.0})
    post.learning = 0.0
    connections = nest.GetConnections(pre, post)
    connections.weight = 0.7
    nest.Simulate(2000.0)
    assert set(connections.get("weight")) == {0.7}


def test_published_replay(install_models, golden):
    """The published spike trains, forced upon NEST neurons, with the smallest delay of NEST."""
    install_models(NEURON, SYNAPSE)
    table = golden("burstprop_unit_plasticity_spikes")
    # Any common shift is allowed; this one leaves room for the pulses before the first spike.
    trains_ = {
        p: [
            np.sort(table["step"][(table["population"] == p) & (table["neuron"] == i)]).astype(int)
            + 2
            for i in range(8)
        ]
        for p in ("pre", "post")
    }
    receptors = nest.GetDefaults(NEURON)["receptor_types"]
    sources = nest.Create("spike_generator", 8)
    pre = nest.Create("parrot_neuron", 8)
    # Nothing else makes a spike: each pulse, through the inhibitory port, lifts V_s by 300 mV for a
    # step, and the spike resets it.
    quiet = {"g_s": 0.0, "b_s": 0.0, "g_d": 0.0, "I_bap": 0.0, "delta_theta": 0.0, "E_exc": -70.0}
    one_step = {"E_inh": 300.0 * 16.0 / DT - 70.0, "tau_inh": 1e-3}
    post = nest.Create(NEURON, 8, params={**quiet, **one_step})
    recorder = nest.Create("spike_recorder")
    pulses = nest.Create("spike_generator", 8)
    for i in range(8):
        # Source to parrot takes 0.1 ms.
        sources[i].spike_times = ((trains_["pre"][i] - 1) * DT).round(1)
        # The pulse arrives one step after it was sent and acts in the step after that.
        pulses[i].spike_times = ((trains_["post"][i] - PULSE_LAG) * DT).round(1)
    nest.Connect(sources, pre, "one_to_one", {"delay": DT})
    nest.Connect(pulses, post, "one_to_one", {"delay": DT, "receptor_type": receptors["SOMA_INH"]})
    nest.Connect(
        pre,
        post,
        "one_to_one",
        {"synapse_model": SYNAPSE, "delay": DT, "receptor_type": receptors["SOMA_EXC"]},
    )
    nest.Connect(post, recorder)
    nest.Simulate(30010.0)
    rule = Rule()
    weights = nest.GetConnections(pre, post).get("weight")
    for i, train in enumerate(trains(recorder, post)):
        np.testing.assert_array_equal(train, trains_["post"][i])
        spikes = postsynaptic_spikes(train, rule, DT)
        result = weight_trajectory(
            trains_["pre"][i], spikes, 0.08, trains_["pre"][i][-1:], rule, delay=1, dt=DT
        )
        np.testing.assert_allclose(weights[i], result.at_queries[0], rtol=TOLERANCE)
