"""Bit-exact comparison of runs."""

from __future__ import annotations

import numpy as np


def same(one, other) -> bool:
    """Whether two runs recorded exactly the same."""
    for population in ("exc", "inh"):
        a, b = one.spikes(population), other.spikes(population)
        if not (np.array_equal(a.times, b.times) and np.array_equal(a.node_ids, b.node_ids)):
            return False
        assert a.times.size > 50, "nothing to compare"
    return one.signals.drop_attrs().identical(other.signals.drop_attrs()) and all(
        trace.drop_attrs().identical(other.traces[name].drop_attrs())
        for name, trace in one.traces.items()
    )
