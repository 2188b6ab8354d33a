"""my-study: a plasticity rule whose sign depends on the postsynaptic rate.

It is here to be replaced.  A leaky integrate-and-fire neuron averages its own firing rate; its
synapses potentiate when it fires faster than a threshold and depress when it fires slower, as in
the theory of Bienenstock, Cooper & Munro (J Neurosci 2:32-48, 1982).

The functions below tell neuromodels what this package brings.  Nothing slow is imported here, so
that ``neuromodels list`` stays quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from neuromodels import Analysis, Circuit, hookimpl
from neuromodels.models import Model, NeuronModel, SynapseModel


@hookimpl
def neuromodels_models() -> Sequence[Model]:
    """A neuron, and a synapse that is compiled together with it."""
    models = files(__package__) / "models"
    return [
        NeuronModel(
            name="my_study_neuron",
            source=models / "my_study_neuron.nestml",
            summary="Leaky integrate-and-fire neuron that averages its own rate",
        ),
        SynapseModel(
            name="my_study_synapse",
            source=models / "my_study_synapse.nestml",
            summary="Plastic synapse: sign by the postsynaptic rate",
            neuron="my_study_neuron",
            third_factors={"modulation": "modulation"},
        ),
    ]


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """One circuit."""
    from neuromodels_my_study.circuit import Pairing

    return [Pairing]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """The analysis of that circuit."""
    from neuromodels_my_study.analysis import PairingAnalysis

    return [PairingAnalysis]
