"""What a teacher makes of the event rates of output neurons: a current for each, and a cost.

Payeur et al. 2021, Methods of Fig. 4; numbers as in the authors' simulation code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Teacher:
    """Event rates that mean 0 and 1, and the currents that correct them.

    Parameters
    ----------
    rate_0, rate_1 : float
        Event rates (Hz) that mean 0 and 1.
    tolerance : float
        Distance from either (Hz) within which an output is not corrected.
    current : float
        Strongest error current (pA).
    """

    rate_0: float = 2.0
    rate_1: float = 10.0
    tolerance: float = 1.0
    current: float = 1000.0

    def error_current(self, rate: Array, target: int) -> Array:
        """Dendritic current into output neurons.

        For target 0: none up to ``rate_0 + tolerance``; above, ``-current * tolerance / (rate_1 -
        rate)``, which is the derivative of the cost, down to ``-current`` from ``rate_1 -
        tolerance`` on.  For target 1 the same, mirrored.

        Parameters
        ----------
        rate : ndarray
            Estimated event rate of each neuron (Hz).
        target : {0, 1}

        Returns
        -------
        ndarray
            Current (pA), of the shape of `rate`.
        """
        to_target, to_other = rate - self.rate_0, self.rate_1 - rate
        if target == 1:
            to_target, to_other = to_other, to_target
        strength = self.current * self.tolerance / np.maximum(to_other, self.tolerance)
        sign = 1.0 if target == 1 else -1.0
        return np.where(to_target <= self.tolerance, 0.0, sign * strength)

    def cost(self, rate: Array, target: npt.ArrayLike) -> Array:
        """Cross entropy of mean output rates, ``y = (rate - rate_0) / (rate_1 - rate_0)``.

        Parameters
        ----------
        rate : ndarray
            Mean estimated event rate of output populations (Hz).
        target : array_like
            0 or 1 for each; broadcast against `rate`.

        Returns
        -------
        ndarray
            ``-ln y`` for target 1 and ``-ln(1 - y)`` for target 0, y between 0.01 and 0.99.
        """
        y = np.clip((rate - self.rate_0) / (self.rate_1 - self.rate_0), 0.01, 0.99)
        return -np.log(np.where(np.asarray(target) == 1, y, 1.0 - y))
