"""Schedules of the six experiments: which stimulus is on in which cycle.

A cycle is the time step of the theory, 20 ms; cycles are counted from 0 at the beginning of
training.  The published code counts from 1, so that its sample ``k`` is the cycle ``k - 1``.

An event that begins at time tau begins at sample ``round(tau / cycle)`` (half away from zero).  It
lasts one sample longer than stated (11 samples for 0.2 s), but for categorization: the published
code includes the last sample.  `Timing` can leave that out.

All schedules are those of the published code of Insel, Guerguiev & Richards (2018).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromodels.errors import ParameterError

N_STIMULI = 10
US, SHARE, SCALE = "US", "share", "scale"
EVENTS = (*(f"CS{k}" for k in range(1, N_STIMULI + 1)), US, SHARE, SCALE)
"""Names of events: stimuli, the US, and windows of reduced inhibition (see
`relevance_excitatory`)."""

Steps = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Schedule:
    """When what is on.

    Parameters
    ----------
    n_cycles : int
        Length of training.
    events : mapping
        Name -> first cycle and the one after the last, shape (n, 2), sorted by the first.  Events
        of
        one name may overlap.
    phases : sequence of (str, int)
        Name of each phase of training and the cycle after its last.
    """

    n_cycles: int
    events: Mapping[str, Steps]
    phases: Sequence[tuple[str, int]] = field(default=())

    def rows(self) -> Steps:
        """All events as (index in `EVENTS`, start, stop), shape (n, 3)."""
        found = [
            (EVENTS.index(name), *event) for name, all_ in self.events.items() for event in all_
        ]
        return np.array(found, dtype=np.int64).reshape(-1, 3)

    @classmethod
    def of_rows(cls, rows: npt.ArrayLike, n_cycles: int) -> Schedule:
        """Read what `rows` gave."""
        events: dict[str, list[tuple[int, int]]] = {}
        for index, start, stop in np.asarray(rows, dtype=np.int64):
            events.setdefault(EVENTS[index], []).append((int(start), int(stop)))
        return cls(n_cycles, arrays(events))

    def starts(self, name: str) -> Steps:
        """First cycles of all events of a name, in order; empty if there are none."""
        found = self.events.get(name)
        return np.zeros(0, dtype=np.int64) if found is None else found[:, 0]

    def on(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether an event of that name is on, shape (n_cycles,)."""
        level = np.zeros(self.n_cycles + 1, dtype=np.int64)
        for start, stop in self.events.get(name, ()):
            level[start] += 1
            level[min(stop, self.n_cycles)] -= 1
        on: npt.NDArray[np.bool_] = np.cumsum(level)[:-1] > 0
        return on

    def switches(self, name: str) -> tuple[Steps, npt.NDArray[np.float64]]:
        """Cycles in which events of that name, overlapping ones merged, go on (+1) or off (-1)."""
        change = np.diff(self.on(name).astype(np.int64), prepend=0, append=0)
        cycles = np.flatnonzero(change)
        return cycles, change[cycles].astype(np.float64)


@dataclass(frozen=True)
class Timing:
    """How time becomes cycles.

    Parameters
    ----------
    cycle : float
        Duration of a cycle (s).
    inclusive : bool
        Whether an event includes the sample at its end, as in the published code.
    """

    cycle: float = 0.02
    inclusive: bool = True

    def sample(self, time: float) -> int:
        """Sample, counted from 1, at a time (s): rounded half away from zero."""
        return math.floor(time / self.cycle + 0.5)

    def length(self, duration: float) -> int:
        """Cycles of an event of a duration (s)."""
        return round(duration / self.cycle) + (1 if self.inclusive else 0)

    def cycles(self, duration: float) -> int:
        """Cycles of a stretch of time (s)."""
        return round(duration / self.cycle)


class Plan:
    """A schedule in the making; samples are counted from 1, as in the published code."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.events: dict[str, list[tuple[int, int]]] = {}
        self.phases: list[tuple[str, int]] = []

    def add(self, name: str, sample: int, cycles: int) -> None:
        """Add an event that begins at `sample`."""
        first = max(sample - 1, 0)
        self.events.setdefault(name, []).append((first, sample - 1 + cycles))

    def phase(self, name: str, end: float) -> None:
        """End a phase at a time (s)."""
        self.phases.append((name, self.timing.cycles(end)))

    def last(self) -> int:
        """Cycles up to the end of the last event."""
        return max(stop for events in self.events.values() for _, stop in events)

    def schedule(self, n_cycles: int | None = None) -> Schedule:
        """Finish: by default training ends with the last event."""
        total = self.last() if n_cycles is None else n_cycles
        phases = [(name, min(end, total)) for name, end in self.phases[:-1]]
        name = self.phases[-1][0] if self.phases else "training"
        return Schedule(total, arrays(self.events), [*phases, (name, total)])


def arrays(events: Mapping[str, Iterable[tuple[int, int]]]) -> dict[str, Steps]:
    """Sorted arrays, shape (n, 2), of lists of events."""
    return {
        name: np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
        for name, found in events.items()
    }


def learning_to_ignore(
    rng: np.random.Generator, timing: Timing, *, duration: float, gaps: tuple[float, float]
) -> Schedule:
    """CS1 0.1 s before every US; as many CS2 at random times.

    Parameters
    ----------
    rng : Generator
    timing : Timing
    duration : float
        Of training (s); 2000.
    gaps : (float, float)
        Range of intervals between US (s); 20 to 30.
    """
    plan, length = Plan(timing), timing.length(0.2)
    lead = timing.cycles(0.1)
    total = timing.cycles(duration)
    time = rng.uniform(*gaps)
    while time <= duration - 0.2:
        sample = math.floor(time / timing.cycle)
        plan.add(US, sample, length)
        plan.add("CS1", sample - lead, length)
        time += rng.uniform(*gaps)
    for start in np.sort(rng.uniform(1, total - 10, len(plan.events.get(US, [])))):
        plan.add("CS2", math.floor(start + 0.5), length)
    return plan.schedule(total)


def blocking(
    rng: np.random.Generator,
    timing: Timing,
    *,
    n_preexposure: int,
    n_conditioning: int,
    n_compound: int,
    n_test: int,
    gaps: tuple[float, float],
) -> Schedule:
    """CS1 and CS2 alone; CS1 and US; CS1 with CS2 and US; CS1 and CS2 alone.

    Parameters
    ----------
    rng : Generator
    timing : Timing
    n_preexposure, n_conditioning, n_compound, n_test : int
        Presentations in each phase; 50, 50, 50, 10.
    gaps : (float, float)
        Range of pauses (s); 10 to 15.
    """
    plan, length = Plan(timing), timing.length(0.2)
    lead = timing.cycles(0.1)

    def streams(begin: float, n: int) -> float:
        ends = []
        for name in ("CS1", "CS2"):
            time = begin
            for _ in range(n):
                time += rng.uniform(*gaps)
                plan.add(name, timing.sample(time), length)
                time += 0.2
            ends.append(time)
        return max(ends)

    def paired(time: float, n: int, names: Sequence[str]) -> float:
        for _ in range(n):
            time += rng.uniform(*gaps)
            sample = timing.sample(time)
            plan.add(US, sample, length)
            for name in names:
                plan.add(name, sample - lead, length)
            time += 0.2
        return time

    time = streams(0.0, n_preexposure)
    plan.phase("preexposure", time)
    time = paired(time, n_conditioning, ["CS1"])
    plan.phase("conditioning", time)
    time = paired(time, n_compound, ["CS1", "CS2"])
    plan.phase("compound", time)
    plan.phase("test", streams(time, n_test))
    return plan.schedule()


def latent_inhibition(
    timing: Timing,
    *,
    n_preexposure: int,
    n_conditioning: int,
    n_test: int,
    reduced: str,
    pause: float = 4.0,
    stimulus: float = 6.0,
) -> Schedule:
    """CS1 alone; CS1 with the US at the same time; CS1 alone.  Nothing is random.

    Parameters
    ----------
    timing : Timing
    n_preexposure, n_conditioning, n_test : int
        Presentations; 30 (or 0), 3, 4.
    reduced : {"none", "conditioning", "test"}
        Phase in which inhibition is reduced, pauses included.
    pause, stimulus : float
        Durations (s).
    """
    plan, length = Plan(timing), timing.length(stimulus)
    time, ends = 0.0, {}
    for phase, n in (
        ("preexposure", n_preexposure), ("conditioning", n_conditioning), ("test", n_test)
    ):  # fmt: skip
        for _ in range(n):
            time += pause
            plan.add("CS1", timing.sample(time), length)
            if phase == "conditioning":
                plan.add(US, timing.sample(time), length)
            time += stimulus
        ends[phase] = timing.cycles(time)
        if n:
            plan.phase(phase, time)
    total = timing.cycles(time)
    if reduced == "conditioning":
        plan.events[SHARE] = [(ends["preexposure"], ends["conditioning"])]
    elif reduced == "test":
        plan.events[SHARE] = [(ends["conditioning"], total)]
    return plan.schedule(total)


def fear_expression(
    rng: np.random.Generator,
    timing: Timing,
    *,
    manipulation: str,
    n_pulses: int,
    gaps: tuple[float, float],
    stimulus: float = 6.0,
) -> Schedule:
    """Habituation, conditioning, and then extinction and retrieval, or two sets of CS1.

    Parameters
    ----------
    rng : Generator
    timing : Timing
    manipulation : {"inhibition", "excitation"}
        With reduced inhibition: pulses before conditioning, extinction, retrieval under reduced
        inhibition.  Or with enhanced inhibition: four CS1, and four CS1 with it.
    n_pulses : int
        Pulses of 0.25 s at 0.9 Hz; 108.
    gaps : (float, float)
        Range of pauses (s); 4 to 36.
    stimulus : float
        Duration (s).
    """
    plan, length = Plan(timing), timing.length(stimulus)
    time = 0.0

    def show(name: str, *, us: bool = False) -> int:
        nonlocal time
        time += rng.uniform(*gaps)
        sample = timing.sample(time)
        plan.add(name, sample, length)
        if us:
            plan.add(US, sample, length)
        time += stimulus
        return sample

    def mixed(n_cs1: int, n_cs2: int) -> None:
        for name in rng.permutation(["CS1"] * n_cs1 + ["CS2"] * n_cs2):
            show(str(name))

    mixed(4, 4)
    plan.phase("habituation", time)
    if manipulation == "inhibition":
        for _ in range(n_pulses):
            time += 0.86
            plan.add(SCALE, timing.sample(time), timing.cycles(0.28))
            time += 0.25
        plan.phase("pulses", time)
    for _ in range(5):
        show("CS1", us=True)
        show("CS2")
    plan.phase("conditioning", time)
    if manipulation == "inhibition":
        mixed(12, 4)
        plan.phase("extinction", time)
        starts = [show("CS1") for _ in range(4)]
        plan.phase("retrieval", time)
        plan.add(SCALE, starts[0], plan.last() - starts[0] + 1)
    else:
        for _ in range(4):
            show("CS1")
        plan.phase("expression", time)
        for _ in range(4):
            plan.add(SCALE, show("CS1"), length)
        plan.phase("enhanced", time)
    return plan.schedule()


def categorization(timing: Timing, *, duration: float, rewarded: int) -> Schedule:
    """Ten stimuli of 0.2 s in turn, back to back, after 0.2 s of nothing.

    Parameters
    ----------
    timing : Timing
    duration : float
        Of training (s); 100.
    rewarded : int
        The first so many stimuli come with the US; 1.
    """
    plan, length = Plan(timing), timing.cycles(0.2)
    total, sample, k = timing.cycles(duration), timing.cycles(0.2) + 1, 2
    while sample + length - 1 <= total:
        plan.add(f"CS{k}", sample, length)
        if k <= rewarded:
            plan.add(US, sample, length)
        sample += length
        k = k % N_STIMULI + 1
    return plan.schedule(total)


def learned_irrelevance(
    rng: np.random.Generator,
    timing: Timing,
    *,
    preexposure: bool,
    n_preexposure: int,
    n_paired: int,
    interval: float = 5.0,
) -> Schedule:
    """CS1 and US at random, independent times; then CS1 0.1 s before the US.

    Parameters
    ----------
    rng : Generator
    timing : Timing
    preexposure : bool
        Whether there is the first phase.
    n_preexposure : int
        Presentations of each in the first phase, which takes 8 s for each; 100.
    n_paired : int
        Pairs; 100.
    interval : float
        Between pairs (s).
    """
    plan, length = Plan(timing), timing.length(0.2)
    lead = timing.cycles(0.1)
    begin = 0.0
    if preexposure:
        begin = 8.0 * n_preexposure
        last = timing.cycles(begin) - 10
        for name in (US, "CS1"):
            for start in np.sort(rng.uniform(1, last, n_preexposure)):
                plan.add(name, math.floor(start + 0.5), length)
        plan.phase("preexposure", begin)
    for number in range(1, n_paired + 1):
        sample = timing.sample(begin + interval * number)
        plan.add(US, sample, length)
        plan.add("CS1", sample - lead, length)
    plan.phase("paired", begin + interval * n_paired)
    return plan.schedule()


def read(path: str, timing: Timing, *, where: str) -> Schedule:
    """Read a schedule of the user's own.

    Parameters
    ----------
    path : str
        Text table (CSV) with the columns ``event``, ``start`` and ``stop`` (s from the beginning of
        training): a stimulus ``CS1`` … ``CS10``, the ``US``, or a window ``share`` or ``scale`` of
        reduced inhibition.  An event ``end`` gives the end of training by its ``stop``; without
        one it is that of the last event.
    timing : Timing
    where : str
        What the schedule belongs to, for error messages.

    Raises
    ------
    ParameterError
        The file cannot be read, or says something else than events.
    """
    place, fix = f"{where}: schedule", "write lines like CS1,12.5,12.7 below event,start,stop"
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path} cannot be read: {error}", where=place, fix=fix) from error
    events: dict[str, list[tuple[int, int]]] = {}
    end = 0
    for number, row in enumerate(rows, 2):
        line = f"{path}:{number}"
        name = (row.get("event") or "").strip()
        if name not in (*EVENTS, "end"):
            raise ParameterError(
                f"{name!r} in {line} is no event",
                where=place,
                fix=f"choose from {', '.join(EVENTS)}",
            )
        try:
            start, stop = (float(row[column] or 0) for column in ("start", "stop"))
        except (KeyError, TypeError, ValueError) as error:
            raise ParameterError(f"{line} has no times", where=place, fix=fix) from error
        if not 0 <= start < stop < math.inf:
            raise ParameterError(
                f"the event in {line} does not end after it starts", where=place, fix=fix
            )
        if name == "end":
            end = timing.cycles(stop)
        else:
            first = timing.cycles(start)
            events.setdefault(name, []).append((first, max(first + 1, timing.cycles(stop))))
    if not events:
        raise ParameterError(f"{path} has no events", where=place, fix=fix)
    total = end or max(stop for found in events.values() for _, stop in found)
    if total < max(start for found in events.values() for start, _ in found) + 1:
        raise ParameterError(f"events in {path} come after its end", where=place, fix=fix)
    return Schedule(total, arrays(events), [("training", total)])
