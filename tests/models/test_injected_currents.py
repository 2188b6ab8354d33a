"""Injected currents: sinusoidal ones against a plain loop over steps; no ports for devices."""

from __future__ import annotations

import numpy as np
import pytest
from published_replay import DT
from two_compartments import STATES, replica

nest = pytest.importorskip("nest")

NEURON = "pyramidal_burst_neuron"

# What is set, from which time (ms) on. Times are on no grid of the model's own; each of amplitude,
# frequency and phase is changed alone, and a current is off for a while.
SCHEDULE = [
    (0.0, {"I_s": 300.0, "I_d": 100.0}),
    (50.3, {"amplitude_s": 400.0, "frequency_s": 7.3, "phase_s": 30.0}),
    (123.4, {"amplitude_d": 500.0, "frequency_d": 40.0}),
    (200.0, {"frequency_s": 3.0}),
    (233.3, {"phase_d": -120.0}),
    (301.7, {"amplitude_s": 0.0, "amplitude_d": 0.0}),
    (333.0, {"amplitude_s": 250.0, "amplitude_d": 300.0}),
    (400.0, {"I_s": 250.0, "amplitude_s": -250.0}),
]
STOP = 700.0
DEFAULTS = dict.fromkeys(
    (f"{k}_{c}" for k in ("I", "amplitude", "frequency", "phase") for c in "sd"), 0.0
)


def currents(schedule, stop):
    """Currents into soma and dendrite in each step (pA), from their definition."""
    start = DT * np.arange(round(stop / DT))
    result = np.zeros((2, start.size))
    now = dict(DEFAULTS)
    for begin, changes in schedule:
        now.update(changes)
        since = start > begin - DT / 2
        for row, c in zip(result, "sd", strict=True):
            turns = now[f"frequency_{c}"] * start[since] / 1000.0 + now[f"phase_{c}"] / 360.0
            row[since] = now[f"I_{c}"] + now[f"amplitude_{c}"] * np.sin(2.0 * np.pi * turns)
    return result


def simulated(schedule, stop, chunk=None):
    """Spikes (as steps from 0) and states of one neuron, simulated in chunks (ms)."""
    neuron = nest.Create(NEURON)
    multimeter = nest.Create("multimeter", params={"interval": DT, "record_from": list(STATES)})
    recorder = nest.Create("spike_recorder")
    nest.Connect(multimeter, neuron, syn_spec={"delay": DT})
    nest.Connect(neuron, recorder, syn_spec={"delay": DT})
    ends = [begin for begin, _ in schedule[1:]] + [stop]
    for (begin, changes), end in zip(schedule, ends, strict=True):
        neuron.set(changes)
        left = round((end - begin) / DT)
        while left > 0:
            steps = left if chunk is None else min(left, round(chunk / DT))
            nest.Simulate(steps * DT)
            left -= steps
    nest.Simulate(1.0)  # multimeters lag behind
    steps = np.round(recorder.events["times"] / DT).astype(int) - 1
    n = round(stop / DT)
    states = np.stack([multimeter.events[s] for s in STATES], axis=1)[:n]
    return steps[steps < n].tolist(), states


def test_sinusoidal_currents_step_by_step(install_models):
    install_models(NEURON)
    spikes, states = simulated(SCHEDULE, STOP)
    I_s, I_d = currents(SCHEDULE, STOP)
    expected_spikes, expected = replica(np.zeros((len(I_s), 4), int), (0, 0, 0, 0), I_s, I_d)
    # NEST records after the injection of currents, the loop before.
    expected[:, 0] += DT * I_s / 370.0
    expected[:, 1] += DT * I_d / 170.0
    assert len(spikes) > 3
    assert spikes == expected_spikes
    print("max |model - equations|", np.abs(states - expected).max(axis=0))
    np.testing.assert_allclose(states, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("chunk", [0.1, 3.7, 10.0])
def test_halts_change_nothing(install_models, chunk):
    """To the last bit: a network would blow up the least difference."""
    install_models(NEURON)
    whole = simulated(SCHEDULE[:4], 260.0)
    install_models(NEURON)
    parts = simulated(SCHEDULE[:4], 260.0, chunk)
    assert whole[0] == parts[0]
    np.testing.assert_array_equal(whole[1], parts[1])


def test_phase_is_kept_for_hours(install_models):
    """No error adds up: after three hours of biological time the current is still exact."""
    install_models(NEURON)
    nest.set(resolution=10.0)
    # Nothing but the injected current moves the soma: no leak to speak of, no spikes.
    cell = nest.Create(
        NEURON,
        params={
            "tau_s": 1e15, "tau_d": 1e15, "C_s": 1.0, "theta_0": 1e9, "g_s": 0.0, "g_d": 0.0,
            "a_d": 0.0, "amplitude_s": 1.0, "frequency_s": 0.0931, "phase_s": 17.0,
        },
    )  # fmt: skip
    cell.theta = 1e9
    n = 1_080_000
    nest.Simulate(n * 10.0)
    before = cell.V_s
    nest.Simulate(10.0)
    angle = 2.0 * np.pi * 0.0931 * n * 0.01 + np.radians(17.0)
    assert (cell.V_s - before) / 10.0 == pytest.approx(np.sin(angle), abs=1e-6)


@pytest.mark.parametrize(
    "model", ["pyramidal_burst_neuron", "burst_poisson_neuron", "adex_interneuron"]
)
def test_no_port_no_connection(install_models, model):
    """A neuron whose currents are parameters only says so, instead of ignoring a device."""
    install_models(model)
    source, neuron = nest.Create("dc_generator"), nest.Create(model)
    with pytest.raises(nest.NESTErrors.IllegalConnection, match="current input"):
        nest.Connect(source, neuron)
