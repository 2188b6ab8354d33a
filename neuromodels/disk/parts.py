"""Part files: what a run has recorded so far, on disk while it is still running.

A part is an ``.npz`` file with everything recorded in a stretch of steps ``(start, stop]`` on one
rank.  Its arrays are

``spikes/<population>/{steps,ids,offsets}``
    one entry per spike, unsorted; ``offsets`` (ms before the step) only with off-grid spiking;
``signals/<name>/{steps,values}``
    one row per sample;
``traces/<name>/{steps,<variable>}``
    one row per sample, one column per neuron; on one rank of several with ``size``, the number of
    neurons, and ``columns``, the indices of those that are this rank's.  If only the mean is kept,
    columns are sums over the neurons of each virtual process, and ``averaged`` says over how many
    neurons these are in all.

Parts are numbered without gaps; files of the same number are the ranks' shares of one stretch.  A
stretch without length, ``(stop, stop]``, holds samples from before `stop` that came late.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels.disk.files import disk_errors, own_folder, replacing
from neuromodels.disk.npz import Arrays
from neuromodels.errors import RunError

Array = npt.NDArray[Any]


class Spool:
    """Collects arrays in memory and writes them as parts, so that neither grows without bound.

    Parameters
    ----------
    folder : Path
        Where the parts go; created when missing.
    rank, ranks : int
        MPI rank whose share this is, and how many there are.
    start, index : int
        Step from which it records, and number of its first part (see `rewind`).
    max_bytes, max_seconds : float
        A part is due when this much is waiting, or when the last one is so old (wall time).
    """

    def __init__(
        self,
        folder: Path,
        *,
        rank: int = 0,
        ranks: int = 1,
        start: int = 0,
        index: int = 0,
        max_bytes: float = 2**26,
        max_seconds: float = 5.0,
    ) -> None:
        self.folder = folder
        self.rank = rank
        self.ranks = ranks
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds
        self._start = start
        self._index = index
        self._waiting: dict[str, list[Array]] = {}
        self._late: dict[str, list[Array]] = {}
        self._kept: dict[str, Array] = {}
        self._bytes = 0
        self._written = time.monotonic()
        own_folder(folder)

    def add(self, name: str, values: Array) -> None:
        """Keep `values`, to be joined along the first axis with others of that `name`."""
        self._waiting.setdefault(name, []).append(values)
        self._bytes += values.nbytes

    def add_late(self, name: str, values: Array) -> None:
        """Keep `values` that belong to the part written last (see `write_late`)."""
        self._late.setdefault(name, []).append(values)

    def keep(self, name: str, values: Array) -> None:
        """Write `values` into every part that follows."""
        self._kept[name] = values

    @property
    def due(self) -> bool:
        """Whether the next part should be written now."""
        return self._bytes >= self.max_bytes or time.monotonic() - self._written >= self.max_seconds

    def write(self, stop: int) -> None:
        """Write all that waits as the part that ends with step `stop`.

        What waits stays in memory when the disk refuses.
        """
        self._write(self._waiting, stop)
        self._waiting.clear()
        self._bytes = 0
        self._start = stop
        self._written = time.monotonic()

    def write_late(self) -> None:
        """Write what came late as a part of its own, right after the one that it belongs to."""
        self._write(self._late, self._start)
        self._late.clear()

    def _write(self, chunks: Mapping[str, list[Array]], stop: int) -> None:
        arrays = {name: np.concatenate(values) for name, values in chunks.items()}
        share = f"r{self.rank:04d}" + (f"of{self.ranks:04d}" if self.ranks > 1 else "")
        path = self.folder / f"{self._index:06d}.{share}.npz"
        span = np.array([self._start, stop])
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, span=span, **self._kept, **arrays)
        self._index += 1


def rewind(folder: Path, start: int) -> int:
    """Remove what all ranks recorded after step `start`; returns the number of the next part.

    Raises
    ------
    RunError
        No stretch that is there ends with step `start`.
    """
    index = stop = 0
    with disk_errors(folder):
        for number, shares in enumerate(Parts(folder).files):
            with _open(shares[0]) as part:
                first, last = (int(step) for step in part["span"])
            if first >= start and last > start:
                break
            index, stop = number + 1, last
        for path in folder.glob("[0-9]*.r[0-9]*.npz"):
            if int(path.name.split(".")[0]) >= index:
                path.unlink()
    if stop != start:
        raise RunError(
            f"what was recorded ends with step {stop}, the checkpoint is of step {start}",
            code="NM616",
            where=str(folder),
            fix="start the run again in a new directory",
        )
    return index


class Parts:
    """Reads the parts in a folder, one stretch at a time.

    Parameters
    ----------
    folder : Path
        May be missing, or still be written to: the parts found now are the ones read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        stretches: dict[int, list[Path]] = {}
        for path in sorted(folder.glob("[0-9]*.r[0-9]*.npz")):
            stretches.setdefault(int(path.name.split(".")[0]), []).append(path)
        # A stretch that lacks a rank (the run was killed between two renames) ends what is usable.
        self._stretches: list[list[Path]] = []
        for number in range(len(stretches)):
            files = stretches.get(number, [])
            if not files or len(files) != _ranks(files[0]):
                break
            self._stretches.append(files)

    def __len__(self) -> int:
        return len(self._stretches)

    @property
    def files(self) -> list[list[Path]]:
        """Shares of each stretch, in order of time."""
        return self._stretches

    @property
    def stop(self) -> int:
        """Last step that the parts cover; 0 without parts."""
        if not self._stretches:
            return 0
        with _open(self._stretches[-1][0]) as part:
            return int(part["span"][1])

    @property
    def nbytes(self) -> int:
        """Size of all parts together (bytes)."""
        return sum(path.stat().st_size for files in self._stretches for path in files)

    def stretches(self) -> Iterator[list[Mapping[str, Array]]]:
        """Yield the shares of each stretch, in order of time; arrays are read when asked for."""
        for files in self._stretches:
            with contextlib.ExitStack() as stack:
                yield [stack.enter_context(_open(path)) for path in files]

    def spikes(
        self, population: str
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array | None]]:
        """Yield (steps, ids, offsets or None) of each stretch, sorted by time and then neuron."""
        prefix = f"spikes/{population}/"
        for shares in self.stretches():
            having = [share for share in shares if prefix + "steps" in share]
            if not having:
                continue
            steps, ids = (
                np.concatenate([share[prefix + key] for share in having])
                for key in ("steps", "ids")
            )
            if prefix + "offsets" in having[0]:
                offsets = np.concatenate([share[prefix + "offsets"] for share in having])
                order = np.lexsort((ids, -offsets, steps))
                yield steps[order], ids[order], offsets[order]
            else:
                order = _by_time(steps, ids)
                yield steps[order], ids[order], None

    def rows(self, group: str, key: str) -> Iterator[Array]:
        """Yield the rows of array `key` of ``signals/<name>`` or ``traces/<name>``, by time."""
        name = f"{group}/{key}"
        for shares in self.stretches():
            having = [share for share in shares if name in share]
            if not having:
                continue
            if f"{group}/columns" in having[0]:
                table = _merged(having, group, key)
                if key != "steps" and f"{group}/averaged" in having[0]:
                    yield table.sum(axis=1) / having[0][f"{group}/averaged"]
                else:
                    yield table
            else:
                # Signals are the same on every rank; one share has them.
                yield having[0][name]


def _merged(shares: list[Mapping[str, Array]], group: str, key: str) -> Array:
    """Put the columns of all ranks side by side; NaN where a neuron has no sample."""
    steps = np.unique(np.concatenate([share[f"{group}/steps"] for share in shares]))
    if key == "steps":
        return steps
    table = np.full((steps.size, int(shares[0][f"{group}/size"])), np.nan)
    for share in shares:
        row = np.searchsorted(steps, share[f"{group}/steps"])
        table[np.ix_(row, share[f"{group}/columns"])] = share[f"{group}/{key}"]
    return table


def _by_time(steps: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Order by time and then neuron, as ``numpy.lexsort`` gives it.

    A recorder has each thread's spikes nearly in this order, which a stable sort of one key makes
    use of; ``lexsort`` begins with the neurons, and takes up to ten times as long.
    """
    if not steps.size:
        return np.empty(0, np.intp)
    first, neurons = int(steps.min()), int(ids.max()) + 1
    if (int(steps.max()) - first + 1) * neurons > np.iinfo(np.int64).max:
        return np.lexsort((ids, steps))
    return np.argsort((steps - first) * neurons + ids, kind="stable")


def _ranks(path: Path) -> int:
    """Number of ranks that share the stretch of a part, as its name says."""
    return int(path.name.split(".")[1].partition("of")[2] or 1)


def _open(path: Path) -> Arrays:
    return Arrays(path, "part of a run", "start the run again in a new directory")


__all__ = ["Parts", "Spool", "rewind"]
