"""What the published code gives for ``rdd/weight-alignment``: two networks, some seeds each.

The spread is that over seeds.  Of the full network there are only two: the spread of a quantity of
a layer is pooled over the three write-outs of the layer's own stage, relative to the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden

SIZES = {(1600, 384, 192, 10): "full", (200, 100, 50, 10): "small"}
"""Networks that there are tables of."""
PHASE, STAGE = 90.0, 30.0
COLUMNS = {
    "sign": "sign_pct", "correlation": "corr", "cosine": "cos", "std_feedback": "std_Y",
    "std_forward": "std_W", "beta_std": "beta_std", "beta_mean": "beta_mean",
    "slope": "slope_beta_on_W", "windows_spiked": "n_windows_spiked",
    "windows_silent": "n_windows_not_spiked",
}  # fmt: skip
"""Measure -> column of the table."""
MEASURES = ("self", "amp", "info", "symm")
"""Measures of the published script that are compared."""

Array = npt.NDArray[np.float64]


@cache
def _seeds(table: str, network: str, column: str, layer: int) -> dict[float, Array]:
    """Time (s) of a write-out -> values, one for each seed."""
    found: dict[float, list[float]] = {}
    for row in golden.table(__package__, table).to_dict("records"):
        if row["run"].startswith(network) and int(row["layer"]) == layer:
            found.setdefault(float(row["t_s"]), []).append(float(row[column]))
    return {time: np.array(values) for time, values in found.items()}


def values(network: str, measure: str, layer: int) -> dict[float, Array]:
    """Time (s) -> values of a measure, one for each seed.

    Parameters
    ----------
    network : {"full", "small"}
    measure : str
        A key of `COLUMNS`, or one of `MEASURES`.
    layer : int
        Number of the forward matrix, from 1.
    """
    if measure in COLUMNS:
        return _seeds("rdd_net_alignment", network, COLUMNS[measure], layer)
    return _seeds("rdd_net_reference_measures", network, measure, layer)


def times(layer: int, n: int = 3) -> Sequence[float]:
    """Write-outs (s) of a layer's own stage."""
    return [STAGE * (layer - 1) + STAGE * (i + 1) / n for i in range(n)]


def of(network: str, measure: str, layer: int, time: float) -> Reference | None:
    """Reference of a measure at a write-out of the layer's own stage."""
    table = values(network, measure, layer)
    if time not in table or len(table[time]) < 2:
        return None
    at = table[time]
    source = f"authors' code (Guerguiev et al. 2020), {network} network, {len(at)} seeds"
    if len(at) > 2:
        return Reference(
            float(at.mean()), float(at.std(ddof=1)), len(at), len(at) - 1, source
        )  # fmt: skip
    own = [table[t] for t in times(layer)]
    relative = [group.std(ddof=1) / abs(group.mean()) for group in own]
    sd = float(np.sqrt(np.mean(np.square(relative)))) * abs(float(at.mean()))
    return Reference(float(at.mean()), sd, len(at), len(own), source)


__all__ = ["COLUMNS", "MEASURES", "PHASE", "SIZES", "STAGE", "of", "times", "values"]
