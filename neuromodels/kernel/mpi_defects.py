"""Corrections of defects that NEST 3.10 has under MPI."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from neuromodels.errors import RunError, UsageError, reason
from neuromodels.kernel.nodes import models_of
from neuromodels.machine.ranks import Ranks


def patch_set_with_arrays(nest: Any) -> None:
    """Make ``nodes.V_m = array`` and ``nodes.set(V_m=array)`` work for nodes of several ranks.

    PyNEST 3.10 assigns the values of an array to the nodes only if all nodes are on this rank.
    Otherwise it assigns the whole array to each node, which NEST refuses (``Failed to cast 'V_m'
    from std::vector``).
    """
    kind = nest.NodeCollection
    if getattr(kind.set, "_neuromodels", False):
        return
    plain = kind.set

    @functools.wraps(plain)
    def set_values(self: Any, params: Any = None, **kwargs: Any) -> None:
        given = kwargs if params is None else params
        if isinstance(given, Mapping) and not (params is not None and kwargs):
            arrays = [
                name
                for name, value in given.items()
                if _has_one_value_per_node(nest, self, name, value)
            ]
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

    set_values._neuromodels = True  # type: ignore[attr-defined]
    kind.set = set_values


# Calls in which NEST waits for the other ranks.
_WAITING = ("get_kernel_status", "prepare", "run", "simulate")
# Calls that leave ranks with different networks if not all make them.
_ALIKE = ("set_kernel_status", "reset_kernel", "connect", "create")


def guard_collective_calls(nest: Any, ranks: Ranks) -> None:
    """Refuse collective calls of NEST on one rank alone, and warn of a rank that waits for others.

    NEST itself would wait without end and without a word.
    """
    kernel = nest.ll_api.nestkernel
    if getattr(kernel, "_neuromodels_collective", False):
        return
    for name in (*_WAITING, *_ALIKE):
        if (plain := getattr(kernel, f"llapi_{name}", None)) is not None:
            setattr(kernel, f"llapi_{name}", _collective(plain, name, ranks))
    kernel._neuromodels_collective = True


def _collective(plain: Any, name: str, ranks: Ranks) -> Any:
    @functools.wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        if ranks.in_first:
            raise RunError(
                f"NEST's {name} was called on the first rank only, but is a call of all ranks",
                code="NM621",
                fix="read attributes of the kernel on all ranks, before network.once() or an "
                "analysis",
            )
        if name in _WAITING:
            ranks.meet(f"NEST's {name}")
        return plain(*args, **kwargs)

    return call


@contextlib.contextmanager
def explain_missing_values(ranks: Ranks) -> Iterator[None]:
    """Say inside the block what to do where ``nodes.V_m`` lacks the values of other ranks.

    PyNEST 3.10 gives None for them, and whatever computes with that raises a bare TypeError.
    """
    try:
        yield
    except TypeError as error:
        if ranks.size == 1 or "NoneType" not in str(error):
            raise
        raise UsageError(
            f"values of nodes on other ranks are None: {reason(error)}",
            code="NM246",
            fix="neuromodels.get_values(nodes, name) gives the values of all ranks",
        ) from error


def _has_one_value_per_node(nest: Any, nodes: Any, name: str, value: Any) -> bool:
    """Whether `value` holds one number for each node, and the variable is a number."""
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != len(nodes):
        return False
    return all(
        name in (defaults := nest.GetDefaults(model)) and not hasattr(defaults[name], "__len__")
        for model in models_of(nodes)
    )


def clear_target_buffers(nest: Any, threads: int) -> None:
    """Clear the target buffers of NEST from the previous network, before ``nest.ResetKernel()``.

    Ranks exchange the targets of their neurons in buffers
    (``ConnectionManager::fill_target_buffer``).  If the part of one rank is full, the parts of the
    other ranks are sent without an end marker, and the receiver reads past their end.  In a new
    process it reads zeros, which are ignored.  ``ResetKernel`` keeps the buffers, so that it then
    reads targets of the previous network: the process ends, or spikes reach wrong neurons.

    The correction builds a network that fills the buffers at their smallest size, two entries for
    each rank, with neurons of a thread that the next network does not have; the next network
    ignores such entries.  When the buffers grow again, their new entries are zero.

    Parameters
    ----------
    nest : module
    threads : int
        Threads of the next network.
    """
    nest.ResetKernel()
    ranks = nest.NumProcesses()
    with quiet(nest, "ERROR"):
        nest.local_num_threads = threads + 1
        virtual = ranks * (threads + 1)
        nodes = nest.Create("parrot_neuron", 3 * virtual)
        # Node i belongs to virtual process i % virtual; the last virtual processes are those of the
        # last thread of each rank.
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


__all__ = [
    "clear_target_buffers", "explain_missing_values", "guard_collective_calls",
    "patch_set_with_arrays", "quiet",
]  # fmt: skip
