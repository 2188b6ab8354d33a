"""What a run of ``burstprop/images`` has measured, example by example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xarray as xr

    from neuromodels.runs import Run

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Courses of a run.

    Attributes
    ----------
    examples : ndarray, shape (blocks,)
        Number of examples at the end of each block.
    right : ndarray, shape (blocks,)
        Share (%) of the block's examples that were answered rightly before their teacher.
    tests : dict
        Number of examples -> right answers (%) in the test after them.
    rates, bursts : dict
        Population -> event rate (Hz) and burst probability in each block.
    weights : ndarray, shape (hidden, inputs), or None
        From inputs to the first hidden layer at the end; None in a run that is not complete.
    responses : dict
        ``before`` and ``after`` learning -> events of the uppermost hidden layer for each test
        image, shape (images, hidden).
    cases : ndarray of int, shape (images,)
        Of the test images.
    """

    examples: Array
    right: Array
    tests: Mapping[int, float]
    rates: Mapping[str, Array]
    bursts: Mapping[str, Array]
    weights: Array | None
    responses: Mapping[str, Array]
    cases: npt.NDArray[np.int64]


def measure(run: Run, blocks: int = 40) -> Measured:
    """Read what `Measured` holds from a run, complete or interrupted.

    Parameters
    ----------
    run : Run
    blocks : int
        Number of blocks that all examples are divided into, if there are enough.
    """
    signals = run.signals
    time = np.asarray(signals["time"], dtype=np.float64)
    shown, right, tested, accuracy = (
        np.asarray(signals[name], dtype=np.float64)
        for name in ("shown", "right", "tested", "accuracy")
    )
    length = max(1, int(run.parameters["examples"]) // blocks)
    ends = np.arange(0, int(shown[-1]) + 1, length)
    at = np.searchsorted(shown, ends)
    tests = {int(n): float(accuracy[tested == n][-1]) for n in np.unique(tested) if n >= 0}
    # A block's rates are those of its examples and of tests among them.
    seconds = np.maximum(np.diff(time[at]), 1e-9) / 1000.0
    size = {name: run.populations[name] for name in map(str, signals["population"].values)}
    rates, bursts = {}, {}
    for column, (name, n) in enumerate(size.items()):
        events = np.diff(np.asarray(signals["events"], dtype=np.float64)[at, column])
        doubles = np.diff(np.asarray(signals["bursts"], dtype=np.float64)[at, column])
        rates[name] = events / n / seconds
        with np.errstate(invalid="ignore", divide="ignore"):
            bursts[name] = doubles / events
    return Measured(
        examples=ends[1:].astype(np.float64),
        right=100.0 * np.diff(right[at]) / length,
        tests=tests,
        rates=rates,
        bursts=bursts,
        weights=_last(signals, "weights_hidden_1"),
        responses={
            when: values
            for when in ("before", "after")
            if (values := _last(signals, f"responses_{when}")) is not None
        },
        cases=np.asarray(signals["image"], dtype=np.int64),
    )


def _last(signals: xr.Dataset, name: str) -> Array | None:
    """Value at the end of a complete run."""
    values = np.asarray(signals[name], dtype=np.float64)
    return values[-1] if len(values) > 1 else None


__all__ = ["Measured", "measure"]
