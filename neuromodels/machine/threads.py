"""How OpenMP's threads wait for one another; it must be set before NEST is loaded."""

from __future__ import annotations

import os
import sys
import warnings

POLICY = "OMP_WAIT_POLICY"
# Estimated CPU time (s, `simulation.work`) of a communication interval below which no circuit of
# the table in docs/performance gained from a second thread on two idle cores (speed 0.02 to 0.98).
SMALL_SLICE = 2e-4


def set_passive_wait_policy() -> None:
    """Make OpenMP's threads sleep while they wait (passive waiting), unless the user chose a
    policy.

    Threads that spin (active waiting) make NEST many times slower if other processes use the same
    cores.  OpenMP reads the environment variable when it is loaded, so every function of
    neuromodels that may load NEST calls this one first.
    """
    if "nest" not in sys.modules:
        os.environ.setdefault(POLICY, "PASSIVE")


def warn_of_active_waiting(threads: int) -> None:
    """Warn if NEST was loaded before `set_passive_wait_policy` could be called."""
    if threads > 1 and POLICY not in os.environ:
        warnings.warn(
            f"NEST was imported before neuromodels could set {POLICY}=PASSIVE: "
            f"{threads} threads may be slower than one on a busy machine; "
            "import neuromodels and call its functions first, or set it in the environment",
            stacklevel=4,
        )


def warn_of_small_slices(threads: int, work: float, interval: float) -> None:
    """Warn if threads would wait for one another longer than they compute.

    Parameters
    ----------
    threads : int
        Threads of each rank.
    work : float
        Estimated CPU time (s) of one core for a second of biological time.
    interval : float
        Communication interval (ms), at the end of which threads wait for one another.
    """
    if threads > 1 and work * interval / 1000.0 < SMALL_SLICE:
        warnings.warn(
            f"{threads} threads are likely to be slower than one here: they wait for one another "
            f"every {interval:g} ms, and this network has too little to compute in between; "
            "take --threads 1, and more runs at once for more cores",
            stacklevel=4,
        )


__all__ = ["set_passive_wait_policy", "warn_of_small_slices", "warn_of_active_waiting"]
