"""Runs on disk, read back: one way for complete, interrupted and running ones.

>>> run = neuromodels.load_run("runs/burstprop-learning-rule-20261123T220000Z-s1")
>>> run.status, run.parameters["n_neurons"]
>>> run.spikes("pyramidal").times
>>> run.signals["weight"].mean("synapse")
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.clock import Clock
from neuromodels.disk.directory import (
    FIGURES,
    INFO,
    METRICS,
    OVERVIEW,
    PARTS,
    SIGNALS,
    SPIKES,
    STAGES,
    is_locked,
    load_coords,
    read_info,
)
from neuromodels.disk.files import read_json, reading
from neuromodels.disk.parts import Parts
from neuromodels.disk.written import check
from neuromodels.errors import RunError, UnknownNameError, UsageError, command
from neuromodels.parameters import nearest
from neuromodels.spikes import SpikeTrains
from neuromodels.verdict import Metric

if TYPE_CHECKING:
    import neo
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PhaseSpan:
    """A phase of the protocol in biological time.

    Parameters
    ----------
    name : str
    start, stop : float
        The phase covers ``start < t <= stop`` (ms).
    """

    name: str
    start: float
    stop: float


class Run:
    """A run on disk; made by `load_run`, `neuromodels.run` and the like.

    Attributes
    ----------
    path : Path
        Its directory.
    info : dict
        Content of ``run.json``.
    """

    def __init__(self, path: Path, info: dict[str, Any]) -> None:
        self.path = path
        self.info = info

    def __repr__(self) -> str:
        return f"<Run of {self.circuit}, seed {self.seed}, {self.status}: {self.path}>"

    @property
    def circuit(self) -> str:
        """Name of the circuit."""
        return str(self.info["circuit"]["name"])

    @property
    def seed(self) -> int:
        """Seed of all random numbers."""
        return int(self.info["seed"])

    @property
    def status(self) -> str:
        """``running``, ``complete``, ``failed`` or ``interrupted``, as it is now.

        A run that was killed cannot say so; it is recognised by the lock it no longer holds.
        """
        status = str(read_info(self.path)["status"])
        if status == "running" and not is_locked(self.path):
            # Look again: it may have ended between the two lines above.
            status = str(read_info(self.path)["status"])
            return "interrupted" if status == "running" else status
        return status

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Parameter -> value; the units are in ``info["parameters"]``."""
        return {name: entry["value"] for name, entry in self.info["parameters"].items()}

    @property
    def phases(self) -> list[PhaseSpan]:
        """Phases of the protocol, in order; an interrupted run did not reach all of them."""
        return [PhaseSpan(p["name"], p["start"], p["stop"]) for p in self.info["phases"]]

    def phase(self, name: str) -> PhaseSpan:
        """Phase of that name.

        Raises
        ------
        UnknownNameError
            The protocol has no such phase.
        """
        for span in self.phases:
            if span.name == name:
                return span
        raise UnknownNameError(
            f"no phase {name!r} in {self.circuit}",
            code="NM212",
            fix=nearest(name, [span.name for span in self.phases]),
        )

    @property
    def t_stop(self) -> float:
        """End of what was recorded (ms)."""
        if self._assembled:
            return float(self.info["biological_time"])
        return self._clock.ms(self._parts.stop)

    # -- what was recorded --------------------------------------------------------------------

    @property
    def populations(self) -> Mapping[str, int]:
        """Population -> number of neurons."""
        return {name: int(p["size"]) for name, p in self._recordings["populations"].items()}

    @property
    def recorded(self) -> Sequence[str]:
        """Populations whose spikes were recorded."""
        return [name for name, p in self._recordings["populations"].items() if p["spikes"]]

    def spikes(
        self, population: str, start: float | None = None, stop: float | None = None
    ) -> SpikeTrains:
        """Spikes of a population.

        Parameters
        ----------
        population : str
        start, stop : float, optional
            Only spikes of ``start < t <= stop`` (ms), and only they are read; by default all.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        UnknownNameError
            No such population.
        RunError
            Its spikes were not recorded, or a file is damaged.
        """
        from neuromodels.disk.sonata import read_spikes, spikes_from_parts

        known = self._recordings["populations"]
        if population not in known:
            raise UnknownNameError(
                f"no population {population!r} in {self.circuit}",
                code="NM212",
                fix=nearest(population, known),
            )
        entry = known[population]
        if not entry["spikes"]:
            raise UsageError(
                f"the spikes of population {population!r} were not recorded", code="NM265"
            )
        start = 0.0 if start is None else start
        stop = self.t_stop if stop is None else stop
        if self._assembled:
            file = self._intact(SPIKES)
            return read_spikes(file, population, entry["size"], start, stop)
        with self._reading_parts():
            return spikes_from_parts(
                self._parts, self._clock, population, entry["size"], start, stop
            )

    @cached_property
    def signals(self) -> xr.Dataset:
        """Sampled signals along ``time`` (ms) and their own dimensions; values are read when used.

        ``phase`` along ``time`` names the phase that each sample ends or lies in.  Signals of
        another interval than the first signal's have their own ``time_<interval>ms``.
        """
        from neuromodels.disk.netcdf import open_netcdf, signals_from_parts

        if self._assembled:
            return open_netcdf(self._intact(SIGNALS))
        with self._reading_parts():
            return signals_from_parts(
                self._recordings,
                load_coords(self.path / PARTS),
                self._parts,
                self._clock,
                self.info["phases"],
            )

    @cached_property
    def traces(self) -> Mapping[str, xr.Dataset]:
        """Name of a set of traces -> its variables along ``time`` (ms) and ``neuron``."""
        from neuromodels.disk.netcdf import open_netcdf, traces_from_parts

        traces = self._recordings["traces"]
        if self._assembled:
            file = self._intact(SIGNALS) if traces else self.path / SIGNALS
            return {name: open_netcdf(file, group=f"traces/{name}") for name in traces}
        with self._reading_parts():
            return {
                name: traces_from_parts(name, trace, self._parts, self._clock)
                for name, trace in traces.items()
            }

    # -- what was made of it ------------------------------------------------------------------

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Metric by name, with reference, tolerance and verdict where there is a reference."""
        path = self.path / METRICS
        with reading(path, "a metric", f"make it again: {command('analyze', self.path)}"):
            entries = self._results.get("metrics", [])
            found = {entry["name"]: Metric.from_dict(entry) for entry in entries}
            for metric in found.values():
                _ = metric.judgement  # what no rule can judge is damaged
            return found

    @property
    def missing(self) -> Sequence[str]:
        """Metrics that the circuit owes (`neuromodels.Circuit.owed`) and no analysis gave."""
        return [str(name) for name in self._results.get("missing", [])]

    @property
    def analyses(self) -> Mapping[str, Mapping[str, Any]]:
        """Analysis -> its ``status`` (``ok`` or ``failed``), ``error`` and ``wall`` time (s)."""
        analyses: dict[str, dict[str, Any]] = self._results.get("analyses", {})
        return analyses

    @property
    def figures(self) -> Mapping[str, Path]:
        """Figure -> its PNG file, the main one first, ``overview`` last.

        A vector graphic of the same name lies beside it (``.svg``).
        """
        folder = self.path / FIGURES
        names = [*self._results.get("figures", {}), OVERVIEW]
        # No name may lead out of the folder: the run may come from somebody else.
        files = {name: folder / f"{name}.png" for name in names if "/" not in name}
        return {name: path for name, path in files.items() if os.path.lexists(path)}

    @property
    def captions(self) -> Mapping[str, str]:
        """Figure -> what is to be seen in it, where its analysis says so."""
        return dict(self._results.get("captions", {}))

    def plot(self) -> dict[str, Figure]:
        """Draw the figures of the circuit's analyses and the overview; a notebook shows them.

        Returns
        -------
        dict
            Name -> matplotlib figure, the main one first, ``overview`` last.
        """
        from neuromodels.running.evaluation import draw

        figures = draw(self)
        if "IPython" in sys.modules:
            from IPython import get_ipython
            from IPython.display import display

            if get_ipython() is not None:
                for figure in figures.values():
                    display(figure)
        return figures

    def to_neo(self) -> neo.Block:
        """Spikes, signals, traces and phases as one Neo block with one segment, for Elephant.

        Needs the extra ``neuromodels[neo]``.

        Raises
        ------
        EnvironmentProblem
            Neo is not installed.
        """
        from neuromodels.export.neo import block

        return block(self)

    def to_nwb(self, path: str | os.PathLike[str]) -> Path:
        """Write spikes, signals, traces and phases to a new NWB file.

        Needs the extra ``neuromodels[nwb]``.

        Parameters
        ----------
        path : path
            Name of the file, usually with the ending ``.nwb``.

        Returns
        -------
        Path

        Raises
        ------
        EnvironmentProblem
            pynwb is not installed, or the file cannot be written.
        UsageError
            There is such a file already.
        """
        from neuromodels.export.nwb import write

        return write(self, path)

    # -- helpers ------------------------------------------------------------------------------

    def _intact(self, name: str) -> Path:
        """Path of a file whose content is what the run has written."""
        check(self.path / name, self.info.get("files", {}).get(name))
        return self.path / name

    def _reading_parts(self) -> AbstractContextManager[None]:
        return reading(self.path / PARTS, "what was recorded so far", "start the run again")

    @property
    def _assembled(self) -> bool:
        return STAGES.index(self.info["stage"]) >= STAGES.index("assembled")

    @property
    def _recordings(self) -> Mapping[str, Any]:
        empty: dict[str, Any] = {"populations": {}, "signals": {}, "traces": {}}
        recordings: Mapping[str, Any] = self.info.get("recordings", empty)
        return recordings

    @property
    def _clock(self) -> Clock:
        return Clock(self.info["resolution"]["value"])

    @property
    def _parts(self) -> Parts:
        return Parts(self.path / PARTS)

    @property
    def _results(self) -> dict[str, Any]:
        path = self.path / METRICS
        return read_results(path) if os.path.lexists(path) else {}


def read_results(path: Path) -> dict[str, Any]:
    """Content of a ``metrics.json``.

    Raises
    ------
    RunError
        It is damaged.
    """
    fix = f"make it again: {command('analyze', path.parent)}"
    try:
        content = read_json(path)
    except RunError as error:
        raise RunError(error.what, code=error.code, where=error.where, fix=fix) from error
    metrics = content.get("metrics", [])
    whole = isinstance(metrics, list) and all(
        isinstance(entry, dict) and {"name", "value", "unit", "analysis"} <= entry.keys()
        for entry in metrics
    )
    folders = ("figures", "analyses", "captions")
    whole = whole and all(isinstance(content.get(name, {}), dict) for name in folders)
    captions = content.get("captions", {}) if whole else {}
    whole = whole and all(isinstance(text, str) for text in captions.values())
    if not whole or not isinstance(content.get("missing", []), list):
        raise RunError("does not hold what analyses write", code="NM612", where=str(path), fix=fix)
    return content


def load_run(path: str | os.PathLike[str]) -> Run:
    """Read a run, whatever its status.

    Parameters
    ----------
    path : path
        Its directory.

    Raises
    ------
    RunError
        `path` holds no run.
    """
    directory = Path(path).absolute()
    return Run(directory, read_info(directory))


def find_runs(folder: str | os.PathLike[str] = "runs") -> Iterator[Run]:
    """Yield the runs directly inside `folder`, by name."""
    for path in sorted(Path(folder).glob(f"*/{INFO}")):
        yield load_run(path.parent)


__all__ = ["PhaseSpan", "Run", "SpikeTrains", "find_runs", "load_run"]
