"""pyramidal_burst_neuron in NEST: published replay."""

from __future__ import annotations

import numpy as np
import pytest
from published_replay import DT, arrivals, assert_single_precision, in_nest, published_input

pytest.importorskip("nest")

NEURON = "pyramidal_burst_neuron"
CHANNELS = ("soma_exc", "soma_inh", "dend_exc", "dend_inh")
# The replay of the published simulator: constant currents, weights of the four channels
I_S, I_D = 450.0, 150.0
WEIGHTS = (0.7, 0.3, 0.25, 0.1)
STATES = ("V_s", "V_d", "w_s", "w_d", "theta", "g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d")


def replica(arrived_spikes: np.ndarray, dtype: type) -> tuple[list[int], np.ndarray]:
    """Integrate the published equations in SI units and a chosen precision.

    Parameters
    ----------
    arrived_spikes : array of int, shape (n_steps, 4)
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
    for step, arrived in enumerate(arrived_spikes):
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
    emitted = published_input(golden("burstprop_unit_inputs"))
    weights = dict(zip(CHANNELS, WEIGHTS, strict=True))
    spikes, states = in_nest(NEURON, {"I_s": I_S, "I_d": I_D}, weights, emitted, STATES)
    # NEST records after the injection of currents, the tables show the state before.
    states[:, 0] -= DT * I_S / 370.0
    states[:, 1] -= DT * I_D / 170.0
    return spikes, states, arrivals(emitted)


def test_published_spikes(replay, golden):
    table = golden("burstprop_unit_spikes")
    assert replay[0] == table["step"][table["cell"] == "twocomp"].astype(int).tolist()


def test_states_equal_the_equations(replay):
    spikes, states, arrived = replay
    expected_spikes, expected = replica(arrived, np.float64)
    assert spikes == expected_spikes
    print("max |model - float64 equations|", np.abs(states - expected).max(axis=0))
    np.testing.assert_allclose(states, expected, rtol=1e-9, atol=1e-9)


def test_published_states_to_single_precision(replay, golden):
    """The tables differ from the model as single from double precision."""
    _, states, arrived = replay
    table = golden("burstprop_unit_twocomp_trace")
    columns = ("V_s", "V_d", "w_s", "w_d", "theta", "gE_s", "gI_s", "gE_d", "gI_d")
    scale = np.array([1e3, 1e3, 1, 1e3, 1e3, 1, 1, 1, 1])
    published = np.stack([table[c] for c in columns], axis=1) * scale
    n = len(published)
    (_, single), (_, double) = (replica(arrived[:n], dtype) for dtype in (np.float32, np.float64))
    found = assert_single_precision(states[:n], published, single, double)
    np.testing.assert_array_less(found[:2], 1e-3)  # mV
