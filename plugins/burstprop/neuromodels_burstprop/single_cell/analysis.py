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

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import Analysis, Metric, Result
from neuromodels_burstprop.single_cell.measured import (
    BURSTS,
    EVENTS,
    SPIKES,
    events_and_bursts,
    parameters,
    transfer_functions,
)
from neuromodels_burstprop.single_cell.reference import INPUT_CURRENTS, points, reference

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.runs import Run

RHEOBASE_RATE = 1.0
"""Spike rate (Hz) that defines the rheobase."""


class SingleCellAnalysis(Analysis):
    """Transfer functions and voltages of ``burstprop/single-cell``."""

    name = "burstprop/single-cell"
    summary = "Event rate, burst rate and burst probability against currents"

    def __call__(self, run: Run) -> Result:
        """Analyse a complete run of the circuit."""
        bursts = events_and_bursts(run)
        transfer = transfer_functions(run, bursts)
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_burstprop.single_cell import figures as draw

        return Result(
            metrics=[*_metrics(transfer), *_published(run, transfer), *_points(run, transfer)],
            figures={
                "transfer_functions": draw.transfer_functions(run, transfer),
                "voltages": draw.voltages(run, bursts),
            },
        )


def _metrics(transfer: xr.Dataset) -> Iterator[Metric]:
    mean = transfer[[EVENTS, BURSTS, SPIKES]].mean("repetition")
    both = "I_dend" in transfer.dims
    for name, values, unit in (
        (EVENTS, mean[EVENTS], "Hz"),
        (BURSTS, mean[BURSTS], "Hz"),
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
        yield from _of_one_current(mean[SPIKES])


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


def _points(run: Run, transfer: xr.Dataset) -> Iterator[Metric]:
    """Yield rates at currents that there is an independent value for."""
    p = parameters(run)
    known = {metric.name for metric in _published(run, transfer)}
    for soma, dend, found in points(p.cell, p.noise):
        place = {"I_soma": soma, "I_dend": dend}
        if "I_dend" not in transfer.dims:
            del place["I_dend"]
        if not all(np.isin(current, transfer[name]) for name, current in place.items()):
            continue
        where = "/".join(f"{name}_{current:g}pA" for name, current in place.items())
        for quantity, reference_ in found.items():
            rates = np.asarray(transfer.sel(place)[quantity], dtype=np.float64)
            name = f"{where}/{quantity}"
            if name in known:
                continue
            yield Metric(
                name,
                float(rates.mean()),
                "Hz",
                reference_,
                f"{quantity.replace('_', ' ').capitalize()} at these currents",
                float(rates.std(ddof=1) / np.sqrt(rates.size)) if rates.size > 1 else None,
            )


def _published(run: Run, transfer: xr.Dataset) -> Iterator[Metric]:
    p = parameters(run)
    if p.cell != "burst-poisson" or p.noise not in ("xor-input", "propagation"):
        return
    cell_seconds = p.repetitions * p.duration
    for bit, current in INPUT_CURRENTS.items():
        if not (np.isin(current, transfer["I_soma"]) and np.isin(0.0, transfer["I_dend"])):
            continue
        point = transfer.sel(I_soma=current, I_dend=0.0)
        for name, column in ((EVENTS, "ER_Hz"), (BURSTS, "BR_Hz")):
            yield Metric(
                f"I_soma_{current:g}pA/I_dend_0pA/{name}",
                float(point[name].mean()),
                "Hz",
                reference(bit, column, cell_seconds),
                f"{name.replace('_', ' ').capitalize()} of the XOR task's input {bit}",
            )
