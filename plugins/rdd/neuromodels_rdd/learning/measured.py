"""What is measured in a run of ``rdd/learning``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels_rdd.learning.conditions import (
    AFTER,
    BACKPROP,
    BEFORE,
    MEASURES,
    PERFORMANCE,
)

if TYPE_CHECKING:
    from neuromodels.runs import Run


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What is measured in a run; complete epochs only.

    Attributes
    ----------
    conditions, layers : list of str
        Layers that have feedback weights.
    performance : dict
        Measure -> shape (epochs, conditions).
    before, after : dict
        Measure of alignment -> shape (epochs, conditions, layers), before and after each epoch.
    nest : float
        Wall time (s) of all phases of the spiking network.
    pytorch : dict
        Condition -> wall time (s) of its learning.
    """

    conditions: list[str]
    layers: list[str]
    performance: Mapping[str, Array]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    nest: float
    pytorch: Mapping[str, float]

    @property
    def epochs(self) -> int:
        """Complete epochs."""
        return len(self.performance["test_error"])

    @property
    def aligned(self) -> list[str]:
        """Conditions that have feedback weights."""
        return [name for name in self.conditions if name != BACKPROP]


def measure(run: Run) -> Measured:
    """Read what `Measured` holds from a run."""
    signals = run.signals
    at = np.asarray(signals["time"], dtype=np.float64)
    conditions = [str(name) for name in run.parameters["conditions"]]
    last = f"_learn_{conditions[-1]}"
    ends = [p.stop for p in run.phases if p.name.endswith(last) and at.size and p.stop <= at[-1]]
    samples = np.searchsorted(at, np.array(ends))
    moments = [str(name) for name in signals["moment"].values]

    def rows(name: str) -> Array:
        return np.asarray(signals[name], dtype=np.float64)[samples]

    alignment = rows("alignment")

    def aligned(moment: str) -> dict[str, Array]:
        values = alignment[..., moments.index(moment), :]
        return {name: values[..., MEASURES.index(name)] for name in MEASURES}

    walls = {phase["name"]: phase["wall"] or 0.0 for phase in run.info["phases"]}
    learning = {
        c: sum(wall for name, wall in walls.items() if name.endswith(f"_learn_{c}"))
        for c in conditions
    }
    return Measured(
        conditions=conditions,
        layers=[str(name) for name in signals["layer"].values],
        performance={name: rows(name) for name in PERFORMANCE},
        before=aligned(BEFORE),
        after=aligned(AFTER),
        nest=sum(walls.values()) - sum(learning.values()),
        pytorch=learning,
    )
