"""What is recorded from a NEST kernel: spikes, sampled signals, multimeter traces.

NEST's recorders keep their data in memory.  The runner moves them to disk often
(`KernelNetwork.drain`), so that memory holds what a few seconds of wall time have recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from neuromodels.circuit import Network
from neuromodels.clock import Clock
from neuromodels.disk.parts import Spool
from neuromodels.errors import UsageError
from neuromodels.kernel.nodes import empty, ids_of, models_of
from neuromodels.machine.ranks import Ranks

T = TypeVar("T")

TIME = "time"
NEURON = "neuron"
_RESERVED = {TIME, NEURON, "phase"}


@dataclass
class _Population:
    nodes: Any
    size: int
    model: str
    first: int
    sorted_ids: npt.NDArray[np.int64]
    position: npt.NDArray[np.int64]
    spikes: bool
    recorder: Any = None

    def local(self, senders: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Index of each of NEST's node ids within the population."""
        local: npt.NDArray[np.int64] = self.position[_among(self.sorted_ids, senders)]
        return local


@dataclass
class _Signal:
    read: Callable[[], npt.ArrayLike]
    every: int
    unit: str
    dims: tuple[str, ...]
    doc: str
    shape: tuple[int, ...] | None = None


@dataclass
class _Trace:
    nodes: Any
    every: int
    variables: dict[str, str]
    size: int
    sorted_ids: npt.NDArray[np.int64]
    position: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    average: _Average | None = None
    device: Any = None


@dataclass
class _Average:
    """Sums of the samples of this rank's neurons, one for each of its virtual processes.

    The sums of all virtual processes are added in their order, so that the mean does not depend on
    how virtual processes are split into ranks and threads.
    """

    size: int  # virtual processes that have any of the neurons
    columns: npt.NDArray[np.int64]  # those of this rank among them
    neurons: list[npt.NDArray[np.intp]]  # columns of the samples, for each

    def sums(self, table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Samples of shape (n_samples, neurons of this rank) -> (n_samples, its processes)."""
        # Contiguous rows: NumPy's order of additions depends on the strides of an array.
        pieces = (np.ascontiguousarray(table[:, of]) for of in self.neurons)
        return np.stack([piece.sum(axis=1) for piece in pieces], axis=1)


@dataclass
class _Grid:
    """Signals and controls that have the same interval."""

    every: int
    signals: list[str] = field(default_factory=list)
    controls: list[Callable[[], None]] = field(default_factory=list)


class KernelNetwork(Network):
    """A network in this process's NEST kernel, and what is recorded from it.

    Parameters
    ----------
    nest : module
        NEST, its kernel reset and configured.
    clock : Clock
        At the kernel's resolution.
    seed : int
        Seeds `rng`.  NEST's own generators are seeded by the runner.
    ranks : Ranks
        Processes that share the kernel.
    """

    def __init__(self, nest: Any, clock: Clock, seed: int, ranks: Ranks | None = None) -> None:
        self.nest = nest
        self.ranks = Ranks() if ranks is None else ranks
        # The bit generator is named: numpy may change what default_rng means.
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.clock = clock
        self.origin = 0.0
        self._origin = 0
        self.coords: dict[str, npt.NDArray[Any]] = {}
        self._populations: dict[str, _Population] = {}
        self._signals: dict[str, _Signal] = {}
        self._traces: dict[str, _Trace] = {}
        self._grids: dict[int, _Grid] = {}
        self._sealed = False
        self._connections = 0
        self._off_grid = False

    # -- what a circuit calls -----------------------------------------------------------------

    def population(self, name: str, nodes: Any, *, spikes: bool = True) -> Any:
        """As `Network.population`."""
        self._claim("population", name, self._populations)
        ids, order = _ids(nodes, f"population {name!r}")
        models = sorted(models_of(nodes))
        self._populations[name] = _Population(
            nodes=nodes,
            size=len(nodes),
            model=" + ".join(models),
            first=int(nodes[0].global_id),
            sorted_ids=ids,
            position=order,
            spikes=spikes,
        )
        return nodes

    def signal(
        self,
        name: str,
        read: Callable[[], npt.ArrayLike],
        *,
        interval: float,
        unit: str,
        dims: Sequence[str] = (),
        coords: Mapping[str, npt.ArrayLike] | None = None,
        doc: str = "",
    ) -> None:
        """As `Network.signal`."""
        self._claim("signal", name, self._signals)
        every = self._interval(interval, f"interval of signal {name!r}")
        if taken := _RESERVED.intersection(dims):
            raise UsageError(f"signal {name!r}: dimension {min(taken)!r} is reserved", code="NM261")
        for dim, labels in (coords or {}).items():
            array = np.asarray(labels)
            if dim not in dims:
                raise UsageError(
                    f"signal {name!r} has coordinates for {dim!r}, not a dimension", code="NM262"
                )
            if dim in self.coords and not np.array_equal(self.coords[dim], array):
                raise UsageError(
                    f"signal {name!r}: dimension {dim!r} has other coordinates already",
                    code="NM262",
                )
            self.coords[dim] = array
        self._signals[name] = _Signal(read, every, unit, tuple(dims), doc)
        self._grids.setdefault(every, _Grid(every)).signals.append(name)

    def control(self, act: Callable[[], None], *, interval: float) -> None:
        """As `Network.control`."""
        if self._sealed:
            raise UsageError(
                "a control is declared too late", code="NM260", fix="declare it in build()"
            )
        every = self._interval(interval, "interval of a control")
        self._grids.setdefault(every, _Grid(every)).controls.append(act)

    def once(self, do: Callable[[], T]) -> T:
        """As `Network.once`."""
        return self.ranks.first(do)

    def traces(
        self,
        name: str,
        nodes: Any,
        variables: Mapping[str, str],
        *,
        interval: float,
        average: bool = False,
    ) -> None:
        """As `Network.traces`."""
        self._claim("trace", name, self._traces)
        every = self._interval(interval, f"interval of trace {name!r}")
        ids, order = _ids(nodes, f"trace {name!r}")
        if not variables:
            raise UsageError(f"trace {name!r} names no variables", code="NM261")
        # Each rank records its own neurons; `position` is that among them.
        owned = np.sort(order[self.ranks.owns(ids)])
        self._traces[name] = _Trace(
            nodes,
            every,
            dict(variables),
            len(nodes),
            ids,
            np.searchsorted(owned, order),
            owned,
            self._average(ids[np.argsort(order)], owned) if average else None,
        )

    # -- what the runner calls ----------------------------------------------------------------

    def continue_from(self, step: int) -> None:
        """Let the kernel's time 0 be a later step of the protocol."""
        self._origin, self.origin = step, self.clock.ms(step)

    @property
    def now(self) -> int:
        """Step of the protocol that the kernel has reached."""
        return self.clock.steps(float(self.nest.biological_time), "kernel's time") + self._origin

    def seal(self) -> None:
        """Create the recorders, now that the circuit is built, and refuse further recordings.

        Recorders come last, and their connections have a delay that the network has anyway, so that
        what is recorded changes neither the numbers of the neurons nor the minimal delay.
        """
        self._sealed = True
        # On every rank alike: the number is that of the rank's own connections.
        connected = self.ranks.any(self.nest.num_connections > 0)
        delay = {"delay": self.nest.min_delay} if connected else {}
        for population in self._populations.values():
            if population.spikes:
                recorder = self.nest.Create("spike_recorder", params={"time_in_steps": True})
                self.nest.Connect(population.nodes, recorder, syn_spec=delay)
                population.recorder = recorder
        for trace in self._traces.values():
            trace.device = self.nest.Create(
                "multimeter",
                params={
                    "record_from": list(trace.variables),
                    "time_in_steps": True,
                    **self._schedule(trace.every),
                },
            )
            self.nest.Connect(trace.device, trace.nodes, syn_spec=delay)
        self._connections = int(self.nest.num_connections)
        self._off_grid = bool(self.nest.off_grid_spiking)

    def _schedule(self, every: int) -> dict[str, float]:
        """Settings with which a multimeter samples at the protocol's multiples of `every` steps.

        Its own multiples are those of the kernel's time, which is 0 where a run is continued.
        """
        offset = -self._origin % every
        if offset == 1:
            # NEST 3.10 leaves out a sample of the first step: take each step, and drop most.
            return {"interval": self.clock.resolution}
        return {"interval": self.clock.ms(every), "offset": self.clock.ms(offset)}

    def connections_were_added(self) -> bool:
        """Whether there are other connections, on any rank, than when the network was sealed."""
        return self.ranks.any(int(self.nest.num_connections) != self._connections)

    @property
    def slice(self) -> int:
        """Steps of a communication slice, the kernel's minimal delay."""
        return self.clock.steps(float(self.nest.min_delay), "minimal delay")

    @property
    def lag(self) -> int:
        """Steps that must still be simulated before multimeters have given all their samples.

        NEST hands a multimeter the samples of one communication slice in the next one.
        """
        return self.slice if self._traces else 0

    def bytes_per_second(self, per_neuron: float) -> float:
        """What recorders collect per biological second; `per_neuron` of it for each that spikes."""
        spikes = sum(p.size for p in self._populations.values() if p.spikes) * per_neuron
        rows = (t.size * 8 * (len(t.variables) + 3) / t.every for t in self._traces.values())
        return spikes + sum(rows) * 1000.0 / self.clock.resolution

    def off_slice(self) -> list[str]:
        """Signals whose samples cut communication slices in two (see `signal`)."""
        return [name for name, signal in self._signals.items() if signal.every % self.slice]

    def next_sample(self, now: int) -> int | None:
        """First step after `now` at which a signal is sampled."""
        return min(((now // every + 1) * every for every in self._grids), default=None)

    def sample(self, now: int, spool: Spool) -> None:
        """Call the controls that are due at step `now`, then read the signals that are.

        Raises
        ------
        UsageError
            A signal returned something other than numbers, or changed its shape.
        RunError
            It differs between ranks.
        """
        grids = [grid for grid in self._grids.values() if now % grid.every == 0]
        for grid in grids if now else ():
            for act in grid.controls:
                act()
        samples = {name: self._read(name) for grid in grids for name in grid.signals}
        self.ranks.check_equal({f"signal {name!r}": values for name, values in samples.items()})
        if self.ranks.is_first:
            for name, values in samples.items():
                spool.add(f"signals/{name}/steps", np.array([now]))
                spool.add(f"signals/{name}/values", values[np.newaxis])

    def drain(self, now: int, spool: Spool, written: int | None = None) -> None:
        """Move what the recorders hold, up to step `now`, to `spool`.

        Where the part up to step `written` is on the disk already, samples of before are late.

        Must be called outside ``nest.Prepare`` ... ``nest.Cleanup``: NEST does not let recorders be
        emptied inside.
        """
        for name, population in self._populations.items():
            if population.recorder is None:
                continue
            events = population.recorder.get("events")
            if not events["senders"].size:
                continue
            empty(population.recorder)
            kept = _until(now - self._origin, events)
            prefix = f"spikes/{name}/"
            spool.add(prefix + "steps", events["times"][kept] + self._origin)
            spool.add(prefix + "ids", population.local(events["senders"][kept]))
            if self._off_grid:
                spool.add(prefix + "offsets", events["offsets"][kept])
        for name, trace in self._traces.items():
            events = trace.device.get("events")
            if not events["senders"].size:
                continue
            empty(trace.device)
            kept = _until(now - self._origin, events)
            times = events["times"][kept] + self._origin
            on_grid = times % trace.every == 0
            if not on_grid.any():
                continue
            times = times[on_grid]
            first = times.min()
            row = (times - first) // trace.every
            steps = first + trace.every * np.arange(row.max() + 1)
            column = trace.position[_among(trace.sorted_ids, events["senders"][kept][on_grid])]
            late = 0 if written is None else int(np.searchsorted(steps, written, side="right"))
            self._spool_rows(spool, f"traces/{name}/steps", steps, late)
            if trace.average is not None:
                spool.keep(f"traces/{name}/size", np.array(trace.average.size))
                spool.keep(f"traces/{name}/columns", trace.average.columns)
                spool.keep(f"traces/{name}/averaged", np.array(trace.size))
            elif self.ranks.size > 1:
                spool.keep(f"traces/{name}/size", np.array(trace.size))
                spool.keep(f"traces/{name}/columns", trace.columns)
            for variable in trace.variables:
                table = np.full((steps.size, trace.columns.size), np.nan)
                table[row, column] = events[variable][kept][on_grid]
                if trace.average is not None:
                    table = trace.average.sums(table)
                self._spool_rows(spool, f"traces/{name}/{variable}", table, late)

    @staticmethod
    def _spool_rows(spool: Spool, name: str, rows: npt.NDArray[Any], late: int) -> None:
        """Hand over rows of a trace, the first `late` of them as late ones."""
        if late:
            spool.add_late(name, rows[:late])
        if late < len(rows):
            spool.add(name, rows[late:])

    def layout(self) -> dict[str, Any]:
        """Say what is recorded, as ``run.json`` keeps it."""
        return {
            "populations": {
                name: {
                    "size": p.size,
                    "model": p.model,
                    "first_nest_id": p.first,
                    "spikes": p.spikes,
                }
                for name, p in self._populations.items()
            },
            "signals": {
                name: {
                    "interval": self.clock.ms(s.every),
                    "unit": s.unit,
                    "dims": list(s.dims),
                    "shape": list(self._read(name).shape if s.shape is None else s.shape),
                    "doc": s.doc,
                }
                for name, s in self._signals.items()
            },
            "traces": {
                name: {
                    "interval": self.clock.ms(t.every),
                    "variables": t.variables,
                    "size": t.size,
                    "average": t.average is not None,
                }
                for name, t in self._traces.items()
            },
        }

    # -- helpers ------------------------------------------------------------------------------

    def _average(self, ids: npt.NDArray[np.int64], owned: npt.NDArray[np.int64]) -> _Average:
        """For a trace of nodes `ids`, of which this rank has `owned`."""
        process = ids % int(self.nest.total_num_virtual_procs)
        having, mine = np.unique(process), process[owned]
        columns = np.flatnonzero(np.isin(having, mine))
        return _Average(having.size, columns, [np.flatnonzero(mine == having[i]) for i in columns])

    def _claim(self, kind: str, name: str, taken: Mapping[str, Any]) -> None:
        if self._sealed:
            raise UsageError(
                f"{kind} {name!r} is declared too late",
                code="NM260",
                fix="declare recordings in build()",
            )
        if not name or "/" in name or name in {".", ".."}:
            raise UsageError(
                f"{name!r} cannot name a {kind}: no empty names, no slashes", code="NM261"
            )
        if name in taken:
            raise UsageError(f"{kind} {name!r} is declared twice", code="NM261")
        if kind == "signal" and name in _RESERVED:
            raise UsageError(f"{name!r} cannot name a signal: the name is reserved", code="NM261")

    def _interval(self, interval: float, what: str) -> int:
        every = self.clock.steps(interval, what)
        if every < 1:
            raise UsageError(f"{what} must be positive, not {interval:g} ms", code="NM261")
        return every

    def _read(self, name: str) -> npt.NDArray[Any]:
        signal = self._signals[name]
        values = np.asarray(signal.read())
        if values.dtype.kind not in "biuf":
            raise UsageError(f"signal {name!r} returned {values.dtype}, not numbers", code="NM262")
        if signal.shape is None:
            if values.ndim != len(signal.dims):
                raise UsageError(
                    f"signal {name!r} returned {values.ndim} axes for dimensions {signal.dims}",
                    code="NM262",
                )
            for dim, length in zip(signal.dims, values.shape, strict=True):
                if dim in self.coords and self.coords[dim].shape != (length,):
                    raise UsageError(
                        f"signal {name!r} has {length} values along {dim!r}, "
                        f"its coordinates have shape {self.coords[dim].shape}",
                        code="NM262",
                    )
            signal.shape = values.shape
        elif values.shape != signal.shape:
            raise UsageError(
                f"signal {name!r} changed its shape from {signal.shape} to {values.shape}",
                code="NM262",
            )
        return values.astype(np.float64) if values.dtype.kind == "f" else values.astype(np.int64)


def _among(
    sorted_ids: npt.NDArray[np.int64], senders: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Index of each sender in `sorted_ids`."""
    first, last = sorted_ids[0], sorted_ids[-1]
    # As one nest.Create makes them, else in pieces.
    whole = last - first + 1 == sorted_ids.size
    index: npt.NDArray[np.int64] = (
        senders - first if whole else np.searchsorted(sorted_ids, senders)
    )
    return index


def _until(now: int, events: Mapping[str, npt.NDArray[Any]]) -> Any:
    """Index of the events up to step `now`: all of them, but for the run's last drain."""
    times = events["times"]
    return slice(None) if times.max() <= now else times <= now


def _ids(nodes: Any, what: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Sorted node ids, and the position of each within `nodes`."""
    ids = ids_of(nodes)
    if not ids.size:
        raise UsageError(f"{what} has no neurons", code="NM261")
    order = np.argsort(ids)
    return ids[order], order


__all__ = ["KernelNetwork"]
