"""References of ``burstprop/single-cell``: published rates of the XOR task's input layer."""

from __future__ import annotations

from functools import cache

import numpy as np

from neuromodels import Reference, golden

# Of the published test of four inputs: cells of an input population, and seconds that rates were
# counted in (their smallest difference is one event, 1 / 3000 Hz).
_REFERENCE_CELL_SECONDS = 3000.0


INPUT_CURRENTS = {"0": -350.0, "1": 150.0}


_SOURCE = "input layer of the XOR task, authors' simulation code (Payeur et al. 2021), seed 1"


def reference(bit: str, column: str, cell_seconds: float) -> Reference | None:
    """Reference for rates of independent cells that are counted for `cell_seconds`.

    The published rates come from 500 cells and 6 s; the variance of a rate falls with the number of
    cells and seconds.  Less than an eighth of a published value's worth, or more than all of them,
    has no reference.
    """
    values = _input_rates(bit, column)
    share = cell_seconds / _REFERENCE_CELL_SECONDS
    n = int(len(values) / share)
    if n < 1 or share < 1 / 8:
        return None
    sd = float(np.std(values, ddof=1)) / share**0.5
    return Reference(float(np.mean(values)), sd, n, len(values) - 1, _SOURCE)


@cache
def _input_rates(bit: str, column: str) -> tuple[float, ...]:
    """Rates of all input populations that were given `bit`, of the authors' simulation."""
    # The table is the XOR task's, whose input layer these cells are.
    table = golden.table("neuromodels_burstprop.xor", "burstprop_xor_pre_post", text=["input"])
    published = table[table["condition"].str.startswith("reference")]
    return tuple(
        float(row[f"input{number}_{column}"])
        for _, row in published.iterrows()
        for number in (1, 2)
        if row["input"][number - 1] == bit
    )
