"""Given spike trains through synapses in NEST: what they transmit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DT = 0.1
#: From a source to its parrot.  NEST works in slices of the shortest delay, so it is not one step.
SOURCE_DELAY = 8


def transmitted(
    trains: Sequence[NDArray[np.int64]],
    synapse: str,
    *,
    delays: Sequence[int],
    weights: float | Sequence[float],
    shared: Mapping[str, Any] | None = None,
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Send each train through a synapse of its own, to a parrot neuron.

    Parameters
    ----------
    trains : sequence of arrays
        Time stamps of the presynaptic spikes in steps, from `SOURCE_DELAY` + 1 on.
    synapse : str
        Synapse model, installed.
    delays : sequence of int
        Of each synapse, in steps.
    weights : float or sequence of float
        Of all synapses, or of each.
    shared : mapping, optional
        Homogeneous parameters that differ from their defaults.

    Returns
    -------
    list of (steps, weights)
        Of each synapse: stamps of the presynaptic spikes that were transmitted, and their weights.
        What its target received has been compared with it.
    """
    import nest

    n = len(trains)
    sources = nest.Create("spike_generator", n)
    pre, post = nest.Create("parrot_neuron", n), nest.Create("parrot_neuron", n)
    for source, train in zip(sources, trains, strict=True):
        source.spike_times = ((np.asarray(train) - SOURCE_DELAY) * DT).round(1)
    nest.Connect(sources, pre, "one_to_one", {"delay": SOURCE_DELAY * DT})
    weight_recorder, recorder = nest.Create("weight_recorder"), nest.Create("spike_recorder")
    nest.CopyModel(synapse, "sent", {"weight_recorder": weight_recorder, **(shared or {})})
    specification = {
        "synapse_model": "sent",
        "weight": weights,
        "delay": (np.asarray(delays) * DT).round(1),
    }
    nest.Connect(pre, post, "one_to_one", specification)
    nest.Connect(post, recorder)
    nest.Simulate((max(map(max, trains)) + 2 * max(delays) + 10) * DT)
    sent, received = weight_recorder.events, recorder.events
    result = []
    for source, target, delay in zip(pre.tolist(), post.tolist(), delays, strict=True):
        mine = sent["senders"] == source
        order = np.argsort(sent["times"][mine])
        steps = np.round(sent["times"][mine][order] / DT).astype(np.int64)
        arrived = np.sort(received["times"][received["senders"] == target])
        np.testing.assert_array_equal(np.round(arrived / DT).astype(np.int64), steps + delay)
        result.append((steps, sent["weights"][mine][order]))
    return result
