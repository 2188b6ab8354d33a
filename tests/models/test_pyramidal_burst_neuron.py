"""pyramidal_burst_neuron in NEST: published replay."""

from __future__ import annotations

import numpy as np
import pytest
from published_replay import DT, arrivals, assert_single_precision, in_nest, published_input
from two_compartments import CHANNELS, STATES, replica

pytest.importorskip("nest")

NEURON = "pyramidal_burst_neuron"
# The replay of the published simulator: constant currents, weights of the four channels
I_S, I_D = 450.0, 150.0
WEIGHTS = (0.7, 0.3, 0.25, 0.1)


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
    expected_spikes, expected = replica(arrived, WEIGHTS, I_S, I_D, np.float64)
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
    (_, single), (_, double) = (
        replica(arrived[:n], WEIGHTS, I_S, I_D, dtype) for dtype in (np.float32, np.float64)
    )
    found = assert_single_precision(states[:n], published, single, double)
    np.testing.assert_array_less(found[:2], 1e-3)  # mV
