"""Which models are compiled together: a neuron and the plastic synapses that see its spikes.

NESTML writes a paired synapse against the C++ class of its neuron, and the neuron stores what all
its paired synapses need.  So the unit that is generated, compiled, cached and loaded is a neuron
with a set of synapses (a *family*), or one unpaired synapse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from neuromodels.errors import ModelError
from neuromodels.models import Model, NeuronModel, SynapseModel
from neuromodels.nestml.source import Source


class Registered(Protocol):
    """What the registry says about a model."""

    @property
    def object(self) -> Model:
        """The model."""

    @property
    def plugin(self) -> str:
        """Name of the plugin that registered it."""


class Models(Protocol):
    """The part of the registry that is about models."""

    @property
    def models(self) -> Mapping[str, Registered]:
        """Plain name -> what was registered."""

    def model(self, name: str) -> Model:
        """The model of a name, or an `UnknownNameError` that helps."""


@dataclass(frozen=True)
class Family:
    """A neuron with the synapses paired with it, or one unpaired synapse.

    Attributes
    ----------
    neuron : NeuronModel or None
    synapses : tuple of SynapseModel
        Sorted by name.
    """

    neuron: NeuronModel | None
    synapses: tuple[SynapseModel, ...] = ()

    @property
    def name(self) -> str:
        """Plain name of the neuron, or of the unpaired synapse."""
        return self.neuron.name if self.neuron else self.synapses[0].name

    @property
    def members(self) -> tuple[Model, ...]:
        """The models, the neuron first."""
        head: tuple[Model, ...] = (self.neuron,) if self.neuron else ()
        return (*head, *self.synapses)

    @property
    def models(self) -> tuple[str, ...]:
        """Plain names of everything in the family, the neuron first."""
        return tuple(model.name for model in self.members)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Plain name -> source."""
        return {model.name: Source.read(model) for model in self.members}

    def line(self, shown: str, number: int) -> str:
        """A line of a file, without the space around it; empty where there is none."""
        for source in self.sources.values():
            lines = source.text.splitlines()
            if source.shown == shown and number <= len(lines) and lines[number - 1].strip():
                return lines[number - 1].strip()  # of several models in a file, this one's
        return ""

    def without(self, names: Collection[str]) -> Family | None:
        """What is left without the models `names`; None without its neuron, or if nothing is."""
        if self.neuron is not None and self.neuron.name in names:
            return None
        left = tuple(s for s in self.synapses if s.name not in names)
        return Family(self.neuron, left) if self.neuron or left else None

    def joined(self, other: Family) -> Family:
        """The family with the synapses of both; what `other` has replaces what this one has."""
        synapses = {s.name: s for s in (*self.synapses, *other.synapses)}
        return Family(other.neuron, tuple(synapses[name] for name in sorted(synapses)))


def resolve(names: Iterable[str], registry: Models) -> list[Family]:
    """Families that hold the models `names`.

    A neuron brings the synapses that its own plugin pairs with it; another plugin's synapse joins
    the family only where it is asked for by name, so that it can never break a neuron for others.

    Raises
    ------
    UnknownNameError
        A name is not registered.
    """
    families: dict[str, Family] = {}

    def add(family: Family) -> None:
        known = families.get(family.name)
        families[family.name] = known.joined(family) if known else family

    def add_neuron(neuron: NeuronModel) -> None:
        plugin = registry.models[neuron.name].plugin
        own = [
            entry.object
            for entry in registry.models.values()
            if isinstance(entry.object, SynapseModel)
            and entry.object.neuron == neuron.name
            and entry.plugin == plugin
        ]
        add(Family(neuron, tuple(sorted(own, key=lambda s: s.name))))

    for name in names:
        wanted = registry.model(name)
        if isinstance(wanted, NeuronModel):
            add_neuron(wanted)
        elif wanted.neuron is None:
            add(Family(None, (wanted,)))
        else:
            neuron = registry.model(wanted.neuron)
            if not isinstance(neuron, NeuronModel):
                raise ModelError(
                    f"synapse '{wanted.name}' is paired with '{wanted.neuron}', "
                    "which is not a neuron",
                    code="NM402",
                    fix="name a neuron model in the registration",
                )
            add_neuron(neuron)
            add(Family(neuron, (wanted,)))
    return list(families.values())
