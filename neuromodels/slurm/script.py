"""The text of sbatch scripts.

A run of one task replaces the batch shell (``exec``), so that Slurm's signals reach it; several
tasks are started by srun, which hands the signals on.  Either way SIGTERM comes some time before
the limit, the run writes what it recorded, and ``run.json`` says ``interrupted``.

Every script can be submitted again as it is: it resumes what it finds.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.errors import UsageError
from neuromodels.slurm.profile import Profile, seconds

# Slurm looks at time limits about twice a minute; a shorter notice might come too late.
_LEAST_NOTICE = 30
_COLLECTING = "00:30:00"


@dataclass(frozen=True)
class Script:
    """A script for sbatch.

    Attributes
    ----------
    text : str
    file : Path
        Where it is kept.
    output : str
        File of what the job prints, with Slurm's ``%j`` and the like.
    """

    text: str
    file: Path
    output: str


def run_script(
    profile: Profile, folder: Path, arguments: Sequence[str] | None, name: str, file: Path
) -> Script:
    """A job that is one run.

    Parameters
    ----------
    profile : Profile
    folder : Path
        Directory of the run.
    arguments : sequence of str or None
        Of ``neuromodels run``, without ``--out``; None for a run that is there already.
    name : str
        Of the job.
    file : Path
        Where the script is to be kept.
    """
    output = f"{_literal(file.with_suffix(''))}.slurm-%j.txt"
    resumed = _launch(profile, ["run", "--resume", _Raw('"$run"')])
    lines = [f"run={shlex.quote(str(folder))}"]
    if arguments is None:
        lines.append(resumed)
    else:
        begun = _launch(profile, ["run", *arguments, "--out", _Raw('"$run"')])
        lines += [
            'if [ -f "$run/run.json" ]; then  # submitted again, or requeued',
            f"    {resumed}",
            "else",
            _indented(begun),
            "fi",
        ]
    return Script(_text(profile, name, output, lines), file, output)


def array_script(
    profile: Profile, folder: Path, numbers: Iterable[int], at_once: int | None, name: str
) -> Script:
    """A job array with an element for each run of a sweep.

    Parameters
    ----------
    profile : Profile
    folder : Path
        Directory of the sweep.
    numbers : iterable of int
        Which of its runs.
    at_once : int, optional
        How many may run at a time.
    name : str
        Of the job.
    """
    file = free(folder / "slurm" / "array.sbatch")
    output = f"{_literal(file.parent)}/%A_%a.txt"
    limit = f"%{at_once}" if at_once else ""
    element = _launch(
        profile, ["sweep", "--resume", str(folder), "--only", _Raw('"$SLURM_ARRAY_TASK_ID"')]
    )
    options = [f"--array={ranges(numbers)}{limit}"]
    return Script(_text(profile, name, output, [element], options), file, output)


def collect_script(profile: Profile, folder: Path, name: str) -> Script:
    """A job that makes the table of a sweep; it is to wait for the array."""
    file = free(folder / "slurm" / "collect.sbatch")
    output = f"{_literal(file.parent)}/collect-%j.txt"
    alone = profile.changed(tasks=1, nodes=1, threads=1, time=_COLLECTING, grace=0)
    lines = [_launch(alone, ["sweep", "--resume", str(folder), "--collect"])]
    return Script(_text(alone, name, output, lines), file, output)


def free(path: Path) -> Path:
    """Give the name for a new script; one that is there may have been changed, and stays."""
    found, number = path, 1
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def ranges(numbers: Iterable[int]) -> str:
    """Write numbers as Slurm does: ``1-3,7``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)


class _Raw(str):
    """A word for the shell to expand."""

    __slots__ = ()


def _text(
    profile: Profile, name: str, output: str, lines: Sequence[str], more: Sequence[str] = ()
) -> str:
    settings = {
        "job-name": name.replace("/", "-"),
        "output": output,
        "open-mode": "append",
        "partition": profile.partition,
        "account": profile.account,
        "qos": profile.qos,
        "constraint": profile.constraint,
        "nodes": profile.nodes,
        "ntasks": profile.tasks,
        "cpus-per-task": profile.threads,
        "mem": profile.memory,
        "time": profile.time,
        "signal": _signal(profile),
    }
    options = [
        f"--{key}={_quoted(str(value))}" for key, value in settings.items() if value is not None
    ]
    text = [
        "#!/bin/bash -l" if profile.login else "#!/bin/bash",
        *(f"#SBATCH {option}" for option in [*options, *more, *profile.options]),
    ]
    text += ["", "set -e", *profile.setup]
    text += ["export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK OPENBLAS_NUM_THREADS=1", "", *lines]
    return "\n".join(text) + "\n"


def _literal(path: Path) -> str:
    """Write a path so that Slurm replaces nothing in it.

    Raises
    ------
    UsageError
        No line of a script can hold it.
    """
    # A backslash has Slurm leave out all replacements, also those that are meant.
    if not str(path).isprintable() or "\\" in str(path):
        raise UsageError(
            "holds characters that no script of Slurm can name",
            code="NM241",
            where=repr(str(path)),
            fix="choose another directory",
        )
    return str(path).replace("%", "%%")


def _quoted(value: str) -> str:
    """Write a value as sbatch reads it in a line of a script: quotes as a shell has them."""
    if re.fullmatch(r"[\w@%+=:,./-]+", value):
        return value
    return '"' + re.sub(r'([\\"])', r"\\\1", value) + '"'


def filled(output: str, job: int) -> str:
    """Name of the file of what a job prints, as far as the number of the job tells it."""
    known = {"%j": str(job), "%A": str(job), "%%": "%"}
    return re.sub("%[jA%]", lambda found: known[found[0]], output)


def _signal(profile: Profile) -> str | None:
    if not profile.grace:
        return None
    notice = profile.grace
    if profile.time is not None:  # a short job keeps most of its time
        notice = min(notice, seconds(profile.time) // 4)
    to = "B:" if profile.tasks == 1 else ""
    return f"{to}TERM@{max(_LEAST_NOTICE, notice)}"


def _launch(profile: Profile, arguments: Sequence[str]) -> str:
    command = profile.command or _own_command()
    start = "exec"
    if profile.tasks > 1:
        # srun does not take over the number of cores per task by itself (since Slurm 22.05).
        start = (
            f"srun --mpi={shlex.quote(profile.mpi)} --cpus-per-task={profile.threads} "
            "--kill-on-bad-exit=1"
        )
    words = [word if isinstance(word, _Raw) else shlex.quote(word) for word in arguments]
    return f"{start} {command} {' '.join(words)}"


def _own_command() -> str:
    """How this installation is called, wherever and from whatever directory."""
    script = Path(sys.executable).with_name("neuromodels")
    if script.is_file():
        return shlex.quote(str(script))
    return shlex.join([sys.executable, "-P", "-m", "neuromodels"])


def _indented(line: str) -> str:
    return "\n".join(f"    {part}" for part in line.splitlines())


def as_words(parameters: dict[str, Any]) -> list[str]:
    """Parameters as options of ``neuromodels run``, so that a job does not depend on a file."""
    words = []
    for name, value in parameters.items():
        words += ["--set", f"{name}={_value(value)}"]
    return words


def _value(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        return f"{_value(value['value'])} {value['unit']}".rstrip()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


__all__ = [
    "Script", "array_script", "as_words", "collect_script", "filled", "free", "ranges",
    "run_script",
]  # fmt: skip
