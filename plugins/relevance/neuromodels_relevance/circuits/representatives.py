"""Few units that stand for a population."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def representatives(drives: Array, n: int) -> npt.NDArray[np.int64]:
    """Choose units whose mean is that of the population in several situations at once.

    One after the other, each time the unit that brings the mean of those chosen closest to that of
    all (as in herding).  Its error shrinks with ``1 / n``, that of a random choice with
    ``1 / sqrt(n)``.

    Parameters
    ----------
    drives : ndarray, shape (situations, units)
        What a unit receives, in any unit of measurement.
    n : int
        How many; all where there are no more.

    Returns
    -------
    ndarray, shape (n,)
        Their indices, in ascending order.
    """
    units = drives.shape[1]
    if n >= units:
        return np.arange(units)
    scatter = drives - drives.mean(axis=1, keepdims=True)
    width = scatter.std(axis=1, keepdims=True)
    scatter = np.divide(scatter, width, out=np.zeros_like(scatter), where=width > 0)
    sums, left = np.zeros((drives.shape[0], 1)), np.ones(units, dtype=bool)
    for _ in range(n):
        distances = np.square(sums + scatter).sum(axis=0)
        best = int(np.argmin(np.where(left, distances, np.inf)))
        sums += scatter[:, best : best + 1]
        left[best] = False
    return np.flatnonzero(~left)


__all__ = ["representatives"]
