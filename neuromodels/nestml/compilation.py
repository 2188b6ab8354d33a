"""From C++ on disk to a shared object that NEST loads."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from neuromodels.errors import EnvironmentProblem, ModelError
from neuromodels.machine.installation import find_nest
from neuromodels.machine.toolchain import compile_flags, find_boost, find_compiler
from neuromodels.nestml.source import Source


def compile_module(source: Path, output: Path, models: Mapping[str, Source] | None = None) -> None:
    """Compile `source`, which includes everything else, into the shared object `output`.

    Parameters
    ----------
    source, output : Path
    models : mapping, optional
        Plain name -> source of the models inside, for errors in what a statement has become.

    Raises
    ------
    ModelError
        The C++ does not compile; the message has file, line, the line itself and the cause.
    EnvironmentProblem
        A header is missing, the disk is full, or the compiler was killed.
    """
    nest = find_nest()
    with as_file(files("neuromodels.nestml") / "headers") as headers:
        command = [
            *find_compiler().command,
            *compile_flags(),
            f"-I{headers}",  # first: shadows NEST's unguarded nest_impl.h and libltdl's header
            f"-I{source.parent}",
            f"-isystem{nest.include}",
            f"-isystem{find_boost()}",
            str(source),
            "-o",
            str(output),
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    (output.parent / "compile.log").write_text(" ".join(command) + "\n" + done.stderr)
    if done.returncode != 0:
        free = shutil.disk_usage(output.parent).free
        raise _explain(done.stderr, done.returncode, free, models or {})
    if not output.exists():
        raise EnvironmentProblem(
            "the compiler ended well but compiled nothing",
            code="NM310",
            where=command[0],
            fix="install another one, e.g. apt-get install g++, or set CXX",
        )


def _explain(stderr: str, code: int, free: int, models: Mapping[str, Source]) -> Exception:
    """The compiler's first error as one of ours."""
    missing = re.search(r"fatal error: ([^:\n]+): No such file or directory", stderr)
    if missing:
        header = missing.group(1)
        fix = "run neuromodels doctor"
        if header == "mpi.h":
            fix = "install MPI's development files, e.g. apt-get install libopenmpi-dev"
        return EnvironmentProblem(f"the C++ header {header} is missing", code="NM311", fix=fix)
    if "No space left on device" in stderr or free < 1 << 20:
        return EnvironmentProblem(
            "the disk is full", code="NM320", where="model cache", fix="free some space"
        )
    if "Killed signal" in stderr or code < 0:
        return EnvironmentProblem(
            "the compiler was killed",
            code="NM313",
            fix="a module needs about 700 MB of memory; free some",
        )
    found = re.search(r"^(.+?):(\d+)(?::\d+)?: (?:fatal )?error: (.+)$", stderr, re.MULTILINE)
    if not found:
        last = stderr.strip().splitlines()[-1:] or [f"exit code {code}"]
        return ModelError(f"the C++ compiler failed: {last[0]}", code="NM405")
    file, line, cause = found.group(1), int(found.group(2)), found.group(3)
    path = Path(file)
    lines = path.read_text().splitlines() if path.exists() else []
    statement = _statement(lines[:line])
    if statement is not None and statement[0] in models:
        model = models[statement[0]]
        where, quoted = f"{model.shown}:{statement[1]}", model.text.splitlines()[statement[1] - 1]
        return ModelError(
            f"the C++ of a statement does not compile: {cause} in line: {quoted.strip()}",
            code="NM405",
            where=where,
        )
    quoted = f" in line: {lines[line - 1].strip()}" if 0 < line <= len(lines) else ""
    return ModelError(
        f"generated C++ does not compile: {cause}{quoted}", code="NM405", where=f"{file}:{line}"
    )


def _statement(lines: Sequence[str]) -> tuple[str, int] | None:
    """Model and line of the statement that the last of some lines of C++ is from.

    The generator's templates bracket statements by ``// NESTML begin`` and ``// NESTML end``, and
    write ``// NESTML MODEL:LINE`` before each.
    """
    closed = 0  # blocks of statements that have ended before
    for line in reversed(lines):
        found = re.fullmatch(r"\s*// NESTML (\w+)(?::(\d+))?\s*", line)
        if found is None:
            continue
        if found[2] is None:
            closed = max(0, closed + (1 if found[1] == "end" else -1))
        elif closed == 0:
            return found[1], int(found[2])
    return None
