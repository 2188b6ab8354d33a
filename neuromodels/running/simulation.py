"""Simulates a protocol.  No other module advances the kernel.

A simulation is divided into chunks: between them signals are sampled, progress is shown, interrupts
are handled and recorders are emptied.  The division must not change results, and NEST has two
properties by which it could:

* NEST updates each neuron through a whole communication interval (the minimal delay, a "slice")
  before the next neuron.  A chunk that ends inside a slice changes the order in which neurons draw
  random numbers.
* Each ``nest.Run`` draws from the generator that all ranks share, to check that the ranks agree.
  ``mip_generator``, random connection rules and others draw from the same generator.

The chunks therefore depend on the circuit only, never on wall time: they end at the borders of
slices, at the samples of signals and at the ends of phases.  `pace` chooses their length from the
estimated cost of the network.

All ranks use the same chunks, and decide together whether to stop, to write, or to save a
checkpoint.

NEST returns the samples of a multimeter one slice late.  A run can therefore be continued from the
end of a phase only after the next slice has been simulated.  Until then the state of the network is
kept in memory, and at the first border of slices after it the recorders are emptied once more.

Within a phase, chunks are calls of ``nest.Run`` between one ``nest.Prepare`` and one
``nest.Cleanup``; each ``nest.Simulate`` would repeat both (0.4 ms for 5000 neurons).  NEST empties
recorders only outside of these, so phases are interrupted to drain them.  What `Phase.enter`
changes takes effect in the ``Prepare`` that follows it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.disk.checkpoints import MIN_SECONDS
from neuromodels.disk.parts import Spool
from neuromodels.errors import RunError

if TYPE_CHECKING:
    from neuromodels.circuit import Cost, Phase
    from neuromodels.kernel.recording import KernelNetwork
    from neuromodels.running.interrupts import Interrupts
    from neuromodels.running.progress import Progress


# Upper estimates for one core (s); a factor of ten does not matter.
UPDATE_SECONDS = 1e-7
EVENT_SECONDS = 1e-7
CHUNK_SECONDS = 0.1
# Memory of recorders before they are emptied (bytes), for neurons that fire at RATE (Hz).
DRAIN_BYTES = 2**25
BYTES_PER_SPIKE = 24
RATE = 20.0
# Longest chunk, and longest time between two drains, in biological time (ms).
MAX_CHUNK = 1_000.0
MAX_DRAIN = 10_000.0


@dataclass(frozen=True)
class Pace:
    """Where chunks end and recorders are emptied, in steps from the beginning of the simulation.

    Parameters
    ----------
    chunk : int
        Chunks end at multiples of this number.
    drain : int
        Recorders are emptied at multiples of this number, which is a multiple of `chunk`.
    """

    chunk: int
    drain: int


def work(network: KernelNetwork, cost: Cost | None) -> float:
    """Estimate how long (s) one core computes for a second of biological time.

    Parameters
    ----------
    network : KernelNetwork
        Built and sealed.
    cost : Cost, optional
        The circuit's own estimate; else its number of nodes counts.
    """
    updates = max(float(network.nest.network_size), 1.0) * 1000.0 / network.clock.resolution
    events = 0.0
    if cost is not None:
        updates, events = max(updates, cost.neuron_updates), cost.synaptic_events
    return updates * UPDATE_SECONDS + events * EVENT_SECONDS


def pace(network: KernelNetwork, seconds: float) -> Pace:
    """Choose the length of chunks, so that one takes about a tenth of a second.

    It depends on the circuit only, not on threads, ranks or the computer.

    Parameters
    ----------
    network : KernelNetwork
        Built and sealed.
    seconds : float
        Estimated CPU time (s) for a second of biological time; see `work`.
    """
    clock, border = network.clock, network.slice
    chunk = min(1000.0 * CHUNK_SECONDS / seconds, MAX_CHUNK) / clock.resolution
    steps = max(1, int(chunk) // border) * border
    size = network.bytes_per_second(RATE * BYTES_PER_SPIKE)
    drain = min(1000.0 * DRAIN_BYTES / max(size, 1.0), MAX_DRAIN) / clock.resolution
    return Pace(steps, max(1, int(drain) // steps) * steps)


@dataclass
class Tally:
    """Wall time (s) by what it was spent on, and how far the simulation got.

    Attributes
    ----------
    prepare, simulate, record, write, enter : float
        Before the first step, when NEST sorts synapses and makes its tables of targets; in NEST's
        simulation loop; sampling and draining; writing parts; in `Phase.enter` and in observers.
    reached : int
        Last step simulated.
    phases : dict
        Phase -> wall time (s) of all of it.
    """

    prepare: float = 0.0
    simulate: float = 0.0
    record: float = 0.0
    write: float = 0.0
    enter: float = 0.0
    reached: int = 0
    phases: dict[str, float] = field(default_factory=dict)
    _began: float | None = None

    @property
    def cpu(self) -> float:
        """CPU time (s) of all threads of this process after `prepare`, whatever it was for."""
        return 0.0 if self._began is None else time.process_time() - self._began

    @contextlib.contextmanager
    def preparing(self) -> Iterator[None]:
        """Time a ``Prepare``, the first of which makes what the network lacks."""
        first = self._began is None
        with self.time("prepare" if first else "simulate"):
            yield
        if first:
            self._began = time.process_time()

    @contextlib.contextmanager
    def time(self, what: str) -> Iterator[None]:
        """Add the wall time of the block to the attribute `what`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            setattr(self, what, getattr(self, what) + time.perf_counter() - begin)


class Simulation:
    """One pass through a protocol, or through what is left of it.

    Parameters
    ----------
    network : KernelNetwork
        Built.
    spans : sequence of (Phase, int, int)
        Phases with their first and last steps.
    spool : Spool
    progress : Progress
    interrupts : Interrupts
    pace : Pace
    after_phase : callable
        Called with each phase when it has been simulated.
    checkpoint : callable
        Called with the step at the end of a phase that the run may be continued from; keeps the
        state of the network aside.
    commit : callable
        Called when all that was recorded up to the last `checkpoint` is on the disk, and so the
        run may be continued from it.
    origin : int
        Step that the simulation starts from, the end of a phase.
    """

    def __init__(
        self,
        network: KernelNetwork,
        spans: Sequence[tuple[Phase, int, int]],
        spool: Spool,
        progress: Progress,
        interrupts: Interrupts,
        *,
        pace: Pace,
        after_phase: Callable[[Phase], None],
        checkpoint: Callable[[int], None],
        commit: Callable[[], None],
        origin: int = 0,
    ) -> None:
        self.tally = Tally(reached=origin)
        self._ranks = network.ranks
        self._stopping = False
        self._checkpoint = checkpoint
        self._commit = commit
        self._held: int | None = None  # step of a checkpoint that still lacks samples
        self._arrival: int | None = None  # step at which they have come
        self._checkpointed = time.monotonic()
        self.origin = origin
        self._network = network
        self._nest = network.nest
        self._spans = spans
        self._spool = spool
        self._progress = progress
        self._interrupts = interrupts
        self._pace = pace
        self._after_phase = after_phase

    @property
    def total(self) -> int:
        """Steps of the whole protocol."""
        return self._spans[-1][2] if self._spans else 0

    def run(self) -> bool:
        """Simulate all phases; False if it was interrupted.

        Either way, all that was recorded up to ``tally.reached`` is in parts on the disk.
        """
        ms = self._network.clock.ms
        self._progress.begin(ms(self.total), ms(self.origin))
        for phase, start, stop in self._spans:
            if stop <= self.origin:
                continue
            begin = time.perf_counter()
            if phase.enter is not None:
                with self.tally.time("enter"):
                    phase.enter(self._network)
                    self._check_ranks(phase.name)
            self._check_time(phase.name, start)
            finished = self._advance(phase.name, start, stop)
            self.tally.phases[phase.name] = time.perf_counter() - begin
            if not finished:
                self._finish()
                return False
            self._drain()
            with self.tally.time("enter"):
                self._after_phase(phase)
            old = time.monotonic() - self._checkpointed >= MIN_SECONDS
            if phase.checkpoint and self._network.lag:
                # Whether or not a checkpoint is due, which the clock on the wall decides.
                border = self._network.slice
                self._arrival = -(-(stop + self._network.lag) // border) * border
            if phase.checkpoint and self._held is None and self._ranks.any(old):
                self._drain(write=True)
                with self.tally.time("write"):
                    self._checkpoint(stop)
                    if not self._network.lag:
                        self._commit()
                self._held = stop if self._network.lag else None
                self._checkpointed = time.monotonic()
        self._finish()
        return True

    def _finish(self) -> None:
        """Bring everything up to ``tally.reached`` to the disk."""
        if lag := self._network.lag:
            # Fetches the multimeters' last samples; what happens after the end is not kept.
            with self.tally.time("simulate"):
                self._nest.Simulate(self._network.clock.ms(lag))
        self._drain(write=True, last=True)

    def _check_time(self, phase: str, start: int) -> None:
        """Refuse to go on where the circuit or a plugin has advanced the kernel itself."""
        now = self._network.now
        if now != start:
            ms = self._network.clock.ms
            raise RunError(
                f"the kernel is at {ms(now):g} ms instead of {ms(start):g} ms at its beginning",
                code="NM630",
                where=f"phase {phase!r}",
                fix="leave nest.Simulate to neuromodels: not in build(), enter or a plugin's hook",
            )

    def _check_ranks(self, phase: str) -> None:
        """Refuse to go on where ranks no longer agree, or NEST could not."""
        if self._ranks.size > 1:
            begun = self._network.now > self.origin
            if begun and self._network.connections_were_added():
                raise RunError(
                    "NEST 3.10 may lose or double spikes where connections are added after the "
                    "beginning of a simulation under MPI",
                    code="NM631",
                    where=f"phase {phase!r}",
                    fix="connect in build(), or run it in one process",
                )
            state = repr(self._network.rng.bit_generator.state).encode()
            self._ranks.check_equal(
                {f"network.rng at the beginning of phase {phase!r}": np.frombuffer(state, np.uint8)}
            )

    def _advance(self, phase: str, now: int, stop: int) -> bool:
        """Simulate from step `now` to `stop`; False if it was interrupted on the way."""
        while now < stop:
            # Each round is one stretch between two drains.
            with self._prepared():
                while now < stop and not self._stopped():
                    now = self._step(now, stop)
                    self._progress.update(phase, self._network.clock.ms(now))
                    if now % self._pace.drain == 0 or now == self._arrival:
                        break
            if self._stopping:
                return False
            if now < stop:
                self._drain()
        return not self._stopped()

    def _stopped(self) -> bool:
        """Whether any rank has been told to stop; asked by all of them at once."""
        self._stopping = self._stopping or self._ranks.any(self._interrupts.pending)
        return self._stopping

    def _step(self, now: int, stop: int) -> int:
        """Simulate one chunk and sample what is due at its end."""
        clock, chunk = self._network.clock, self._pace.chunk
        end = min(stop, (now // chunk + 1) * chunk)
        sample = self._network.next_sample(now)
        if sample is not None:
            end = min(end, sample)
        if self._arrival is not None and now < self._arrival:
            end = min(end, self._arrival)
        with self.tally.time("simulate"):
            self._nest.Run(clock.ms(end - now))
        self.tally.reached = end
        if end == sample:
            with self.tally.time("record"):
                self._network.sample(end, self._spool)
        return end

    def _drain(self, *, write: bool = False, last: bool = False) -> None:
        with self.tally.time("record"):
            self._network.drain(self.tally.reached, self._spool, self._held)
        if self._held is not None:
            if not last and self.tally.reached < self._held + self._network.lag:
                return  # a part now would come before late samples
            with self.tally.time("write"):
                self._spool.write_late()
                self._commit()
            self._held = None
        if write or self._ranks.any(self._spool.due):
            with self.tally.time("write"):
                self._spool.write(self.tally.reached)

    @contextlib.contextmanager
    def _prepared(self) -> Iterator[None]:
        with self.tally.preparing():
            self._nest.Prepare()
        try:
            yield
        except BaseException:
            # The kernel may be beyond cleaning up; the error to report is the first one.
            with contextlib.suppress(Exception):
                self._nest.Cleanup()
            raise
        with self.tally.time("simulate"):
            self._nest.Cleanup()


__all__ = ["Pace", "Simulation", "Tally", "pace"]
