"""Reference: trials of an independent implementation that reproduces the published code to
rounding.

``relevance_scalars.csv`` has mean and standard deviation over 30 trials of every metric, condition
by condition, ``relevance_curves.csv`` the same by presentation.  What the published output of the
amygdala layer is (``maxy``) is a ratio whose denominator crosses zero: its means say little, so it
has no reference here but its quartiles (`quartiles`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels import Parameters, Reference, golden

SCALARS, CURVES = "relevance_scalars", "relevance_curves"

LEAKED, LEAK = "relevance_trials_leaked", "_leak"
ROUNDING = 1e-9
"""Relative; a spread below is that of rounding."""
TESTS_PER_SECOND = 5
N_STIMULI = 10
N_TEST = 4
"""Windows of a test in latent inhibition, each of which counts once."""

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
    if condition is not None and condition.endswith(LEAK):
        return _leaked(condition.removesuffix(LEAK), metric)
    row = _row(experiment, condition or "", metric)
    if row is None or "maxy" in metric or not np.isfinite([row.mean, row.sd]).all():
        return None
    source = f"{SCALARS}.csv, {experiment}, {condition} (replays the code of Insel et al. 2018)"
    if row.sd > ROUNDING * abs(row.mean):
        return Reference(row.mean, row.sd, row.n, row.n - 1, source)
    if answers := _answers(metric):
        # All of them right, or all active: how rarely they are not is what the number of answers
        # says, and no spread.
        whole = 100.0 if metric.startswith("acc.") else 1.0
        n = row.n * answers
        return Reference.share(row.mean / whole * n, n, answers, source, whole=whole)
    return Reference.exact(row.mean, ROUNDING * abs(row.mean), source)


def quartiles(experiment: str, condition: str, metric: str) -> tuple[float, float] | None:
    """Lower and upper quartile over the reference's trials."""
    row = None if condition.endswith(LEAK) else _row(experiment, condition, metric)
    return None if row is None else (row.q25, row.q75)


def _row(experiment: str, condition: str, metric: str) -> Row | None:
    """Row of a metric; the published code leaks its reduced inhibition, and is not meant here."""
    if experiment == "latent_inhibition" and condition.startswith("inhibition_test"):
        experiment = "latent_inhibition_noleak"
    return rows().get((experiment, condition), {}).get(metric)


def _leaked(condition: str, metric: str) -> Reference | None:
    """From the second trial of the published code on, which its first one leaks into."""
    table = golden.table("neuromodels_relevance", LEAKED)
    chosen = table[(table["condition"] == condition) & (table["metric"] == metric)]
    values = chosen[chosen["trial"] > 1]["value"].to_numpy(dtype=np.float64)
    if "maxy" in metric or values.size < 2:
        return None
    source = f"{LEAKED}.csv, {condition}, trials 2 to {values.size + 1} (code of Insel et al. 2018)"
    sd = float(values.std(ddof=1))
    return Reference(float(values.mean()), sd, values.size, values.size - 1, source)


def _answers(metric: str) -> int:
    """Answers in one trial that a share is over; 0 for any other metric."""
    if metric.endswith("P_active"):
        return N_TEST
    span = {"acc.final10s": 10}.get(metric)
    if match := re.fullmatch(r"acc\.(\d+)-(\d+)s", metric):
        span = int(match[2]) - int(match[1])
    return 0 if span is None else span * TESTS_PER_SECOND * N_STIMULI


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
