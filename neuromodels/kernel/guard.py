"""Refuses connections that would end the process or be silently wrong, before NEST makes any.

The generated C++ throws too (`check_connection`), for the paths that do not come through
PyNEST; but an error in the middle of `Connect` leaves part of the connections, and under MPI may
happen on some ranks only.  Model names are the same on all ranks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from neuromodels.errors import ConnectionRefused
from neuromodels.kernel.nodes import models_of
from neuromodels.nestml.family import Family

#: Plain name of a paired synapse -> plain name of its neuron.
_neuron_of: dict[str, str] = {}
#: Plain name of a synapse -> the variable that is its weight.
_weight_of: dict[str, str] = {}
#: Name given with nest.CopyModel -> name it was copied from.
_copied_from: dict[str, str] = {}
#: Models whose defaults have been set.
_set: set[str] = set()


def learn(family: Family) -> None:
    """Take over the pairings of a family that has been loaded."""
    for synapse in family.synapses:
        _weight_of[synapse.name] = synapse.weight_variable
        if synapse.neuron is not None:
            _neuron_of[synapse.name] = synapse.neuron


def forget() -> None:
    """Forget everything: the kernel has been reset."""
    _neuron_of.clear()
    _weight_of.clear()
    _copied_from.clear()
    _set.clear()


def altered() -> bool:
    """Whether models have been copied, or given other defaults, since the last reset."""
    return bool(_copied_from or _set)


def original(model: str) -> str:
    """The model that `model` is a copy of (of a copy …), or itself."""
    while model in _copied_from:
        model = _copied_from[model]
    return model


def check(synapse_specs: Iterable[Mapping[str, Any]], post_models: Callable[[], set[str]]) -> None:
    """Refuse a connection.

    Parameters
    ----------
    synapse_specs : iterable of mapping
        Synapse specifications as PyNEST hands them to the kernel.
    post_models : callable
        Names of the postsynaptic nodes' models; called only where needed.

    Raises
    ------
    ConnectionRefused
        A paired synapse would go to a neuron that it is not paired with, or a weight is given
        twice.
    """
    for spec in synapse_specs:
        name = spec.get("synapse_model")
        if not isinstance(name, str):
            continue
        source = original(name)
        weight = _weight_of.get(source)
        if weight is not None and weight != "weight" and weight in spec and "weight" in spec:
            raise ConnectionRefused(
                f"both 'weight' and '{weight}' are given, which are the same variable of '{name}'",
                code="NM421",
                where="nest.Connect",
                fix="give 'weight' only",
            )
        neuron = _neuron_of.get(source)
        if neuron is None:
            continue
        wrong = sorted(m for m in post_models() if original(m) != neuron)
        if wrong:
            raise ConnectionRefused(
                f"synapse model '{name}' only connects to neurons of model '{neuron}', "
                f"not to '{wrong[0]}'",
                code="NM422",
                where="nest.Connect",
                fix=f"create the postsynaptic nodes with nest.Create('{neuron}', …)",
            )


def hook(kernel: Any) -> None:
    """Put the checks in front of the low-level functions of PyNEST that connect or copy models."""
    import nest

    def of_datum(post: Any) -> Callable[[], set[str]]:
        return lambda: models_of(nest.NodeCollection(post))

    def of_ids(post: Any) -> Callable[[], set[str]]:
        return lambda: models_of(nest.NodeCollection(sorted({int(i) for i in post})))

    def guarded(name: str, before: Callable[..., None]) -> None:
        function = getattr(kernel, name)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            before(*args, **kwargs)
            return function(*args, **kwargs)

        setattr(kernel, name, wrapper)

    def connect(pre: Any, post: Any, rule: Any, syn_spec: Any) -> None:
        specs = _specs(syn_spec)
        check(specs, of_datum(post))
        check(specs if _is_symmetric(rule) else [], of_datum(pre))

    def connect_arrays(
        _pre: Any, post: Any, weights: Any, _delays: Any, model: str, keys: Any, _values: Any
    ) -> None:
        given = {str(k): True for k in (keys if keys is not None else ())}
        if weights is not None:
            given["weight"] = True
        check([{**given, "synapse_model": model}], of_ids(post))

    def connect_layers(_pre: Any, post: Any, projections: Mapping[str, Any]) -> None:
        check(_specs(projections.get("synapse_parameters", projections)), of_datum(post))

    def connect_tripartite(
        _pre: Any, post: Any, third: Any, _conn: Any, _third_conn: Any, syn: Any
    ) -> None:
        into_post = [syn[k] for k in ("primary", "third_out") if k in syn]
        check([s for spec in into_post for s in _specs(spec)], of_datum(post))
        check(_specs(syn.get("third_in", {})), of_datum(third))

    def copy_model(existing: str, new: str, _params: Any) -> None:
        _copied_from[new] = existing

    def set_defaults(model: str, _params: Any) -> None:
        _set.add(model)

    guarded("llapi_connect", connect)
    guarded("llapi_connect_arrays", connect_arrays)
    guarded("llapi_connect_layers", connect_layers)
    guarded("llapi_connect_tripartite", connect_tripartite)
    guarded("llapi_copy_model", copy_model)
    guarded("llapi_set_defaults", set_defaults)


def _is_symmetric(rule: Any) -> bool:
    """Whether connections are made the other way round, too."""
    return isinstance(rule, Mapping) and bool(rule.get("make_symmetric"))


def _specs(syn_spec: Any) -> list[Mapping[str, Any]]:
    """Synapse specifications of a collocated, a single, a named or no specification."""
    if hasattr(syn_spec, "syn_specs"):
        syn_spec = syn_spec.syn_specs
    if isinstance(syn_spec, str):
        return [{"synapse_model": syn_spec}]
    if isinstance(syn_spec, Mapping):
        return [syn_spec]
    if isinstance(syn_spec, (list, tuple)):
        return [s for item in syn_spec for s in _specs(item)]
    return []
