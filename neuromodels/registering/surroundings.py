"""What plugins are kept from while they are loaded: standard output, and posing as Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def output_to_stderr() -> Iterator[None]:
    """Send to standard error what is printed inside the block, also below Python."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(OSError):  # one of them is closed
            if sys.__stdout__ is not None:
                sys.__stdout__.flush()
            kept = os.dup(1)
            stack.callback(os.close, kept)
            os.dup2(2, 1)
            stack.callback(os.dup2, kept, 1)
            stack.callback(_flush_c)
        yield


def _flush_c() -> None:
    """Write out what C code has printed and the C library still holds."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)


class CtrlC:
    """Within the block, `pressed` tells Ctrl-C from a `KeyboardInterrupt` that code raises."""

    def __init__(self) -> None:
        self.pressed = False

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Notice the signal, and let it raise as it would."""
        former = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(former):
            yield
            return

        def handle(number: int, frame: FrameType | None) -> None:
            self.pressed = True
            former(number, frame)

        signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGINT) is handle:
                signal.signal(signal.SIGINT, former)


__all__ = ["CtrlC", "output_to_stderr"]
