"""Background input from pools of Poisson neurons that many neurons share.

A pool of 25 000 neurons as 25 000 nodes would cost several times what the network itself costs,
nearly all of it for nodes that do nothing in nearly all steps.  What the network sees of a pool is
the merged train of each target's sources: those trains are drawn here, stretch by stretch, from one
realisation of the pool, so that two targets share exactly the spikes of the sources they share.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


class SharedPool:
    """A pool of independent Poisson neurons, connected at random to a number of targets.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of connections and spikes.
    size : int
        Neurons in the pool.
    n_targets : int
        Inputs that the pool drives: each pair of pool neuron and target is connected with
        probability `p`, independently.
    p : float
        Connection probability.
    rate : float
        Rate of each pool neuron (Hz).
    resolution : float
        Step (ms); a pool neuron spikes at most once in it, as in the published simulator.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        size: int,
        n_targets: int,
        p: float,
        rate: float,
        resolution: float,
    ) -> None:
        self._rng = rng
        self._size = size
        self._n_targets = n_targets
        # Cells hit by a Poisson number of throws are occupied independently, each with exactly
        # the wanted probability of a spike per step.
        self._throws = -math.log1p(-rate * resolution / 1000.0) * size
        pairs = np.sort(
            rng.choice(
                size * n_targets, rng.binomial(size * n_targets, p), replace=False, shuffle=False
            )
        )
        source, target = np.divmod(pairs, n_targets)
        # Targets of source i are _targets[_first[i]:_first[i + 1]].
        self._targets = target.astype(np.uint16 if n_targets <= 2**16 else np.int64)
        self._first = np.searchsorted(source, np.arange(size + 1))

    @property
    def in_degrees(self) -> npt.NDArray[np.int64]:
        """Pool neurons that each target listens to."""
        return np.bincount(self._targets, minlength=self._n_targets)

    def trains(self, first: int, last: int) -> list[npt.NDArray[np.int64]]:
        """Draw the next stretch of the pool's spikes.

        Parameters
        ----------
        first, last : int
            Steps, both included.

        Returns
        -------
        list of ndarray
            For each target the steps of its input spikes, ascending; a step occurs once for every
            source that spikes in it.
        """
        steps = last - first + 1
        throws = self._rng.poisson(self._throws * steps)
        cells = np.unique(self._rng.integers(0, steps * self._size, throws))
        step, source = np.divmod(cells, self._size)
        begin = self._first[source]
        fan_out = self._first[source + 1] - begin
        # Position of every delivery within _targets: begin[i], begin[i] + 1, … for each spike i.
        skipped = begin - (np.cumsum(fan_out) - fan_out)
        positions = np.repeat(skipped, fan_out) + np.arange(fan_out.sum())
        target = self._targets[positions]
        # Stable, so that each target's steps stay in order.
        order = np.argsort(target, kind="stable")
        merged = np.repeat(step + first, fan_out)[order]
        borders = np.cumsum(np.bincount(target, minlength=self._n_targets))[:-1]
        return np.split(merged, borders)
