"""Spikes in the SONATA format: ``/spikes/<population>/{node_ids,timestamps}``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.clock import Clock
from neuromodels.disk.files import for_hdf5, reading, replacing
from neuromodels.disk.hdf5 import refuse_external
from neuromodels.disk.parts import Parts
from neuromodels.spikes import SpikeTrains

MAGIC = 0x0A7A
VERSION = (0, 1)
SORTING = {"none": 0, "by_id": 1, "by_time": 2}
_CHUNK = 2**16


def write_spikes(
    path: Path, populations: Mapping[str, Mapping[str, Any]], parts: Parts, clock: Clock
) -> None:
    """Write the spikes of the parts to `path`, whole or not at all, one part at a time.

    Parameters
    ----------
    path : Path
    populations : mapping
        Name -> ``{"size": …, "spikes": bool}``; those not recorded are left out.
    parts : Parts
    clock : Clock
    """
    import h5py

    sorting = h5py.enum_dtype(SORTING, basetype="u1")
    with (
        replacing(path) as temporary,
        for_hdf5(temporary) as raw,
        h5py.File(raw, "w", libver=("earliest", "v110")) as file,
    ):
        file.attrs.create("magic", MAGIC, dtype="u4")
        file.attrs.create("version", VERSION, dtype="u4")
        spikes = file.create_group("spikes")
        for name, population in populations.items():
            if not population["spikes"]:
                continue
            group = spikes.create_group(name)
            group.attrs.create("sorting", SORTING["by_time"], dtype=sorting)
            # Not SONATA's, which does not know of silent neurons.
            group.attrs.create("population_size", population["size"], dtype="u8")
            options = {"shape": (0,), "maxshape": (None,), "chunks": (_CHUNK,)}
            ids = group.create_dataset("node_ids", dtype="u8", **options)
            times = group.create_dataset("timestamps", dtype="f8", **options)
            times.attrs["units"] = "milliseconds"
            for steps, nodes, offsets in parts.spikes(name):
                total = ids.size + steps.size
                ids.resize((total,))
                times.resize((total,))
                ids[total - steps.size :] = nodes
                times[total - steps.size :] = _times(clock, steps, offsets)


def read_spikes(path: Path, population: str, size: int, start: float, stop: float) -> SpikeTrains:
    """Read the spikes of ``start < t <= stop`` (ms) of one population.

    Only what is asked for is read, by bisection of the sorted time stamps.

    Raises
    ------
    RunError
        The file is missing, damaged, or does not have the population.
    """
    import h5py

    with reading(path, "spikes", "restore it from a copy, or run it again"):
        refuse_external(path)
        with h5py.File(path, "r") as file:
            group = file["spikes"][population]
            stamps = group["timestamps"]
            first = _bisect(stamps, start)
            last = _bisect(stamps, stop)
            return SpikeTrains(
                group["node_ids"][first:last].astype(np.int64),
                stamps[first:last],
                size,
                start,
                stop,
            )


def spikes_from_parts(
    parts: Parts, clock: Clock, population: str, size: int, start: float, stop: float
) -> SpikeTrains:
    """Spikes of ``start < t <= stop`` (ms) of a run that is not assembled yet."""
    ids = [np.empty(0, np.int64)]
    times = [np.empty(0)]
    for steps, nodes, offsets in parts.spikes(population):
        stamps = _times(clock, steps, offsets)
        kept = (stamps > start) & (stamps <= stop)
        ids.append(nodes[kept])
        times.append(stamps[kept])
    return SpikeTrains(np.concatenate(ids), np.concatenate(times), size, start, stop)


def _times(clock: Clock, steps: Any, offsets: Any) -> Any:
    times = clock.ms(steps)
    return times if offsets is None else times - offsets


def _bisect(stamps: Any, time: float) -> int:
    """Number of sorted `stamps` (on disk) that are at most `time`."""
    low, high = 0, len(stamps)
    while high - low > _CHUNK:
        middle = (low + high) // 2
        if stamps[middle] <= time:
            low = middle + 1
        else:
            high = middle
    return low + int(np.searchsorted(stamps[low:high], time, side="right"))


__all__ = ["read_spikes", "spikes_from_parts", "write_spikes"]
