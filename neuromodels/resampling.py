"""References from independent trials: how much a quantity of many trials varies by chance.

A table of single trials says more than a few means of batches: `bootstrap` draws trials again and
again, with replacement, and takes the quantity of each draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels.verdict import Reference

Indices = npt.NDArray[np.intp]

_DRAWS = 400
_SEED = 20200101


def bootstrap(
    n: int,
    statistic: Callable[[Indices], Mapping[str, Any]],
    source: str,
    *,
    ours: int | None = None,
    draws: int = _DRAWS,
) -> dict[str, Reference]:
    """Give references for quantities of a table of trials.

    Parameters
    ----------
    n : int
        Number of independent trials in the table.
    statistic : callable
        Called with the indices of trials, some of them several times; gives name -> value.
    source : str
        Of the table.
    ours : int, optional
        Number of trials in one of our runs, by default `n`: the spread is that of so many.
    draws : int
        The spread is known with a relative error of about ``1 / sqrt(2 * draws)``, and never better
        than the trials know it.

    Returns
    -------
    dict
        Name -> reference with the value of all trials as mean; without those that are not finite,
        or that do not vary.
    """
    ours = n if ours is None else ours
    rng = np.random.default_rng(_SEED)
    whole = statistic(np.arange(n, dtype=np.intp))
    drawn = [statistic(rng.integers(0, n, ours)) for _ in range(draws)]
    found = {}
    for name, mean in whole.items():
        values = np.array([float(each[name]) for each in drawn])
        sd = float(values[np.isfinite(values)].std(ddof=1))
        if math.isfinite(float(mean)) and np.isfinite(values).mean() > 0.99 and sd > 0:
            repetitions = max(1, round(n / ours))
            found[name] = Reference(float(mean), sd, repetitions, min(n - 1, draws - 1), source)
    return found


__all__ = ["Indices", "bootstrap"]
