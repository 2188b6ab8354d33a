"""Whether runs and sweeps on disk are as they were written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.disk.directory import CHECKPOINT, INFO, METRICS, PARTS
from neuromodels.disk.files import read_json
from neuromodels.disk.npz import Arrays
from neuromodels.disk.parts import Parts
from neuromodels.disk.written import check
from neuromodels.errors import RunError
from neuromodels.runs import Run, load_run
from neuromodels.sweeps.definition import FILE, Definition
from neuromodels.sweeps.element import path_of, status_of
from neuromodels.sweeps.sweeper import WRITTEN, written_files


@dataclass(frozen=True)
class Verified:
    """A run or a sweep that was looked at.

    Attributes
    ----------
    path : Path
    kind : {"run", "sweep"}
    status : str
        Of a run, or how many runs of a sweep are complete.
    files : int
        Number of files whose content was compared with what was written.
    unknown : tuple of str
        Files of which nothing was recorded, by a neuromodels of before.
    problems : tuple of str
    """

    path: Path
    kind: str
    status: str
    files: int
    unknown: tuple[str, ...]
    problems: tuple[str, ...]


def verify(path: str | os.PathLike[str]) -> list[Verified]:
    """Compare every file of a run, or of a sweep and its runs, with what was written.

    Parameters
    ----------
    path : path
        Directory of a run, of a sweep, or one that has runs directly inside.

    Returns
    -------
    list of Verified
        The sweep first, then its runs.

    Raises
    ------
    RunError
        There is neither.
    """
    folder = Path(path).absolute()
    if os.path.lexists(folder / FILE):
        return list(_sweep(folder))
    if os.path.lexists(folder / INFO):
        return [_run(folder)]
    inside = sorted(p.parent for p in folder.glob(f"*/{INFO}")) if folder.is_dir() else []
    if not inside:
        raise RunError(
            "holds neither a run nor a sweep",
            code="NM610",
            where=str(folder),
            fix="give the directory of one",
        )
    return [_run(found) for found in inside]


def _sweep(folder: Path) -> Iterator[Verified]:
    try:
        definition = Definition.load(folder)
    except RunError as error:
        yield Verified(folder, "sweep", "damaged", 0, (), (str(error),))
        return
    statuses = [status_of(folder, entry) for entry in definition.entries]
    done = statuses.count("complete")
    found = _Findings(folder)
    found.files += 1
    if os.path.lexists(folder / WRITTEN):
        found.read(WRITTEN)
        found.compare(written_files(folder))
    yield found.result("sweep", f"{done} of {len(statuses)} complete")
    for entry, status in zip(definition.entries, statuses, strict=True):
        if status != "missing":
            yield _run(path_of(folder, entry))


def _run(folder: Path) -> Verified:
    found = _Findings(folder)
    try:
        run = load_run(folder)
        status = run.status
    except RunError as error:
        return Verified(folder, "run", "damaged", 0, (), (str(error),))
    found.files += 1
    assembled = run.info["stage"] in ("assembled", "analysed")
    if assembled:
        files: Mapping[str, Mapping[str, Any]] = run.info.get("files", {})
        found.compare(files)
        found.unknown += [n for n in ("spikes.h5", "signals.nc") if n not in files]
    else:
        _unfinished(run, found)
    if os.path.lexists(folder / METRICS):
        content = found.read(METRICS)
        if content is not None:
            figures = content.get("files", {})
            found.compare(figures if isinstance(figures, Mapping) else {})
            found.attempt(METRICS, lambda: run.metrics)
    elif status == "complete" and run.info["analyze"]:
        found.problems.append(f"{folder / METRICS}: is missing")
    return found.result("run", status)


def _unfinished(run: Run, found: _Findings) -> None:
    """Read all parts and the checkpoint: each array in them has a checksum of its own."""
    parts = Parts(run.path / PARTS)
    paths = [path for shares in parts.files for path in shares]
    for path in [*paths, run.path / CHECKPOINT]:
        if os.path.lexists(path):
            found.attempt(str(path.relative_to(run.path)), lambda path=path: _read_all(path))
            found.files += 1


def _read_all(path: Path) -> None:
    with Arrays(path, "part of a run") as arrays:
        for name in arrays:
            _ = arrays[name]


class _Findings:
    """What was found in one directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = 0
        self.unknown: list[str] = []
        self.problems: list[str] = []

    def attempt(self, name: str, act: Any) -> Any:
        """Call `act`; what it raises is a problem."""
        try:
            return act()
        except RunError as error:
            where = error.where or str(self.folder / name)
            self.problems.append(f"{where}: {error.what}")
            return None

    def read(self, name: str) -> dict[str, Any] | None:
        """Read a JSON file, which has its own checksum."""
        content: dict[str, Any] | None = self.attempt(name, lambda: read_json(self.folder / name))
        self.files += content is not None
        return content

    def compare(self, recorded: Mapping[str, Mapping[str, Any]]) -> None:
        """Compare files with what was recorded of them."""
        for name, entry in recorded.items():
            self.attempt(name, lambda name=name, entry=entry: check(self.folder / name, entry))
            self.files += 1

    def result(self, kind: str, status: str) -> Verified:
        """All of it."""
        return Verified(
            self.folder, kind, status, self.files, tuple(self.unknown), tuple(self.problems)
        )


__all__ = ["Verified", "verify"]
