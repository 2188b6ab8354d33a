"""Reference: trials of an independent implementation that reproduces the published code to
rounding.

``relevance_scalars.csv`` has mean and standard deviation over 30 trials of every metric, condition
by condition, ``relevance_curves.csv`` the same by presentation.  What the published output of the
amygdala layer is (``maxy``) is a ratio whose denominator crosses zero: its means say little, so it
has no reference here but its quartiles (`quartiles`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels import Parameters, Reference, golden

SCALARS, CURVES = "relevance_scalars", "relevance_curves"

FREE = frozenset(
    {
        "inhibition", "inhibition_quantum", "inhibition_digits", "n_interneurons",
        "interneuron_gain", "trial", "record_interval", "record_spikes", "record_rates",
    }
)  # fmt: skip
"""Parameters that may differ from the published ones without losing references: they concern how
inhibition is carried, which the comparison is to show, and what is recorded."""

_TEXT = {"condition": "", "unit": ""}
"""What an empty cell of these columns says."""


@dataclass(frozen=True)
class Row:
    """A row of the table of scalars."""

    unit: str
    n: int
    mean: float
    sd: float
    median: float
    q25: float
    q75: float


@dataclass(frozen=True)
class Curve:
    """Mean and standard deviation over trials by presentation; shape (n,) each."""

    x: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    sd: npt.NDArray[np.float64]


@cache
def rows() -> Mapping[tuple[str, str], Mapping[str, Row]]:
    """(experiment, condition) -> metric -> row."""
    table: dict[tuple[str, str], dict[str, Row]] = {}
    scalars = golden.table("neuromodels_relevance", SCALARS).fillna(_TEXT)
    for line in scalars.to_dict("records"):
        table.setdefault((line["experiment"], line["condition"]), {})[line["metric"]] = Row(
            line["unit"],
            int(line["n_trials"]),
            *(float(line[name]) for name in ("mean", "sd", "median", "q25", "q75")),
        )
    return table


def reference(experiment: str, condition: str | None, metric: str) -> Reference | None:
    """Reference of a metric, if there is one that a mean can be compared with."""
    row = rows().get((experiment, condition or ""), {}).get(metric)
    if row is None or metric.endswith("maxy") or not np.isfinite([row.mean, row.sd]).all():
        return None
    source = f"{SCALARS}.csv, {experiment}, {condition} (replays the code of Insel et al. 2018)"
    return Reference(row.mean, row.sd, row.n, row.n - 1, source)


def quartiles(experiment: str, condition: str, metric: str) -> tuple[float, float] | None:
    """Lower and upper quartile over the reference's trials."""
    row = rows().get((experiment, condition), {}).get(metric)
    return None if row is None else (row.q25, row.q75)


@cache
def _curves() -> Mapping[tuple[str, str, str], Curve]:
    found: dict[tuple[str, str, str], list[tuple[float, float, float]]] = {}
    curves = golden.table("neuromodels_relevance", CURVES).fillna(_TEXT)
    for line in curves.to_dict("records"):
        key = (line["experiment"], line["condition"], line["quantity"])
        found.setdefault(key, []).append((line["x"], line["mean"], line["sd"]))
    return {key: Curve(*np.array(points).T) for key, points in found.items()}


def curve(experiment: str, condition: str | None, quantity: str) -> Curve | None:
    """Reference by presentation."""
    return _curves().get((experiment, condition or "", quantity))


def condition_of(
    parameters: Mapping[str, Any],
    schema: type[Parameters],
    conditions: Mapping[str, Mapping[str, Any]],
) -> str | None:
    """Published condition that a run has, or None.

    Parameters
    ----------
    parameters : mapping
        Of the run.
    schema : type of Parameters
        Its defaults are the published values.
    conditions : mapping
        Condition -> parameters that differ from them.
    """
    for name, chosen in conditions.items():
        published = schema.resolve(chosen).model_dump(mode="json")
        if all(parameters.get(key) == value for key, value in published.items() if key not in FREE):
            return name
    return None
