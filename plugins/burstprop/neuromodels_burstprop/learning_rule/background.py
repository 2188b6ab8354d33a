"""Background noise of a population from two pools of Poisson neurons, excitatory and inhibitory.

In the published simulation all neurons listen to the same two pools of 25 000 neurons each, soma
and dendrite to a random 0.4 % (0.12 %) of them.  Two neurons share so few sources that one does not
see it in either; but a postsynaptic neuron sums over 200 of them, and what they share makes up a
good part of the fluctuations that it fires on.  So it must be kept, and there are ways to do so:

``shared-pools``
    As published.  Pools of 25 000 nodes would cost NEST twenty times what the network itself costs
    (measured: 14 s of CPU time per biological second instead of 0.6 s), for nodes that are idle in
    nearly every step.  What the network sees of a pool are the merged trains of each target's
    sources, so these are drawn here, stretch by stretch, from one realisation of the pool: two
    targets share exactly the spikes of the sources they share.
``condensed-pools``
    A fraction f of each neuron's sources is in pools of f² of the size, where each is picked with
    probability p/f; the rest, private to the neuron, is noise inside it.  In-degrees keep their
    mean ``size * p`` and (to a relative error p) their variance, rates are the same, and so is the
    mean correlation of two inputs: the fraction f has sources in common with probability p/f.
    What is lost is that pairs differ in how much they share, and that a source reaches p, not p/f,
    of the targets.
``private``
    Nothing shared; in-degrees vary as in the pools.

Measured at the published size: the summed events of 1000 neurons in bins of 10 ms have 1.59, 1.60
and 1.00 times the variance of independent neurons (shared, condensed with f = 0.1, private), in
bins of 50 ms 2.09, 2.06 and 1.00 times.  With private noise the event rate of the postsynaptic
neurons is 5.5 % lower than in the published simulation (mean of three seeds and all phases), with
condensed pools 0.2 % higher.  The whole simulation takes 0.7 s of CPU time per biological second
with either of them, and 2.3 s with shared pools.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from neuromodels import Network

Kind = Literal["condensed-pools", "shared-pools", "private"]

Steps = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Channel:
    """One kind of noise into one compartment.

    Parameters
    ----------
    port : str
        The neuron's receptor.
    rate, weight : str
        The neuron's parameters of its own noise of this kind.
    """

    port: str
    rate: str
    weight: str


SOMA_EXC = Channel("SOMA_EXC", "rate_soma_exc", "w_bg_soma_exc")
SOMA_INH = Channel("SOMA_INH", "rate_soma_inh", "w_bg_soma_inh")
DEND_EXC = Channel("DEND_EXC", "rate_dend_exc", "w_bg_dend_exc")
DEND_INH = Channel("DEND_INH", "rate_dend_inh", "w_bg_dend_inh")


@dataclass(frozen=True)
class Pool:
    """A pool of independent neurons, each spiking with `rate` (Hz), Bernoulli in every step.

    Parameters
    ----------
    size : int
        Neurons in it.
    rate : float
        Of each (Hz).
    p : float
        Probability with which a channel of a neuron listens to one of them, independently.
    weights : mapping
        Channel -> weight.
    """

    size: int
    rate: float
    p: float
    weights: Mapping[Channel, float]

    def condensed(self, fraction: float) -> tuple[Pool, Pool]:
        """Split into the smaller pool and the private rest (see the module's text)."""
        shared = Pool(round(self.size * fraction**2), self.rate, self.p / fraction, self.weights)
        return shared, Pool(round(self.size * (1.0 - fraction)), self.rate, self.p, self.weights)


def add_private(neurons: Any, pool: Pool, rng: np.random.Generator) -> None:
    """Noise inside each neuron, at the rate of as many sources as it would have in `pool`."""
    for channel, weight in pool.weights.items():
        sources = rng.binomial(pool.size, pool.p, len(neurons))
        neurons.set({channel.weight: weight, channel.rate: pool.rate * sources})


def add_shared_nodes(
    neurons: Any, pool: Pool, network: Network, *, delay: float, duration: float, resolution: float
) -> None:
    """One node per pool neuron, with all spikes of the simulation; for small pools.

    Parameters
    ----------
    neurons : nest.NodeCollection
    pool : Pool
    network : Network
    delay : float
        From the pool to the neurons (ms).
    duration : float
        Of the simulation (ms).
    resolution : float
        Step (ms).
    """
    nest = network.nest
    steps = round(duration / resolution)
    step, source = bernoulli_spikes(network.rng, pool.size, pool.rate, steps, resolution)
    trains = _split(step + 1, source, pool.size)
    nodes = nest.Create("spike_generator", pool.size)
    nodes.set([{"spike_times": resolution * train} for train in trains])
    ports = nest.GetDefaults(str(neurons[0].model))["receptor_types"]
    for channel, weight in pool.weights.items():
        nest.Connect(
            nodes,
            neurons,
            {"rule": "pairwise_bernoulli", "p": pool.p},
            {"weight": weight, "delay": delay, "receptor_type": ports[channel.port]},
        )


class MergedPool:
    """A large pool that exists as the merged spike trains of its targets only.

    Parameters
    ----------
    neurons : nest.NodeCollection
    pool : Pool
    network : Network
    delay : float
        From the pool to the neurons (ms).
    resolution : float
        Step (ms).
    """

    def __init__(
        self, neurons: Any, pool: Pool, network: Network, *, delay: float, resolution: float
    ) -> None:
        nest, n = network.nest, len(neurons)
        ports = nest.GetDefaults(str(neurons[0].model))["receptor_types"]
        self._resolution = resolution
        self.merger = Merger(network.rng, pool, len(pool.weights) * n, resolution)
        self._nodes = nest.Create("spike_generator", len(pool.weights) * n)
        for k, (channel, weight) in enumerate(pool.weights.items()):
            nest.Connect(
                self._nodes[k * n : (k + 1) * n],
                neurons,
                "one_to_one",
                {"weight": weight, "delay": delay, "receptor_type": ports[channel.port]},
            )

    def prepare(self, start: float, stop: float) -> None:
        """Hand the kernel the pool's spikes of ``start < t <= stop`` (ms); once each."""
        first, last = (round(t / self._resolution) for t in (start, stop))
        if last == first:
            return
        trains = self.merger.trains(first + 1, last)
        self._nodes.set([{"spike_times": self._resolution * train} for train in trains])


class Merger:
    """Draws what each target of a pool receives.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of connections and spikes.
    pool : Pool
    n_targets : int
        Inputs that it drives.
    resolution : float
        Step (ms).
    """

    # Steps drawn at a time: a compromise between memory and calls.
    STRETCH = 20_000

    def __init__(
        self, rng: np.random.Generator, pool: Pool, n_targets: int, resolution: float
    ) -> None:
        self._rng = rng
        self._pool = pool
        self._n_targets = n_targets
        self._resolution = resolution
        pairs = pool.size * n_targets
        chosen = np.sort(
            rng.choice(pairs, rng.binomial(pairs, pool.p), replace=False, shuffle=False)
        )
        source, target = np.divmod(chosen, n_targets)
        # Targets of source i are _targets[_first[i]:_first[i + 1]]; small integers sort faster.
        self._targets = target.astype(np.uint16 if n_targets <= 2**16 else np.int64)
        self._first = np.searchsorted(source, np.arange(pool.size + 1))

    @property
    def in_degrees(self) -> Steps:
        """Pool neurons that each target listens to."""
        return np.bincount(self._targets, minlength=self._n_targets)

    def trains(self, first: int, last: int) -> list[Steps]:
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
        pieces = [
            self._stretch(begin, min(begin + self.STRETCH, last + 1) - begin)
            for begin in range(first, last + 1, self.STRETCH)
        ]
        return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]

    def _stretch(self, begin: int, steps: int) -> list[Steps]:
        pool = self._pool
        step, source = bernoulli_spikes(self._rng, pool.size, pool.rate, steps, self._resolution)
        start = self._first[source]
        fan_out = self._first[source + 1] - start
        # Position of every delivery within _targets: start[i], start[i] + 1, … for each spike i.
        skipped = start - (np.cumsum(fan_out) - fan_out)
        positions = np.repeat(skipped, fan_out) + np.arange(fan_out.sum())
        return _split(np.repeat(step + begin, fan_out), self._targets[positions], self._n_targets)


def bernoulli_spikes(
    rng: np.random.Generator, size: int, rate: float, steps: int, resolution: float
) -> tuple[Steps, Steps]:
    """Step (from 0) and neuron of each spike of a pool, in the order of steps.

    Cells of a table (step, neuron) that is hit by a Poisson number of throws are occupied
    independently of each other; the number is such that each is with probability rate * step.
    """
    throws = rng.poisson(-math.log1p(-rate * resolution / 1000.0) * size * steps)
    step, neuron = np.divmod(np.unique(rng.integers(0, size * steps, throws)), size)
    return step, neuron


def _split(values: Steps, owner: npt.NDArray[Any], n_owners: int) -> list[Steps]:
    """Values of each owner, in their order."""
    order = np.argsort(owner, kind="stable")
    borders = np.cumsum(np.bincount(owner, minlength=n_owners))[:-1]
    return np.split(values[order], borders)
