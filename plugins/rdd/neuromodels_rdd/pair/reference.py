"""What the published code gives for ``rdd/pair``: 400 pairs for each alpha, in four batches.

A quantity is taken of each batch of 50 trials (100 pairs) and averaged over batches; the spread of
the mean of four batches is half of that of one.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden

BATCH, BATCHES = 50, 4
"""Trials of a batch, and batches."""
COLUMNS = {
    "rdd_grad": "rdd_grad", "rdd_lsq": "rdd_lstsq", "meandiff": "meandiff",
    "naive_20ms": "naive_20ms", "naive_spiketrig": "naive_spiketrig",
}  # fmt: skip
"""Estimator -> column of the table."""

Array = npt.NDArray[np.float64]


def summary(weight: Array, estimate: Array) -> dict[str, float]:
    """How an estimate depends on the true weight.

    Parameters
    ----------
    weight, estimate : ndarray, shape (n,)

    Returns
    -------
    dict
        ``r``, ``slope`` and ``intercept`` of the regression of the estimate on the weight; ``sign``
        and ``sign_centred``, the share (%) of estimates with the right sign, as they are and
        without the intercept.
    """
    used = np.isfinite(estimate)
    w, y = weight[used], estimate[used]
    if len(w) < 3 or w.std() == 0 or y.std() == 0:
        return dict.fromkeys(("r", "slope", "intercept", "sign", "sign_centred"), float("nan"))
    slope, intercept = np.polyfit(w, y, 1)
    return {
        "r": float(np.corrcoef(w, y)[0, 1]),
        "slope": float(slope),
        "intercept": float(intercept),
        "sign": 100.0 * float(np.mean(np.sign(y) == np.sign(w))),
        "sign_centred": 100.0 * float(np.mean(np.sign(y - intercept) == np.sign(w))),
    }


def batches(weight: Array, estimate: Array) -> dict[str, Array]:
    """`summary` of each batch of trials; arguments have shape (trials, units).

    Trials that do not fill a batch go to the last one.
    """
    n = max(1, len(weight) // BATCH)
    edges = [BATCH * i for i in range(n)] + [len(weight)]
    found = [
        summary(weight[a:b].ravel(), estimate[a:b].ravel()) for a, b in itertools.pairwise(edges)
    ]
    return {name: np.array([f[name] for f in found]) for name in found[0]}


@cache
def _batches(alpha: float, estimator: str) -> dict[str, Array]:
    table = golden.table(__package__, "rdd_pair_detail")
    rows = table[table["alpha"] == alpha].sort_values(["batch", "trial", "unit"])
    if rows.empty:
        return {}
    weight, estimate = (rows[name].to_numpy().reshape(-1, 2) for name in ("w", COLUMNS[estimator]))
    return batches(weight, estimate)


def of(alpha: float, estimator: str, quantity: str) -> Reference | None:
    """Reference of the mean over `BATCHES` batches of trials."""
    if estimator not in COLUMNS:
        return None
    found = _batches(alpha, estimator).get(quantity)
    if found is None or not np.isfinite(found).all():
        return None
    return Reference(
        float(found.mean()), float(found.std(ddof=1)) / np.sqrt(BATCHES), 1, BATCHES - 1,
        "authors' code (Guerguiev et al. 2020), 400 pairs in 4 batches",
    )  # fmt: skip


def convergence(alpha: float) -> dict[str, Array]:
    """Online estimate over time: ``t_s``, ``corr``, ``slope``, ``sign_agree_pct``."""
    table = golden.table(__package__, "rdd_pair_convergence")
    rows = table[table["alpha"] == alpha]
    return {name: rows[name].to_numpy() for name in ("t_s", "corr", "slope", "sign_agree_pct")}


__all__ = ["BATCH", "BATCHES", "COLUMNS", "batches", "convergence", "of", "summary"]
