"""The circuit ``relevance/fear-expression``: inhibition gates what was learnt (Fig. 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from neuromodels import parameter
from neuromodels_relevance import schedules
from neuromodels_relevance.amygdala import AmygdalaCircuit
from neuromodels_relevance.parameters import CODE, PAPER, AmygdalaParameters


class FearExpressionParameters(AmygdalaParameters):
    """Parameters of ``relevance/fear-expression``."""

    learning_rate: float | None = parameter(0.01, unit="", ge=0, doc="Of the rule", source=CODE)
    manipulation: Literal["inhibition", "excitation"] = parameter(
        "inhibition",
        unit="",
        doc="Inhibition reduced in pulses and at retrieval after extinction, or enhanced after "
        "conditioning",
        source=PAPER,
    )
    scale: float | None = parameter(
        None,
        unit="",
        gt=0,
        doc="Factor of the divisor in these windows; none: the published one, 0.8 or 1.1",
        source=CODE,
    )
    n_pulses: int = parameter(
        108, unit="", ge=0, doc="Pulses of reduced inhibition before conditioning", source=CODE
    )
    pause_min: float = parameter(4.0, unit="s", ge=0.1, doc="Shortest pause", source=CODE)
    pause_max: float = parameter(36.0, unit="s", ge=0.1, doc="Longest pause", source=CODE)
    stimulus: float = parameter(
        6.0, unit="s", ge=0.1, doc="Duration of stimuli and US", source=CODE
    )


class FearExpression(AmygdalaCircuit[FearExpressionParameters]):
    """Habituation, conditioning, and what changes with inhibition afterwards (Fig. 6)."""

    name = "relevance/fear-expression"
    summary = "Conditioning, extinction, and expression under changed inhibition (Fig. 6)"
    Parameters = FearExpressionParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "pretraining": 10.0,
            "n_pulses": 5,
            "pause_min": 0.5,
            "pause_max": 1.0,
            "stimulus": 0.5,
        },
        "paper": {},
    }

    analyses = ("relevance/fear-expression",)
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "inhibition": {"manipulation": "inhibition"},
        "excitation": {"manipulation": "excitation"},
    }

    def owed(self) -> Sequence[str]:
        """What the published figures show."""
        return ["habituation(CS1 1-4).yraw", "conditioning(CS1 5-9).yraw", "state.S_mean"]

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:
        """Order and pauses are random."""
        p = self.parameters
        return schedules.fear_expression(
            rng,
            self.timing,
            manipulation=p.manipulation,
            n_pulses=p.n_pulses,
            gaps=(p.pause_min, p.pause_max),
            stimulus=p.stimulus,
        )

    def windows(self) -> Mapping[str, float]:
        """Factor of the divisor in windows."""
        p = self.parameters
        published = {"inhibition": 0.8, "excitation": 1.1}[p.manipulation]
        return {"scale_window": published if p.scale is None else p.scale}
