"""Spike trains of a population, as every analysis gets them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromodels.errors import UsageError


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """All spikes of a population in a stretch of time, sorted by time and then by neuron.

    Parameters
    ----------
    node_ids : numpy.ndarray of int64, shape (n_spikes,)
        Neuron of each spike, 0 to ``n_neurons - 1``.
    times : numpy.ndarray of float64, shape (n_spikes,)
        Time of each spike (ms).
    n_neurons : int
        Size of the population, silent neurons included.
    t_start, t_stop : float
        The spikes are those of ``t_start < t <= t_stop`` (ms).

    Raises
    ------
    UsageError
        The two arrays differ in length, or a neuron is out of range.
    """

    node_ids: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    n_neurons: int
    t_start: float
    t_stop: float

    def __post_init__(self) -> None:
        ids = np.asarray(self.node_ids, dtype=np.int64)
        times = np.asarray(self.times, dtype=np.float64)
        if ids.ndim != 1 or ids.shape != times.shape:
            raise UsageError(
                f"spike trains need one neuron per time, not shapes {ids.shape} and {times.shape}",
                code="NM264",
            )
        if ids.size and (ids.min() < 0 or ids.max() >= self.n_neurons):
            raise UsageError(
                f"spike trains name a neuron outside 0..{self.n_neurons - 1}", code="NM264"
            )
        if np.any(np.diff(times) < 0):
            order = np.lexsort((ids, times))
            ids, times = ids[order], times[order]
        object.__setattr__(self, "node_ids", ids)
        object.__setattr__(self, "times", times)

    def __len__(self) -> int:
        return self.times.size

    @property
    def rate(self) -> float:
        """Mean rate over the population and the whole stretch (Hz)."""
        seconds = (self.t_stop - self.t_start) / 1000.0
        return self.times.size / (self.n_neurons * seconds) if seconds > 0 else float("nan")

    def between(self, start: float, stop: float) -> SpikeTrains:
        """Spikes of ``start < t <= stop`` (ms)."""
        first, last = np.searchsorted(self.times, [start, stop], side="right")
        return SpikeTrains(
            self.node_ids[first:last], self.times[first:last], self.n_neurons, start, stop
        )

    def of(self, neuron: int) -> npt.NDArray[np.float64]:
        """Spike times (ms) of one neuron."""
        chosen: npt.NDArray[np.float64] = self.times[self.node_ids == neuron]
        return chosen


__all__ = ["SpikeTrains"]
