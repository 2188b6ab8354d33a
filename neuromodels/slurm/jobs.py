"""What has become of jobs: what Slurm says, and what is on the disk."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neuromodels.disk.directory import INFO
from neuromodels.errors import EnvironmentProblem, RunError, command
from neuromodels.runs import load_run
from neuromodels.slurm import client
from neuromodels.slurm.client import JobState
from neuromodels.slurm.records import Record
from neuromodels.sweeps.definition import Definition
from neuromodels.sweeps.element import status_of


@dataclass(frozen=True)
class Job:
    """A submitted job as it is now.

    Attributes
    ----------
    record : Record
    state : JobState or None
        None where Slurm does not know it any more.
    progress : str
        Of its run or its runs, from their directories.
    complete : bool
        Whether nothing is left to do.
    """

    record: Record
    state: JobState | None
    progress: str
    complete: bool

    @property
    def active(self) -> bool:
        """Whether Slurm has something left to do for it."""
        return self.state is not None and self.state.active

    @property
    def resume(self) -> str | None:
        """Command that goes on with it, where that is called for."""
        record = self.record
        if self.active or self.complete or not _present(record):
            return None
        if record.kind == "run" and not (Path(record.directory) / INFO).is_file():
            return f"sbatch {shlex.quote(record.script)}"
        return command("submit", record.kind, "--resume", record.directory)


def look(records: Sequence[Record]) -> tuple[list[Job], str | None]:
    """Find out about jobs.

    Returns
    -------
    list of Job
        In the order of `records`.
    str or None
        Why Slurm could not be asked.
    """
    problem = None
    states: dict[int, JobState] = {}
    try:
        states = client.states(record.job for record in records)
    except EnvironmentProblem as error:
        problem = str(error)
    jobs = []
    for record in records:
        state = states.get(record.job)
        active = state is not None and state.active
        progress, complete = _progress(record, active=active)
        jobs.append(Job(record, state, progress, complete))
    return jobs, problem


def look_at_latest(records: Sequence[Record], most: int) -> tuple[list[Job], str | None]:
    """As `look`, at no more than `most` of which something is left: in Slurm or on the disk.

    Of a job that waits, or failed before it began, the directory need not be there.
    """
    try:
        found = client.states(record.job for record in records[: most * _GENEROUS])
    except EnvironmentProblem:  # `look` says so
        found = {}
    active = {job for job, state in found.items() if state.active}
    left = [record for record in records if record.job in active or _present(record)]
    return look(left[:most])


def _present(record: Record) -> bool:
    """Whether the directory of a job or, where it has not begun, its script is there."""
    return Path(record.directory).exists() or Path(record.script).exists()


def _progress(record: Record, *, active: bool) -> tuple[str, bool]:
    folder = Path(record.directory)
    if not folder.exists():
        return "not begun" if Path(record.script).exists() else "directory removed", False
    try:
        if record.kind == "sweep":
            return _of_sweep(folder, active=active)
        if not (folder / INFO).is_file():
            return "not begun", False
        return _of_run(folder, active=active)
    except RunError as error:
        return error.what, False


def _of_run(folder: Path, *, active: bool) -> tuple[str, bool]:
    run = load_run(folder)
    # While the job is active its own word counts: not every file system shows the locks of another
    # machine.
    status = str(run.info["status"]) if active else run.status
    planned = run.phases[-1].stop if run.phases else 0.0
    if status in ("running", "interrupted") and planned:
        return f"{status}, {run.t_stop / planned:.0%}", False
    return status, status == "complete"


def _of_sweep(folder: Path, *, active: bool) -> tuple[str, bool]:
    entries = Definition.load(folder).entries
    counts = Counter(status_of(folder, entry) for entry in entries)
    done = counts.pop("complete", 0)
    if active and counts.get("interrupted"):
        counts["begun"] = counts.pop("interrupted")
    others = "".join(f", {number} {status}" for status, number in counts.items())
    return f"{done} of {len(entries)} complete{others}", done == len(entries)


_GENEROUS = 10  # times as many jobs are asked for as are shown

__all__ = ["Job", "look", "look_at_latest"]
