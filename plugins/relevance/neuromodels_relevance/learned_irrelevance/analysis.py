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
        """Pre-exposure, and groups of pairs; names as in the table."""
        p = run.parameters
        shown = p["n_preexposure"] if p["preexposure"] else 0
        if shown:
            yield "preexp_first10", slice(0, min(10, shown))
            yield "preexp_last20", slice(max(0, shown - 20), shown)
        for name, first, last in (
            ("first1", 1, 1), ("first5", 1, 5), ("6to20", 6, 20), ("last20", 81, 100)
        ):  # fmt: skip
            yield f"paired_{name}", slice(shown + first - 1, shown + last)
