"""Which models are compiled together: a neuron and the plastic synapses that see its spikes.

NESTML writes a paired synapse against the C++ class of its neuron, and the neuron stores what all
its paired synapses need.  So the unit that is generated, compiled, cached and loaded is a neuron
with a set of synapses (a *family*), or one unpaired synapse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from neuromodels.errors import ModelError
from neuromodels.models import Model, NeuronModel, SynapseModel


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
class Source:
    """Text of a NESTML model, the file it came from and the model's name in it."""

    text: str
    shown: str
    model: str

    @classmethod
    def read(cls, model: Model) -> Source:
        """Read a model's file.

        Raises
        ------
        ModelError
            The file cannot be read, or no line of it says ``model NAME:``.
        """
        shown = str(model.source)
        try:
            text = model.source.read_text(encoding="utf-8-sig")  # some editors write a mark
        except OSError as error:
            raise ModelError(
                f"the NESTML source of model '{model.name}' cannot be read: {error}",
                code="NM401",
                where=shown,
                fix="correct the path in the plugin's registration",
            ) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise ModelError(
                f"the NESTML source of model '{model.name}' is not UTF-8",
                code="NM401",
                where=f"{shown}:{line}",
                fix="save the file as UTF-8",
            ) from error
        found = re.search(r"^model[ \t]+(\w+)[ \t]*:", text, re.MULTILINE)
        if found is None:
            raise ModelError(
                f"there is no line 'model NAME:' in the source of model '{model.name}'",
                code="NM402",
                where=shown,
                fix="begin the model with 'model NAME:'",
            )
        return cls(text, shown, found.group(1))

    def renamed(self, name: str) -> str:
        """The text with the model called `name`; line numbers stay the same."""
        return re.sub(
            rf"^model[ \t]+{self.model}[ \t]*:",
            f"model {name}:",
            self.text,
            count=1,
            flags=re.MULTILINE,
        )


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
    def models(self) -> tuple[str, ...]:
        """Plain names of everything in the family, the neuron first."""
        head = (self.neuron.name,) if self.neuron else ()
        return (*head, *(s.name for s in self.synapses))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Plain name -> source."""
        members: list[Model] = [*([self.neuron] if self.neuron else []), *self.synapses]
        return {model.name: Source.read(model) for model in members}

    def joined(self, other: Family) -> Family:
        """The family with the synapses of both."""
        synapses = {s.name: s for s in (*self.synapses, *other.synapses)}
        return Family(self.neuron, tuple(synapses[name] for name in sorted(synapses)))


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
