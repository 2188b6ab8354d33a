"""What ``nest.GetDefaults`` says of our neurons: that which can be set.

NESTML lists the constants of a model (``internals``) there too, which NEST then refuses to be set
to the very values that it gave; PyNN's ``native_cell_type`` sets all that it finds.  Nodes still
have them: ``cell.get("decay")``.  PyNN hands NEST's booleans back as NumPy's, which NEST does not
take.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from neuromodels.nestml import declarations
from neuromodels.nestml.family import Family


def internals(family: Family) -> frozenset[str]:
    """Names of the constants of a family's neuron."""
    if family.neuron is None:
        return frozenset()
    text = family.sources[family.neuron.name].text
    return frozenset(entry["name"] for entry in declarations.internals(text))


def hook(kernel: Any, constants: Callable[[str], Collection[str]]) -> None:
    """Leave a model's `constants` out of its defaults, and let NumPy's booleans be set."""
    get, set_status = kernel.llapi_get_defaults, kernel.llapi_set_nc_status

    @functools.wraps(get)
    def settable(model: str) -> Any:
        defaults, hidden = get(model), constants(model)
        if not hidden:
            return defaults
        return {name: value for name, value in defaults.items() if name not in hidden}

    @functools.wraps(set_status)
    def setting(nodes: Any, parameters: Any) -> None:
        if isinstance(parameters, Mapping):
            parameters = _plain(parameters)
        elif isinstance(parameters, list | tuple):
            parameters = [
                _plain(each) if isinstance(each, Mapping) else each for each in parameters
            ]
        set_status(nodes, parameters)

    kernel.llapi_get_defaults, kernel.llapi_set_nc_status = settable, setting


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with Python's booleans for NumPy's."""
    return {
        name: bool(value) if isinstance(value, np.bool_) else value
        for name, value in parameters.items()
    }


__all__ = ["hook", "internals"]
