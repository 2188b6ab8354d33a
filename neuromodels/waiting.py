"""How idle threads wait: set before NEST, and OpenMP with it, is loaded."""

from __future__ import annotations

import os
import sys
import warnings

POLICY = "OMP_WAIT_POLICY"


def let_threads_sleep() -> None:
    """Let OpenMP's threads sleep while they wait for one another, unless the user wants otherwise.

    Threads that spin make NEST many times slower where other processes need the cores too.  OpenMP
    reads this when it is loaded, so every way into neuromodels that may load NEST calls it first.
    """
    if "nest" not in sys.modules:
        os.environ.setdefault(POLICY, "PASSIVE")


def warn_of_spinning(threads: int) -> None:
    """Warn where it is too late for `let_threads_sleep`."""
    if threads > 1 and POLICY not in os.environ:
        warnings.warn(
            f"NEST was imported before neuromodels could set {POLICY}=PASSIVE: "
            f"{threads} threads may be slower than one on a busy machine; "
            "import neuromodels and call its functions first, or set it in the environment",
            stacklevel=4,
        )


__all__ = ["let_threads_sleep", "warn_of_spinning"]
