"""What is measured in a run of ``burstprop/propagation``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.bursts import Bursts, decompose
from neuromodels.errors import RunError
from neuromodels_burstprop.propagation.circuit import STIMULATION

if TYPE_CHECKING:
    from neuromodels.runs import Run


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    time : ndarray, shape (bins,)
        Middle of each bin (ms).
    signals : dict
        Name -> values per bin, shape (bins,), in the unit of `reference.SIGNALS` and `INPUTS`.
    bursts : dict
        Population -> its spikes, events and bursts told apart.
    baseline, stimulated : ndarray of bool, shape (bins,)
        Bins of the second half of the burn-in, and of the stimulation.
    """

    time: Array
    signals: Mapping[str, Array]
    bursts: Mapping[str, Bursts]
    baseline: npt.NDArray[np.bool_]
    stimulated: npt.NDArray[np.bool_]


def measure(run: Run) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        Too little of the stimulation was simulated for a fit of two sines.
    """
    p = run.parameters
    resolution = float(run.info["resolution"]["value"])
    bursts = {name: decompose(run.spikes(name), resolution=resolution) for name in run.populations}
    rates = {name: found.rates(p["bin"]) for name, found in bursts.items()}
    start, stop = rates["pyr1"].start, rates["pyr1"].time
    time = (start + stop) / 2.0
    signals = {}
    for name in ("pyr1", "pyr2"):
        signals[f"{name}_event_rate"] = rates[name].event_rate
        signals[f"{name}_burst_rate"] = rates[name].burst_rate
        signals[f"{name}_burst_probability"] = 100.0 * rates[name].burst_probability
    for name in sorted(rates.keys() & {"pv", "som"}):
        signals[f"{name}_spike_rate"] = rates[name].spike_rate

    slack = p["bin"] / 100.0
    burn_in = 1000.0 * p["burn_in"]
    on = start > burn_in - slack
    for name, population in (("soma", "pyr1_soma"), ("dend", "pyr2_dend")):
        turns = time / (1000.0 * p[f"period_{name}"])
        sine = p[f"amplitude_{name}"] * np.sin(2.0 * np.pi * turns)
        signals[f"I_{name}"] = p[f"I_{population}"] + np.where(on, sine, 0.0)
    # The last bin of the protocol
    end = next(phase.stop for phase in run.phases if phase.name == STIMULATION)
    stimulated = on & (stop < end - slack)
    if stimulated.sum() < 5:
        raise RunError("too little of the stimulation was simulated", where=str(run.path))
    return Measured(
        time=time,
        signals=signals,
        bursts=bursts,
        baseline=(start > burn_in / 2.0 - slack) & ~on,
        stimulated=stimulated,
    )
