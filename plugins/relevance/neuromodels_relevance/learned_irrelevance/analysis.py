"""The analysis ``relevance/learned-irrelevance``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels_relevance.analysis import (
    AmygdalaAnalysis,
)
from neuromodels_relevance.learned_irrelevance.circuit import LearnedIrrelevance
from neuromodels_relevance.measured import Measured

if TYPE_CHECKING:
    from neuromodels.runs import Run


class LearnedIrrelevanceAnalysis(AmygdalaAnalysis):
    """Relevance of CS1 while it is paired with the US."""

    name = "relevance/learned-irrelevance"
    summary = "Relevance of a stimulus in pairing, after random pairs or none"
    circuit = LearnedIrrelevance
    experiment = "learned_irrelevance"

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """Pre-exposure, and groups of pairs counted from 1."""
        p = run.parameters
        shown = p["n_preexposure"] if p["preexposure"] else 0
        if shown:
            yield "preexposure_first5", slice(0, min(5, shown))
            yield "preexposure_last20", slice(max(0, shown - 20), shown)
        for first, last in ((1, 5), (6, 20), (81, 100)):
            yield f"paired{first}-{last}", slice(shown + first - 1, shown + last)
