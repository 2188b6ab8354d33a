"""Signals and traces in netCDF, and as xarray sees them.

The file's root holds the signals, its group ``traces/<name>`` one set of traces.  It is written row
by row from the parts (h5netcdf), because xarray would need all of it in memory; xarray reads it.

The axis of time of the signals is called ``time``.  Where signals of several intervals exist, that
of the interval declared first is, and the others are called ``time_<interval>ms``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.clock import Clock
from neuromodels.disk.files import for_hdf5, plain, reading, replacing
from neuromodels.disk.hdf5 import refuse_external
from neuromodels.disk.parts import Parts

if TYPE_CHECKING:
    import xarray as xr

TIME_LONG_NAME = "biological time"
PHASE_LONG_NAME = "phase of the protocol"


def time_dims(signals: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name of the time axis of each signal."""
    names: dict[float, str] = {}
    for signal in signals.values():
        interval = float(signal["interval"])
        names.setdefault(interval, f"time_{interval:g}ms" if names else "time")
    return {name: names[float(signal["interval"])] for name, signal in signals.items()}


def phase_labels(times: Any, phases: Sequence[Mapping[str, Any]]) -> Any:
    """Name of the phase of each time (ms): ``start < t <= stop``; 0 belongs to the first."""
    if not phases:
        return np.full(len(times), "", dtype=object)
    stops = np.array([phase["stop"] for phase in phases])
    names = np.array([phase["name"] for phase in phases], dtype=object)
    return names[np.minimum(np.searchsorted(stops, times, side="left"), len(names) - 1)]


def signals_from_parts(
    layout: Mapping[str, Any],
    coords: Mapping[str, Any],
    parts: Parts,
    clock: Clock,
    phases: Sequence[Mapping[str, Any]],
) -> xr.Dataset:
    """Signals of a run that is not assembled yet, in memory."""
    import xarray as xr

    dataset = xr.Dataset(coords={dim: (dim, labels) for dim, labels in coords.items()})
    dims = time_dims(layout["signals"])
    for name, signal in layout["signals"].items():
        steps = _joined(parts, f"signals/{name}", "steps", (0,), np.int64)
        values = _joined(parts, f"signals/{name}", "values", (0, *signal["shape"]), np.float64)
        time = dims[name]
        dataset[name] = ((time, *signal["dims"]), values, _attributes(signal))
        if time not in dataset.coords:
            times = clock.ms(steps)
            dataset.coords[time] = (time, times, {"units": "ms", "long_name": TIME_LONG_NAME})
            label = phase_labels(times, phases)
            dataset.coords[_phase_name(time)] = (time, label, {"long_name": PHASE_LONG_NAME})
    return dataset


def traces_from_parts(
    name: str, trace: Mapping[str, Any], parts: Parts, clock: Clock
) -> xr.Dataset:
    """One set of traces of a run that is not assembled yet, in memory."""
    import xarray as xr

    steps = _joined(parts, f"traces/{name}", "steps", (0,), np.int64)
    dims, shape = _trace_axes(trace)
    dataset = xr.Dataset(
        coords={
            "time": ("time", clock.ms(steps), {"units": "ms", "long_name": TIME_LONG_NAME}),
            **{dim: (dim, np.arange(size)) for dim, size in zip(dims, shape, strict=True)},
        }
    )
    for variable in trace["variables"]:
        values = _joined(parts, f"traces/{name}", variable, (0, *shape), np.float64)
        dataset[variable] = (("time", *dims), values, _trace_attributes(trace, variable))
    return dataset


def write_netcdf(
    path: Path,
    layout: Mapping[str, Any],
    coords: Mapping[str, Any],
    parts: Parts,
    clock: Clock,
    phases: Sequence[Mapping[str, Any]],
    attributes: Mapping[str, Any],
) -> None:
    """Write all signals and traces of the parts to `path`, whole or not at all.

    Parameters
    ----------
    path : Path
    layout : mapping
        What is recorded, as `KernelNetwork.layout` says it.
    coords : mapping
        Labels of the signals' dimensions.
    parts : Parts
    clock : Clock
    phases : sequence of mapping
        With ``name``, ``start`` and ``stop`` (ms).
    attributes : mapping
        Of the file: strings and numbers.
    """
    import h5netcdf
    import h5py

    with (
        replacing(path) as temporary,
        for_hdf5(temporary) as raw,
        h5netcdf.File(raw, "w") as file,
    ):
        for key, value in attributes.items():
            file.attrs[key] = plain(value)
        dims = time_dims(layout["signals"])
        for dim, labels in coords.items():
            _dimension(file, dim, len(labels))
            if labels.dtype.kind in "US":
                labels = labels.astype(object)
                file.create_variable(dim, (dim,), h5py.string_dtype(), data=labels)
            else:
                file.create_variable(dim, (dim,), labels.dtype, data=labels)
        for name, signal in layout["signals"].items():
            time = dims[name]
            if time not in file.dimensions:
                steps = _joined(parts, f"signals/{name}", "steps", (0,), np.int64)
                times = _time(file, time, clock.ms(steps))
                label = file.create_variable(
                    _phase_name(time),
                    (time,),
                    h5py.string_dtype(),
                    data=phase_labels(times, phases),
                )
                label.attrs["long_name"] = PHASE_LONG_NAME
            for dim, length in zip(signal["dims"], signal["shape"], strict=True):
                _dimension(file, dim, length)
            integers = all(
                rows.dtype.kind in "iu" for rows in parts.rows(f"signals/{name}", "values")
            )
            variable = file.create_variable(
                name, (time, *signal["dims"]), "i8" if integers else "f8"
            )
            variable.attrs.update(_attributes(signal))
            variable.attrs["coordinates"] = _phase_name(time)
            _fill(variable, parts, f"signals/{name}", "values")
        for name, trace in layout["traces"].items():
            group = file.create_group(f"traces/{name}")
            _time(
                group, "time", clock.ms(_joined(parts, f"traces/{name}", "steps", (0,), np.int64))
            )
            trace_dims, trace_shape = _trace_axes(trace)
            for dim, size in zip(trace_dims, trace_shape, strict=True):
                _dimension(group, dim, size)
                group.create_variable(dim, (dim,), "i8", data=np.arange(size))
            for key in trace["variables"]:
                variable = group.create_variable(key, ("time", *trace_dims), "f8")
                variable.attrs.update(_trace_attributes(trace, key))
                _fill(variable, parts, f"traces/{name}", key)


def open_netcdf(path: Path, group: str | None = None) -> xr.Dataset:
    """Open a file that `write_netcdf` wrote; values are read when they are used."""
    import xarray as xr

    with reading(path, "signals", "restore it from a copy, or run it again"):
        refuse_external(path)
        # Times stay numbers of ms: xarray would make durations of nanoseconds of them.
        dataset: xr.Dataset = xr.open_dataset(
            path, group=group, engine="h5netcdf", decode_times=False, decode_timedelta=False
        )
        return dataset


def _attributes(signal: Mapping[str, Any]) -> dict[str, str]:
    return {"units": signal["unit"], "long_name": signal["doc"]}


def _trace_axes(trace: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Dimensions of a trace but for time, and their lengths."""
    if trace.get("average"):  # runs of before have no such entry
        return (), ()
    return ("neuron",), (trace["size"],)


def _trace_attributes(trace: Mapping[str, Any], variable: str) -> dict[str, str]:
    attributes = {"units": trace["variables"][variable], "long_name": variable}
    if trace.get("average"):
        attributes["long_name"] += f", mean over {trace['size']} neurons"
        attributes["cell_methods"] = "neuron: mean"  # as the CF conventions say it
    return attributes


def _phase_name(time: str) -> str:
    return "phase" + time.removeprefix("time")


def _joined(parts: Parts, group: str, key: str, empty: tuple[int, ...], dtype: Any) -> Any:
    rows = list(parts.rows(group, key))
    return np.concatenate(rows) if rows else np.empty(empty, dtype)


def _dimension(file: Any, name: str, length: int) -> None:
    if name not in file.dimensions:
        file.dimensions[name] = length


def _time(file: Any, name: str, times: Any) -> Any:
    _dimension(file, name, len(times))
    variable = file.create_variable(name, (name,), "f8", data=times)
    variable.attrs.update({"units": "ms", "long_name": TIME_LONG_NAME})
    return times


def _fill(variable: Any, parts: Parts, group: str, key: str) -> None:
    row = 0
    for rows in parts.rows(group, key):
        variable[row : row + len(rows)] = rows
        row += len(rows)


__all__ = [
    "open_netcdf",
    "phase_labels",
    "signals_from_parts",
    "time_dims",
    "traces_from_parts",
    "write_netcdf",
]
