"""pyramidal_burst_neuron in NEST: published replay, injected currents, background noise."""

from __future__ import annotations

import numpy as np
import pytest

nest = pytest.importorskip("nest")

NEURON = "pyramidal_burst_neuron"
DT = 0.1
CHANNELS = ("soma_exc", "soma_inh", "dend_exc", "dend_inh")
# The replay of the published simulator: constant currents, weights of the four channels, delay
I_S, I_D = 450.0, 150.0
WEIGHTS = (0.7, 0.3, 0.25, 0.1)
DELAY_STEPS = 8
STATES = ("V_s", "V_d", "w_s", "w_d", "theta", "g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d")


def replica(arrivals: np.ndarray, dtype: type) -> tuple[list[int], np.ndarray]:
    """Integrate the published equations in SI units and a chosen precision.

    Parameters
    ----------
    arrivals : array of int, shape (n_steps, 4)
        Number of spikes that reach each channel at the end of each step.
    dtype : type
        ``np.float32`` (as the published simulator) or ``np.float64``.

    Returns
    -------
    spikes : list of int
        Steps of the spikes.
    states : array, shape (n_steps, 9)
        The state after the delivery of spikes and before the injection of currents, in the order
        of `STATES`, voltages in mV.
    """
    f = dtype
    dt, rest = f(1e-4), f(-70e-3)
    tau_s, tau_d, c_s, c_d = f(16e-3), f(7e-3), f(370e-12), f(170e-12)
    decay = np.exp(-dt / np.array([5e-3, 10e-3, 5e-3, 10e-3], f)).astype(f)
    decay_ws = f(np.exp(-dt / f(0.1)))
    weights = np.array(WEIGHTS, f)
    v_s = v_d = rest
    w_s, w_d, theta = f(0), f(1e-4), f(-50e-3)
    g = np.zeros(4, f)
    box = 0
    spikes, states = [], []
    for step, arrived in enumerate(arrivals):
        sigma = f(1) / (f(1) + np.exp(-(v_d - f(-38e-3)) / f(6e-3)))
        syn_s = g[0] * (f(0) - v_s) + g[1] * (f(-80e-3) - v_s)
        syn_d = g[2] * (f(0) - v_s) + g[3] * (f(-80e-3) - v_s)
        regen_s = f(1300e-12) / c_s * sigma + f(-200e-12) / c_s * w_s
        regen_d = f(1200e-12) / c_d * sigma + f(-13e-9) / c_d * w_d
        bap = f(2600e-12) / c_d if box > 0 else f(0)
        g = g * decay
        v_s, v_d = (
            v_s + dt * ((rest - v_s) / tau_s + regen_s + syn_s / tau_s),
            v_d + dt * ((rest - v_d) / tau_d + regen_d + bap + syn_d / tau_d),
        )
        box = max(box - 1, 0)
        w_s = w_s * decay_ws
        w_d = w_d + dt / f(30e-3) * ((v_d - rest) - w_d)
        theta = theta + dt / f(27e-3) * (f(-50e-3) - theta)
        if v_s > theta:
            v_s, theta, w_s, box = rest, theta + f(2e-3), w_s + f(1), 20
            spikes.append(step)
        g = g + weights * arrived.astype(f)
        mv = 1000.0
        states.append([v_s * mv, v_d * mv, w_s, w_d * mv, theta * mv, *g])
        v_s = v_s + dt * f(I_S * 1e-12) / c_s
        v_d = v_d + dt * f(I_D * 1e-12) / c_d
    return spikes, np.array(states, float)


@pytest.fixture
def replay(install_models, golden):
    """Spikes and states on the published input, and its arrivals per step and channel."""
    install_models(NEURON)
    inputs = golden("burstprop_unit_inputs")
    n_steps = 10000
    arrivals = np.zeros((n_steps + DELAY_STEPS, 4), int)
    neuron = nest.Create(NEURON, params={"I_s": I_S, "I_d": I_D})
    receptors = nest.GetDefaults(NEURON)["receptor_types"]
    for channel, (port, weight) in enumerate(zip(CHANNELS, WEIGHTS, strict=True)):
        emitted = inputs["emission_step"][inputs["channel"] == channel].astype(int)
        np.add.at(arrivals, (emitted + DELAY_STEPS, channel), 1)
        # Step n of the tables ends at (n + 1) dt, which is NEST's time stamp.
        source = nest.Create(
            "spike_generator", params={"spike_times": ((emitted + 1) * DT).round(1)}
        )
        nest.Connect(
            source,
            neuron,
            syn_spec={
                "weight": weight,
                "delay": DELAY_STEPS * DT,
                "receptor_type": receptors[port.upper()],
            },
        )
    multimeter = nest.Create("multimeter", params={"interval": DT, "record_from": list(STATES)})
    recorder = nest.Create("spike_recorder")
    nest.Connect(multimeter, neuron)
    nest.Connect(neuron, recorder)
    nest.Simulate(n_steps * DT + 1.0)  # what happens in the last min_delay is not yet recorded
    spikes = np.round(recorder.events["times"] / DT).astype(int) - 1
    states = np.stack([multimeter.events[s] for s in STATES], axis=1)[:n_steps]
    # NEST records after the injection of currents, the tables show the state before.
    states[:, 0] -= DT * I_S / 370.0
    states[:, 1] -= DT * I_D / 170.0
    return spikes[spikes < n_steps].tolist(), states, arrivals[:n_steps]


def test_published_spikes(replay, golden):
    table = golden("burstprop_unit_spikes")
    assert replay[0] == table["step"][table["cell"] == "twocomp"].astype(int).tolist()


def test_states_equal_the_equations(replay):
    spikes, states, arrivals = replay
    expected_spikes, expected = replica(arrivals, np.float64)
    assert spikes == expected_spikes
    print("max |model - float64 equations|", np.abs(states - expected).max(axis=0))
    np.testing.assert_allclose(states, expected, rtol=1e-9, atol=1e-9)


def test_published_states_to_single_precision(replay, golden):
    """The tables differ from the model as single from double precision."""
    _, states, arrivals = replay
    table = golden("burstprop_unit_twocomp_trace")
    columns = ("V_s", "V_d", "w_s", "w_d", "theta", "gE_s", "gI_s", "gE_d", "gI_d")
    scale = np.array([1e3, 1e3, 1, 1e3, 1e3, 1, 1, 1, 1])
    published = np.stack([table[c] for c in columns], axis=1) * scale
    n = len(published)
    (_, single), (_, double) = (replica(arrivals[:n], dtype) for dtype in (np.float32, np.float64))
    rounding = np.abs(single - double).max(axis=0)
    found = np.abs(states[:n] - published).max(axis=0)
    print("single precision", rounding, "\nfound", found)
    # Factor 3: rounding depends on the order of operations. 7 printed digits.
    assert np.all(found <= 3 * rounding + 1e-6 * np.abs(published).max(axis=0))
    np.testing.assert_array_less(found[:2], 1e-3)  # mV


@pytest.mark.parametrize("compartment", ["s", "d"])
def test_current_port_equals_parameter(install_models, compartment):
    """A device's current acts like the constant one, two steps later (delay, input buffer)."""
    install_models(NEURON)
    by_parameter, by_device = nest.Create(NEURON), nest.Create(NEURON)
    port = nest.GetDefaults(NEURON)["continuous_inputs"][f"I_STIM_{compartment.upper()}"]
    source = nest.Create(
        "step_current_generator",
        params={"amplitude_times": [9.9, 209.9], "amplitude_values": [600.0, 0.0]},
    )
    nest.Connect(source, by_device, syn_spec={"delay": DT, "receptor_type": port})
    multimeter = nest.Create("multimeter", params={"interval": DT, "record_from": ["V_s", "V_d"]})
    nest.Connect(multimeter, by_parameter + by_device)
    for current, duration in ((0.0, 10.0), (600.0, 200.0), (0.0, 90.0)):
        by_parameter.set({f"I_{compartment}": current})
        nest.Simulate(duration)
    events = multimeter.events
    for state in ("V_s", "V_d"):
        first, second = (
            events[state][events["senders"] == n.global_id] for n in (by_parameter, by_device)
        )
        np.testing.assert_allclose(first, second, rtol=1e-12)
        assert np.ptp(first) > 1


N_CELLS = 1000
UNIT = 1e-9  # weight of one background event: too small to move a neuron


def create_counters(**rates: float):
    """Neurons whose conductances count background events."""
    weights = {f"w_bg_{c}": UNIT for c in CHANNELS}
    return nest.Create(
        NEURON, N_CELLS, params={"tau_exc": 1e15, "tau_inh": 1e15, **weights, **rates}
    )


def counts(cells) -> np.ndarray:
    """Background events so far, shape (n_cells, 4)."""
    conductances = ["g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d"]
    state = cells.get(conductances)
    return (np.stack([state[k] for k in conductances], axis=1) / UNIT).round()


def assert_poisson(observed: np.ndarray, expected: float) -> None:
    """Mean and variance of counts, within 4.5 standard errors of a Poisson distribution."""
    n = len(observed)
    assert abs(observed.mean() - expected) < 4.5 * np.sqrt(expected / n)
    fano = observed.var(ddof=1) / expected
    print(f"mean {observed.mean():.3f} (expected {expected:.3f}), Fano factor {fano:.3f}")
    assert abs(fano - 1) < 4.5 * np.sqrt((2 + 1 / expected) / n)


@pytest.mark.parametrize("seed", [1, 2])
def test_background_counts_are_poisson(install_models, seed):
    install_models(NEURON, seed=seed)
    rates = dict(zip(CHANNELS, (40.0, 90.0, 500.0, 7.0), strict=True))
    cells = create_counters(**{f"rate_{c}": r for c, r in rates.items()})
    nest.Simulate(1000.0)
    observed = counts(cells)
    for i, rate in enumerate(rates.values()):
        assert_poisson(observed[:, i], rate)
    correlation = np.corrcoef(observed.T) - np.eye(4)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(N_CELLS)
    assert np.array_equal(observed.sum(axis=1).round().astype(int), cells.get("n_bg_events"))


def test_background_follows_changed_rates(install_models):
    install_models(NEURON)
    cells = create_counters(rate_soma_exc=200.0)
    before = np.zeros((N_CELLS, 4))
    for soma_exc, dend_inh, duration in (
        (200.0, 0.0, 50.0),
        (0.0, 0.0, 50.0),
        (2000.0, 30.0, 50.0),
        (0.0, 30.0, 300.0),
    ):
        cells.set({"rate_soma_exc": soma_exc, "rate_dend_inh": dend_inh})
        nest.Simulate(duration)
        now = counts(cells)
        gained = now - before
        assert not gained[:, 1:3].any()
        for column, rate in ((0, soma_exc), (3, dend_inh)):
            if rate:
                assert_poisson(gained[:, column], rate * duration / 1000)
            else:
                assert not gained[:, column].any()
        before = now


def test_background_several_events_per_step(install_models):
    install_models(NEURON)
    cells = create_counters(rate_dend_exc=25000.0, rate_soma_inh=5000.0)
    nest.Simulate(10.0)
    observed = counts(cells)
    assert_poisson(observed[:, 1], 50.0)
    assert_poisson(observed[:, 2], 250.0)


def test_background_does_not_start_in_step(install_models):
    """The first step has as many events as any other."""
    install_models(NEURON)
    cells = create_counters(rate_soma_exc=500.0)
    per_step = []
    before = 0.0
    for _ in range(20):
        nest.Simulate(DT)
        total = counts(cells).sum()
        per_step.append(total - before)
        before = total
    expected = N_CELLS * 500.0 * DT / 1000
    assert abs(per_step[0] - expected) < 4.5 * np.sqrt(expected)
    assert abs(np.mean(per_step) - expected) < 4.5 * np.sqrt(expected / 20)


def test_no_background_by_default(install_models):
    install_models(NEURON)
    cell = nest.Create(NEURON)
    nest.Simulate(100.0)
    assert cell.get(["n_bg_events", "bg_started"]) == {"n_bg_events": 0, "bg_started": 0}
