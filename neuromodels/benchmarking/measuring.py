"""Takes the measurements in turns, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neuromodels.benchmarking.cases import RESULT, Case, Request
from neuromodels.benchmarking.results import Results
from neuromodels.errors import ModelError, NeuromodelsError
from neuromodels.machine import provenance
from neuromodels.registry import registry
from neuromodels.running.interrupts import Interrupts
from neuromodels.sweeps.pool import environment

LAUNCHER = ("mpirun", "-q", "--bind-to", "none", "-n")

Report = Callable[[Case, int, int], None]
"""Called before each case is measured, with its number and the number of all cases."""

# Of the memory that is available when the measurements begin.
_MEMORY = 0.8
# What a process takes with NEST and nothing in it, nearly (bytes).
_EMPTY = 180 * 2**20
# A measurement may take so many times the limit, which is compared with an estimate.
_PATIENCE = 3.0
_GRACE = 10.0


def measure(request: Request, report: Report | None = None) -> Results:
    """Measure all cases, as often as asked for.

    Parameters
    ----------
    request : Request
    report : Report, optional

    Returns
    -------
    Results
        After Ctrl-C, what was measured until then.
    """
    results = Results.begin(request)
    subjects = [list(cases) for cases in request.subjects()]
    missing = _compile(subjects)
    total, number = request.repeat * sum(map(len, subjects)), 0
    available = _available_memory()
    try:
        with Interrupts():
            for turn in range(1, request.repeat + 1):
                for cases in subjects:
                    smaller: list[_Taken] = []
                    for case in cases:
                        number += 1
                        if report is not None:
                            report(case, number, total)
                        if case in missing:
                            continue
                        reason = missing.get(case.name) or _refused(case)
                        row: dict[str, Any] | None = None
                        if reason is None:
                            row, reason = _one(request, case, turn, smaller, available)
                        if row is None:
                            missing[case] = str(reason)
                            row = {**case.as_dict(), "turn": turn, "missing": reason}
                        results.rows.append(row)
    except KeyboardInterrupt:
        results.interrupted = True
    results.finish()
    return results


@dataclass(frozen=True)
class _Taken:
    """What a smaller size took: to tell beforehand what the next one will.

    Attributes
    ----------
    case : Case
    made : float
        Wall time (s) of building and connecting.
    pace : float
        Wall time (s) per biological second.
    memory : float
        Bytes.
    """

    case: Case
    made: float
    pace: float
    memory: float

    def wall(self, seconds: float) -> float:
        """Wall time (s) for so many biological seconds."""
        return self.made + seconds * self.pace

    @property
    def filled(self) -> float:
        """Memory (bytes) that grows with the size."""
        return max(0.0, self.memory - _EMPTY)


def _compile(subjects: list[list[Case]]) -> dict[Any, str]:
    """Compile all models; give the reasons of those that cannot be measured."""
    from neuromodels.nestml.build import build

    missing: dict[Any, str] = {}
    models: dict[str, list[str]] = {}
    registered = registry().models
    for cases in subjects:
        name = cases[0].name
        try:
            models[name] = [m for m in cases[0].circuit().models if m in registered]
        except NeuromodelsError as error:
            missing[name] = _line(error)

    try:
        build(sorted({model for wanted in models.values() for model in wanted}))
    except ModelError:  # whose it is turns out one by one
        for name, wanted in models.items():
            try:
                build(wanted)
            except ModelError as error:
                missing[name] = _line(error)
    return missing


def _refused(case: Case) -> str | None:
    """Why this machine cannot measure `case`."""
    cores = provenance.usable_cores()
    if case.threads * case.ranks > cores:
        return f"needs {case.threads * case.ranks} cores, {cores} can be used"
    if case.ranks > 1:
        from neuromodels.machine.installation import find_nest

        if not find_nest().mpi:
            return "this NEST is built without MPI (docs/mpi.md)"
        if shutil.which(LAUNCHER[0]) is None:
            return f"there is no {LAUNCHER[0]}"
    return None


def _too_large(
    case: Case, seconds: float, smaller: list[_Taken], limit: float, available: float
) -> str | None:
    """Why `case` would take too long or too much memory, judged by smaller ones."""
    taken = [one for one in smaller if one.case.threads == one.case.ranks == 1] or smaller
    if not taken or taken[-1].case.size >= case.size:
        return None
    last = taken[-1]
    growth = (case.size / last.case.size) ** 2  # pairs of neurons
    wall, memory = growth * last.wall(seconds), growth * last.filled
    if len(taken) > 1 and taken[-2].case.size < last.case.size:
        before = taken[-2]
        power = math.log(case.size / last.case.size) / math.log(last.case.size / before.case.size)

        def carried_on(this: float, previous: float) -> float:
            return this * max(1.0, this / previous) ** power if previous > 0 else math.inf

        wall = min(wall, carried_on(last.wall(seconds), before.wall(seconds)))
        memory = min(memory, carried_on(last.filled, before.filled))
    if wall > limit:
        return f"would take about {wall:.0f} s, more than the limit of {limit:g} s"
    memory += _EMPTY
    if memory > _MEMORY * available:
        return f"would need about {memory / 2**30:.0f} GiB, {available / 2**30:.0f} are available"
    return None


def _one(
    request: Request, case: Case, turn: int, smaller: list[_Taken], available: float
) -> tuple[dict[str, Any] | None, str | None]:
    """Measure once: a row of the table, or the reason why there is none."""
    try:
        exact = replace(case, seconds=request.seconds(case))
    except NeuromodelsError as error:
        return None, _line(error)
    reason = _too_large(exact, exact.seconds, smaller, request.limit, available)
    if reason is not None:
        return None, reason
    found, reason = _run(exact, _PATIENCE * request.limit)
    if found is None:
        return None, reason
    # What depends on the size, not on how long is measured.
    pace = found["simulate"] / found["seconds"]
    made = found["build"] + found["connect"]
    smaller.append(_Taken(case, made, pace, found["memory"]))
    return {**exact.as_dict(), "turn": turn, **found, "missing": ""}, None


def _run(case: Case, patience: float) -> tuple[dict[str, Any] | None, str | None]:
    command = [sys.executable, "-m", "neuromodels.benchmarking.worker"]
    if case.ranks > 1:
        command = [*LAUNCHER, str(case.ranks), *command]
    with tempfile.TemporaryDirectory(prefix="neuromodels-bench-") as folder:
        before, begin = _usage(), time.perf_counter()
        process = subprocess.Popen(
            [*command, json.dumps(case.as_dict()), folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment(case.threads), "PYNEST_QUIET": "1"},
            process_group=0,
        )
        with _ended_with_us(process):
            try:
                output, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                return None, f"took more than {patience:.0f} s"
        total, after = time.perf_counter() - begin, _usage()
        file = Path(folder) / RESULT
        if process.returncode or not file.exists():
            return None, _why(process.returncode, output)
        found = json.loads(file.read_text(encoding="utf-8"))
    stages = sum(found[name] for name in ("build", "connect", "simulate", "record", "write"))
    found["start"] = total - stages
    found["total"] = total
    found["others"] = max(0.0, (after[0] - before[0] - (after[1] - before[1])) / total)
    found["load"] = os.getloadavg()[0]
    return found, None


@contextlib.contextmanager
def _ended_with_us(process: subprocess.Popen[str]) -> Iterator[None]:
    """End the process and all that it started, if the block ends before it."""
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):  # mpirun ends its ranks at the first
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE)


def _why(code: int, output: str) -> str:
    """Why a measurement has failed: its own word, or its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if said:
        return said[-1]
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with code {code}: {lines[-1] if lines else 'without a word'}"


def _usage() -> tuple[float, float]:
    """CPU time (s) of everything on this machine, and of our processes that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = children.ru_utime + children.ru_stime
    with contextlib.suppress(OSError, ValueError, IndexError):
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
        user, nice, system, _, _, irq, softirq = map(int, first[1:8])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK"), own
    return own, own


def _available_memory() -> float:
    """Bytes."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    return float(provenance.machine()["memory"])


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


__all__ = ["measure"]
