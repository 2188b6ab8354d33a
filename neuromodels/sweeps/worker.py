"""A process for one run: ``python -m neuromodels.sweeps.worker FOLDER NUMBER PIPE PARENT MODULE``.

What it has to say goes through a pipe as lines of JSON: how far it is, and why it ended.
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
_EVERY = 0.5


class Teller:
    """Writes to the process that started this one, as often as it may want to know."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._last = -_EVERY

    def progress(self, what: str, share: float) -> None:
        """Say how far the run is; see `neuromodels.running.progress.Report`."""
        now = time.monotonic()
        if now - self._last >= _EVERY:
            self._last = now
            self.say(what=what, share=share)

    def say(self, **content: Any) -> None:
        """Write a line; whether anybody reads it makes no difference."""
        with contextlib.suppress(OSError):
            self._pipe.write(json.dumps(content) + "\n")
            self._pipe.flush()


def end_with(parent: int) -> None:
    """Have the system stop this process, in the orderly way, when `parent` is killed (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(RunInterrupted.exit_code)


def main(arguments: list[str]) -> int:
    """Run one entry of a sweep; the code with which the process ends."""
    folder, number, pipe, parent = Path(arguments[0]), *map(int, arguments[1:4])
    end_with(parent)
    os.set_inheritable(pipe, False)
    # Ctrl-C ends a run, not only what a terminal happens to send it to.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with os.fdopen(pipe, "w", encoding="utf-8") as file:
        teller = Teller(file)
        try:
            from neuromodels.sweeps.definition import Definition
            from neuromodels.sweeps.element import execute

            if arguments[4]:  # what the process that began the sweep has imported
                importlib.import_module(arguments[4])
            definition = Definition.load(folder)
            execute(folder, definition, definition.entry(number), teller.progress)
        except NeuromodelsError as error:
            teller.say(error=" ".join(str(error).split()))
            if isinstance(error, EnvironmentProblem):
                what = f"{error.where}: {error.what}" if error.where else error.what
                teller.say(fatal=" ".join(what.split()))
            return error.exit_code
        except KeyboardInterrupt:
            return RunInterrupted.exit_code
        except Exception as error:
            teller.say(error=" ".join(f"{type(error).__name__}: {error}".split()))
            raise
        teller.say(share=1.0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
