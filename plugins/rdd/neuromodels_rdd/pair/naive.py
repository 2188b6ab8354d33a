"""Estimates of a unit's effect that do without regression discontinuity.

They use all spikes, and so mistake what a shared input does to both units for an effect.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SPAN = 20
"""Steps in which an effect of a spike is looked for."""


def filtered(z: Array, tau_L: float = 10.0, tau_s: float = 3.0) -> Array:
    """What the units below get from a spike train: q(t) = sum of kappa(s) z(t - s), s = 1, 2, ...

    Parameters
    ----------
    z : ndarray, shape (steps,)
        Spikes.
    tau_L, tau_s : float
        Time constants of the kernel (steps).
    """
    from scipy.signal import lfilter

    before = np.concatenate([[0.0], z[:-1]])
    slow, fast = (
        lfilter([np.exp(-1 / tau)], [1.0, -np.exp(-1 / tau)], before) for tau in (tau_L, tau_s)
    )
    return np.asarray((slow - fast) / (tau_L - tau_s))


def binned(z: Array, q: Array) -> float:
    """Mean of the summed feedback over bins of `SPAN` steps with a spike, minus those without.

    Parameters
    ----------
    z, q : ndarray, shape (steps,)
        Spikes of the unit, and feedback.
    """
    n = len(z) // SPAN
    spiked = np.asarray(z[: n * SPAN].reshape(n, SPAN).any(axis=1), dtype=np.bool_)
    return _difference(q[: n * SPAN].reshape(n, SPAN).sum(axis=1), spiked)


def triggered(z: Array, q: Array) -> float:
    """Mean of the feedback in the `SPAN` steps after a step with a spike, minus after one without.

    Parameters
    ----------
    z, q : ndarray, shape (steps,)
        Spikes of the unit, and feedback.
    """
    total = np.concatenate([[0.0], np.cumsum(q)])
    after = total[SPAN + 1 :] - total[1:-SPAN]  # steps t + 1 ... t + SPAN
    return _difference(after, z[: len(after)] > 0)


def _difference(values: Array, spiked: npt.NDArray[np.bool_]) -> float:
    if spiked.all() or not spiked.any():
        return float("nan")
    return float(values[spiked].mean() - values[~spiked].mean())


__all__ = ["SPAN", "binned", "filtered", "triggered"]
