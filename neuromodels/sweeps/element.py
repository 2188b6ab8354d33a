"""One run of a sweep, in this process: begun, continued, or left alone because it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuromodels import rundir, runner
from neuromodels.errors import RunError
from neuromodels.planning import class_again
from neuromodels.runs import Run, load_run
from neuromodels.sweeps.definition import RUNS, Definition, Entry

if TYPE_CHECKING:
    from neuromodels.progress import Report


def path_of(folder: Path, entry: Entry) -> Path:
    """Directory of a run of the sweep in `folder`."""
    return folder / RUNS / entry.name


def status_of(folder: Path, entry: Entry) -> str:
    """``missing``, or the status of the run: `neuromodels.runs.Run.status`."""
    path = path_of(folder, entry)
    if not (path / rundir.INFO).is_file():
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
    one; of a complete one only analyses that had failed are repeated.

    Raises
    ------
    NeuromodelsError
        As `neuromodels.run`, and where the directory holds another run.
    """
    path = path_of(folder, entry)
    if not (path / rundir.INFO).is_file():
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
    found = load_run(path)
    _check(found, definition, entry)
    if found.status != "complete":
        return runner.resume(path, progress=progress)
    if failed := [name for name, entry in found.analyses.items() if entry["status"] == "failed"]:
        return runner.analyze(path, failed)
    return found


def _check(found: Run, definition: Definition, entry: Entry) -> None:
    """Refuse a run that somebody else put there."""
    wanted = {**definition.parameters, **entry.parameters}
    same = (
        found.circuit == definition.circuit
        and found.seed == entry.seed
        and found.info["threads"] == definition.threads
        and found.info["parameters"] == wanted
    )
    if not same:
        raise RunError(
            "holds a run that is not of this sweep",
            where=str(found.path),
            fix="move it away, or give the sweep another directory",
        )


__all__ = ["execute", "path_of", "status_of"]
