"""What a bare script measures and leaves: a file of arrays, and a line for `overhead.py`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

STAGES = ("install", "construct", "simulate", "write")


class Clock:
    """Wall and CPU time since the script began, at the end of each of `STAGES`."""

    def __init__(self) -> None:
        self.wall = [time.perf_counter()]
        self.cpu = [time.process_time()]

    def mark(self) -> None:
        """End a stage."""
        self.wall.append(time.perf_counter())
        self.cpu.append(time.process_time())


def events(recorders: Mapping[str, Any]) -> dict[str, Any]:
    """Spikes that the recorders hold: ``<population>_times`` (steps) and ``_senders``.

    Part of the simulation, as in a circuit; each recorder is asked once, because NEST copies all
    events whatever it is asked for.
    """
    arrays = {}
    for name, recorder in recorders.items():
        found = recorder.get("events")
        arrays[f"{name}_times"], arrays[f"{name}_senders"] = found["times"], found["senders"]
    return arrays


def leave(out: str, clock: Clock, spikes: Mapping[str, Any], **arrays: Any) -> None:
    """Write the file and print the times.

    Parameters
    ----------
    out : str
        File of `numpy.savez`.
    clock : Clock
        With all stages ended but the last.
    spikes : mapping
        Of `events`.
    **arrays
        What else is written.
    """
    np.savez(out, **spikes, **arrays)
    clock.mark()
    print(
        json.dumps(
            {
                "wall": dict(zip(STAGES, np.diff(clock.wall).tolist(), strict=True)),
                "cpu": dict(zip(STAGES, np.diff(clock.cpu).tolist(), strict=True)),
                "spikes": {
                    name.removesuffix("_times"): array.size
                    for name, array in spikes.items()
                    if name.endswith("_times")
                },
            }
        )
    )
