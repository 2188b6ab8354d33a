"""The analysis ``burstprop/single-cell``: transfer functions of a cell.

`transfer_functions` gives rates and burst probability at every point of the grid, as an
`xarray.Dataset`.  The metrics sum them up:

``event_rate/range_over_I_soma`` …
    By how much a feature of the spike train changes with one current, averaged over the other one.
    A cell that multiplexes has a large range of events over the somatic and of burst probability
    over the dendritic current, and small ones the other way round.
``gain``, ``rheobase``
    Of cells without a dendrite: slope of the spike rate (a line through all points above 1 Hz), and
    the current at which it reaches 1 Hz (interpolated; NaN if it does not within the grid, as with
    noise that makes the cell fire by itself).

``burst-poisson`` cells with the noise of the XOR task's input layer are what that layer consists
of: at its currents (-350 and +150 pA) there are published rates.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Reference, Result
from neuromodels.bursts import Bursts, decompose
from neuromodels.errors import RunError
from neuromodels_burstprop.circuits.single_cell import (
    CELLS_NAME,
    MEASURE,
    SingleCellParameters,
    grid,
)

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.runs import Run

RHEOBASE_RATE = 1.0
"""Spike rate (Hz) that defines the rheobase."""

_EVENTS, _BURSTS, _SPIKES = "event_rate", "burst_rate", "spike_rate"

# Of the published test of four inputs: cells of an input population, and seconds that rates were
# counted in (their smallest difference is one event, 1 / 3000 Hz).
_REFERENCE_CELL_SECONDS = 3000.0
_INPUT_CURRENTS = {"0": -350.0, "1": 150.0}
_SOURCE = "input layer of the XOR task, authors' simulation code (Payeur et al. 2021), seed 1"


class SingleCellAnalysis(Analysis):
    """Transfer functions and voltages of ``burstprop/single-cell``."""

    name = "burstprop/single-cell"
    summary = "Event rate, burst rate and burst probability against currents"

    def __call__(self, run: Run) -> Result:
        """Analyse a complete run of the circuit."""
        bursts = events_and_bursts(run)
        transfer = transfer_functions(run, bursts)
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_burstprop.analyses import single_cell_figures as draw

        return Result(
            metrics=[*_metrics(transfer), *_published(run, transfer)],
            figures={
                "transfer_functions": draw.transfer_functions(run, transfer),
                "voltages": draw.voltages(run, bursts),
            },
        )


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
            for name in (_EVENTS, _BURSTS, _SPIKES)
        },
        coords=coords,
    )
    for name in ("I_soma", "I_dend"):
        if name in data.coords:
            data[name].attrs["units"] = "pA"
    events = data[_EVENTS].sum("repetition")
    data["burst_probability"] = (data[_BURSTS].sum("repetition") / events).where(events > 0)
    return data


def _metrics(transfer: xr.Dataset) -> Iterator[Metric]:
    mean = transfer[[_EVENTS, _BURSTS, _SPIKES]].mean("repetition")
    both = "I_dend" in transfer.dims
    for name, values, unit in (
        (_EVENTS, mean[_EVENTS], "Hz"),
        (_BURSTS, mean[_BURSTS], "Hz"),
        # Points without events have none.
        ("burst_probability", 100.0 * transfer["burst_probability"], "%"),
    ):
        for current, other in (("I_soma", "I_dend"), ("I_dend", "I_soma")) if both else (
            ("I_soma", None),
        ):  # fmt: skip
            ranges = values.max(current) - values.min(current)
            yield Metric(
                f"{name}/range_over_{current}",
                float(ranges.mean()),
                unit,
                doc=f"Change of the {name.replace('_', ' ')} with {current}"
                + (f", mean over {other}" if other else ""),
            )
    if not both:
        yield from _of_one_current(mean[_SPIKES])


def _of_one_current(rate: xr.DataArray) -> Iterator[Metric]:
    current, values = np.asarray(rate["I_soma"]), np.asarray(rate)
    fires = values >= RHEOBASE_RATE
    rheobase = gain = float("nan")
    if fires.sum() > 1:
        gain = float(np.polyfit(current[fires], values[fires], 1)[0])
    rises = np.flatnonzero(~fires[:-1] & fires[1:])
    if rises.size:
        i = int(rises[0])
        rheobase = float(np.interp(RHEOBASE_RATE, values[i : i + 2], current[i : i + 2]))
    yield Metric("gain", gain, "Hz/pA", doc="Slope of the spike rate above 1 Hz")
    yield Metric("rheobase", rheobase, "pA", doc="Current at which the spike rate reaches 1 Hz")


# -- published values ------------------------------------------------------------------------------


def _published(run: Run, transfer: xr.Dataset) -> Iterator[Metric]:
    p = parameters(run)
    if p.cell != "burst-poisson" or p.noise not in ("xor-input", "propagation"):
        return
    cell_seconds = p.repetitions * p.duration
    for bit, current in _INPUT_CURRENTS.items():
        if not (np.isin(current, transfer["I_soma"]) and np.isin(0.0, transfer["I_dend"])):
            continue
        point = transfer.sel(I_soma=current, I_dend=0.0)
        for name, column in ((_EVENTS, "ER_Hz"), (_BURSTS, "BR_Hz")):
            yield Metric(
                f"I_soma_{current:g}pA/I_dend_0pA/{name}",
                float(point[name].mean()),
                "Hz",
                _reference(bit, column, cell_seconds),
                f"{name.replace('_', ' ').capitalize()} of the XOR task's input {bit}",
            )


def _reference(bit: str, column: str, cell_seconds: float) -> Reference | None:
    """Reference for rates of independent cells that are counted for `cell_seconds`.

    The published rates come from 500 cells and 6 s; the variance of a rate falls with the number of
    cells and seconds.  Less than an eighth of a published value's worth, or more than all of them,
    has no reference.
    """
    values = _input_rates(bit, column)
    share = cell_seconds / _REFERENCE_CELL_SECONDS
    n = int(len(values) / share)
    if n < 1 or share < 1 / 8:
        return None
    sd = float(np.std(values, ddof=1)) / share**0.5
    return Reference(float(np.mean(values)), sd, n, len(values) - 1, _SOURCE)


@cache
def _input_rates(bit: str, column: str) -> tuple[float, ...]:
    """Rates of all input populations that were given `bit`, of the authors' simulation."""
    path = files("neuromodels_burstprop") / "golden" / "burstprop_xor_pre_post.csv"
    with path.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["condition"].startswith("reference")]
    return tuple(
        float(row[f"input{number}_{column}"])
        for row in rows
        for number in (1, 2)
        if row["input"][number - 1] == bit
    )


__all__ = ["SingleCellAnalysis", "events_and_bursts", "parameters", "transfer_functions"]
