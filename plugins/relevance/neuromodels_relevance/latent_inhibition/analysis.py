"""The analysis ``relevance/latent-inhibition``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

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
    names: ClassVar[Mapping[str, str]] = {
        "test4.maxy": "fig5B.maxy_test4",
        "test4.pact": "test4.P_active",
    }

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """First presentation, end of pre-exposure, conditioning, test; names as in the table."""
        p = run.parameters
        shown = p["n_preexposure"] if p["preexposure"] else 0
        conditioned = shown + p["n_conditioning"]
        yield "first1", slice(0, 1)
        if shown:
            yield "preexp_last5", slice(max(0, shown - 5), shown)
        yield "cond3", slice(shown, conditioned)
        yield "test4", slice(conditioned, None)
