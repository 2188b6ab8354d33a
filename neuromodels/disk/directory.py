"""The directory of a run as its writer sees it: claimed, locked, and never falsely complete.

``run.json`` is the only file that says how far a run is.  Its ``status`` is ``complete`` only after
everything else is on the disk; its ``stage`` says what can be continued from:

``simulating``
    ``parts/`` holds what was recorded so far;
``simulated``
    ``parts/`` holds all of it;
``assembled``
    ``spikes.h5`` and ``signals.nc`` hold all of it;
``analysed``
    metrics and figures are there too.

A file lock, held while a process works on the run, tells a running run from a killed one.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import filelock

from neuromodels.clock import Clock
from neuromodels.disk import schema
from neuromodels.disk.files import (
    disk_errors,
    opened,
    read_json,
    replacing,
    sync,
    write_json,
)
from neuromodels.disk.written import Record, describe, remove
from neuromodels.errors import EnvironmentProblem, RunError, visible

if TYPE_CHECKING:
    from neuromodels.machine.ranks import Ranks

SCHEMA = 1
INFO = "run.json"
LOCK = ".lock"
LOG = "log.txt"
METRICS = "metrics.json"
FIGURES = "figures"
OVERVIEW = "overview"  # the figure that every run has
PARTS = "parts"
SPIKES = "spikes.h5"
SIGNALS = "signals.nc"
COORDS = "coords.npz"
CHECKPOINT = "checkpoint.npz"
NEXT_CHECKPOINT = "checkpoint.next.npz"

STAGES = ("simulating", "simulated", "assembled", "analysed")

# Long enough for a reader that looks whether the lock is free, too short to notice.
_LOCK_PATIENCE = 1.0


class RunDirectory:
    """A run's directory, locked for this process until `release`.

    Use `create` or `reopen`; under MPI within `shared`.

    Attributes
    ----------
    path : Path
    info : dict
        Content of ``run.json``; `save` writes it.
    """

    def __init__(
        self, path: Path, lock: filelock.BaseFileLock | None, info: dict[str, Any]
    ) -> None:
        self.path = path
        self.info = info
        self._lock = lock

    @classmethod
    def shared(cls, ranks: Ranks, claim: Callable[[], RunDirectory]) -> RunDirectory:
        """Let the first rank claim a directory; the others know it, and write nothing but parts.

        Parameters
        ----------
        ranks : Ranks
        claim : callable
            Gives the directory; it is called on the first rank only.
        """
        claimed: list[RunDirectory] = []

        def lead() -> tuple[Path, dict[str, Any]]:
            claimed.append(claim())
            return claimed[0].path, claimed[0].info

        path, info = ranks.first(lead)
        return claimed[0] if claimed else cls(path, None, info)

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Claim a new or empty directory.

        Raises
        ------
        RunError
            It holds a run, is being used by one, or holds something else.
        EnvironmentProblem
            It cannot be created or written.
        """
        with disk_errors(path):
            if path.exists() and not path.is_dir():
                raise RunError("is a file, not a directory", code="NM613", where=str(path))
            _refuse_foreign(path)
            path.mkdir(parents=True, exist_ok=True)
            lock = _acquire(path)
        try:
            # Once more: another process may have claimed it between the two lines above.
            _refuse_foreign(path)
        except RunError:
            lock.release()
            raise
        return cls(path, lock, {"schema": SCHEMA})

    @classmethod
    def reopen(cls, path: Path) -> RunDirectory:
        """Lock the directory of an existing run.

        Raises
        ------
        RunError
            It holds no run, or one that is running.
        """
        read_info(path)
        with disk_errors(path):
            lock = _acquire(path)
        # Read again: only under the lock is it certain that nobody changes it.
        return cls(path, lock, read_info(path))

    def release(self) -> None:
        """Let go of the directory."""
        if self._lock is not None:
            self._lock.release()

    def save(self) -> None:
        """Write ``run.json``, on the first rank."""
        if self._lock is not None:
            self.save_last_words()

    def save_last_words(self) -> None:
        """Write ``run.json`` on whichever rank ends all of them."""
        write_json(self.path / INFO, self.info)

    def clear(self) -> None:
        """Remove everything that an earlier attempt recorded; ``run.json`` and the log stay."""
        for name, entry in self.written_figures().items():
            remove(self.path / name, entry)
        self._remove_parts()
        for name in (SPIKES, SIGNALS, METRICS, CHECKPOINT, NEXT_CHECKPOINT):
            (self.path / name).unlink(missing_ok=True)
        self._sweep()

    def written_figures(self) -> Record:
        """Files of figures that analyses have written, as ``metrics.json`` names them."""
        try:
            results = read_json(self.path / METRICS)
        except RunError:  # none yet, or damaged: then nothing is known to be ours
            return {}
        files = results.get("files")
        if files is None:  # a run of before
            titles = [*results.get("figures", {}), OVERVIEW]
            files = {f"{FIGURES}/{t}{suffix}": {} for t in titles for suffix in (".png", ".svg")}
        return {
            name: entry
            for name, entry in files.items()
            if name.startswith(f"{FIGURES}/") and "/" not in name.removeprefix(f"{FIGURES}/")
        }

    def _remove_parts(self) -> None:
        """Remove the part files, and their folder unless there is something else in it."""
        if not self.parts.is_symlink():
            for pattern in ("[0-9]*.r[0-9]*.npz", COORDS, ".*.npz.tmp-*"):
                for path in self.parts.glob(pattern):
                    path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.parts.rmdir()

    @property
    def checkpoint(self) -> Path:
        """File of the state that an interrupted simulation is continued from."""
        return self.path / CHECKPOINT

    @property
    def next_checkpoint(self) -> Path:
        """File of a later state, while recordings from before it are not yet on the disk."""
        return self.path / NEXT_CHECKPOINT

    def commit_checkpoint(self) -> None:
        """Let `next_checkpoint` replace `checkpoint`."""
        with disk_errors(self.checkpoint):
            self.next_checkpoint.replace(self.checkpoint)
            sync(self.path)

    @property
    def parts(self) -> Path:
        """Folder of the part files."""
        return self.path / PARTS

    @property
    def clock(self) -> Clock:
        """Clock at the run's resolution."""
        return Clock(self.info["resolution"]["value"])

    def reached(self, stage: str) -> bool:
        """Tell whether the run has reached `stage`."""
        now = self.info.get("stage", STAGES[0])
        return STAGES.index(now) >= STAGES.index(stage)

    def save_coords(self, coords: dict[str, Any]) -> None:
        """Keep the labels of the signals' dimensions beside the parts."""
        import numpy as np

        with replacing(self.parts / COORDS) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **coords)

    def assemble(self) -> None:
        """Make ``spikes.h5`` and ``signals.nc`` of the parts, then remove the parts.

        May be repeated after a crash at any point.
        """
        from neuromodels.disk.netcdf import write_netcdf
        from neuromodels.disk.parts import Parts
        from neuromodels.disk.sonata import write_spikes

        if not self.reached("assembled"):
            parts, recorded = Parts(self.parts), self.info["recordings"]
            write_spikes(self.path / SPIKES, recorded["populations"], parts, self.clock)
            write_netcdf(
                self.path / SIGNALS,
                recorded,
                load_coords(self.parts),
                parts,
                self.clock,
                self.info["phases"],
                self._attributes(),
            )
            self.info["files"] = {name: describe(self.path / name) for name in (SPIKES, SIGNALS)}
            self.info["stage"] = "assembled"
            self.save()
        self._remove_parts()
        self.checkpoint.unlink(missing_ok=True)
        self.next_checkpoint.unlink(missing_ok=True)
        self._sweep()

    def _sweep(self) -> None:
        """Remove temporary files that a killed process left."""
        for name in (INFO, METRICS, SPIKES, SIGNALS, CHECKPOINT, NEXT_CHECKPOINT):
            for path in self.path.glob(f".{name}.tmp-*"):
                path.unlink(missing_ok=True)
        folder = self.path / FIGURES
        if not folder.is_symlink():
            for kind in ("png", "svg"):
                for path in folder.glob(f".*.{kind}.tmp-*"):
                    path.unlink(missing_ok=True)

    def _attributes(self) -> dict[str, Any]:
        """Provenance, as attributes of ``signals.nc``."""
        info = self.info
        return {
            "title": f"signals of {info['circuit']['name']}",
            "circuit": info["circuit"]["name"],
            "seed": info["seed"],
            "threads": info["threads"],
            "ranks": info["ranks"],
            "parameters": json.dumps(info["parameters"]),
            "versions": json.dumps(info["versions"]),
            "models": json.dumps(info["models"]),
            "started": info["started"],
        }

    @contextlib.contextmanager
    def logging(self) -> Iterator[None]:
        """Append what neuromodels logs on the first rank to ``log.txt``."""
        logger = logging.getLogger("neuromodels")
        handler: logging.Handler = logging.NullHandler()
        if self._lock is not None:
            handler = logging.StreamHandler(_appended(self.path / LOG))
        handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        # A full disk must not be reported for every line: the run itself says it once.
        handler.handleError = lambda _: None  # type: ignore[method-assign,assignment]
        level = logger.level
        if logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            with contextlib.suppress(OSError):
                handler.close()
                if isinstance(handler, logging.StreamHandler):
                    handler.stream.close()


class _OneLine(logging.Formatter):
    """Keeps a message in its line, whatever names a run brings along."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Format all but a traceback."""
        return visible(super().formatMessage(record))


def _appended(path: Path) -> IO[str]:
    """Open a file of text to append to, unless something else has its name.

    Raises
    ------
    RunError
        It is a link, a pipe or the like.
    EnvironmentProblem
        It cannot be written.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        raise RunError("is not an ordinary file", code="NM618", where=str(path), fix="remove it")
    with disk_errors(path):
        return os.fdopen(os.open(path, flags, 0o666), "a", encoding="utf-8")


def new_path(circuit: str, seed: int) -> Path:
    """Make an empty directory for a run, under ``runs`` in the current directory."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = Path.cwd() / "runs" / f"{circuit.replace('/', '-')}-{stamp}-s{seed}"
    path, number = base, 1
    while True:
        with disk_errors(path):
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
                path = base.with_name(f"{base.name}-{number}")
                continue
        return path


def new_directory(circuit: str, seed: int) -> RunDirectory:
    """Claim a directory of its own for a run, under ``runs`` in the current directory."""
    return RunDirectory.create(new_path(circuit, seed))


def read_info(path: Path) -> dict[str, Any]:
    """Content of the ``run.json`` in `path`.

    Raises
    ------
    RunError
        There is no run, or one of a newer neuromodels.
    """
    if not (path / INFO).is_file():
        what = "holds no run: there is no run.json" if path.is_dir() else "does not exist"
        if path.is_file():
            what = "is a file, not a directory"
        raise RunError(what, code="NM610", where=str(path), fix="give the directory of a run")
    info = read_json(path / INFO)
    if info.get("schema") != SCHEMA:
        raise RunError(
            f"has schema {info.get('schema')}; this neuromodels reads {SCHEMA}",
            code="NM611",
            where=str(path / INFO),
            fix="read it with the version of neuromodels that wrote it",
        )
    schema.check(info, path / INFO)
    if info["stage"] not in STAGES:
        raise RunError(
            f"has no stage {info['stage']!r}",
            code="NM612",
            where=str(path / INFO),
            fix="start the run again in a new directory",
        )
    return info


def load_coords(parts: Path) -> dict[str, Any]:
    """Labels of the signals' dimensions."""
    from neuromodels.disk.npz import Arrays

    if not os.path.lexists(parts / COORDS):
        return {}
    with Arrays(parts / COORDS, "labels of signals", "start the run again") as file:
        return dict(file)


def is_locked(path: Path) -> bool:
    """Tell whether a process is working on the run in `path`."""
    import fcntl

    try:
        file = opened(path / LOCK)
    except RunError:  # none, or nothing that a run would hold
        return False
    with file:
        try:
            # Shared, so that readers do not see each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _acquire(path: Path) -> filelock.BaseFileLock:
    lock = filelock.FileLock(path / LOCK, is_singleton=False)
    try:
        lock.acquire(timeout=_LOCK_PATIENCE)
    except filelock.Timeout:
        raise RunError(
            "another process is running in this directory",
            code="NM614",
            where=str(path),
            fix="wait for it to end, or choose another directory",
        ) from None
    except NotImplementedError as error:
        raise EnvironmentProblem(
            "this file system has no file locks",
            code="NM322",
            where=str(path),
            fix="choose another directory",
        ) from error
    return lock


def _refuse_foreign(path: Path) -> None:
    """Refuse a directory that holds anything but a lock that nobody holds.

    Or what is left beside the lock by a run that could not write even its ``run.json``.
    """
    if not path.is_dir():
        return
    if is_locked(path) and not (path / INFO).exists():
        return  # the caller's own lock, or the error comes from acquiring it
    if (path / INFO).exists():
        raise RunError(
            "already holds a run",
            code="NM613",
            where=str(path),
            fix="choose another directory, or resume the run that is there",
        )
    names = {entry.name for entry in path.iterdir() if not entry.name.startswith(f".{INFO}.tmp-")}
    if names not in (set(), {LOCK}, {LOCK, LOG}):
        raise RunError(
            "is not empty and holds no run",
            code="NM613",
            where=str(path),
            fix="choose a new or an empty directory",
        )


__all__ = ["RunDirectory", "is_locked", "load_coords", "new_directory", "new_path", "read_info"]
