"""Lower units of the pair and many-input experiments, step by step in NumPy.

Guerguiev, Kording & Richards (2020): from the input current and the feedback of every step, the
windows, the samples that lines are fitted to, and the published online fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Samples:
    """What is measured in the complete windows of one unit."""

    M: list[float] = field(default_factory=list)
    R: list[float] = field(default_factory=list)
    net: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    spiked: list[bool] = field(default_factory=list)

    def sgd(self, name: str, eta: float) -> float:
        """Online fit to the samples `name`, in their order."""
        lines = {True: [0.0, 0.0], False: [0.0, 0.0]}
        for M, y, spiked in zip(self.M, getattr(self, name), self.spiked, strict=True):
            line = lines[spiked]
            error = line[0] * M + line[1] - y
            line[0] -= eta * error * M
            line[1] -= eta * error
        return sum(lines[True]) - sum(lines[False])

    def least_squares(self) -> float:
        """Difference of the regression lines at the threshold."""
        M, R, spiked = np.array(self.M), np.array(self.R), np.array(self.spiked)
        return float(
            np.polyval(np.polyfit(M[spiked], R[spiked], 1), 1.0)
            - np.polyval(np.polyfit(M[~spiked], R[~spiked], 1), 1.0)
        )

    def mean_difference(self) -> float:
        R, spiked = np.array(self.R), np.array(self.spiked)
        return float(R[spiked].mean() - R[~spiked].mean())


def unit(
    current, f, *, gain, window, usable, band=0.2, own_leak=True, running=False
) -> tuple[Samples, list[int]]:  # fmt: skip
    """Simulate one unit.

    Parameters
    ----------
    current, f : ndarray, shape (steps,)
        Input current, and what comes from above.

    Returns
    -------
    Samples
    list of int
        Steps with a spike.
    """
    v = u = M = R = before = Rbar = 0.0
    rho = omega = n = 0
    found, spikes = Samples(), []
    for t in range(len(current)):
        ends = omega == 1
        if omega:
            M, R = max(M, u), R + f[t]
        rho = max(rho - 1, 0)
        dv = 0.001 * (-v / 0.01 + gain * (current[t] - v))
        du = 0.001 * (-u / 0.01 + gain * (current[t] - u)) if own_leak else dv
        v, u = v + dv, u + du
        fired = v >= 1 and rho == 0
        if fired:
            v, rho = 0.0, 3
            spikes.append(t)
        if ends and abs(M - 1) <= usable:
            found.M.append(M)
            found.R.append(R)
            found.net.append(R - window * before)
            found.y.append(R - Rbar if running else R)
            found.spiked.append(n >= 1)
            Rbar = 0.8 * Rbar + 0.2 * R
        omega = max(omega - 1, 0)
        opened = False
        if omega == 0:
            u = v
            if abs(1 - u) <= band:
                omega, opened = window, True
        if omega and fired:
            n += 1
        if ends:
            n, R, M = 0, 0.0, 0.0
        if opened:
            before = f[t]
    return found, spikes
