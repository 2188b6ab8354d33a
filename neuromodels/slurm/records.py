"""Which jobs were submitted from here: a line each, in the user's state directory.

Slurm forgets a job minutes after its end where no accounting is kept, and never knew which
directory it works in.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import filelock

from neuromodels.disk.files import disk_errors

FILE = "jobs.jsonl"


@dataclass(frozen=True)
class Record:
    """A job that was submitted.

    Attributes
    ----------
    job : int
        Slurm's number.
    kind : {"run", "sweep"}
    circuit : str
    directory : str
        Of the run or the sweep.
    script : str
        File.
    submitted : str
        Time, ISO 8601.
    collecting : int or None
        Number of the job that makes the table of a sweep.
    """

    job: int
    kind: Literal["run", "sweep"]
    circuit: str
    directory: str
    script: str
    submitted: str
    collecting: int | None = None


def path() -> Path:
    """Path of the file with the records."""
    from platformdirs import user_state_path

    return user_state_path("neuromodels") / FILE


def save(record: Record) -> None:
    """Append the record of a job."""
    file = path()
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(file.with_suffix(".lock")), file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(record)) + "\n")


def load_all() -> list[Record]:
    """Read the records of all jobs, the latest first, without lines that cannot be read."""
    file = path()
    found: list[Record] = []
    if not file.is_file():
        return found
    with disk_errors(file):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            found.append(Record(**json.loads(line)))
    return found[::-1]


__all__ = ["Record", "load_all", "path", "save"]
