"""Why a single item cannot be used: what it is not itself, or what it needs and is not there."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, TypeVar

from neuromodels.analysis import Analysis
from neuromodels.circuit import Circuit
from neuromodels.clock import Clock
from neuromodels.comparison import Comparison
from neuromodels.errors import NeuromodelsError
from neuromodels.models import Model, NeuronModel, SynapseModel
from neuromodels.parameters import Parameters, nearest
from neuromodels.registering.items import BrokenItem, Registered
from neuromodels.registering.loading import describe

T = TypeVar("T")


def withdraw(
    kind: str, items: dict[str, Registered[T]], fault: Callable[[T], str | None]
) -> list[BrokenItem]:
    """Take items with a fault out of `items`, and give them with their reasons."""
    broken = []
    for name, item in list(items.items()):
        try:
            reason = fault(item.object)
        except Exception as error:  # noqa: BLE001  attributes of the wrong type
            reason = f"it is not declared as it should be: {describe(error)}"
        if reason is not None:
            del items[name]
            broken.append(BrokenItem(kind, name, item.plugin, reason))
    return broken


def model_fault(model: Model, models: Mapping[str, Registered[Model]]) -> str | None:
    """Why a model cannot be used beside `models`; None where it can."""
    if isinstance(model, SynapseModel) and model.neuron is not None:
        partner = models.get(model.neuron)
        if partner is None:
            return f"its neuron {model.neuron!r} is not registered"
        if not isinstance(partner.object, NeuronModel):
            return f"its neuron {model.neuron!r} is a synapse"
    if not model.file.is_file():
        return f"its source {model.source} does not exist"
    return None


def analysis_fault(analysis: type[Analysis]) -> str | None:
    """Why an analysis cannot be used; None where it can."""
    return _class_fault(analysis)


def circuit_fault(
    circuit: type[Circuit[Any]], models: Container[str], analyses: Container[str]
) -> str | None:
    """Why a circuit cannot be used with these models and analyses; None where it can."""
    schema = getattr(circuit, "Parameters", None)
    if not (isinstance(schema, type) and issubclass(schema, Parameters)):
        return "its Parameters is not a subclass of neuromodels.Parameters"
    if (reason := _class_fault(circuit)) is not None:
        return reason
    for preset in ("smoke", "paper", circuit.default_preset, circuit.reproduced):
        if preset not in circuit.presets:
            return f"it has no preset {preset!r}"
    if (reason := _values_fault(circuit)) is not None:
        return reason
    Clock(circuit.resolution)
    for model in circuit.models:
        if model not in models:
            return f"its model {model!r} is not registered"
    for analysis in circuit.analyses:
        if analysis not in analyses:
            return f"its analysis {analysis!r} is not registered"
    return None


def comparison_fault(
    comparison: type[Comparison], circuits: Mapping[str, Registered[type[Circuit[Any]]]]
) -> str | None:
    """Why a comparison cannot be used with these circuits; None where it can."""
    if (reason := _class_fault(comparison)) is not None:
        return reason
    if not getattr(comparison, "needs", None):
        return "it needs no runs"
    for name, conditions in comparison.needs.items():
        if name not in circuits:
            return f"its circuit {name!r} is not registered"
        known = circuits[name].object.conditions or {"": {}}
        for condition in conditions:
            if condition not in known:
                return f"{name} has no condition {condition!r}; {nearest(condition, known)}"
    claimed = [claim.measure for claim in comparison.claims]
    if twice := {measure for measure in claimed if claimed.count(measure) > 1}:
        return f"two of its claims are about {min(twice)!r}"
    return None


def _class_fault(item: type) -> str | None:
    """What every class lacks that is no more than a base class."""
    if abstract := sorted(getattr(item, "__abstractmethods__", ())):
        return f"it does not implement {', '.join(abstract)}"
    if not isinstance(getattr(item, "summary", None), str):
        return "it has no summary"
    return None


def _values_fault(circuit: type[Circuit[Any]]) -> str | None:
    """Why the schema refuses a preset or a condition."""
    for kind, sets in (("preset", circuit.presets), ("condition", circuit.conditions)):
        for name, values in sets.items():
            try:
                circuit.Parameters.resolve(values)
            except NeuromodelsError as error:
                return f"{kind} {name!r}: {error}"
    return None


__all__ = ["analysis_fault", "circuit_fault", "comparison_fault", "model_fault", "withdraw"]
