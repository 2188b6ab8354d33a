"""What a run of ``burstprop/deep`` has measured, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels_burstprop.deep.circuit import EPOCH, Deep

if TYPE_CHECKING:
    from neuromodels.runs import Run

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Signals of a run; the first value is that of the untrained network.

    Attributes
    ----------
    condition : str
        Name of the condition that has the run's rule; empty if none has.
    epochs : ndarray of int, shape (samples,)
        Completed.
    test_error, test_loss, train_error : ndarray, shape (samples,)
        Errors in percent; the training error is that of the images as they were learned from, NaN
        before the first epoch.
    layers : list of str
    measures : dict
        Measure -> shape (samples, layers); NaN where a layer has none.
    """

    condition: str
    epochs: npt.NDArray[np.int64]
    test_error: Array
    test_loss: Array
    train_error: Array
    layers: list[str]
    measures: Mapping[str, Array]


def measure(run: Run) -> Measured:
    """Read what `Measured` holds from a run, complete or interrupted."""
    signals = run.signals
    values = np.asarray(signals["measures"], dtype=np.float64)
    scalars = {
        name: np.asarray(signals[name], dtype=np.float64)
        for name in ("test_error", "test_loss", "train_error")
    }
    return Measured(
        condition=condition(run.parameters),
        epochs=np.rint(np.asarray(signals["time"]) / EPOCH).astype(np.int64),
        layers=[str(name) for name in signals["layer"].values],
        measures={str(name): values[..., i] for i, name in enumerate(signals["measure"].values)},
        **scalars,
    )


def condition(parameters: Mapping[str, object]) -> str:
    """Name of the condition with these parameters' rule; empty if there is none."""
    ruling = ("signal", "feedback", "recurrent", "hidden_plasticity", "event_feedback")
    defaults = Deep.Parameters.resolve({})
    for name, values in Deep.conditions.items():
        if all(parameters[key] == values.get(key, getattr(defaults, key)) for key in ruling):
            return name
    return ""


__all__ = ["Measured", "condition", "measure"]
