"""The programs of Slurm: sbatch, squeue, sacct."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from neuromodels.errors import EnvironmentProblem, UsageError

_TIMEOUT = 60.0

ACTIVE = frozenset(
    {
        "PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD",
        "REQUEUE_FED", "RESIZING", "SIGNALING", "SPECIAL_EXIT", "STAGE_OUT", "STOPPED",
    }
)  # fmt: skip
"""States of a job that is not over."""

_UNREACHABLE = re.compile(r"contact|connect|communicat|socket|munge|authentication|resolve", re.I)


@dataclass
class JobState:
    """What Slurm knows of a job.

    Attributes
    ----------
    elements : dict
        Number of an element of an array (None for a job that is no array) -> state.
    reason : str
        Why it does not run yet.
    """

    elements: dict[int | None, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def active(self) -> bool:
        """Whether it, or an element of it, is not over."""
        return any(state in ACTIVE for state in self.elements.values())

    def __str__(self) -> str:
        if list(self.elements) == [None]:
            state = self.elements[None].lower()
            waits = self.reason and self.reason not in ("None", "") and state == "pending"
            return f"{state} ({self.reason})" if waits else state
        counts = Counter(state.lower() for state in self.elements.values())
        return ", ".join(f"{number} {state}" for state, number in counts.items())


def submit(script: Path, *options: str) -> int:
    """Hand a script to sbatch; give the number of the job.

    Raises
    ------
    EnvironmentProblem
        There is no sbatch, or no Slurm behind it.
    UsageError
        Slurm does not accept what the script asks for.
    """
    try:
        done = subprocess.run(
            ["sbatch", "--parsable", *options, str(script)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise EnvironmentProblem(
            "there is no sbatch on this machine",
            code="NM340",
            fix="submit on a login node of the cluster, or look at the script with --dry-run",
        ) from None
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(
            f"sbatch did not answer within {_TIMEOUT:g} s", code="NM340"
        ) from None
    match = re.search(r"^(\d+)(?:;|$)", done.stdout, re.MULTILINE)
    if done.returncode == 0 and match is not None:
        return int(match[1])
    said = [
        re.sub(r"^sbatch: (error: |fatal: )?(Batch job submission failed: )?", "", line).strip()
        for line in done.stderr.splitlines()
        if line.strip()
    ]
    reason = "; ".join(dict.fromkeys(said)) or f"sbatch ended with code {done.returncode}"
    if _UNREACHABLE.search(reason):
        raise EnvironmentProblem(f"Slurm cannot be reached: {reason}", code="NM340")
    raise UsageError(
        f"Slurm does not accept the job: {reason}",
        code="NM280",
        where=str(script),
        fix=_fix(reason),
    )


def _fix(reason: str) -> str:
    text = reason.lower()
    if "partition" in text:
        return "`sinfo` names the partitions"
    if "account" in text:
        return "`sacctmgr show associations` names the accounts"
    if "array" in text:
        return "a site limits the size of arrays (MaxArraySize): split the sweep"
    return "change the options or the profile"


def states(jobs: Iterable[int]) -> dict[int, JobState]:
    """What squeue knows of jobs, and sacct of those that squeue has forgotten.

    A job that neither knows, or that no accounting was kept of, is not in what is returned.

    Raises
    ------
    EnvironmentProblem
        There is no squeue, or no Slurm behind it.
    """
    wanted = set(jobs)
    found: dict[int, JobState] = {}
    if not wanted:
        return found
    queue = _ask(
        "squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}",
        "--format=%i|%T|%r",
    )  # fmt: skip
    for line in queue.splitlines():
        number, state, reason = line.strip().split("|", 2)
        _note(found, wanted, number, state, reason)
    if forgotten := wanted - found.keys():
        listed = ",".join(map(str, sorted(forgotten)))
        try:
            past = _ask(
                "sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={listed}",
                "--format=JobID,State",
            )  # fmt: skip
        except EnvironmentProblem:  # no accounting at this site
            past = ""
        for line in past.splitlines():
            number, state = line.strip().split("|", 1)
            _note(found, forgotten, number, state.split()[0] if state.split() else "", "")
    return found


def _note(
    found: dict[int, JobState], wanted: set[int], number: str, state: str, reason: str
) -> None:
    """Keep one line of what squeue or sacct say: of ``12``, ``12_3`` or ``12_[4-9]``."""
    match = re.fullmatch(r"(\d+)(?:_(?:(\d+)|\[(.*)\]))?(?:\+\d+)?", number)
    if match is None or int(match[1]) not in wanted:
        return
    job = found.setdefault(int(match[1]), JobState())
    job.reason = reason or job.reason
    if match[3] is None:
        job.elements[None if match[2] is None else int(match[2])] = state
        return
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", match[3].partition("%")[0]):
        for element in range(int(first), int(last or first) + 1):
            job.elements[element] = state


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise EnvironmentProblem(
            f"there is no {command[0]} on this machine",
            code="NM340",
            fix="ask on a login node of the cluster",
        ) from None
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(
            f"{command[0]} did not answer within {_TIMEOUT:g} s", code="NM340"
        ) from None
    if done.returncode != 0:
        text = " ".join(done.stderr.split()) or f"it ended with code {done.returncode}"
        raise EnvironmentProblem(f"{command[0]} failed: {text}", code="NM340")
    return done.stdout


__all__ = ["ACTIVE", "JobState", "states", "submit"]
