"""Runs as NWB files."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.disk.files import replacing
from neuromodels.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.runs import Run

_DIMENSIONLESS = {"": "1", "%": "percent"}


def write(run: Run, path: str | os.PathLike[str]) -> Path:
    """Write a run to a new NWB file, whole or not at all.

    One row of ``units`` for each recorded neuron, silent ones included, in the order of the
    populations; signals and traces as `TimeSeries` in ``acquisition``; phases as intervals.  Times
    are in seconds, as NWB has them; values keep their units.

    Raises
    ------
    EnvironmentProblem
        pynwb is not installed, or the file cannot be written.
    UsageError
        `path` exists.
    """
    try:
        import pynwb
    except ImportError as error:
        raise EnvironmentProblem(
            f"pynwb is not installed ({error})", code="NM350", fix="pip install 'neuromodels[nwb]'"
        ) from error

    target = Path(path).absolute()
    if target.exists():
        raise UsageError(
            "exists already", code="NM233", where=str(target), fix="give the name of a new file"
        )
    file = pynwb.NWBFile(
        session_description=f"Simulation of the circuit {run.circuit} with seed {run.seed}",
        identifier=f"{run.path.name}-{run.info['started']}",
        session_start_time=datetime.fromisoformat(run.info["started"]),
        experiment_description="Simulated with NEST; nothing was measured on an animal",
        was_generated_by=[[name, str(v)] for name, v in sorted(run.info["versions"].items())],
        notes=json.dumps({"parameters": run.info["parameters"]}),
        keywords=["simulation", "NEST", "NESTML"],
    )
    _add_units(file, run)
    for series in _series(run, pynwb):
        file.add_acquisition(series)
    if run.phases:
        file.add_time_intervals(_phases(run))
    with replacing(target) as temporary, warnings.catch_warnings():
        # The file gets its own name, with the ending, when it is whole.
        warnings.filterwarnings("ignore", message=".*does not end in '.nwb'")
        with pynwb.NWBHDF5IO(str(temporary), "w") as io:
            io.write(file)
    return target


def _add_units(file: Any, run: Run) -> None:
    file.add_unit_column("population", "Population that the neuron belongs to")
    file.add_unit_column("node_id", "Number of the neuron in its population, from 0")
    for population, entry in run.info["recordings"]["populations"].items():
        if not entry["spikes"]:
            continue
        spikes = run.spikes(population)
        order = np.argsort(spikes.node_ids, kind="stable")
        borders = np.searchsorted(spikes.node_ids[order], np.arange(1, spikes.n_neurons))
        # One pair of borders for each neuron: NWB knows no recording time of all units.
        recorded = np.array([[spikes.t_start, spikes.t_stop]]) / 1000.0
        for neuron, times in enumerate(np.split(spikes.times[order], borders)):
            file.add_unit(
                spike_times=times / 1000.0,
                obs_intervals=recorded,
                population=population,
                node_id=neuron,
            )


def _series(run: Run, pynwb: Any) -> Iterator[Any]:
    """Every numeric signal and trace that has an axis of time."""
    for dataset, prefix in [(run.signals, ""), *((t, f"{n}_") for n, t in run.traces.items())]:
        for name, variable in dataset.data_vars.items():
            if variable.dtype.kind in "iuf" and variable.shape[0] > 1:
                yield _one_series(f"{prefix}{name}", variable, pynwb)


def _one_series(name: str, variable: xr.DataArray, pynwb: Any) -> Any:
    times = variable[variable.dims[0]].to_numpy() / 1000.0
    unit = variable.attrs.get("units", "")
    axes = ", ".join(str(dim) for dim in variable.dims[1:])
    doc = variable.attrs.get("long_name", "") or name
    return pynwb.TimeSeries(
        name=name,
        data=variable.to_numpy(),
        unit=_DIMENSIONLESS.get(unit, unit),
        starting_time=float(times[0]),
        rate=round((times.size - 1) / float(times[-1] - times[0]), 6),
        description=f"{doc}; axes: time, {axes}" if axes else doc,
    )


def _phases(run: Run) -> Any:
    from pynwb.epoch import TimeIntervals

    phases = TimeIntervals(name="phases", description="Phases of the protocol")
    phases.add_column("phase", "Name of the phase")
    for span in run.phases:
        phases.add_interval(
            start_time=span.start / 1000.0, stop_time=span.stop / 1000.0, phase=span.name
        )
    return phases


__all__ = ["write"]
