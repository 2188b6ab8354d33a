"""A process for one run: ``python -m neuromodels.sweeps.worker FOLDER NUMBER PIPE PARENT MODULE``.

It writes lines of JSON to a pipe: its progress, and why it ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

from neuromodels.errors import EnvironmentProblem, NeuromodelsError, RunInterrupted

_PR_SET_PDEATHSIG = 1
_EVERY = 0.5  # s


class ProgressPipe:
    """Writes progress and errors to the process that started this one."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._last = -_EVERY

    def progress(self, what: str, share: float) -> None:
        """Write progress, at most every `_EVERY` s; see `neuromodels.running.progress.Report`."""
        now = time.monotonic()
        if now - self._last >= _EVERY:
            self._last = now
            self.write(what=what, share=share)

    def write(self, **content: Any) -> None:
        """Write a line of JSON; a reader that has ended is no error."""
        with contextlib.suppress(OSError):
            self._pipe.write(json.dumps(content) + "\n")
            self._pipe.flush()


def end_with(parent: int) -> None:
    """Make the system send SIGTERM to this process when `parent` ends (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(RunInterrupted.exit_code)


def main(arguments: list[str]) -> int:
    """Run one entry of a sweep; return the exit code of the process."""
    folder, number, pipe, parent = Path(arguments[0]), *map(int, arguments[1:4])
    end_with(parent)
    os.set_inheritable(pipe, False)
    # Ctrl-C ends a run, not only what a terminal happens to send it to.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with os.fdopen(pipe, "w", encoding="utf-8") as file:
        parent_pipe = ProgressPipe(file)
        try:
            from neuromodels.sweeps.definition import Definition
            from neuromodels.sweeps.element import execute

            if arguments[4]:  # what the process that began the sweep has imported
                importlib.import_module(arguments[4])
            definition = Definition.load(folder)
            execute(folder, definition, definition.entry(number), parent_pipe.progress)
        except NeuromodelsError as error:
            parent_pipe.write(error=" ".join(str(error).split()))
            if isinstance(error, EnvironmentProblem):
                what = f"{error.where}: {error.what}" if error.where else error.what
                parent_pipe.write(fatal=" ".join(what.split()))
            return error.exit_code
        except KeyboardInterrupt:
            return RunInterrupted.exit_code
        except Exception as error:
            parent_pipe.write(error=" ".join(f"{type(error).__name__}: {error}".split()))
            raise
        parent_pipe.write(share=1.0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
