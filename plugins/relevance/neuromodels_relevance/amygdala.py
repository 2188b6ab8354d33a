"""The network with ten output units, as in the experiments on fear conditioning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from neuromodels import Network
from neuromodels.errors import ParameterError
from neuromodels_relevance.network import CYCLE, EXCITATORY, RESOLUTION, RelevanceCircuit
from neuromodels_relevance.parameters import AmygdalaParameters
from neuromodels_relevance.schedules import US

A = TypeVar("A", bound=AmygdalaParameters)

AMYGDALA, OUTPUT_SYNAPSE = "relevance_amygdala", "output_synapse"
N_OUTPUT = 10

Array = npt.NDArray[np.float64]


class AmygdalaCircuit(RelevanceCircuit[A]):
    """A circuit with `relevance_amygdala` as its output."""

    models: ClassVar[Sequence[str]] = (*RelevanceCircuit.models, AMYGDALA, OUTPUT_SYNAPSE)

    @property
    def hears_us(self) -> bool:
        """Excitatory units repeat their spikes under the US."""
        return True

    def output_weights(self, rng: np.random.Generator) -> Array:
        """Weights from excitatory to output units, shape (10, n_excitatory)."""
        p = self.parameters
        return np.maximum(0.0, rng.normal(p.w_mean, p.w_sd, (N_OUTPUT, p.n_excitatory)))

    def build_output(self, network: Network) -> None:
        """Create the layer and connect it; its weights are as drawn in the first cycle."""
        p, nest = self.parameters, network.nest
        weights = self.output_weights(network.rng)
        lengths = np.linalg.norm(weights, axis=1)
        if not np.all(lengths > 0):
            raise ParameterError(
                "an output unit has no input",
                where=f"{self.name}: w_mean",
                fix="give a larger mean or standard deviation of weights",
            )
        self.layer: Any = nest.Create(
            AMYGDALA,
            params={
                "threshold": p.threshold,
                "us_gain": p.us_gain,
                "learning_rate": p.output_rate,
                "training_start": self.n_pre,
                "row_length": lengths,
            },
        )
        self.excitatory.credits_output = True
        ports = nest.GetDefaults(AMYGDALA)["receptor_types"]
        for row in range(N_OUTPUT):
            nest.Connect(
                self.excitatory,
                self.layer,
                "all_to_all",
                {
                    "synapse_model": OUTPUT_SYNAPSE,
                    "row": float(row),
                    "weight": weights[row][np.newaxis, :],
                    "delay": RESOLUTION,
                    "receptor_type": ports[f"ROWS_{row}"],
                },
            )
        nest.Connect(
            self.excitatory,
            self.layer,
            "all_to_all",
            {"delay": RESOLUTION, "receptor_type": ports["SPIKES"]},
        )
        self._switch(network, US, self.layer, ports["US"])
        variables = {"y": "", "max_y": "", "winner": ""}
        network.traces("output", self.layer, variables, interval=CYCLE)


__all__ = ["AMYGDALA", "EXCITATORY", "N_OUTPUT", "OUTPUT_SYNAPSE", "AmygdalaCircuit"]
