"""The circuit ``relevance/learned-irrelevance``: random pairs slow later learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neuromodels import parameter
from neuromodels_relevance import schedules
from neuromodels_relevance.amygdala import AmygdalaCircuit
from neuromodels_relevance.parameters import CODE, PAPER, AmygdalaParameters


class LearnedIrrelevanceParameters(AmygdalaParameters):
    """Parameters of ``relevance/learned-irrelevance``."""

    preexposure: bool = parameter(
        True,
        unit="",
        doc="Whether CS1 and the US come at independent random times first",
        source=PAPER,
    )
    n_preexposure: int = parameter(
        100, unit="", ge=1, doc="CS1 and US in that phase, one of each in 8 s", source=CODE
    )
    n_paired: int = parameter(100, unit="", ge=1, doc="CS1 with the US, every 5 s", source=CODE)


class LearnedIrrelevance(AmygdalaCircuit[LearnedIrrelevanceParameters]):
    """CS1 and the US at random, or not; then CS1 announces the US."""

    name = "relevance/learned-irrelevance"
    summary = "Conditioning to a stimulus that was unrelated to the US before, or new"
    Parameters = LearnedIrrelevanceParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"pretraining": 10.0, "n_preexposure": 5, "n_paired": 5},
        "paper": {},
    }

    analyses = ("relevance/learned-irrelevance",)
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "normal": {"preexposure": False},
        "normal_preexposure": {"preexposure": True},
    }

    def owed(self) -> Sequence[str]:
        """What the published figures show."""
        return ["paired_first5.S", "paired_6to20.S", "paired_last20.S", "state.S_mean"]

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:
        """Random times in the first phase only."""
        p = self.parameters
        return schedules.learned_irrelevance(
            rng,
            self.timing,
            preexposure=p.preexposure,
            n_preexposure=p.n_preexposure,
            n_paired=p.n_paired,
        )
