"""Ctrl-C, SIGTERM and SIGHUP (a closed terminal) while a run is under way."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Within the block, these signals stop the run in an orderly way.

    Usually they raise `KeyboardInterrupt` at once.  Inside `deferred` the first one only sets
    `pending`, so that what was simulated can be saved, and gives the signals their former meaning
    back: a second one ends the process as if neuromodels were not there.

    Signals reach Python's main thread only; in any other thread this does nothing.
    """

    def __init__(self) -> None:
        self.pending = False
        self._deferring = False
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                    continue  # nohup: the run is to go on without its terminal
                self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        self._restore()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Let signals wait until `pending` is looked at."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._restore()
        self.pending = True
        if not self._deferring:
            raise KeyboardInterrupt

    def _restore(self) -> None:
        for number, handler in self._former.items():
            # None: a handler that was not installed by Python, which Python cannot put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._former.clear()


__all__ = ["Interrupts"]
