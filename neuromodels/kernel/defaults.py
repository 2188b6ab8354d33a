"""What ``nest.GetDefaults`` says of our neurons: that which can be set.

NESTML lists the constants of a model (``internals``) there too, which NEST then refuses to be set
to the very values that it gave; PyNN's ``native_cell_type`` sets all that it finds.  Nodes still
have them: ``cell.get("decay")``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any

from neuromodels.nestml import declarations
from neuromodels.nestml.family import Family


def internals(family: Family) -> frozenset[str]:
    """Names of the constants of a family's neuron."""
    if family.neuron is None:
        return frozenset()
    text = family.sources[family.neuron.name].text
    return frozenset(entry["name"] for entry in declarations.internals(text))


def hook(kernel: Any, constants: Callable[[str], Collection[str]]) -> None:
    """Leave out the `constants` of a model of this name from its defaults."""
    get = kernel.llapi_get_defaults

    @functools.wraps(get)
    def settable(model: str) -> Any:
        defaults, hidden = get(model), constants(model)
        if not hidden:
            return defaults
        return {name: value for name, value in defaults.items() if name not in hidden}

    kernel.llapi_get_defaults = settable


__all__ = ["hook", "internals"]
