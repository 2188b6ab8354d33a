"""Reads and sets variables of neurons and plastic synapses at memory speed.

``nest.GetConnections(...).get("weight")`` builds a dictionary for each connection (about 12 us),
and ``get`` or ``set`` of a node takes 40 to 60 us.  The compiled modules of neuromodels have
functions that copy values in nanoseconds.  Mean weights and rates can therefore be sampled, and
inputs changed, throughout a long training.

Under MPI all ranks call these functions together.  Each rank has a part of the neurons and
synapses.  The functions take and return the values of the whole network, on all ranks, in an order
that does not depend on how virtual processes are split into ranks and threads.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from neuromodels.errors import UnknownNameError, UsageError
from neuromodels.machine.ranks import world

if TYPE_CHECKING:  # circuits name `weight_summary`, and `neuromodels list` imports circuits
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class WeightSummary:
    """Weights of all connections of one synapse model.

    Attributes
    ----------
    n : int
        Number of connections.
    mean, sd, smallest, largest : float
        Mean, standard deviation and range of the weights; NaN without connections.
    """

    n: int
    mean: float
    sd: float
    smallest: float
    largest: float


@cache
def _symbol(module: Path, name: str) -> Any:
    """Get a function of a loaded module; None if the module lacks it."""
    symbol = getattr(ctypes.CDLL(str(module)), name, None)
    if symbol is not None:
        symbol.restype = ctypes.c_long
    return symbol


def _reader(synapse_model: str, function: str) -> tuple[Any, int]:
    import nest

    from neuromodels.kernel.install import entry_of

    found = entry_of(synapse_model)
    if found is None:
        raise UnknownNameError(
            f"'{synapse_model}' is not a synapse model of neuromodels in this kernel",
            code="NM215",
            fix="name one that was given to neuromodels.install(), or a copy of it",
        )
    name, entry = found
    symbol = _symbol(entry.path, f"neuromodels_{function}_{name}")
    return symbol, int(nest.GetDefaults(synapse_model)["synapse_modelid"])


def weight_summary(synapse_model: str) -> WeightSummary:
    """Mean, standard deviation and range of the weights of a synapse model.

    A weight is as of the last presynaptic spike that its synapse delivered: NEST's plastic synapses
    process postsynaptic spikes only at the next presynaptic one.

    Parameters
    ----------
    synapse_model : str
        Plain name, or the name of a copy made with ``nest.CopyModel`` (counted separately).

    Raises
    ------
    UnknownNameError
        It is not a synapse model of neuromodels in this kernel.
    """
    import numpy as np

    read, syn_id = _reader(synapse_model, "weight_sums")
    threads = int(read(ctypes.c_long(syn_id), ctypes.c_long(0), ctypes.c_void_p()))
    local = np.empty((threads, 6))
    read(ctypes.c_long(syn_id), ctypes.c_long(threads), local.ctypes.data_as(ctypes.c_void_p))
    # One row for each virtual process: the first threads of all ranks, then the second threads.
    rows = np.stack(world().allgather_arrays(local), axis=1).reshape(-1, 6)
    count, first, total, squares, smallest, largest = rows[rows[:, 0] > 0].T
    if not count.size:
        return WeightSummary(0, float("nan"), float("nan"), float("nan"), float("nan"))
    n = int(count.sum())
    # Differences from one weight: equal weights then have a standard deviation of exactly 0.
    means = first - first[0] + total / count
    mean = math.fsum(count * means) / n
    within, between = squares - total**2 / count, count * (means - mean) ** 2
    variance = max(0.0, math.fsum([*within, *between]) / n)
    return WeightSummary(
        n,
        float(first[0] + mean),
        math.sqrt(variance),
        float(smallest.min()),
        float(largest.max()),
    )


def weights(synapse_model: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Weights and targets of all connections of a synapse model, ordered by virtual process.

    Parameters
    ----------
    synapse_model : str
        Plain name, or the name of a copy.

    Returns
    -------
    weights : ndarray, shape (n,)
    targets : ndarray, shape (n,)
        Node IDs of the postsynaptic neurons.

    Raises
    ------
    UnknownNameError
        It is not a synapse model of neuromodels in this kernel.
    """
    values, targets = _local_weights(synapse_model)
    if world().size == 1:
        return values, targets
    layout = _Layout.of(targets)
    return layout.gather(values), layout.gather(targets)


def _local_weights(
    synapse_model: str,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Weights and targets of the connections on this rank, ordered by thread."""
    import numpy as np

    read, syn_id = _reader(synapse_model, "copy_weights")
    none = ctypes.c_void_p()
    n = int(read(ctypes.c_long(syn_id), ctypes.c_long(0), none, none))
    values = np.empty(n, dtype=np.float64)
    targets = np.empty(n, dtype=np.int64)
    read(
        ctypes.c_long(syn_id),
        ctypes.c_long(n),
        values.ctypes.data_as(ctypes.c_void_p),
        targets.ctypes.data_as(ctypes.c_void_p),
    )
    return values, targets


@dataclass(frozen=True)
class _Layout:
    """Number of connections of a model on each virtual process.

    Attributes
    ----------
    counts : ndarray, shape (threads, ranks)
        Thread t of rank r is virtual process ``t * ranks + r``.
    """

    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, targets: npt.NDArray[np.int64]) -> _Layout:
        """Count the targets of all ranks: neuron i is on virtual process i modulo their number."""
        import nest
        import numpy as np

        ranks = world()
        threads = int(nest.local_num_threads)
        mine = np.bincount(targets // ranks.size % threads, minlength=threads)
        return cls(np.stack(ranks.allgather_arrays(mine), axis=1))

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Index of the first connection of each virtual process, shape (threads, ranks)."""
        import numpy as np

        before = np.cumsum(self.counts.ravel()) - self.counts.ravel()
        return before.reshape(self.counts.shape)

    def gather(self, local: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Gather the values of all ranks, ordered by virtual process."""
        import numpy as np

        gathered = np.empty(self.counts.sum(), local.dtype)
        for rank, part in enumerate(world().allgather_arrays(local)):
            gathered[self.indices(rank)] = part
        return gathered

    def indices(self, rank: int) -> npt.NDArray[np.int64]:
        """Indices, among all connections, of those of a rank."""
        import numpy as np

        runs = zip(self.starts[:, rank], self.counts[:, rank], strict=True)
        return np.concatenate([start + np.arange(count) for start, count in runs])


def get_values(what: Any, variable: str) -> npt.NDArray[np.float64]:
    """Read a parameter or state variable of neurons or of connections.

    The same numbers as ``get(variable)`` of the nodes or connections, a thousand times faster.

    Parameters
    ----------
    what : nest.NodeCollection or str
        Neurons of one NESTML model of neuromodels; or the name of a synapse model of neuromodels,
        or of a copy of it, for all of its connections.
    variable : str
        Scalar parameter or state variable; integers and booleans are returned as floats.
        Connections also have ``t_last_update``: the time (ms) of their last update.

    Returns
    -------
    ndarray, shape (n,)
        In the model's unit.  Neurons are in the order of the collection.  Connections are ordered
        by virtual process, then as in the kernel.  NEST sorts them when a simulation begins
        (``nest.Prepare``); from then on kernels that were built alike have the same order.

    Raises
    ------
    UnknownNameError
        The model has no such variable, or is not one of neuromodels.
    """
    import numpy as np

    if isinstance(what, str):
        count = _access_connections(what, variable, None, write=False)
        values = np.empty(count)
        _access_connections(what, variable, values, write=False)
        return values if world().size == 1 else _layout(what).gather(values)
    values = np.full(len(what), np.nan)
    ids = _access_neurons(what, variable, values, write=False)
    ranks = world()
    if ranks.size > 1:
        for rank, part in enumerate(ranks.allgather_arrays(values[ranks.owns(ids)])):
            values[ranks.owns(ids, rank)] = part
    return values


def set_values(what: Any, variable: str, values: npt.ArrayLike) -> None:
    """Set a parameter or state variable of neurons or connections, a thousand times faster.

    Allowed where ``set`` is, and between two calls of ``nest.Run`` (`Network.control`).

    Parameters
    ----------
    what : nest.NodeCollection or str
        As in `get_values`.
    variable : str
        Scalar parameter or state variable.
    values : float or array_like, shape (n,)
        In the model's unit, in the order of `get_values`; each MPI rank sets those of its own.

    Raises
    ------
    UnknownNameError
        The model has no such variable, or is not one of neuromodels.
    UsageError
        The number of values is wrong, or one is not finite (where it would be used).
    """
    import numpy as np

    connections = isinstance(what, str)
    layout = None
    if not connections:
        count = len(what)
    else:
        count = _access_connections(what, variable, None, write=True)
        if world().size > 1:
            layout = _layout(what)
            count = int(layout.counts.sum())
    array = np.asarray(values, dtype=np.float64)
    finite = bool(np.isfinite(array.sum()) or np.isfinite(array).all())  # the sum may overflow
    if array.shape not in {(), (count,)} or not finite:
        raise UsageError(
            f"'{variable}' of {count} {'connections' if connections else 'neurons'} cannot be set "
            f"to an array of shape {array.shape}" + ("" if finite else " that is not finite"),
            code="NM263",
            fix="give one finite number, or one for each",
        )
    everything = np.ascontiguousarray(np.broadcast_to(array, count))
    if not connections:
        _access_neurons(what, variable, everything, write=True)
        return
    mine = everything if layout is None else everything[layout.indices(world().rank)]
    _access_connections(what, variable, mine, write=True)


def _layout(model: str) -> _Layout:
    return _Layout.of(_local_weights(model)[1])


def _access_neurons(
    nodes: Any, variable: str, values: npt.NDArray[np.float64], *, write: bool
) -> npt.NDArray[np.int64]:
    """Read or write the values of the neurons on this rank; return the ids of all nodes."""
    from neuromodels.kernel.install import neuron_entry_of
    from neuromodels.kernel.nodes import ids_of, models_of

    models = sorted(models_of(nodes))
    found = neuron_entry_of(models[0]) if len(models) == 1 else None
    if found is None:
        raise UnknownNameError(
            f"{', '.join(models) or 'nothing'} is not a neuron model of neuromodels in this kernel",
            code="NM215",
            fix="access neurons of one model that was given to neuromodels.install()",
        )
    name, entry = found
    access = _symbol(entry.path, f"neuromodels_access_{name}")
    ids = ids_of(nodes)
    done = -1
    if access is not None:
        done = access(
            variable.encode(),
            ctypes.c_int(write),
            ctypes.c_long(len(ids)),
            ids.ctypes.data_as(ctypes.c_void_p),
            values.ctypes.data_as(ctypes.c_void_p),
        )
    _check_access(done, name, variable)
    return ids


def _access_connections(
    model: str, variable: str, values: npt.NDArray[np.float64] | None, *, write: bool
) -> int:
    """Read or write `values` of the connections on this rank; return the number of connections."""
    access, syn_id = _reader(model, "access")
    done = access(
        variable.encode(),
        ctypes.c_int(write),
        ctypes.c_long(syn_id),
        ctypes.c_long(0 if values is None else len(values)),
        ctypes.c_void_p() if values is None else values.ctypes.data_as(ctypes.c_void_p),
    )
    _check_access(done, model, variable)
    return int(done)


def _check_access(done: int, model: str, variable: str) -> None:
    if done == -2:
        raise UsageError(
            f"model '{model}' does not allow one of these values of '{variable}'",
            code="NM263",
            fix="see the condition in double brackets in its NESTML source",
        )
    if done < 0:
        raise UnknownNameError(
            f"model '{model}' has no scalar parameter or state variable '{variable}'",
            code="NM214",
            fix=f"neuromodels show {model} lists them",
        )
