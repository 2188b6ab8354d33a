"""Means over many trials of an experiment, against the reference.

A trial is a run of its own, whose seed draws the network, its spikes and the schedule.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromodels import Metric, Sweep
from neuromodels.verdict import assess
from neuromodels_relevance import reference


@dataclass(frozen=True)
class Summary:
    """A metric over trials, compared with the reference.

    Attributes
    ----------
    metric : Metric
        Of one of the trials: name, unit and reference.
    values : ndarray, shape (n,)
        Trials that have it.
    quartiles : (float, float) or None
        Of the reference, where only a median can be compared.
    """

    metric: Metric
    values: np.ndarray[Any, np.dtype[np.float64]]
    quartiles: tuple[float, float] | None

    @property
    def mean(self) -> float:
        """Over trials."""
        return float(self.values.mean())

    @property
    def median(self) -> float:
        """Over trials."""
        return float(np.median(self.values))

    @property
    def sd(self) -> float:
        """Over trials; NaN for a single one."""
        return float(self.values.std(ddof=1)) if self.values.size > 1 else float("nan")

    @property
    def verdict(self) -> str:
        """Rules of `neuromodels.verdict`; for a ratio without a mean, the median in the
        quartiles.
        """
        if self.quartiles is not None:
            low, high = self.quartiles
            return "agrees" if low <= self.median <= high else "differs"
        return assess(self.values.tolist(), self.metric.reference).verdict

    @property
    def tolerance(self) -> float | None:
        """Half the width of the interval that agrees."""
        return assess(self.values.tolist(), self.metric.reference).tolerance


def summarize(
    sweep: Sweep, experiment: str, conditions: Collection[str]
) -> dict[str, list[Summary]]:
    """Condition -> all metrics of its complete trials.

    Parameters
    ----------
    sweep : Sweep
        Over trials; its labels are the conditions.
    experiment : str
        Name in the reference's table.
    conditions : collection of str
        Of those in the sweep, which to take.
    """
    found: dict[str, list[Summary]] = {condition: [] for condition in conditions}
    for each in sweep.summaries:
        condition, name = each.entry.label, each.metric.name
        if condition not in found or not each.values.size:
            continue
        quartiles = reference.quartiles(experiment, condition, name) if "maxy" in name else None
        found[condition].append(Summary(each.metric, each.values, quartiles))
    return found
