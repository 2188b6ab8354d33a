"""A sweep: begun or gone on with, then read back as one table."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from neuromodels import registry
from neuromodels.comparing import evaluate
from neuromodels.disk.files import disk_errors, read_json, write_json
from neuromodels.disk.written import Batch, Record
from neuromodels.errors import EnvironmentProblem, RunError, RunInterrupted, command
from neuromodels.machine import provenance
from neuromodels.running.planning import whole
from neuromodels.runs import Run, load_run
from neuromodels.sweeps.definition import FILE, Definition, Entry, Values, define, names
from neuromodels.sweeps.display import SweepDisplay
from neuromodels.sweeps.element import REPLACED, current, is_finished, path_of, status_of
from neuromodels.sweeps.pool import run_all
from neuromodels.sweeps.table import CSV, PARQUET

if TYPE_CHECKING:
    import pandas as pd

    from neuromodels.circuit import Circuit
    from neuromodels.comparing.evaluate import Evaluated
    from neuromodels.running.fingerprint import Now
    from neuromodels.sweeps.table import Summary

FIGURES = "figures"
WRITTEN = "files.json"
_FIGURE = FIGURES + r"/metrics(-\d+)?\.png"
_LOCK = ".lock"
_MAX_WORKERS = 1024


class Sweep:
    """A sweep on disk; made by `neuromodels.sweep` and `neuromodels.load_sweep`.

    Attributes
    ----------
    path : Path
        Its directory.
    definition : Definition
        What it consists of.
    failures : mapping
        Name of a run -> why it failed, of those that this process has seen fail.
    """

    def __init__(
        self, path: Path, definition: Definition, failures: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self.definition = definition
        self.failures: Mapping[str, str] = dict(failures or {})

    def __repr__(self) -> str:
        done = sum(status == "complete" for status in self.statuses.values())
        total = len(self.definition.entries)
        return f"<Sweep of {self.circuit}, {done} of {total} runs complete: {self.path}>"

    @property
    def circuit(self) -> str:
        """Name of the circuit."""
        return self.definition.circuit

    @property
    def preset(self) -> str:
        """Preset of its runs."""
        return self.definition.preset

    @property
    def entries(self) -> Sequence[Entry]:
        """All runs of the sweep, whether they are there or not."""
        return self.definition.entries

    @property
    def statuses(self) -> dict[str, str]:
        """Name of a run -> ``missing``, ``running``, ``complete``, ``failed``, ``interrupted``."""
        return {entry.name: status_of(self.path, entry) for entry in self.entries}

    @property
    def runs(self) -> dict[str, Run]:
        """Complete runs by name."""
        return {
            entry.name: load_run(path_of(self.path, entry))
            for entry in self.entries
            if status_of(self.path, entry) == "complete"
        }

    @cached_property
    def changed(self) -> dict[str, list[str]]:
        """Complete run -> what made it that would be another now; kept by `force`."""
        now = current(self.definition)
        found = {name: now.differences(run.info) for name, run in self.runs.items()}
        return {name: what for name, what in found.items() if what}

    @cached_property
    def _rows(self) -> Any:
        from neuromodels.sweeps.table import collect

        return collect(self.path, self.definition)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per complete run and metric.

        Columns ``run``, ``label`` (where points have some), the swept parameters in the units of
        their declarations, ``seed``, ``metric``, ``value``, ``unit``.
        """
        from neuromodels.sweeps.table import tidy

        return tidy(self.definition, self._rows)

    @cached_property
    def summaries(self) -> list[Summary]:
        """Every metric at every point, over seeds, with the verdict on its mean."""
        from neuromodels.sweeps.table import summarize

        return summarize(self._rows)

    @cached_property
    def comparisons(self) -> list[Evaluated]:
        """Comparisons that the runs of the published size are enough for, with their claims."""
        names = evaluate.chosen([self.circuit])
        if not names:
            return []
        done = evaluate.evaluate_all(names, evaluate.of_runs(self.runs.values()), self.path)
        return [item for item in done if any(ruling.n for ruling in item.rulings)]

    @property
    def figures(self) -> dict[str, Path]:
        """Figure -> its file."""
        written = written_files(self.path)
        paths = [self.path / name for name in written if name.startswith(f"{FIGURES}/")]
        return {path.stem: path for path in paths if os.path.lexists(path)}

    def collect(self) -> list[Path]:
        """Write table and figures of the runs that are complete by now; give the tables' files."""
        from neuromodels.sweeps.figure import figures
        from neuromodels.sweeps.table import write

        for cached in ("_rows", "table", "summaries", "changed", "comparisons"):
            self.__dict__.pop(cached, None)
        drawn = figures(self.summaries, self.definition.swept, self.circuit)
        with Batch(self.path, written_files(self.path)) as batch:
            names = write(batch, self.table)
            for name, figure in drawn.items():
                batch.put(f"{FIGURES}/{name}.png", partial(figure.savefig, format="png", dpi=150))
            write_json(self.path / WRITTEN, {"files": batch.record()})
            batch.publish()
        return [self.path / name for name in names]


def written_files(folder: Path) -> Record:
    """Files that the sweep in `folder` has written, by name below it."""
    try:
        files = read_json(folder / WRITTEN).get("files", {})
    except RunError:  # none yet, or damaged: then nothing is known to be ours
        return {}
    # The record may come from somebody else.
    names = {CSV, PARQUET, *(name for name in files if re.fullmatch(_FIGURE, name))}
    return {name: entry for name, entry in files.items() if name in names}


def sweep(
    circuit: str | type[Circuit[Any]],
    *,
    grid: Mapping[str, Any] | None = None,
    points: Sequence[Values] | Mapping[str, Values] | None = None,
    parameters: Values | None = None,
    seeds: Iterable[int] | None = None,
    preset: str | None = None,
    threads: int = 1,
    workers: int | None = None,
    out: str | os.PathLike[str] | None = None,
    analyze: bool = True,
    extend: bool = False,
    force: bool = False,
    progress: bool | None = None,
) -> Sweep:
    """Run a circuit with many sets of parameters and seeds, several runs at a time.

    Each run has a process of its own and is an ordinary run directory; one that crashes leaves the
    others alone.  Called again with the same arguments, only what is not complete is run, and
    interrupted runs are resumed.

    Parameters
    ----------
    circuit : str or Circuit class
        A class must be in a module that can be imported.
    grid : mapping, optional
        Parameter -> its values: every combination is a point.
    points : sequence of mappings, or mapping of mappings, optional
        Sets of parameters, each with every combination of the grid.  A mapping gives each a label
        (``{"control": {…}, "lesion": {…}}``); in a sequence the keys ``label`` and ``seed`` of a
        set, where it has them, are not parameters but its label and its only seed.
    parameters : mapping, optional
        The same in all runs.
    seeds : iterable of int, optional
        Every point is run with each; 1 by default.
    preset, analyze, threads
        Of each run, as in `neuromodels.run`.
    workers : int, optional
        Runs at a time; by default as many as there are cores for their threads.
    out : path, optional
        Directory; by default ``runs/<study>-<thing>-sweep-<digest>`` under the current directory,
        where the digest is that of the sweep's definition.
    extend : bool
        Whether points and seeds may be added to a sweep that is already in `out`.
    force : bool
        Whether finished runs are kept although something that made them has changed (a model, the
        circuit's code, a version).  By default they are moved to ``replaced`` and run again.
    progress : bool, optional
        As in `neuromodels.run`.

    Returns
    -------
    Sweep
        With `Sweep.failures` of runs that failed, of which a warning tells too.

    Raises
    ------
    UsageError
        A request that any of the runs would refuse; before anything is written.
    RunError
        The directory holds another sweep; the message says what differs.
    EnvironmentProblem
        The disk is full, or the machine lacks something: what is complete is kept.
    RunInterrupted
        Ctrl-C, SIGTERM or SIGHUP: what is complete is kept, what was running can be resumed.
    """
    definition = define(
        circuit, grid=grid, points=points, parameters=parameters, seeds=seeds, preset=preset,
        threads=threads, analyze=analyze,
    )  # fmt: skip
    folder = folder_of(definition, out)
    return carry_on(
        folder, definition, workers=workers, extend=extend, force=force, progress=progress
    )


def carry_on(
    folder: Path,
    definition: Definition | None = None,
    *,
    workers: int | None = None,
    extend: bool = False,
    force: bool = False,
    progress: bool | None = None,
) -> Sweep:
    """Run what a sweep still lacks; arguments and errors as those of `sweep`.

    Parameters
    ----------
    folder : Path
    definition : Definition, optional
        By default that of the sweep which is in `folder`.
    """
    if workers is not None:
        whole(workers, "workers", 1, _MAX_WORKERS)
    if definition is None:
        definition = Definition.load(folder)
    with _claimed(folder):
        definition = reconcile(folder, definition, extend=extend)
        now = current(definition)
        missing = [e for e in definition.entries if not is_finished(folder, e, now, force=force)]
        _tell_of_changes(folder, missing, now, force=force)
        if workers is None:
            workers = max(1, provenance.usable_cores() // definition.threads)
        done = len(definition.entries) - len(missing)
        try:
            with SweepDisplay(missing, done, progress) as display:
                outcome = run_all(
                    folder, missing, workers=workers, threads=definition.threads, display=display,
                    module=_module(definition),
                )  # fmt: skip
        except KeyboardInterrupt:
            finished = sum(is_finished(folder, e, now, force=force) for e in definition.entries)
            raise RunInterrupted(
                f"the sweep was stopped; {finished} of {len(definition.entries)} runs are complete",
                code="NM602",
                where=str(folder),
                fix=command("sweep", "--resume", folder),
            ) from None
        if outcome.fatal is not None:
            raise EnvironmentProblem(
                f"the sweep was stopped: {outcome.fatal}",
                code="NM360",
                fix=f"mend that, then: {command('sweep', '--resume', folder)}",
            )
        found = Sweep(folder, definition, outcome.failures)
        found.collect()
    if outcome.failures:
        name, reason = next(iter(outcome.failures.items()))
        text = f"{len(outcome.failures)} of {len(definition.entries)} runs failed, {name}: {reason}"
        warnings.warn(text, stacklevel=3)
    return found


def _tell_of_changes(folder: Path, missing: Sequence[Entry], now: Now, *, force: bool) -> None:
    """Warn of finished runs that are run again, because what made them has changed."""
    changed: dict[str, list[str]] = {}
    for entry in missing:
        if not force and status_of(folder, entry) == "complete":
            found = now.differences(load_run(path_of(folder, entry)).info)
            if found:
                changed[entry.name] = found
    if changed:
        what = dict.fromkeys(each for found in changed.values() for each in found)
        warnings.warn(
            f"what made {len(changed)} finished runs has changed ({names(list(what))}): they are "
            f"run again, and the old ones kept in {folder / REPLACED}",
            stacklevel=4,
        )


def load_sweep(path: str | os.PathLike[str]) -> Sweep:
    """Read a sweep, however far it is.

    Raises
    ------
    RunError
        `path` holds no sweep.
    """
    folder = Path(path).absolute()
    return Sweep(folder, Definition.load(folder))


def folder_of(definition: Definition, out: str | os.PathLike[str] | None) -> Path:
    """Directory of a sweep: the one asked for, or the one that belongs to its definition."""
    if out is not None:
        return Path(out).absolute()
    return Path.cwd() / "runs" / f"{definition.circuit.replace('/', '-')}-sweep-{definition.digest}"


def reconcile(folder: Path, definition: Definition, *, extend: bool = False) -> Definition:
    """Save the definition of a new sweep, or compare it with the definition that `folder` has.

    Returns
    -------
    Definition
        The definition that `folder` has now; with `extend` it has the runs of both.

    Raises
    ------
    RunError
        The two definitions differ, or `folder` holds something else.
    """
    if not (folder / FILE).exists():
        with disk_errors(folder):
            others = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            if others - {_LOCK} - {name for name in others if name.startswith(f".{FILE}.tmp-")}:
                raise RunError(
                    "is not empty and holds no sweep",
                    code="NM613",
                    where=str(folder),
                    fix="choose a new or an empty directory",
                )
            folder.mkdir(parents=True, exist_ok=True)
        definition.save(folder)
        return definition
    before = Definition.load(folder)
    found = before.differences(definition)
    added, removed = before.missing(definition), definition.missing(before)
    if not found and added and extend:
        before = before.extended(definition)
        before.save(folder)
        return before
    if not extend:
        found += [f"not there before: {names([e.name for e in added])}"] if added else []
        found += [f"not asked for now: {names([e.name for e in removed])}"] if removed else []
    if found:
        more = "" if found[0][:3] != "not" or removed else ", or extend the sweep that is there"
        raise RunError(
            f"holds another sweep: {'; '.join(found)}",
            code="NM640",
            where=str(folder),
            fix=f"choose another directory{more}",
        )
    return before


def _module(definition: Definition) -> str:
    """Module of a class that this process has imported and no plugin registers.

    Workers import it too.  Of a sweep from somebody else it is never one that is not here already.
    """
    if definition.circuit in registry.registry().circuits:
        return ""
    module = definition.kind.partition(":")[0]
    return module if module in sys.modules else ""


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Keep other processes from running the same sweep at the same time."""
    if folder.exists() and not folder.is_dir():
        raise RunError("is a file, not a directory", code="NM613", where=str(folder))
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / _LOCK, is_singleton=False)
    try:
        with disk_errors(folder):
            lock.acquire(timeout=0)
    except filelock.Timeout:
        raise RunError(
            "another process is working on this sweep",
            code="NM614",
            where=str(folder),
            fix="wait for it to end, or choose another directory",
        ) from None
    try:
        yield
    finally:
        lock.release()


__all__ = ["Sweep", "carry_on", "folder_of", "load_sweep", "reconcile", "sweep"]
