"""The circuit ``relevance/blocking``: what announces nothing new is not learnt (Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neuromodels import parameter
from neuromodels_relevance import schedules
from neuromodels_relevance.network import RelevanceCircuit
from neuromodels_relevance.parameters import CODE, PAPER, RULES, NetworkParameters


class BlockingParameters(NetworkParameters):
    """Parameters of ``relevance/blocking``."""

    n_preexposure: int = parameter(
        50, unit="", ge=1, doc="Presentations of CS1 and of CS2 alone", source=PAPER
    )
    n_conditioning: int = parameter(
        50, unit="", ge=1, doc="Presentations of CS1 with the US", source=PAPER
    )
    n_compound: int = parameter(
        50, unit="", ge=1, doc="Presentations of CS1 and CS2 with the US", source=PAPER
    )
    n_test: int = parameter(
        10, unit="", ge=1, doc="Presentations of CS1 and of CS2 alone at the end", source=PAPER
    )
    pause_min: float = parameter(10.0, unit="s", ge=1, doc="Shortest pause", source=CODE)
    pause_max: float = parameter(15.0, unit="s", ge=1, doc="Longest pause", source=CODE)


class Blocking(RelevanceCircuit[BlockingParameters]):
    """CS1 announces the US; CS2 then comes with it, and adds nothing (Fig. 3)."""

    name = "relevance/blocking"
    summary = "A stimulus that adds nothing to one that announces the US already (Fig. 3)"
    Parameters = BlockingParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "pretraining": 10.0,
            "n_preexposure": 5,
            "n_conditioning": 5,
            "n_compound": 5,
            "n_test": 5,
            "pause_min": 2.0,
            "pause_max": 3.0,
        },
        "paper": {},
    }
    analyses = ("relevance/blocking",)

    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = RULES

    def owed(self) -> Sequence[str]:
        """What the published figures show."""
        return ["fig3D.phiE_last_CS1_minus_CS2", "test10.phiE_CS1_minus_CS2", "state.S_mean"]

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:
        """Four phases."""
        p = self.parameters
        return schedules.blocking(
            rng,
            self.timing,
            n_preexposure=p.n_preexposure,
            n_conditioning=p.n_conditioning,
            n_compound=p.n_compound,
            n_test=p.n_test,
            gaps=(p.pause_min, p.pause_max),
        )
