"""References of ``burstprop/single-cell``: what independent implementations give.

The input layer of the XOR task was simulated by the authors' code.  ``burstprop_singlecell_rates``
has cells of all types with the noise of their experiments, of an independent implementation; rates
were counted over 5000 cell-seconds (a rate is a multiple of 1 / 5000 Hz), so that their standard
error is at most that of Poisson counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from neuromodels import Reference, golden

# Of the published test of four inputs: cells of an input population, and seconds that rates were
# counted in (their smallest difference is one event, 1 / 3000 Hz).
_REFERENCE_CELL_SECONDS = 3000.0


RATES = "burstprop_singlecell_rates"
_CELL_SECONDS = 5000.0
_POPULATIONS = {
    ("pyramidal", "propagation"): "naud",
    ("burst-poisson", "xor-input"): "bpin",
    ("burst-poisson", "propagation"): "bpin",
    ("burst-poisson", "xor-hidden"): "bphid",
    ("burst-poisson", "xor-output"): "bpout",
    ("pv", "propagation"): "pv",
    ("som", "propagation"): "som",
}
"""Cell and noise -> population in the table."""

INPUT_CURRENTS = {"0": -350.0, "1": 150.0}


_RATES_SOURCE = f"independent implementation, {RATES}.csv, 5000 cell-seconds"
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


def points(cell: str, noise: str) -> Iterator[tuple[float, float, dict[str, Reference]]]:
    """Yield somatic and dendritic current (pA) and what is known there: quantity -> reference.

    Quantities are ``event_rate``, ``burst_rate`` and ``spike_rate`` (Hz).
    """
    table = golden.table(__package__, RATES)
    rows = table[table["population"] == _POPULATIONS.get((cell, noise))]
    for row in rows.to_dict("records"):
        found = {}
        for quantity in ("event_rate", "burst_rate", "spike_rate"):
            rate = float(row[f"{quantity}_Hz"])
            if rate > 0:  # interneurons have spikes only
                error = (rate / _CELL_SECONDS) ** 0.5
                found[quantity] = Reference.measured(rate, error, int(_CELL_SECONDS), _RATES_SOURCE)
        yield float(row["I_soma_pA"]), float(row["I_dend_pA"]), found


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
