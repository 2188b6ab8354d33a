"""Plugins made of the small NESTML models in ``models/``, in a registry of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import neuromodels
from neuromodels.models import Model, NeuronModel, SynapseModel
from neuromodels.registry import Registry

MODELS = Path(__file__).parent / "models"


def neuron(name: str, source: Path | None = None) -> NeuronModel:
    """A neuron, by default that of its name in ``models/``."""
    return NeuronModel(name=name, source=source or MODELS / f"{name}.nestml")


def synapse(name: str, source: Path | None = None, **pairing: str) -> SynapseModel:
    """A synapse; `pairing`: ``neuron=``, and third factors as ``port=variable``."""
    factors = {port: variable for port, variable in pairing.items() if port != "neuron"}
    return SynapseModel(
        name=name,
        source=source or MODELS / f"{name}.nestml",
        neuron=pairing.get("neuron"),
        third_factors=factors,
    )


#: A neuron, two plastic synapses with different third factors, and loose models.
SMALL: Sequence[Model] = (
    neuron("hazard_neuron"),
    synapse("counting_synapse", neuron="hazard_neuron", factor="count"),
    synapse("alternating_synapse", neuron="hazard_neuron", flag="parity"),
    neuron("plain_neuron"),
    neuron("ports_neuron"),
    synapse("halving_synapse"),
)


@contextlib.contextmanager
def registered(*models: Model) -> Iterator[None]:
    """A registry with the small models, and `models` from another plugin."""

    def plugin(brings: Sequence[Model]) -> object:
        class Plugin:
            @neuromodels.hookimpl
            def neuromodels_models(self) -> Sequence[Model]:
                return list(brings)

        return Plugin()

    registry = Registry()
    registry.register(plugin(SMALL), "small")
    registry.register(plugin(models), "stranger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuromodels.registry.registry", lambda: registry)
        yield
