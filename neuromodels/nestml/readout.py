"""Reads the weights of plastic synapses at memory speed.

``nest.GetConnections(...).get("weight")`` builds a dictionary per connection (about 12 us each);
the compiled modules of neuromodels read theirs in nanoseconds, so that a mean weight can be sampled
all through a long training.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuromodels.errors import UnknownNameError

if TYPE_CHECKING:  # circuits name `weight_summary`, and `neuromodels list` imports circuits
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class WeightSummary:
    """Weights of all connections of one synapse model on this MPI rank.

    Attributes
    ----------
    n : int
        Number of connections.
    mean, sd, smallest, largest : float
        Of the weights; NaN if there are none.
    """

    n: int
    mean: float
    sd: float
    smallest: float
    largest: float


def _reader(synapse_model: str, function: str) -> tuple[Any, int]:
    import nest

    from neuromodels.nestml.kernel import entry_of

    found = entry_of(synapse_model)
    if found is None:
        raise UnknownNameError(
            f"'{synapse_model}' is not a synapse model of neuromodels in this kernel",
            fix="name one that was given to neuromodels.install(), or a copy of it",
        )
    name, entry = found
    symbol = getattr(ctypes.CDLL(str(entry.path)), f"neuromodels_{function}_{name}")
    symbol.restype = ctypes.c_long
    return symbol, int(nest.GetDefaults(synapse_model)["synapse_modelid"])


def weight_summary(synapse_model: str) -> WeightSummary:
    """Mean, spread and range of the weights of a synapse model.

    A weight is as new as the last presynaptic spike that its synapse delivered: NEST's plastic
    synapses catch up with postsynaptic spikes only then.

    Parameters
    ----------
    synapse_model : str
        Plain name, or the name of a copy made with ``nest.CopyModel`` (counted separately).

    Raises
    ------
    UnknownNameError
        It is not a synapse model of neuromodels in this kernel.
    """
    read, syn_id = _reader(synapse_model, "weight_sums")
    sums = (ctypes.c_double * 4)()
    n = int(read(ctypes.c_long(syn_id), sums))
    if n == 0:
        return WeightSummary(0, float("nan"), float("nan"), float("nan"), float("nan"))
    mean = sums[0] / n
    variance = max(0.0, sums[1] / n - mean * mean)
    return WeightSummary(n, mean, math.sqrt(variance), sums[2], sums[3])


def weights(synapse_model: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Weight and target of every connection of a synapse model on this MPI rank.

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
