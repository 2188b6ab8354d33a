"""Given input spikes, into a neuron in NEST and into a step-by-step calculation.

The published simulator's tables count steps from 0; step n of a table ends at (n + 1) dt, which is
NEST's time stamp of what happens in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DT = 0.1
#: Delay of the connections of the replayed input
DELAY_STEPS = 8
#: Length of the published replays
N_STEPS = 10000

Array = NDArray[np.float64]
Steps = NDArray[np.int64]


def published_input(table: Mapping[str, NDArray[Any]]) -> list[Steps]:
    """Emission steps of the four channels of ``burstprop_unit_inputs``."""
    return [table["emission_step"][table["channel"] == c].astype(np.int64) for c in range(4)]


def arrivals(emitted: Sequence[Steps], n_steps: int = N_STEPS) -> Steps:
    """Spikes that reach each channel at the end of each step, shape (n_steps, n_channels)."""
    counts = np.zeros((n_steps + DELAY_STEPS, len(emitted)), np.int64)
    for channel, steps in enumerate(emitted):
        np.add.at(counts, (steps + DELAY_STEPS, channel), 1)
    return counts[:n_steps]


def in_nest(
    model: str,
    params: Mapping[str, float],
    weights: Mapping[str, float],
    emitted: Sequence[Steps],
    states: Sequence[str],
    n_steps: int = N_STEPS,
) -> tuple[list[int], Array]:
    """Spikes and states of one neuron in NEST.

    Parameters
    ----------
    model : str
        Neuron model, installed.
    params : mapping
        Its parameters.
    weights : mapping
        Input port -> weight, in the order of `emitted`.
    emitted : sequence of arrays
        Emission steps of each channel.
    states : sequence of str
        State variables to record.
    n_steps : int
        Length.

    Returns
    -------
    spikes : list of int
        Steps of the spikes.
    states : array, shape (n_steps, len(states))
        At the end of each step, after the injection of currents (the published tables: before).
    """
    import nest

    neuron = nest.Create(model, params=params)
    receptors = nest.GetDefaults(model)["receptor_types"]
    for (port, weight), steps in zip(weights.items(), emitted, strict=True):
        source = nest.Create("spike_generator", params={"spike_times": ((steps + 1) * DT).round(1)})
        synapse = {
            "weight": weight,
            "delay": DELAY_STEPS * DT,
            "receptor_type": receptors[port.upper()],
        }
        nest.Connect(source, neuron, syn_spec=synapse)
    multimeter = nest.Create("multimeter", params={"interval": DT, "record_from": list(states)})
    recorder = nest.Create("spike_recorder")
    nest.Connect(multimeter, neuron)
    nest.Connect(neuron, recorder)
    nest.Simulate(n_steps * DT + 1.0)  # what happens in the last min_delay is not yet recorded
    spikes = np.round(recorder.events["times"] / DT).astype(int) - 1
    recorded = np.stack([multimeter.events[s] for s in states], axis=1)[:n_steps]
    return spikes[spikes < n_steps].tolist(), recorded


def assert_single_precision(found: Array, published: Array, single: Array, double: Array) -> Array:
    """Published values differ from those found as single from double precision.

    Parameters
    ----------
    found, published : array, shape (n_steps, n_states)
        To be compared.
    single, double : array
        The same equations step by step in float32 and float64.

    Returns
    -------
    array
        Largest difference of each state.
    """
    rounding = np.abs(single - double).max(axis=0)
    difference = np.abs(found - published).max(axis=0)
    print("single precision", rounding, "\nfound", difference)
    # Factor 3: rounding depends on the order of operations. 7 printed digits.
    assert np.all(difference <= 3 * rounding + 1e-6 * np.abs(published).max(axis=0))
    return difference
