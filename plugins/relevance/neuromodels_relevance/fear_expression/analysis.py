"""The analysis ``relevance/fear-expression``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuromodels_relevance.analysis import (
    OUTPUTS,
    AmygdalaAnalysis,
    mean,
)
from neuromodels_relevance.fear_expression.circuit import FearExpression
from neuromodels_relevance.measured import Measured
from neuromodels_relevance.schedules import SCALE

if TYPE_CHECKING:
    from neuromodels.runs import Run


class FearExpressionAnalysis(AmygdalaAnalysis):
    """Output and relevance from habituation to retrieval (Fig. 6)."""

    name = "relevance/fear-expression"
    summary = "Output in habituation, conditioning, extinction and retrieval (Fig. 6)"
    circuit = FearExpression
    experiment = "fear_expression"

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """As in Fig. 6B, presentations counted from 1."""
        names: Sequence[tuple[str, int, int]]
        if run.parameters["manipulation"] == "inhibition":
            names = (
                ("habituation", 1, 4), ("conditioning", 5, 9), ("extinction_early", 10, 13),
                ("extinction_mid", 14, 17), ("extinction_late", 18, 21), ("retrieval_I2E0.8", 22,
                25),
            )  # fmt: skip
        else:
            names = (
                ("habituation", 1, 4), ("conditioning", 5, 9), ("postFC", 10, 13),
                ("postFC_I2E1.1", 14, 17),
            )  # fmt: skip
        for name, first, last in names:
            yield f"{name}(CS1 {first}-{last})", slice(first - 1, last)

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Groups of CS1, and pulses of reduced inhibition with what came before each."""
        found = dict(super().values(measured, run))
        if run.parameters["manipulation"] == "inhibition":
            pulses = measured.schedule.starts(SCALE)[:-1]
            if pulses.size:
                for quantity in OUTPUTS:
                    before = np.stack([pulses - 43, pulses], axis=1)
                    during = np.stack([pulses, pulses + 13], axis=1)
                    found[f"base_preFC.{quantity}"] = mean(measured.means(quantity, before))
                    found[f"stim_preFC_I2E0.8.{quantity}"] = mean(measured.means(quantity, during))
        return found
