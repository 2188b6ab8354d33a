"""Time in steps of the kernel, so that no time is ever the sum of rounded numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from neuromodels.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# NEST counts time in tics; its default, which neuromodels keeps, is 1000 tics in a millisecond.
TICS_PER_MS = 1000
# NEST's T_max, rounded down: the longest time (ms) that it can count.
MAX_TIME = 1e15


class Clock:
    """Converts between milliseconds and integer steps, exactly.

    A step is a whole number of NEST's tics (0.001 ms), so that ``tics / 1000`` is the correctly
    rounded time: step 3 of 0.1 ms is 0.3, and not 0.30000000000000004.

    Parameters
    ----------
    resolution : float
        Length of a step (ms), a multiple of 0.001 ms.

    Raises
    ------
    UsageError
        `resolution` is not a positive multiple of 0.001 ms.
    """

    def __init__(self, resolution: float) -> None:
        tics = round(resolution * TICS_PER_MS)
        if tics < 1 or abs(resolution * TICS_PER_MS - tics) > 1e-6:
            raise UsageError(
                f"a resolution of {resolution:g} ms is not a positive multiple of 0.001 ms",
                code="NM250",
            )
        self.tics = tics

    @property
    def resolution(self) -> float:
        """Length of a step (ms)."""
        return self.tics / TICS_PER_MS

    def steps(self, time: float, what: str = "time") -> int:
        """Steps in `time` (ms).

        Raises
        ------
        UsageError
            `time` is no multiple of the resolution, or more than NEST can count; the message names
            `what`.
        """
        if not abs(time) <= MAX_TIME:  # also what is not a number
            raise UsageError(
                f"{what} of {time:g} ms is more than NEST can count, {MAX_TIME:g} ms", code="NM250"
            )
        exact = float(time) * TICS_PER_MS / self.tics
        steps = round(exact)
        if abs(exact - steps) > 1e-6 * max(1.0, abs(exact) * 1e-6) or (time and not steps):
            raise UsageError(
                f"{what} of {time:g} ms is not a multiple of the resolution, "
                f"{self.resolution:g} ms",
                code="NM250",
            )
        return steps

    @overload
    def ms(self, steps: int) -> float: ...
    @overload
    def ms(self, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]: ...
    def ms(self, steps: Any) -> Any:
        """Time (ms) of a number of steps, or of each in an array."""
        return steps * self.tics / TICS_PER_MS


__all__ = ["Clock"]
