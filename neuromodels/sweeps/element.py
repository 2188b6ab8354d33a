"""One run of a sweep, in this process: begun, continued, or left alone because it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuromodels.disk.directory import INFO
from neuromodels.disk.files import disk_errors
from neuromodels.errors import RunError
from neuromodels.machine.ranks import world
from neuromodels.running import runner
from neuromodels.running.fingerprint import Now
from neuromodels.running.planning import class_again
from neuromodels.runs import Run, load_run
from neuromodels.sweeps.definition import RUNS, Definition, Entry

if TYPE_CHECKING:
    from neuromodels.running.progress import Report

REPLACED = "replaced"
"""Directory of runs that were made by other code than there is now."""


def path_of(folder: Path, entry: Entry) -> Path:
    """Directory of a run of the sweep in `folder`."""
    return folder / RUNS / entry.name


def status_of(folder: Path, entry: Entry) -> str:
    """``missing``, or the status of the run: `neuromodels.runs.Run.status`."""
    path = path_of(folder, entry)
    if not (path / INFO).is_file():
        return "missing"
    try:
        return load_run(path).status
    except RunError:
        return "failed"


def execute(
    folder: Path, definition: Definition, entry: Entry, progress: bool | Report | None = False
) -> Run:
    """Bring one run of a sweep to its end.

    An interrupted one is resumed as `neuromodels.resume` does it, from a checkpoint where there is
    one; of a complete one only analyses that had failed, or whose code has changed, are repeated.
    One that was made by other code (`neuromodels.running.fingerprint`) is moved to ``replaced`` and
    run anew.

    Raises
    ------
    NeuromodelsError
        As `neuromodels.run`, and where the directory holds another run.
    """
    path = path_of(folder, entry)
    ranks = world()
    with ranks.collective_errors():
        # Once for all ranks: by the time that a late one looks, an early one may have begun.
        task, failed = ranks.first(lambda: _task(folder, definition, entry))
    if task == "run":
        return runner.run(
            class_again({"name": definition.circuit, "class": definition.kind}),
            parameters={**definition.parameters, **entry.parameters},
            preset=definition.preset,
            seed=entry.seed,
            threads=definition.threads,
            out=path,
            analyze=definition.analyze,
            progress=progress,
        )
    if task == "resume":
        return runner.resume(path, progress=progress)
    return runner.analyze(path, failed) if failed else load_run(path)


def current(definition: Definition) -> Now:
    """What would make the runs of a sweep now."""
    return Now(class_again({"name": definition.circuit, "class": definition.kind}))


def is_finished(folder: Path, entry: Entry, now: Now, *, force: bool = False) -> bool:
    """Whether nothing is left to do for a run.

    Parameters
    ----------
    folder : Path
        Of the sweep.
    entry : Entry
    now : Now
        See `current`.
    force : bool
        Whether a complete run counts whatever made it.
    """
    if status_of(folder, entry) != "complete":
        return False
    run = load_run(path_of(folder, entry))
    if run.missing or now.other_analyses(run):
        return False
    return force or not now.differences(run.info)


def _task(folder: Path, definition: Definition, entry: Entry) -> tuple[str, list[str]]:
    """What there is to be done for a run, and which of its analyses must be repeated."""
    path = path_of(folder, entry)
    if not (path / INFO).is_file():
        return "run", []
    found = load_run(path)
    _check(found, definition, entry)
    now = current(definition)
    if found.status != "running" and now.differences(found.info):
        _put_aside(folder, entry)
        return "run", []
    if found.status != "complete":
        return "resume", []
    return "", list(found.analyses) if found.missing else now.other_analyses(found)


def _put_aside(folder: Path, entry: Entry) -> None:
    """Move a run that is no longer valid to where it is not read."""
    place = folder / REPLACED / entry.name
    with disk_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        number = 1 + sum(1 for _ in place.iterdir())
        path_of(folder, entry).rename(place / str(number))


def _check(found: Run, definition: Definition, entry: Entry) -> None:
    """Refuse a run that somebody else put there."""
    wanted = {**definition.parameters, **entry.parameters}
    same = (
        found.circuit == definition.circuit
        and found.seed == entry.seed
        and found.info["parameters"] == wanted
    )
    if not same:
        raise RunError(
            "holds a run that is not of this sweep",
            code="NM640",
            where=str(found.path),
            fix="move it away, or give the sweep another directory",
        )


__all__ = ["REPLACED", "current", "execute", "is_finished", "path_of", "status_of"]
