"""What independent implementations give for ``rdd/pair`` and ``rdd/many-inputs``.

``rdd_pair_detail.csv`` has 200 trials with two units for each alpha.  A quantity is taken of each
batch of 50 trials (100 pairs) and averaged over batches; how far it varies by chance is found by
drawing trials again (`neuromodels.resampling`), which counts the two units of a trial together.

``rdd_pair_single_summary.csv`` (one unit a trial, 100 trials) and ``rdd_many_inputs_summary.csv``
(200 units below one) have two seeds each.  Two seeds say next to nothing about a spread; the number
of pairs does: correlation, slope and intercept are those of a regression over pairs, with its
standard errors, and the right signs are a share of pairs.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden
from neuromodels.resampling import Indices, bootstrap

BATCH, BATCHES = 50, 4
"""Trials of a batch, and batches."""
W_MAX = 1000.0
COLUMNS = {
    "rdd_grad": "rdd_grad", "rdd_lsq": "rdd_lstsq", "meandiff": "meandiff",
    "naive_20ms": "naive_20ms", "naive_spiketrig": "naive_spiketrig",
}  # fmt: skip
"""Estimator -> column of the table."""
_SINGLE = {
    "rdd_grad": "rdd_grad", "rdd_lsq": "rdd_lsq", "meandiff": "rddwin_meandiff",
    "naive_20ms": "naive_20ms", "naive_spiketrig": "naive_spiketrig",
}  # fmt: skip
"""Estimator -> its name in the table of single units."""

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
def _bootstrapped(alpha: float, estimator: str) -> Mapping[str, Reference]:
    """Quantity -> reference, of the mean over batches of as many trials as a run has."""
    table = golden.table(__package__, "rdd_pair_detail")
    rows = table[table["alpha"] == alpha].sort_values(["batch", "trial", "unit"])
    if rows.empty:
        return {}
    weight, estimate = (rows[name].to_numpy().reshape(-1, 2) for name in ("w", COLUMNS[estimator]))

    def means(trials: Indices) -> dict[str, float]:
        found = batches(weight[trials], estimate[trials])
        return {name: float(values.mean()) for name, values in found.items()}

    source = f"authors' code (Guerguiev et al. 2020), {len(weight)} trials with two units"
    return bootstrap(len(weight), means, source)


def of(alpha: float, estimator: str, quantity: str) -> Reference | None:
    """Reference of the mean over `BATCHES` batches of trials with two units."""
    return _bootstrapped(alpha, estimator).get(quantity) if estimator in COLUMNS else None


def of_single(alpha: float, estimator: str, quantity: str) -> Reference | None:
    """Reference of trials with a single unit, 100 in a run."""
    table = golden.table(__package__, "rdd_pair_single_summary")
    rows = table[(table["alpha"] == alpha) & (table["estimator"] == _SINGLE.get(estimator))]
    spread = 2.0 * W_MAX / np.sqrt(12.0)
    return _of_pairs(rows.to_dict("records"), 100, quantity, spread, "one unit a trial")


def of_many_inputs(alpha: float, estimator: str, quantity: str) -> Reference | None:
    """Reference of 200 units below one."""
    table = golden.table(__package__, "rdd_many_inputs_summary")
    rows = table[table["alpha"] == alpha]
    if estimator != "rdd_grad" or quantity == "intercept":
        # The intercept follows the rate of the one upper unit, which differs from seed to seed by
        # more than the pairs can tell.
        return None
    return _of_pairs(rows.to_dict("records"), 200, quantity, 0.0, "200 units below one")


def _of_pairs(
    rows: Sequence[Mapping[Any, Any]], pairs: int, quantity: str, spread: float, which: str
) -> Reference | None:
    """Reference of a regression over `pairs` independent pairs in each row.

    Parameters
    ----------
    rows : sequence of mapping
        Of seeds.
    pairs : int
        Of a row, and of a run of ours.
    quantity : str
    spread : float
        Standard deviation of the true weights, for the intercept.
    which : str
        Experiment, for the source.
    """
    column = {"r": "corr", "sign": "sign_agree_pct"}.get(quantity, quantity)
    if not rows or column not in rows[0]:
        return None
    n, mean = len(rows), float(np.mean([row[column] for row in rows]))
    source = f"independent implementation, {which}, {n} seeds of {pairs} pairs"
    if quantity == "sign":
        return Reference.share(mean / 100 * n * pairs, n * pairs, pairs, source, whole=100.0)
    r = float(np.mean([row["corr"] for row in rows]))
    slope = abs(float(np.mean([row["slope"] for row in rows])))
    unexplained = np.sqrt((1 / r**2 - 1) / (pairs - 2))
    sd = {
        "r": (1 - r**2) / np.sqrt(pairs - 3),
        "slope": slope * unexplained,
        "intercept": slope * spread * unexplained,
    }[quantity]
    return Reference(mean, float(sd), n, n * (pairs - 2), source)


def convergence(alpha: float) -> dict[str, Array]:
    """Online estimate over time: ``t_s``, ``corr``, ``slope``, ``sign_agree_pct``."""
    table = golden.table(__package__, "rdd_pair_convergence")
    rows = table[table["alpha"] == alpha]
    return {name: rows[name].to_numpy() for name in ("t_s", "corr", "slope", "sign_agree_pct")}


__all__ = [
    "BATCH", "BATCHES", "COLUMNS", "batches", "convergence", "of", "of_many_inputs", "of_single",
    "summary",
]  # fmt: skip
