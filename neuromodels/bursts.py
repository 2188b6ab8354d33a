"""Events and bursts: the one decomposition of spike trains of the project.

Every spike is an *event* (a single spike, or the first of a burst), a *burst* (the second spike of
one, where the burst is counted), or neither (every further spike).  Two rules decide:

``"trace"``
    Every spike adds 1 to a trace that decays with `tau` and is never reset.  Read before the spike
    is added, a trace above `threshold` means that the spike belongs to a burst.  With ``tau`` 16 ms
    and ``threshold`` 1/e an isolated predecessor counts up to, but not at, 16 ms; because the trace
    sums, after a burst the next event needs a longer pause.
``"interval"``
    A spike belongs to a burst if the spike before it was at most `tau` ago.

Spikes that belong to a burst count once per event: the first of them is the burst.  Before the
first event of a neuron nothing is counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from neuromodels.errors import UsageError
from neuromodels.spikes import SpikeTrains

Rule = Literal["trace", "interval"]

TAU = 16.0
THRESHOLD = math.exp(-1.0)

# A predecessor of exactly `tau` must fall on the same side whatever the rounding of exp().
_EPSILON = 1e-9

NEITHER, EVENT, BURST = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates per bin, of the population (shape ``(bins,)``) or per neuron (``(bins, neurons)``).

    Attributes
    ----------
    time : numpy.ndarray, shape (bins,)
        End of each bin (ms); a bin covers ``start < t <= time``.
    start : numpy.ndarray, shape (bins,)
        Begin of each bin (ms).
    event_rate, burst_rate, spike_rate : numpy.ndarray
        Per neuron and second (Hz).
    burst_probability : numpy.ndarray
        Burst rate / event rate, a pure number; NaN in a bin without events.  May exceed 1 in a
        bin where bursts began before it.
    """

    time: npt.NDArray[np.float64]
    start: npt.NDArray[np.float64]
    event_rate: npt.NDArray[np.float64]
    burst_rate: npt.NDArray[np.float64]
    spike_rate: npt.NDArray[np.float64]

    @property
    def burst_probability(self) -> npt.NDArray[np.float64]:
        """Burst rate / event rate."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: npt.NDArray[np.float64] = self.burst_rate / self.event_rate
        ratio[self.event_rate == 0] = np.nan
        return ratio


@dataclass(frozen=True, eq=False)
class Bursts:
    """Spike trains, and what each spike is.

    Attributes
    ----------
    spikes : SpikeTrains
    kind : numpy.ndarray of int8, shape (n_spikes,)
        `EVENT`, `BURST` or `NEITHER` for each spike.
    resolution : float
        Step of the spike times (ms); 0 if they lie on no grid.
    """

    spikes: SpikeTrains
    kind: npt.NDArray[np.int8]
    resolution: float

    @property
    def events(self) -> SpikeTrains:
        """Spikes that are events."""
        return self._only(EVENT)

    @property
    def bursts(self) -> SpikeTrains:
        """Spikes at which a burst is counted."""
        return self._only(BURST)

    def rates(self, bin: float, *, per_neuron: bool = False) -> Rates:  # noqa: A002
        """Rates in bins of equal width from ``t_start`` on; an incomplete last bin is left out.

        Parameters
        ----------
        bin : float
            Width (ms).
        per_neuron : bool
            Of each neuron instead of the population.
        """
        if bin <= 0:
            raise UsageError(f"a bin must have a positive width, not {bin:g} ms", code="NM264")
        span = self.spikes.t_stop - self.spikes.t_start
        count = math.floor(span / bin + 1e-9)
        return self.rates_between(
            self.spikes.t_start + bin * np.arange(count + 1), per_neuron=per_neuron
        )

    def rates_between(self, edges: npt.ArrayLike, *, per_neuron: bool = False) -> Rates:
        """Rates between successive `edges` (ms, ascending), for instance those of phases.

        Parameters
        ----------
        edges : array_like, shape (bins + 1,)
            Row ``i`` covers ``edges[i] < t <= edges[i + 1]``.
        per_neuron : bool
            Of each neuron instead of the population.

        Raises
        ------
        UsageError
            `edges` are fewer than two or do not ascend.
        """
        borders = np.asarray(edges, dtype=np.float64)
        if borders.ndim != 1 or borders.size < 2 or np.any(np.diff(borders) <= 0):
            raise UsageError("the edges of bins must be at least two and ascend", code="NM264")
        trains = self.spikes
        # Half a step after the edge, so that a spike on it stays on its side whatever the rounding.
        slack = self.resolution / 2
        which = np.searchsorted(borders + slack, trains.times, side="left") - 1
        bins, width = borders.size - 1, np.diff(borders)
        inside = (which >= 0) & (which < bins)
        size = trains.n_neurons if per_neuron else 1

        def rate(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
            use = inside & chosen
            cells = which[use] * size + (trains.node_ids[use] if per_neuron else 0)
            counts = np.bincount(cells, minlength=bins * size).reshape(bins, size)
            neurons = 1 if per_neuron else trains.n_neurons
            result: npt.NDArray[np.float64] = counts * 1000.0 / (width[:, np.newaxis] * neurons)
            return result if per_neuron else result[:, 0]

        return Rates(
            time=borders[1:],
            start=borders[:-1],
            event_rate=rate(self.kind == EVENT),
            burst_rate=rate(self.kind == BURST),
            spike_rate=rate(np.ones(trains.times.size, dtype=bool)),
        )

    def _only(self, kind: int) -> SpikeTrains:
        chosen, trains = self.kind == kind, self.spikes
        return SpikeTrains(
            trains.node_ids[chosen],
            trains.times[chosen],
            trains.n_neurons,
            trains.t_start,
            trains.t_stop,
        )


def decompose(
    spikes: SpikeTrains,
    *,
    rule: Rule = "trace",
    tau: float = TAU,
    threshold: float = THRESHOLD,
    resolution: float | None = 0.1,
) -> Bursts:
    """Tell events and bursts in spike trains apart.

    Parameters
    ----------
    spikes : SpikeTrains
        From the beginning of the simulation: what came before is unknown, and taken for silence.
    rule : {"trace", "interval"}
        See the module's text.
    tau : float
        Time constant of the trace, or longest interval within a burst (ms).
    threshold : float
        Of the trace.
    resolution : float or None
        Grid of the spike times (ms); intervals are taken as whole steps, exactly.  None for spikes
        on no grid.

    Returns
    -------
    Bursts

    Raises
    ------
    UsageError
        An unknown rule, or a time constant or threshold that is not positive.
    """
    if tau <= 0 or threshold <= 0:
        raise UsageError(
            f"tau ({tau:g} ms) and threshold ({threshold:g}) must be positive", code="NM264"
        )
    order = np.lexsort((spikes.times, spikes.node_ids))
    neurons, times = spikes.node_ids[order], spikes.times[order]
    if resolution:
        times = np.round(times / resolution)
    intervals = np.diff(times, prepend=-np.inf) * (resolution or 1.0)
    first = np.diff(neurons, prepend=-1) != 0
    if rule == "trace":
        event = _trace(intervals, first, tau) <= threshold * (1 + _EPSILON)
    elif rule == "interval":
        event = first | (intervals > tau * (1 + _EPSILON))
    else:
        raise UsageError(
            f"no rule {rule!r} for bursts", code="NM264", fix='choose "trace" or "interval"'
        )
    # A burst is counted at the spike after an event: any later one finds the burst counted.
    burst = ~event & np.concatenate(([False], event[:-1])) & ~first
    kind = np.empty(times.size, np.int8)
    kind[order] = np.where(event, EVENT, np.where(burst, BURST, NEITHER))
    return Bursts(spikes, kind, resolution or 0.0)


def _trace(
    intervals: npt.NDArray[np.float64], first: npt.NDArray[np.bool_], tau: float
) -> npt.NDArray[np.float64]:
    """Summing trace just before each spike; spikes are grouped by neuron, then by time.

    Goes along the trains, all neurons at once: as many rounds as the busiest neuron has spikes.
    """
    trace = np.zeros(intervals.size)
    if not intervals.size:
        return trace
    # negative from the last spike of one neuron to the first of the next, where it is not used
    decay = np.exp(-np.maximum(intervals, 0.0) / tau)
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, intervals.size))
    starts = starts[np.argsort(-counts, kind="stable")]
    counts = np.sort(counts)[::-1]
    # Neurons that have at least k + 1 spikes are the first `alive[k]` of `starts`.
    alive = np.searchsorted(-counts, -np.arange(1, counts[0] + 1), side="right")
    value = np.zeros(starts.size)
    for k in range(1, counts[0]):
        at = starts[: alive[k]] + k
        value = (value[: alive[k]] + 1.0) * decay[at]
        trace[at] = value
    return trace


__all__ = ["BURST", "EVENT", "NEITHER", "TAU", "THRESHOLD", "Bursts", "Rates", "decompose"]
