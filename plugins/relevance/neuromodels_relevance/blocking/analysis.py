"""The analysis ``relevance/blocking``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neuromodels_relevance.analysis import (
    QUANTITIES,
    ExperimentAnalysis,
    mean,
)
from neuromodels_relevance.blocking.circuit import Blocking
from neuromodels_relevance.measured import Measured

if TYPE_CHECKING:
    from neuromodels.runs import Run


class BlockingAnalysis(ExperimentAnalysis):
    """Rates, inhibition and relevance of CS1 and CS2 in the four phases (Fig. 3)."""

    name = "relevance/blocking"
    summary = "Responses to the blocking and the blocked stimulus in every phase (Fig. 3)"
    circuit = Blocking
    experiment = "blocking"

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Metrics by phase: its first five and its last ten presentations."""
        n = [
            int(run.parameters[f"n_{phase}"])
            for phase in ("preexposure", "conditioning", "compound", "test")
        ]
        found: dict[str, float] = {}
        for quantity in QUANTITIES:
            one, two = measured.windows(quantity, "CS1"), measured.windows(quantity, "CS2")
            begins = np.cumsum([0, *n])
            parts = {
                "CS1": dict(
                    zip(
                        ("preexp", "cond", "compound", "test"),
                        np.split(one, begins[1:-1]),
                        strict=True,
                    )
                ),
                "CS2": dict(
                    zip(
                        ("preexp", "compound", "test"),
                        np.split(two, [n[0], n[0] + n[2]]),
                        strict=True,
                    )
                ),
            }
            for name, phases in parts.items():
                for phase in ("preexp", "cond", "compound"):
                    if phase in phases:
                        found[f"{phase}_first5.{quantity}_{name}"] = mean(phases[phase][:5])
                        found[f"{phase}_last10.{quantity}_{name}"] = mean(phases[phase][-10:])
                found[f"test10.{quantity}_{name}"] = mean(phases["test"][:10])
            for number in (3, 10):
                found[f"test{number}.{quantity}_CS1_minus_CS2"] = mean(
                    parts["CS1"]["test"][:number]
                ) - mean(parts["CS2"]["test"][:number])
            found[f"all.{quantity}_no"] = mean(measured.after(quantity, "CS1", 20, 11))
            if quantity == "phiE":
                found["fig3D.phiE_last_CS1"] = mean(one[-1:])
                found["fig3D.phiE_last_CS2"] = mean(two[-1:])
                found["fig3D.phiE_last_CS1_minus_CS2"] = mean(one[-1:]) - mean(two[-1:])
        return found
