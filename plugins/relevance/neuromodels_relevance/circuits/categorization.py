"""The circuit ``relevance/categorization``: ten stimuli in turn, some of them rewarded (Fig. 7B).

The published experiment runs two things at once: the relevance rule, which learns to ignore the
stimuli that are not rewarded, and a classifier, whose softmax output trains weights by
backpropagation.  This circuit is the first alone, with the classifier's learning rate at 0: the
reference has that as the condition ``no_categorization``.  The classifier's gradient takes rates of
single units, presynaptic ones too, and changes all 800 000 input weights in every time step;
neither travels by spikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from neuromodels import parameter
from neuromodels_relevance import schedules
from neuromodels_relevance.circuits.network import RelevanceCircuit
from neuromodels_relevance.parameters import CODE, PAPER, NetworkParameters


class CategorizationParameters(NetworkParameters):
    """Parameters of ``relevance/categorization``."""

    duration: float = parameter(100.0, unit="s", ge=5, doc="Of training", source=PAPER)
    n_rewarded: int = parameter(
        1,
        unit="",
        ge=0,
        le=10,
        doc="The first so many of the ten stimuli bring the US",
        source=CODE,
    )


class Categorization(RelevanceCircuit[CategorizationParameters]):
    """Ten stimuli in turn without pause; the network ignores those without reward (Fig. 7B)."""

    name = "relevance/categorization"
    summary = "Ten stimuli in turn, one rewarded: relevance without the classifier (Fig. 7B)"
    Parameters = CategorizationParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"pretraining": 10.0, "duration": 22.2},
        "paper": {},
    }
    analyses = ("relevance/categorization",)
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {"no_categorization": {}}
    stimuli = tuple(f"CS{k}" for k in range(1, schedules.N_STIMULI + 1))

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:  # noqa: ARG002
        """Nothing is random in it."""
        p = self.parameters
        return schedules.categorization(self.timing, duration=p.duration, rewarded=p.n_rewarded)
