"""burst_poisson_neuron in NEST: every step against plain Python, statistics of its draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from published_replay import DT, arrivals, in_nest
from scipy import stats

nest = pytest.importorskip("nest")

NEURON = "burst_poisson_neuron"
WEIGHTS = {"soma_exc": 0.7, "soma_inh": 0.3, "dend_exc": 0.25, "dend_inh": 0.1}
STATES = ("V_s", "V_d", "w_s", "w_d", "theta", "g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d")
T_REF = 200
SHORTEST, LONGEST = 49, 148  # steps from an event to its second spike


def replica(arrived_spikes, second_steps, I_s: float, I_d: float):
    """Integrate the published equations, in mV, ms, pA and pF.

    Parameters
    ----------
    arrived_spikes : array of int, shape (n_steps, 4)
        Number of spikes that reach each channel at the end of each step.
    second_steps : array of int
        What the neuron drew, read at the events only: after how many steps it will emit the second
        spike of the burst, 0 for no burst.
    I_s, I_d : float
        Constant currents.

    Returns
    -------
    events, seconds : list of int
        Steps of the two kinds of spike.
    states : array, shape (n_steps, 9)
        At the end of each step, in the order of `STATES`.
    """
    rest, tau_s, tau_d, c_s, c_d = -70.0, 16.0, 7.0, 370.0, 170.0
    v_s, v_d, w_s, w_d, theta = rest, rest, 0.0, 0.1, -50.0
    decay = [math.exp(-DT / tau) for tau in (5.0, 10.0, 5.0, 10.0)]
    g = [0.0] * 4
    last, due = -math.inf, None
    events, seconds, states = [], [], []
    for n, arrived in enumerate(arrived_spikes.tolist()):
        syn_s = g[0] * (0.0 - v_s) + g[1] * (-80.0 - v_s)
        syn_d = g[2] * (0.0 - v_s) + g[3] * (-80.0 - v_s)
        v_s, v_d = (
            v_s + DT * ((rest - v_s) / tau_s - 200.0 / c_s * w_s + syn_s / tau_s),
            v_d + DT * ((rest - v_d) / tau_d - 13.0 / c_d * w_d + syn_d / tau_d),
        )
        w_s *= math.exp(-DT / 100.0)
        w_d += DT / 30.0 * ((v_d - rest) - w_d)
        theta += DT / 27.0 * (-50.0 - theta)
        if v_s > theta and last <= n - T_REF:
            v_s, theta, w_s, last = rest, theta + 2.0, w_s + 1.0, n
            due = n + second_steps[n] if second_steps[n] else None
            events.append(n)
        elif n == due:
            last = n
            seconds.append(n)
        g = [x * d + w * k for x, d, w, k in zip(g, decay, WEIGHTS.values(), arrived, strict=True)]
        v_s += DT * I_s / c_s
        v_d += DT * I_d / c_d
        states.append((v_s, v_d, w_s, w_d, theta, *g))
    return events, seconds, np.array(states)


@pytest.mark.parametrize(("I_s", "I_d"), [(450.0, 150.0), (900.0, 400.0)])
def test_every_step_equals_the_equations(install_models, I_s, I_d):
    install_models(NEURON)
    n_steps = 50000
    rng = np.random.default_rng(7)
    emitted = [np.flatnonzero(rng.random(n_steps) < rate * DT / 1000) for rate in (60, 40, 80, 60)]
    spikes, recorded = in_nest(
        NEURON, {"I_s": I_s, "I_d": I_d}, WEIGHTS, emitted, (*STATES, "second_steps"), n_steps
    )
    states, second_steps = recorded[:, :-1], recorded[:, -1].astype(int)
    events, seconds, expected = replica(arrivals(emitted, n_steps), second_steps, I_s, I_d)
    assert spikes == sorted(events + seconds)
    print(
        f"{len(events)} events, {len(seconds)} bursts; max |model - equations|",
        np.abs(states - expected).max(axis=0),
    )
    np.testing.assert_allclose(states, expected, rtol=1e-9, atol=1e-9)
    # The run must visit what it claims to test: bursts, single spikes, a threshold that is crossed
    # while the neuron is refractory.
    assert 10 < len(seconds) < len(events) - 10
    ready = np.flatnonzero(states[:-1, 0] > states[:-1, 4]) + 1
    assert (~np.isin(ready, spikes)).sum() > 100
    # A second spike leaves no trace in the soma, an event does.
    for state, at_event in (("w_s", 0.5), ("theta", 1.0)):
        jumps = np.diff(states[:, STATES.index(state)], prepend=0.0)
        assert jumps[events].min() > at_event
        assert np.all(jumps[seconds] <= 0)
    assert np.abs(np.diff(states[:, 0], prepend=-70.0)[seconds]).max() < 1.0
    assert np.all(states[events, 0] == -70.0 + DT * I_s / 370.0)


@pytest.fixture
def drawn(install_models) -> dict[float, np.ndarray]:
    """Clamped dendrites: V_d -> for each event, steps to the second spike, 0 if it is no burst.

    Intervals shorter than the refractory period can only be those of bursts.
    """
    install_models(NEURON, seed=3)
    levels, n_cells, duration = np.linspace(-78.0, -40.0, 9), 100, 10000.0
    voltage = np.repeat(levels, n_cells)
    # Capacitance and time constant beyond reach keep V_d where it is.
    cells = nest.Create(NEURON, len(voltage), params={"I_s": 700.0, "tau_d": 1e15, "C_d": 1e15})
    cells.V_d = voltage
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(duration + 20.0)
    np.testing.assert_allclose(cells.V_d, voltage, rtol=1e-9)
    times = np.round(recorder.events["times"] / DT).astype(int)
    senders = recorder.events["senders"] - cells[0].global_id
    found: dict[float, list[np.ndarray]] = {level: [] for level in levels}
    for i, level in enumerate(voltage):
        train = np.sort(times[senders == i])
        gap = np.diff(train)
        is_event = np.append(True, gap[:-1] >= T_REF) & (train[:-1] < duration / DT)
        found[level].append(np.where(gap < T_REF, gap, 0)[is_event])
    return {level: np.concatenate(gaps) for level, gaps in found.items()}


def test_burst_probability(drawn):
    for level, gaps in drawn.items():
        bursts, events = np.count_nonzero(gaps), len(gaps)
        p = 1 / (1 + math.exp(-(level + 57.0) / 6.0))
        z = (bursts - p * events) / math.sqrt(events * p * (1 - p))
        print(f"V_d {level:6.2f} mV: {bursts}/{events} = {bursts / events:.4f}, {p:.4f}, z {z:.2f}")
        assert events > 3000
        assert abs(z) < 4.5


def test_intervals_within_bursts_are_uniform(drawn):
    within = [gaps[gaps > 0] for gaps in drawn.values()]
    counts = np.bincount(np.concatenate(within), minlength=LONGEST + 1)
    assert len(counts) == LONGEST + 1
    assert not counts[:SHORTEST].any()
    test = stats.chisquare(counts[SHORTEST:])
    print(f"{counts.sum()} intervals, chi² {test.statistic:.1f} (99), p {test.pvalue:.3f}")
    assert test.pvalue > 1e-4
    # Whether there is a burst does not decide when.
    for sample in within:
        error = (LONGEST - SHORTEST + 1) / math.sqrt(12 * len(sample))
        assert abs(sample.mean() - (SHORTEST + LONGEST) / 2) < 4.5 * error


def driven(duration: float, **params: float) -> np.ndarray:
    """Intervals in steps of one neuron that fires whenever it may."""
    cell = nest.Create(NEURON, params={"I_s": 1e5, "delta_theta": 0.0, "b_s": 0.0, **params})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cell, recorder)
    nest.Simulate(duration)
    return np.diff(np.round(recorder.events["times"] / DT).astype(int))


def test_never_a_burst_is_refractory(install_models):
    install_models(NEURON)
    assert set(driven(500.0, E_d=1e4)) == {T_REF}


def test_always_a_burst_restarts_refractoriness(install_models):
    install_models(NEURON)
    intervals = driven(1000.0, E_d=-1e4)
    assert set(intervals[1::2]) == {T_REF}
    assert intervals[::2].min() >= SHORTEST
    assert intervals[::2].max() <= LONGEST
    assert len(set(intervals[::2])) > 10


def test_other_intervals_are_reached(install_models):
    install_models(NEURON)
    intervals = driven(1000.0, E_d=-1e4, isi_min=2.0, isi_max=2.2)
    assert set(intervals[::2]) == {20, 21, 22}


def test_an_event_cancels_a_scheduled_spike(install_models):
    install_models(NEURON)
    # Half of the events are bursts: many a scheduled spike meets an event that schedules none.
    assert set(driven(1000.0, E_d=-70.0, t_ref=2.0)) == {20}
