"""How idle threads wait: set before NEST, and OpenMP with it, is loaded."""

from __future__ import annotations

import os
import sys
import warnings

POLICY = "OMP_WAIT_POLICY"
# Estimated work (s, `simulation.work`) of a slice below which no circuit of the table in
# docs/performance gained from a second thread on two idle cores (0.02 to 0.98 times as fast).
SMALL_SLICE = 2e-4


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


def warn_of_small_slices(threads: int, work: float, interval: float) -> None:
    """Warn where threads would wait for one another longer than they compute.

    Parameters
    ----------
    threads : int
        Of each rank.
    work : float
        What one core computes in a second of biological time (s), as estimated.
    interval : float
        Communication slice, at whose borders threads wait (ms).
    """
    if threads > 1 and work * interval / 1000.0 < SMALL_SLICE:
        warnings.warn(
            f"{threads} threads are likely to be slower than one here: they wait for one another "
            f"every {interval:g} ms, and this network has too little to compute in between; "
            "take --threads 1, and more runs at once for more cores",
            stacklevel=4,
        )


__all__ = ["let_threads_sleep", "warn_of_small_slices", "warn_of_spinning"]
