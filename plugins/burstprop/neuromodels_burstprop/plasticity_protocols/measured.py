"""Weight changes that a run of ``burstprop/plasticity-protocols`` measured, as curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.errors import RunError

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.runs import Run


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Along what a protocol's weight change is shown.

    Attributes
    ----------
    x, unit, label : str
        Dimension of the curves, its unit, and how the figure calls it.
    series, series_unit, symbol : str or None
        Dimension that tells the curves of the protocol apart.
    crossing : str
        Metric: where a curve changes its sign.
    """

    x: str
    unit: str
    label: str
    series: str | None
    series_unit: str
    symbol: str
    crossing: str


AXES = {
    "periodic": Axis("frequency", "Hz", "frequency of pairings (Hz)", None, "", "", "frequency"),
    "poisson": Axis(
        "rate", "Hz", "rate of Poisson trains (Hz)", "initial_burst_probability", "", "P(0)", "rate"
    ),
    "burst-poisson": Axis(
        "burst_probability", "", "burst probability", "event_rate", "Hz", "event rate",
        "burst_probability",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """Weight change of a protocol against `x`.

    Attributes
    ----------
    protocol : str
    series : float or None
        What the curve is for, see `Axis`.
    x : ndarray, shape (n,)
    changes : ndarray, shape (n, repetitions)
    """

    protocol: str
    series: float | None
    x: Array
    changes: Array

    @property
    def mean(self) -> Array:
        """Mean over repetitions."""
        mean: Array = self.changes.mean(axis=1)
        return mean

    @property
    def sd(self) -> Array:
        """Standard deviation over repetitions; 0 where there is one."""
        n = self.changes.shape[1]
        sd: Array = self.changes.std(axis=1, ddof=1) if n > 1 else np.zeros(self.x.size)
        return sd

    @property
    def crossing(self) -> float:
        """`x` at which the mean changes its sign from depression to potentiation for good."""
        order = np.argsort(self.x)
        x, y = self.x[order], self.mean[order]
        up = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
        if not up.size:
            return float("nan")
        i = int(up[-1])
        return float(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i]))


def weight_changes(run: Run) -> dict[str, xr.DataArray]:
    """Weight change of every pair.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        Protocol -> its changes along the conditions' dimensions and ``repetition``.

    Raises
    ------
    RunError
        The run was not simulated to its end.
    """
    if run.t_stop < run.phases[-1].stop - 1e-6:
        raise RunError(
            "the spike trains were not presented to their end",
            where=str(run.path),
            fix="resume the run",
        )
    return {
        name: run.signals[f"weight_{name.replace('-', '_')}"].isel(time=-1)
        for name in run.parameters["protocols"]
    }


def curves(changes: dict[str, xr.DataArray]) -> Iterator[Curve]:
    """Curves of all protocols that have any."""
    for protocol, values in changes.items():
        if protocol not in AXES:
            continue
        axis = AXES[protocol]
        if "repetition" not in values.dims:
            values = values.expand_dims(repetition=[1.0])
        parts = [(None, values)] if axis.series is None else [
            (float(series), values.sel({axis.series: series})) for series in values[axis.series]
        ]  # fmt: skip
        for series, part in parts:
            ordered = part.transpose(axis.x, "repetition")
            yield Curve(
                protocol,
                series,
                np.asarray(part[axis.x], np.float64),
                np.asarray(ordered, np.float64),
            )
