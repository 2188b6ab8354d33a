"""Whether a run has the published parameters, and so may be compared with published numbers."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuromodels import Parameters
    from neuromodels.runs import Run


def is_published(run: Run, schema: type[Parameters], free: AbstractSet[str] = frozenset()) -> bool:
    """Whether `run` has the defaults of `schema`, which are the published values.

    Parameters
    ----------
    run : Run
    schema : type[Parameters]
        Of the run's circuit.
    free : set of str
        Parameters that may differ.
    """
    return all(
        run.parameters.get(name) == entry["value"]
        for name, entry in schema().as_dict().items()
        if name not in free
    )


__all__ = ["is_published"]
