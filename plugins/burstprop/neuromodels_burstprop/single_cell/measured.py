"""What is measured in a run of ``burstprop/single-cell``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuromodels.bursts import Bursts, decompose
from neuromodels.errors import RunError
from neuromodels_burstprop.single_cell.circuit import (
    CELLS_NAME,
    MEASURE,
    SingleCellParameters,
    grid,
)

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.runs import Run


EVENTS, BURSTS, SPIKES = "event_rate", "burst_rate", "spike_rate"
"""Rates of `transfer_functions`."""


def parameters(run: Run) -> SingleCellParameters:
    """Parameters of a run of the circuit."""
    return SingleCellParameters.resolve(run.info["parameters"])


def events_and_bursts(run: Run) -> Bursts:
    """All spikes of a run, told apart."""
    return decompose(run.spikes(CELLS_NAME), resolution=float(run.info["resolution"]["value"]))


def transfer_functions(run: Run, bursts: Bursts | None = None) -> xr.Dataset:
    """Rates and burst probability at every point of the grid.

    Parameters
    ----------
    run : Run
    bursts : Bursts, optional
        Its `events_and_bursts`, if they are at hand.

    Returns
    -------
    xarray.Dataset
        ``event_rate``, ``burst_rate`` and ``spike_rate`` (Hz) of each cell along ``I_soma`` (pA),
        ``I_dend`` (pA; only of cells with a dendrite) and ``repetition``; ``burst_probability`` of
        each point, bursts per event of all its cells, NaN without events.

    Raises
    ------
    RunError
        The run was not simulated to its end.
    """
    import xarray as xr

    span = run.phase(MEASURE)
    if run.t_stop < span.stop - 1e-6:
        raise RunError(
            "rates were not measured to the end", where=str(run.path), fix="resume the run"
        )
    bursts = events_and_bursts(run) if bursts is None else bursts
    rates = bursts.rates_between([span.start, span.stop], per_neuron=True)
    p = parameters(run)
    soma, dend = grid(p)
    coords = {"I_soma": np.array(soma)}
    if dend is not None:
        coords["I_dend"] = np.array(dend)
    coords["repetition"] = np.arange(1, p.repetitions + 1)
    shape = tuple(len(labels) for labels in coords.values())
    data = xr.Dataset(
        {
            name: (tuple(coords), getattr(rates, name)[0].reshape(shape), {"units": "Hz"})
            for name in (EVENTS, BURSTS, SPIKES)
        },
        coords=coords,
    )
    for name in ("I_soma", "I_dend"):
        if name in data.coords:
            data[name].attrs["units"] = "pA"
    events = data[EVENTS].sum("repetition")
    data["burst_probability"] = (data[BURSTS].sum("repetition") / events).where(events > 0)
    return data
