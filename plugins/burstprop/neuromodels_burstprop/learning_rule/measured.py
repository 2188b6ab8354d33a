"""What is measured in a run of ``burstprop/learning-rule``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.bursts import Bursts, decompose
from neuromodels.errors import RunError

if TYPE_CHECKING:
    from neuromodels.runs import PhaseSpan, Run


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    phases : list of PhaseSpan
        Phases that were simulated to their end; the last bin of the protocol is cut off.
    bursts : dict
        ``"pre"`` and ``"post"``, events and bursts told apart.
    bin : float
        Width of a bin (ms).
    weight_time, weight : ndarray
        Samples of the mean plastic weight, and their times (ms).
    """

    phases: list[PhaseSpan]
    bursts: dict[str, Bursts]
    bin: float
    weight_time: Array
    weight: Array


def measure(run: Run) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        Not even the burn-in was finished.
    """
    bin_ms = 1000.0 * run.parameters["bin"]
    slack = bin_ms / 100.0
    phases = [p for p in run.phases if p.stop <= run.t_stop + slack and p.stop > p.start]
    if not phases:
        raise RunError("no phase was simulated to its end", where=str(run.path))
    last = phases[-1]
    if last.name == run.phases[-1].name and last.stop - last.start > 1.5 * bin_ms:
        phases[-1] = replace(last, stop=last.stop - bin_ms)
    weight = run.signals["weight_mean"]
    return Measured(
        phases=phases,
        bursts={
            name: decompose(run.spikes(name), resolution=float(run.info["resolution"]["value"]))
            for name in ("pre", "post")
        },
        bin=bin_ms,
        weight_time=np.asarray(weight["time"], dtype=np.float64),
        weight=np.asarray(weight, dtype=np.float64),
    )
