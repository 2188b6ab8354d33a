"""Processes side by side, one per run: what one of them does to itself harms no other.

Neither threads nor a pool of lasting processes would do: NEST has one kernel per process, and a
worker that dies would take along what a pool had given it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from neuromodels.running.interrupts import Interrupts
from neuromodels.sweeps.definition import Entry

WORKER = (sys.executable, "-P", "-m", "neuromodels.sweeps.worker")
"""What a worker process runs; folder, number, pipe, parent and module follow."""

_GLANCE = 0.25
"""Longest wait (s) for news before the display is drawn again."""
_PATIENCE = 60.0
"""Time (s) that interrupted runs have to write what they recorded."""
_OUTPUT = 4096
_THREADS_OF = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Display(Protocol):
    """What is told how a sweep goes on."""

    def began(self, entry: Entry) -> None:
        """A run was started."""

    def went_on(self, entry: Entry, share: float) -> None:
        """A run has simulated this share of its biological time."""

    def ended(self, entry: Entry, error: str | None) -> None:
        """A run has ended, with an error or without."""

    def draw(self) -> None:
        """Called several times a second."""


@dataclass
class _Worker:
    entry: Entry
    process: subprocess.Popen[bytes]
    pipe: int
    output: IO[bytes]
    unread: bytes = b""
    error: str | None = None
    fatal: str | None = None

    def read(self) -> list[dict[str, object]] | None:
        """What it has said since, or None when it says no more."""
        data = os.read(self.pipe, 65536)
        if not data:
            return None
        *lines, self.unread = (self.unread + data).split(b"\n")
        return [json.loads(line) for line in lines]


@dataclass
class Outcome:
    """How a sweep ended.

    Attributes
    ----------
    failures : dict
        Name of a run -> why it failed.
    fatal : str or None
        What would have failed all others too, and stopped the sweep: a full disk, for example.
    """

    failures: dict[str, str] = field(default_factory=dict)
    fatal: str | None = None


def run_all(
    folder: Path,
    entries: Sequence[Entry],
    *,
    workers: int,
    threads: int,
    display: Display,
    module: str = "",
) -> Outcome:
    """Run `entries`, several at a time.

    A run that fails, or whose process dies, leaves the others alone.  What would fail them all (no
    space on the disk, no compiler) stops the beginning of more.

    Parameters
    ----------
    folder : Path
        Of the sweep.
    entries : sequence of Entry
    workers : int
        Processes at a time.
    threads : int
        Of each run.
    display : Display
    module : str
        To be imported by each worker: that of a circuit which no plugin registers.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C, SIGTERM or SIGHUP; all workers have been stopped, and what they recorded is on the
        disk.  A second one kills them.
    """
    outcome = Outcome()
    waiting = deque(entries)
    active: dict[int, _Worker] = {}
    with Interrupts(), selectors.DefaultSelector() as selector:
        try:
            while active or (waiting and outcome.fatal is None):
                while waiting and len(active) < workers and outcome.fatal is None:
                    worker = _start(folder, waiting.popleft(), threads, module)
                    active[worker.pipe] = worker
                    selector.register(worker.pipe, selectors.EVENT_READ)
                    display.began(worker.entry)
                for key, _ in selector.select(_GLANCE):
                    worker = active[key.fd]
                    if not _listen(worker, display):
                        selector.unregister(key.fd)
                        del active[key.fd]
                        _close(worker, outcome)
                        display.ended(worker.entry, outcome.failures.get(worker.entry.name))
                display.draw()
        except BaseException:
            _stop([worker.process for worker in active.values()])
            raise
        finally:
            for worker in active.values():
                os.close(worker.pipe)
                worker.output.close()
    return outcome


def _start(folder: Path, entry: Entry, threads: int, module: str) -> _Worker:
    reading, writing = os.pipe()
    # Beside the run and not in it, whose directory must be empty; only a crash makes it of use.
    output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
    try:
        process = subprocess.Popen(
            [*WORKER, str(folder), str(entry.number), str(writing), str(os.getpid()), module],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(writing,),
            # A group of its own: a terminal's Ctrl-C reaches workers once, through this process.
            process_group=0,
            env=environment(threads),
        )
    except BaseException:
        os.close(reading)
        output.close()
        raise
    finally:
        os.close(writing)
    return _Worker(entry, process, reading, output)


def environment(threads: int) -> dict[str, str]:
    """Give the environment of a process that is to use so many threads."""
    found = dict(os.environ)
    for name in _THREADS_OF:
        found[name] = str(threads)
    # Whatever this process can import, a circuit's module for one, its workers can.
    found["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return found


def _listen(worker: _Worker, display: Display) -> bool:
    """Hear what a worker has to say; False when that was all."""
    said = worker.read()
    if said is None:
        return False
    for line in said:
        if "share" in line:
            display.went_on(worker.entry, float(str(line["share"])))
        if "error" in line:
            worker.error = str(line["error"])
        if "fatal" in line:
            worker.fatal = str(line["fatal"])
    return True


def _close(worker: _Worker, outcome: Outcome) -> None:
    """Write down how a worker ended."""
    code = worker.process.wait()
    os.close(worker.pipe)
    if code != 0 or worker.error:
        reason = worker.error or _reason(code, worker.output)
        outcome.failures[worker.entry.name] = reason
        outcome.fatal = outcome.fatal or worker.fatal
    worker.output.close()


def _reason(code: int, output: IO[bytes]) -> str:
    """Why a process that did not say so has ended."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = str(-code)
        hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
        return f"its process was ended by {name}{hint}"
    output.seek(0, os.SEEK_END)
    output.seek(max(0, output.tell() - _OUTPUT))
    lines = output.read().decode(errors="replace").strip().splitlines()
    last = f": {' '.join(lines[-1].split())}" if lines else ""
    return f"its process ended with code {code}{last}"


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Have all of them write what they recorded and end; kill them at a second interrupt."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _PATIENCE
    try:
        for process in processes:
            process.wait(max(0.0, deadline - time.monotonic()))
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


__all__ = ["Display", "Outcome", "environment", "run_all"]
