"""What the published simulator gives for ``burstprop/learning-rule``: three seeds of it.

The tables are in ``golden/``: the authors' simulation code, run for seeds 1 to 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden

Array = npt.NDArray[np.float64]

SOURCE = "authors' simulation code (Payeur et al. 2021), seeds 1-3"
SEEDS = 3
EXACT = 1e-6
"""Relative tolerance of what does not move: single precision."""


@dataclass(frozen=True)
class Quantity:
    """A quantity that is measured in every phase.

    Parameters
    ----------
    column : str
        Its name in the tables, without ``_mean`` and ``_sd``.
    unit : str
    doc : str
    power : float
        The spread over seeds grows with this power of the mean: 0 where all phases have much the
        same mean, 1/2 for what counts bursts.
    """

    column: str
    unit: str
    doc: str
    power: float = 0.0


QUANTITIES: Mapping[str, Quantity] = {
    "post_event_rate": Quantity("post_ER_Hz", "Hz", "events of POST"),
    "post_burst_rate": Quantity("post_BR_Hz", "Hz", "bursts of POST", power=0.5),
    "post_burst_probability": Quantity("post_BP_pct", "%", "bursts per event of POST", power=0.5),
    "post_spike_rate": Quantity("post_spikerate_Hz", "Hz", "spikes of POST"),
    "pre_event_rate": Quantity("pre_ER_Hz", "Hz", "events of PRE"),
    "pre_burst_rate": Quantity("pre_BR_Hz", "Hz", "bursts of PRE", power=0.5),
    "pre_burst_probability": Quantity("pre_BP_pct", "%", "bursts per event of PRE", power=0.5),
    "weight_end": Quantity("w_end", "", "mean plastic weight at the end"),
}
"""Quantities by name."""


def references(quantity: str) -> list[Reference]:
    """Give the references of a quantity: of the burn-in and of the six segments, in order.

    The spread over three seeds is known too badly to be used phase by phase (the sd of one phase
    may be a third or three times the next one's), so it is pooled: root mean square over the
    phases, of the sd divided by ``mean**power``, with two degrees of freedom per phase.

    That takes the deviations of one seed in different phases for independent.  They are not quite
    (a seed also is a network, the same in all phases), so for a new seed a whole quantity may miss
    more often than the nominal 1 %; fewer degrees of freedom would make the verdict blind instead
    (2 of them: three times the tolerance).
    """
    chosen = QUANTITIES[quantity]
    table = golden.table(__package__, "burstprop_plasticity_segments")
    means, sds = (table[f"{chosen.column}_{part}"].to_numpy() for part in ("mean", "sd"))
    moves = sds > 0  # weights stand still in the burn-in
    scales = means**chosen.power
    dof = (SEEDS - 1) * int(moves.sum())
    relative = math.sqrt(float(np.mean((sds[moves] / scales[moves]) ** 2)))
    return [
        Reference(float(mean), float(relative * scale), SEEDS, dof, SOURCE)
        if moving
        else Reference.exact(float(mean), EXACT * abs(float(mean)), SOURCE)
        for mean, scale, moving in zip(means, scales, moves, strict=True)
    ]


@dataclass(frozen=True)
class Band:
    """A reference time course: mean and sd over seeds, at `time` (s)."""

    time: Array
    mean: Array
    sd: Array


def band(column: str) -> Band:
    """Time course of a column of the table of bins; each value belongs to the bin ending there."""
    table = golden.table(__package__, "burstprop_plasticity_timeseries")
    return Band(*(table[c].to_numpy() for c in ("t_end_s", f"{column}_mean", f"{column}_sd")))
