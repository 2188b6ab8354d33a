"""Spike trains of pairing protocols, as Payeur et al. 2021 (Fig. 2B-D) calculated with them.

Trains lie on a grid of their own (the published calculations: 0.1 ms for periodic pairings, 1 ms
for random trains); a time belongs to the step that it falls into.  Everything here is in whole
steps of the kernel, and nothing knows of NEST.
"""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels.errors import ParameterError

Array = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]

# A time that is a whole number of steps up to rounding belongs to the step that begins there.
_EPSILON = 1e-6


@dataclass(frozen=True)
class Pair:
    """What the two neurons of one synapse do.

    Attributes
    ----------
    pre, post : ndarray of int
        Spike times, ascending (steps).
    rests : ndarray of int
        Begins of pauses (steps).
    end : int
        Duration (steps).
    """

    pre: Steps
    post: Steps
    rests: Steps
    end: int


@dataclass(frozen=True, kw_only=True)
class PairingProtocol(abc.ABC):
    """A set of conditions with the same kind of spike trains.

    Parameters
    ----------
    step : float
        Grid of the spike trains (ms).
    resolution : float
        Of the kernel (ms).
    repetitions : int
        Independent pairs of each condition; 1 where nothing is random.
    """

    name: ClassVar[str]
    random: ClassVar[bool] = False
    step: float
    resolution: float = 0.1
    repetitions: int = 1

    @property
    @abc.abstractmethod
    def conditions(self) -> Mapping[str, Sequence[float]]:
        """Dimension -> its coordinates; the pairs are their product in this order."""

    @abc.abstractmethod
    def initial(self, condition: Sequence[float]) -> tuple[float, float]:
        """Event and burst rate (Hz) that the moving averages start from."""

    @abc.abstractmethod
    def pair(self, condition: Sequence[float], rng: np.random.Generator) -> Pair:
        """Draw one pair of a condition."""

    @property
    def coords(self) -> Mapping[str, Array]:
        """Dimension -> coordinates, of conditions and repetitions."""
        coords = {name: np.array(values, np.float64) for name, values in self.conditions.items()}
        if self.random:
            coords["repetition"] = np.arange(1.0, self.repetitions + 1)
        return coords

    def __iter__(self) -> Iterator[tuple[float, ...]]:
        """Condition of each pair, in order."""
        for condition in itertools.product(*self.conditions.values()):
            yield from itertools.repeat(condition, self.repetitions)

    def steps(self, times: npt.ArrayLike) -> Steps:
        """Steps of the kernel at which the grid cells of `times` (ms) begin."""
        cells = np.floor(np.asarray(times, np.float64) / self.step + _EPSILON).astype(np.int64)
        return cells * round(self.step / self.resolution)


@dataclass(frozen=True, kw_only=True)
class Periodic(PairingProtocol):
    """Sequences of simultaneous pre- and postsynaptic spikes at a fixed frequency (Fig. 2B).

    Parameters
    ----------
    frequencies : sequence of float
        Of the pairings within a sequence (Hz).
    pairings, sequences : int
        Pairings of a sequence, and sequences.
    first, tail : float
        Time before the first pairing, and the time by which a sequence is longer than `pairings`
        periods (ms).
    pause : float
        From the end of one sequence to the next (ms).
    event_rate, burst_probability : float
        Initial averages (Hz; burst rate / event rate).
    """

    name: ClassVar[str] = "periodic"
    frequencies: Sequence[float]
    pairings: int
    sequences: int
    first: float
    tail: float
    pause: float
    event_rate: float
    burst_probability: float

    @property
    def conditions(self) -> Mapping[str, Sequence[float]]:
        """Frequencies."""
        return {"frequency": self.frequencies}

    def initial(self, condition: Sequence[float]) -> tuple[float, float]:  # noqa: ARG002
        """Event and burst rate (Hz), the same at all frequencies."""
        return self.event_rate, self.burst_probability * self.event_rate

    def pair(self, condition: Sequence[float], rng: np.random.Generator) -> Pair:  # noqa: ARG002
        """Lay out the sequences; nothing is random."""
        (frequency,) = condition
        period = 1000.0 / frequency
        one = self.steps(self.first + period * np.arange(self.pairings))
        length = int(self.steps(self.pairings * period + self.tail))
        pause = round(self.pause / self.resolution)
        begins = (length + pause) * np.arange(self.sequences)
        train = (begins[:, np.newaxis] + one).ravel()
        # No pause after the last sequence
        return Pair(train, train, begins[:-1] + length, int(begins[-1]) + length)


@dataclass(frozen=True, kw_only=True)
class Poisson(PairingProtocol):
    """Independent pre- and postsynaptic Poisson trains with dead time (Fig. 2C).

    Parameters
    ----------
    rates : sequence of float
        Of both trains (Hz).
    dead_time : float
        Shortest interval (ms).
    duration : float
        (ms)
    event_rate : float
        Initial average (Hz).
    burst_probabilities : sequence of float
        Initial burst rate / event rate.
    """

    name: ClassVar[str] = "poisson"
    random: ClassVar[bool] = True
    rates: Sequence[float]
    dead_time: float
    duration: float
    event_rate: float
    burst_probabilities: Sequence[float]

    @property
    def conditions(self) -> Mapping[str, Sequence[float]]:
        """Initial burst probabilities, and rates."""
        return {"initial_burst_probability": self.burst_probabilities, "rate": self.rates}

    def initial(self, condition: Sequence[float]) -> tuple[float, float]:
        """Event and burst rate (Hz)."""
        return self.event_rate, condition[0] * self.event_rate

    def pair(self, condition: Sequence[float], rng: np.random.Generator) -> Pair:
        """Draw both trains."""
        pre, post = (
            self.steps(renewal_train(rng, condition[1], self.dead_time, self.duration))
            for _ in range(2)
        )
        return Pair(pre, post, np.empty(0, np.int64), round(self.duration / self.resolution))


@dataclass(frozen=True, kw_only=True)
class BurstPoisson(PairingProtocol):
    """Independent trains of Poisson events, some of which are bursts of two spikes (Fig. 2D).

    Parameters
    ----------
    event_rates, burst_probabilities : sequence of float
        Of both trains (Hz; probability that an event has a second spike).
    dead_time : float
        Shortest interval of events (ms).
    isi_min, isi_max : float
        Range of the uniformly distributed interval within a burst (ms).
    duration : float
        (ms)
    initial_burst_probability : float
        Initial burst rate / event rate; the event rate starts from that of the trains.
    """

    name: ClassVar[str] = "burst-poisson"
    random: ClassVar[bool] = True
    event_rates: Sequence[float]
    burst_probabilities: Sequence[float]
    dead_time: float
    isi_min: float
    isi_max: float
    duration: float
    initial_burst_probability: float

    @property
    def conditions(self) -> Mapping[str, Sequence[float]]:
        """Event rates, and burst probabilities."""
        return {"event_rate": self.event_rates, "burst_probability": self.burst_probabilities}

    def initial(self, condition: Sequence[float]) -> tuple[float, float]:
        """Event and burst rate (Hz)."""
        return condition[0], self.initial_burst_probability * condition[0]

    def pair(self, condition: Sequence[float], rng: np.random.Generator) -> Pair:
        """Draw both trains."""
        rate, probability = condition
        pre, post = (self.steps(self._train(rate, probability, rng)) for _ in range(2))
        return Pair(pre, post, np.empty(0, np.int64), round(self.duration / self.resolution))

    def _train(self, rate: float, probability: float, rng: np.random.Generator) -> Array:
        events = renewal_train(rng, rate, self.dead_time, self.duration)
        bursts = events[rng.random(events.size) < probability]
        second = bursts + rng.uniform(self.isi_min, self.isi_max, bursts.size)
        train = np.concatenate((events, second))
        train.sort()
        kept: Array = train[train < self.duration]
        return kept


@dataclass(frozen=True, kw_only=True)
class Given(PairingProtocol):
    """One pair with given spike times.

    Parameters
    ----------
    pre, post : sequence of float
        Spike times (ms).
    event_rate, burst_probability : float
        Initial averages (Hz; burst rate / event rate).
    """

    name: ClassVar[str] = "given"
    pre: Sequence[float] = field(repr=False)
    post: Sequence[float] = field(repr=False)
    event_rate: float
    burst_probability: float

    @property
    def conditions(self) -> Mapping[str, Sequence[float]]:
        """One, without a name."""
        return {}

    def initial(self, condition: Sequence[float]) -> tuple[float, float]:  # noqa: ARG002
        """Event and burst rate (Hz)."""
        return self.event_rate, self.burst_probability * self.event_rate

    def pair(self, condition: Sequence[float], rng: np.random.Generator) -> Pair:  # noqa: ARG002
        """Put the given times on the grid.

        Raises
        ------
        ParameterError
            They do not ascend, or two spikes of a train are in one step.
        """
        trains = []
        for name, times in (("given_pre", self.pre), ("given_post", self.post)):
            train = self.steps(times)
            if np.any(np.diff(train) <= 0):
                raise ParameterError(
                    f"spike times do not ascend by at least {self.step:g} ms",
                    where=name,
                    fix="give each spike a step of its own, or a smaller random_step",
                )
            trains.append(train)
        end = max(int(train[-1]) for train in trains) + round(self.step / self.resolution)
        return Pair(trains[0], trains[1], np.empty(0, np.int64), end)


def renewal_train(
    rng: np.random.Generator, rate: float, dead_time: float, duration: float
) -> Array:
    """Draw a Poisson train with dead time: intervals `dead_time` + exponential.

    Parameters
    ----------
    rng : numpy.random.Generator
    rate : float
        Mean rate (Hz), less than 1 / `dead_time`; the hazard after the dead time is
        rate / (1 - rate * dead_time).
    dead_time, duration : float
        (ms)

    Returns
    -------
    ndarray
        Spike times (ms), from the first interval's end to before `duration`.
    """
    mean = 1000.0 / rate - dead_time
    times = np.empty(0)
    last = 0.0
    # Nearly always once: five standard deviations more than expected
    count = int(duration * rate / 1000.0)
    count += 5 * int(np.sqrt(count)) + 10
    while last < duration:
        more = last + np.cumsum(dead_time + rng.exponential(mean, count))
        times = np.concatenate((times, more))
        last = float(times[-1])
    kept: Array = times[times < duration]
    return kept
