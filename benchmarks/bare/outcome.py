"""What a bare script leaves: its arrays and spikes in a file, and a line for `overhead.py`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def leave(out: str, marks: Sequence[float], recorders: Mapping[str, Any], **arrays: Any) -> None:
    """Write the file and print the times.

    Parameters
    ----------
    out : str
        File of `numpy.savez`.
    marks : sequence of float
        ``time.perf_counter`` at the beginning, when models were installed, when the network was
        constructed, and after the simulation.
    recorders : mapping
        Population -> spike recorder.
    **arrays
        What else is written.
    """
    begin, installed, constructed, simulated = marks
    for name, recorder in recorders.items():
        events = recorder.events
        arrays[f"{name}_times"], arrays[f"{name}_senders"] = events["times"], events["senders"]
    np.savez(out, **arrays)
    print(
        json.dumps(
            {
                "install": installed - begin,
                "construct": constructed - installed,
                "simulate": simulated - constructed,
                "write": time.perf_counter() - simulated,
                "spikes": {name: int(recorder.n_events) for name, recorder in recorders.items()},
            }
        )
    )
