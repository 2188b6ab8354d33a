"""What PyNEST cannot do under MPI and circuits rely on."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from neuromodels.nestml.guard import models_of


def let_arrays_be_set(nest: Any) -> None:
    """Let ``nodes.V_m = array`` and ``nodes.set(V_m=array)`` work where ranks share the nodes.

    PyNEST 3.10 deals an array out to nodes only if all of them live on this rank, and otherwise
    hands it to each, which NEST refuses (``Failed to cast 'V_m' from std::vector``).
    """
    kind = nest.NodeCollection
    if getattr(kind.set, "_neuromodels", False):
        return
    plain = kind.set

    @functools.wraps(plain)
    def dealing(self: Any, params: Any = None, **kwargs: Any) -> None:
        given = kwargs if params is None else params
        if isinstance(given, Mapping) and not (params is not None and kwargs):
            arrays = [name for name, value in given.items() if _deals(nest, self, name, value)]
            if arrays:
                plain(
                    self,
                    [
                        {n: value[i] if n in arrays else value for n, value in given.items()}
                        for i in range(len(self))
                    ],
                )
                return
        plain(self, params, **kwargs)

    dealing._neuromodels = True  # type: ignore[attr-defined]
    kind.set = dealing


def _deals(nest: Any, nodes: Any, name: str, value: Any) -> bool:
    """Tell whether `value` has a number for each node, of a variable that takes one number."""
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != len(nodes):
        return False
    return all(
        name in (defaults := nest.GetDefaults(model)) and not hasattr(defaults[name], "__len__")
        for model in models_of(nodes)
    )


__all__ = ["let_arrays_be_set"]
