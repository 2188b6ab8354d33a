"""The analysis ``relevance/learning-to-ignore``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels_relevance.analysis import (
    QUANTITIES,
    ExperimentAnalysis,
    mean,
)
from neuromodels_relevance.learning_to_ignore.circuit import LearningToIgnore
from neuromodels_relevance.measured import Measured

if TYPE_CHECKING:
    from neuromodels.runs import Run


NEAR = 10
"""Cycles around a window in which another event makes it unclean."""


def clean(measured: Measured, stimulus: str, others: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether no event of `others`, or other one of the stimulus, is within `NEAR` cycles."""
    spans = measured.schedule.events.get(stimulus, np.zeros((0, 2), np.int64))
    result = np.ones(len(spans), dtype=bool)
    for name in (stimulus, *others):
        for index, (start, stop) in enumerate(measured.schedule.events.get(name, ())):
            near = (spans[:, 0] - NEAR < stop) & (spans[:, 1] + NEAR > start)
            if name == stimulus:
                near[index] = False
            result &= ~near
    return result


class LearningToIgnoreAnalysis(ExperimentAnalysis):
    """Rates, inhibition and relevance of CS1, CS2 and no stimulus, early and late (Fig. 2)."""

    name = "relevance/learning-to-ignore"
    summary = "Responses to a relevant and an irrelevant stimulus, early and late (Fig. 2)"
    circuit = LearningToIgnore
    experiment = "learning_to_ignore"

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:  # noqa: ARG002
        """Metrics by presentation: first, first five, last twenty, last."""
        found: dict[str, float] = {}
        # CS1 always comes with the US; CS2 may meet either.
        unmixed = {
            "CS1": clean(measured, "CS1", ("CS2",)),
            "CS2": clean(measured, "CS2", ("CS1", "US")),
        }
        for quantity in QUANTITIES:
            windows = {
                "CS1": measured.windows(quantity, "CS1"),
                "CS2": measured.windows(quantity, "CS2"),
                "no": measured.after(quantity, "CS1", 10, 11),
            }
            for name, values in windows.items():
                found[f"first1.{quantity}_{name}"] = mean(values[:1])
                found[f"early5.{quantity}_{name}"] = mean(values[:5])
                found[f"late20.{quantity}_{name}"] = mean(values[-20:])
            for name, kept in unmixed.items():
                late = windows[name][-20:][kept[-20:]]
                found[f"late20clean.{quantity}_{name}"] = mean(late)
            found[f"late20.{quantity}_CS1_minus_CS2clean"] = (
                found[f"late20clean.{quantity}_CS1"] - found[f"late20clean.{quantity}_CS2"]
            )
            if quantity == "phiE":
                for name in ("CS1", "CS2"):
                    found[f"fig2D.phiE_last_{name}"] = mean(windows[name][-1:])
                found["fig2D.phiE_last_CS1_minus_CS2"] = (
                    found["fig2D.phiE_last_CS1"] - found["fig2D.phiE_last_CS2"]
                )
        return found
