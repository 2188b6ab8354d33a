"""Runs that differ in their seed only, metric by metric against the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels import Metric, Reference
from neuromodels.verdict import ALPHA, judge, tolerance


@dataclass(frozen=True)
class Comparison:
    """One metric: the reference, and our values, one for each seed."""

    name: str
    reference: Reference
    values: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    def agrees(self, alpha: float = ALPHA) -> bool:
        return judge(self.mean, self.reference, len(self.values), alpha=alpha) == "agrees"

    def __str__(self) -> str:
        published = self.reference
        return (
            f"{self.name:70s} {published.mean:10.5g} ± {published.sd:<9.3g} {self.mean:10.5g} "
            f"± {self.values.std(ddof=1):<9.3g} "
            f"tolerance {tolerance(published, len(self.values)):<9.3g} "
            f"{'agrees' if self.agrees() else 'differs'}"
        )


def compare(metrics: Sequence[Mapping[str, Metric]]) -> list[Comparison]:
    """Compare the metrics that have a reference; prints a row for each."""
    found = [
        Comparison(name, metric.reference, np.array([m[name].value for m in metrics]))
        for name, metric in metrics[0].items()
        if metric.reference is not None
    ]
    print("\n".join(map(str, found)))
    return found
