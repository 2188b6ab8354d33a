"""The analysis ``relevance/latent-inhibition``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels_relevance.analysis import (
    AmygdalaAnalysis,
)
from neuromodels_relevance.latent_inhibition.circuit import LatentInhibition
from neuromodels_relevance.measured import Measured

if TYPE_CHECKING:
    from neuromodels.runs import Run


class LatentInhibitionAnalysis(AmygdalaAnalysis):
    """Output and relevance in conditioning and test (Fig. 5)."""

    name = "relevance/latent-inhibition"
    summary = "Conditioned and tested output after pre-exposure or none (Fig. 5)"
    circuit = LatentInhibition
    experiment = "latent_inhibition"

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """Pre-exposure, conditioning, test; Fig. 5B is ``test.maxy``."""
        p = run.parameters
        shown = p["n_preexposure"] if p["preexposure"] else 0
        conditioned = shown + p["n_conditioning"]
        if shown:
            yield "preexposure", slice(0, shown)
        yield "conditioning", slice(shown, conditioned)
        yield "test", slice(conditioned, None)
