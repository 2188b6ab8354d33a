"""What NEST 3.10 gets wrong under MPI."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from neuromodels.kernel.nodes import models_of


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


def forget_targets(nest: Any, threads: int) -> None:
    """Clear what an earlier network left in NEST's buffers; call it before ``nest.ResetKernel()``.

    When ranks tell one another which synapses a neuron has
    (``ConnectionManager::fill_target_buffer``), and the share of one rank is full, those of the
    others are sent without a mark at their end.  The receiver reads on: in a new process zeros,
    which do no harm; and after ``ResetKernel``, which keeps the buffers, targets of the last
    network, which end the process or get spikes that are not theirs.

    A network that fills the smallest buffers, two entries for each rank, with neurons of a thread
    that the next network does not have leaves what that one ignores; what is added when the buffers
    grow again is zero.

    Parameters
    ----------
    nest : module
    threads : int
        Of the next network.
    """
    nest.ResetKernel()
    ranks = nest.NumProcesses()
    with quiet(nest, "ERROR"):
        nest.local_num_threads = threads + 1
        virtual = ranks * (threads + 1)
        nodes = nest.Create("parrot_neuron", 3 * virtual)
        # Of virtual process v is node v modulo their number, and the last ones are last threads.
        last = [v for v in range(2 * virtual) if v % virtual >= ranks * threads]
        sources = nest.NodeCollection(last)
        nest.Connect(sources, nodes[2 * virtual : 2 * virtual + ranks])
        nest.Prepare()
        nest.Cleanup()


@contextlib.contextmanager
def quiet(nest: Any, level: str) -> Iterator[None]:
    """Let NEST print only messages of at least `level` inside the block."""
    before = nest.verbosity
    nest.verbosity = getattr(nest.VerbosityLevel, level)
    try:
        yield
    finally:
        nest.verbosity = before


__all__ = ["forget_targets", "let_arrays_be_set", "quiet"]
