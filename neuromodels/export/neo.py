"""Runs as Neo objects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.errors import EnvironmentProblem

if TYPE_CHECKING:
    import neo
    import xarray as xr

    from neuromodels.runs import Run


def block(run: Run) -> neo.Block:
    """Put a run into one Neo block with one segment.

    Spikes become one `neo.SpikeTrain` per neuron (annotated with ``population`` and ``node_id``),
    signals and traces `neo.AnalogSignal`, phases a `neo.Epoch`.

    Raises
    ------
    EnvironmentProblem
        Neo is not installed.
    """
    try:
        import neo
        import quantities as pq
    except ImportError as error:
        raise EnvironmentProblem(
            f"Neo is not installed ({error})", code="NM350", fix="pip install 'neuromodels[neo]'"
        ) from error

    parameters = {name: value for name, value in run.parameters.items() if value is not None}
    result = neo.Block(
        name=run.circuit, file_origin=str(run.path), seed=run.seed, parameters=parameters
    )
    segment = neo.Segment(name=run.circuit)
    result.segments.append(segment)
    for population, entry in run.info["recordings"]["populations"].items():
        if not entry["spikes"]:
            continue
        spikes = run.spikes(population)
        order = np.argsort(spikes.node_ids, kind="stable")
        borders = np.searchsorted(spikes.node_ids[order], np.arange(1, spikes.n_neurons))
        for neuron, times in enumerate(np.split(spikes.times[order], borders)):
            segment.spiketrains.append(
                neo.SpikeTrain(
                    times * pq.ms,
                    t_start=spikes.t_start * pq.ms,
                    t_stop=spikes.t_stop * pq.ms,
                    name=f"{population}[{neuron}]",
                    population=population,
                    node_id=neuron,
                )
            )
    for dataset, prefix in [(run.signals, ""), *((t, f"{n}/") for n, t in run.traces.items())]:
        for name, variable in dataset.data_vars.items():
            if variable.dtype.kind in "iuf" and variable.shape[0] > 1:
                segment.analogsignals.append(_analog(f"{prefix}{name}", variable, neo, pq))
    spans = run.phases
    segment.epochs.append(
        neo.Epoch(
            times=np.array([span.start for span in spans]) * pq.ms,
            durations=np.array([span.stop - span.start for span in spans]) * pq.ms,
            labels=np.array([span.name for span in spans], dtype="U"),
            name="phases",
        )
    )
    return result


def _analog(name: str, variable: xr.DataArray, neo: Any, pq: Any) -> Any:
    times = variable[variable.dims[0]].to_numpy()
    interval = round((times[-1] - times[0]) / (times.size - 1), 6)
    unit = variable.attrs.get("units", "")
    try:
        units = pq.Quantity(1.0, {"": "dimensionless", "%": "percent"}.get(unit, unit))
    except (LookupError, ValueError):
        # Neo knows fewer units than circuits may use; the annotation keeps the name.
        units = pq.dimensionless
    columns = math.prod(variable.shape[1:])
    return neo.AnalogSignal(
        variable.to_numpy().reshape(times.size, columns),
        units=units,
        t_start=times[0] * pq.ms,
        sampling_period=interval * pq.ms,
        name=name,
        unit=unit,
        dims=[str(dim) for dim in variable.dims],
    )


__all__ = ["block"]
