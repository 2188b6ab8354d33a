"""The circuit ``relevance/latent-inhibition``: what was irrelevant is learnt more slowly (Fig.
5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from neuromodels import parameter
from neuromodels_relevance import schedules
from neuromodels_relevance.amygdala import N_OUTPUT, AmygdalaCircuit, Array
from neuromodels_relevance.parameters import CODE, PAPER, AmygdalaParameters


class LatentInhibitionParameters(AmygdalaParameters):
    """Parameters of ``relevance/latent-inhibition``."""

    learning_rate: float | None = parameter(0.01, unit="", ge=0, doc="Of the rule", source=CODE)
    preexposure: bool = parameter(
        False, unit="", doc="Whether CS1 is shown alone before conditioning", source=PAPER
    )
    reduced: Literal["none", "conditioning", "test"] = parameter(
        "none", unit="", doc="Phase in which inhibition is reduced", source=PAPER
    )
    share_reduced: float = parameter(
        0.8, unit="", ge=0, le=1, doc="Share of the drive that is inhibited in it", source=CODE
    )
    reduced_pretraining: bool = parameter(
        False,
        unit="",
        doc="Whether the reduction holds before training too: in the published code it leaks from "
        "one trial with reduced='test' into all later ones",
        source=CODE,
    )
    n_preexposure: int = parameter(
        30, unit="", ge=1, doc="Presentations before conditioning, if any", source=PAPER
    )
    n_conditioning: int = parameter(
        3, unit="", ge=1, doc="Presentations of CS1 with the US", source=PAPER
    )
    n_test: int = parameter(4, unit="", ge=1, doc="Presentations at the end", source=PAPER)
    pause: float = parameter(4.0, unit="s", ge=0.1, doc="Before every presentation", source=CODE)
    stimulus: float = parameter(6.0, unit="s", ge=0.1, doc="Duration of CS1 and US", source=CODE)
    topographic: bool = parameter(
        True,
        unit="",
        doc="Whether input to excitatory weights are a band of neighbours, not drawn at random",
        source=CODE,
    )


class LatentInhibition(AmygdalaCircuit[LatentInhibitionParameters]):
    """CS1 alone, or not; CS1 with the US; CS1 alone (Fig. 5)."""

    name = "relevance/latent-inhibition"
    summary = "Conditioning to a stimulus that was shown alone before, or not (Fig. 5)"
    Parameters = LatentInhibitionParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "pretraining": 10.0, "n_conditioning": 2, "n_test": 2, "pause": 1.0, "stimulus": 2.0
        },
        "paper": {},
    }  # fmt: skip
    stimuli = ("CS1",)
    analyses = ("relevance/latent-inhibition",)
    # "_leak": as in the published code from its second trial on
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        f"{name}{suffix}{leak}": {
            "reduced": reduced,
            "reduced_pretraining": bool(leak),
            "preexposure": bool(suffix),
        }
        for name, reduced, leak in (
            ("control", "none", ""),
            ("inhibition_conditioning", "conditioning", ""),
            ("inhibition_test", "test", ""),
            ("inhibition_test", "test", "_leak"),
        )
        for suffix in ("", "_preexposure")
    }

    def owed(self) -> Sequence[str]:
        """What the published figures show."""
        return ["cond3.S", "test4.S", "test4.yraw", "test4.P_active", "state.S_mean"]

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:  # noqa: ARG002
        """Nothing is random in it."""
        p = self.parameters
        return schedules.latent_inhibition(
            self.timing,
            n_preexposure=p.n_preexposure if p.preexposure else 0,
            n_conditioning=p.n_conditioning,
            n_test=p.n_test,
            reduced=p.reduced,
            pause=p.pause,
            stimulus=p.stimulus,
        )

    def input_weights(self, rng: np.random.Generator) -> Array:
        """A Gaussian window of 50 inputs around each excitatory unit, as published."""
        p = self.parameters
        if not p.topographic:
            return super().input_weights(rng)
        window = np.exp(-0.5 * (2.5 * (np.arange(50) - 24.5) / 24.5) ** 2)
        window *= 1000.0 / 3.0 / window.sum()
        source, target = np.arange(p.n_inputs)[:, None], np.arange(p.n_excitatory)
        place = source - target + 24
        return np.where((place >= 0) & (place < 50), window[np.clip(place, 0, 49)], 0.0)

    def output_weights(self, rng: np.random.Generator) -> Array:
        """Uniform, each row of length 1, as published."""
        weights = rng.random((N_OUTPUT, self.parameters.n_excitatory))
        normed: Array = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        return normed

    def windows(self) -> Mapping[str, float]:
        """Share of inhibited drive in the chosen phase."""
        return {"share_window": self.parameters.share_reduced}

    def share_before_training(self) -> float:
        """As in training, or what leaked from the trial before."""
        p = self.parameters
        return p.share_reduced if p.reduced_pretraining else p.share
