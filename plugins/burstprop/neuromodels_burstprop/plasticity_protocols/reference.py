"""What the published calculation gives for ``burstprop/plasticity-protocols``.

The table in ``golden/`` was made with the authors' calculation of Fig. 2B-D (Payeur et al. 2021):
weight changes of the periodic protocol, to six decimals, and mean and sd over 20 repetitions of
each condition of the random ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden
from neuromodels_burstprop.plasticity_protocols.circuit import PlasticityProtocolsParameters

SOURCE = "authors' calculation (Payeur et al. 2021, Fig. 2B-D)"
REPETITIONS = 20

# A printed value is off by up to half a unit of its last digit, evenly.
_ROUNDING_SD = 1e-6 / math.sqrt(12.0)
# Its distribution is known: as good as any number of degrees of freedom.
_KNOWN = 10**6

# What a weight change depends on, besides the condition itself.
_COMMON = ("eta", "tau_pre", "tau_average", "burst_isi", "event_rate_0")
_RANDOM = ("duration", "random_step")
_OWN: Mapping[str, Sequence[str]] = {
    "periodic": (
        "pairings",
        "sequences",
        "first_pairing",
        "tail",
        "pause",
        "periodic_probability_0",
        "periodic_step",
    ),
    "poisson": ("dead_time", *_RANDOM),
    "burst-poisson": (
        "burst_poisson_probability_0",
        "event_dead_time",
        "isi_min",
        "isi_max",
        *_RANDOM,
    ),
}

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Weight change against `x`: mean and, of random trains, sd over repetitions."""

    x: Array
    mean: Array
    sd: Array


def curve(protocol: str, series: float | None) -> Curve | None:
    """Published values of a protocol.

    Parameters
    ----------
    protocol : str
    series : float or None
        Initial burst probability (poisson), event rate (burst-poisson), None (periodic).
    """
    label = {
        "periodic": "periodic",
        "poisson": f"poisson_P0_{series}",
        "burst-poisson": f"burst_poisson_ER_{series}",
    }.get(protocol)
    table = golden.table(__package__, "burstprop_protocols").fillna({"dW_sd": 0.0})
    rows = table[table["protocol"] == label]
    if rows.empty:
        return None
    return Curve(*(rows[name].to_numpy() for name in ("x", "dW_mean", "dW_sd")))


def is_published(protocol: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a run has what the published values of a protocol depend on."""
    if protocol not in _OWN:
        return False
    published = PlasticityProtocolsParameters().as_dict()
    return all(
        parameters.get(name) == published[name]["value"] for name in (*_COMMON, *_OWN[protocol])
    )


def reference(protocol: str, series: float | None, x: float, repetitions: int) -> Reference | None:
    """Reference of the mean weight change of a condition over `repetitions`.

    The rule of the verdict compares one value of ours with the spread of such values, here of
    means over `repetitions` r: their sd is smaller than that of single repetitions by sqrt(r), and
    the published mean is over 20 / r of them.  That is exact for the published r = 20; for fewer,
    20 / r is rounded down, which widens the tolerance a little.

    Returns
    -------
    Reference or None
        None: a condition that was not published, or more repetitions than published.
    """
    found = curve(protocol, series)
    if found is None or repetitions > REPETITIONS:
        return None
    # Conditions are printed to six digits.
    row = np.flatnonzero(np.isclose(found.x, x, rtol=1e-5, atol=1e-9))
    if not row.size:
        return None
    mean, sd = float(found.mean[row[0]]), float(found.sd[row[0]])
    if protocol == "periodic":
        source = f"{SOURCE}; deterministic, the spread is that of rounding to six decimals"
        return Reference(mean, _ROUNDING_SD, 1, _KNOWN, source)
    return Reference(
        mean,
        sd / math.sqrt(repetitions),
        REPETITIONS // repetitions,
        REPETITIONS - 1,
        f"{SOURCE}; spread of a mean over {repetitions} repetitions",
    )
