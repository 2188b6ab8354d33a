"""The circuit ``relevance/learning-to-ignore``: one stimulus announces the US, another nothing
(Fig. 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neuromodels import parameter
from neuromodels_relevance import schedules
from neuromodels_relevance.network import RelevanceCircuit
from neuromodels_relevance.parameters import CODE, PAPER, RULES, NetworkParameters


class LearningToIgnoreParameters(NetworkParameters):
    """Parameters of ``relevance/learning-to-ignore``."""

    duration: float = parameter(2000.0, unit="s", ge=2, doc="Of training", source=PAPER)
    interval_min: float = parameter(
        20.0, unit="s", ge=1, doc="Shortest time between US", source=CODE
    )
    interval_max: float = parameter(
        30.0, unit="s", ge=1, doc="Longest time between US", source=CODE
    )


class LearningToIgnore(RelevanceCircuit[LearningToIgnoreParameters]):
    """CS1 announces the US by 0.1 s, CS2 comes at random; the network learns to ignore CS2 (Fig.
    2).
    """

    name = "relevance/learning-to-ignore"
    summary = "A stimulus that announces the US, and one that does not (Fig. 2)"
    Parameters = LearningToIgnoreParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"pretraining": 10.0, "duration": 30.0, "interval_min": 3.0, "interval_max": 4.0},
        "paper": {},
    }
    analyses = ("relevance/learning-to-ignore",)

    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = RULES

    def owed(self) -> Sequence[str]:
        """What the published figures show."""
        return ["fig2D.phiE_last_CS1_minus_CS2", "late20.phiE_CS1_minus_CS2clean", "state.S_mean"]

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:
        """CS1 before every US, CS2 at random."""
        p = self.parameters
        return schedules.learning_to_ignore(
            rng, self.timing, duration=p.duration, gaps=(p.interval_min, p.interval_max)
        )
