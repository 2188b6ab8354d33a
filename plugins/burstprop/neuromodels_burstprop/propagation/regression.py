"""Linear regression, and fits of sines, by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels_burstprop.propagation.measured import Array


@dataclass(frozen=True)
class SineFit:
    """Sum of sines ``amplitude * sin(2 pi time / period + phase)`` and of a constant.

    Attributes
    ----------
    amplitude, phase : ndarray, shape (sines,)
        In the unit of the values; in degrees, -90 to 270.
    r2 : float
        Fraction of the variance that it explains.
    """

    amplitude: Array
    phase: Array
    r2: float

    @classmethod
    def of(cls, time: Array, values: Array, periods: Array) -> SineFit:
        """Fit by least squares; values that are not finite are left out.

        Parameters
        ----------
        time, values : ndarray, shape (n,)
        periods : ndarray, shape (sines,)
            In the unit of `time`.
        """
        angle = 2.0 * np.pi * time[:, np.newaxis] / periods
        slopes, r2 = regress(values, *np.sin(angle).T, *np.cos(angle).T)
        sine, cosine = np.split(slopes, 2)
        phase = (np.degrees(np.arctan2(cosine, sine)) + 90.0) % 360.0 - 90.0
        return cls(np.hypot(sine, cosine), phase, r2)


def regress(y: Array, *x: Array) -> tuple[Array, float]:
    """Slopes of the linear regression of `y` on all of `x`, and its R².

    Values that are not finite are left out.  R² is not a number where `y` is constant.
    """
    columns = np.stack([np.ones_like(y), *x], axis=1)
    use = np.isfinite(y) & np.isfinite(columns).all(axis=1)
    solution = np.linalg.lstsq(columns[use], y[use], rcond=None)[0]
    rest = y[use] - columns[use] @ solution
    variance = float(np.sum((y[use] - y[use].mean()) ** 2)) if use.any() else 0.0
    r2 = 1.0 - float(rest @ rest) / variance if variance > 0 else float("nan")
    return np.asarray(solution[1:], dtype=np.float64), max(r2, 0.0) if np.isfinite(r2) else r2
