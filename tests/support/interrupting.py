"""Ctrl-C, pressed by a thread."""

from __future__ import annotations

import os
import signal
import threading
import time


def interrupt_when(condition, *, times=1):
    """Send this process SIGINT from another thread."""

    def wait():
        deadline = time.monotonic() + 120
        while not condition():
            if time.monotonic() > deadline:
                return  # the test fails by itself; a late signal would end all of them
            time.sleep(0.02)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread
