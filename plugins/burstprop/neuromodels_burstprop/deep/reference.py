"""What an independent implementation gives for the digits of scikit-learn, over 20 seeds.

``golden/burstprop_deep_digits_seeds.csv`` is made by a plain NumPy program that shares no code with
this package (``tests/support/plain_deep.py``).  That program gives the recorded courses of the
authors' equations (two seeds, eight conditions, 30 epochs) to all their digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from neuromodels import Reference, golden
from neuromodels_burstprop.deep.circuit import Deep, DeepParameters

if TYPE_CHECKING:
    from neuromodels.runs import Run

TABLE = "burstprop_deep_digits_seeds"
SOURCE = "independent implementation in NumPy of Payeur et al. 2021, digits of scikit-learn"

ROUNDING = 1e-3
"""Tolerance (degrees, percent) of what is the same for all seeds: the angle of a vector to itself.
"""

FREE = frozenset(
    {
        "epochs", "signal", "feedback", "recurrent", "hidden_plasticity", "event_feedback",
        "device",
    }
)  # fmt: skip
"""Parameters that may differ from those of the preset ``digits``: the conditions differ in them."""


def is_recorded(run: Run) -> bool:
    """Whether the run is the case of the table, under some condition."""
    recorded = DeepParameters.resolve(Deep.presets["digits"]).as_dict()
    return all(
        run.parameters.get(name) == entry["value"]
        for name, entry in recorded.items()
        if name not in FREE
    )


def of(condition: str, epoch: int, metric: str) -> Reference | None:
    """Reference of a metric after an epoch; None where there is none."""
    return _references().get((condition, epoch, metric))


@cache
def _references() -> Mapping[tuple[str, int, str], Reference]:
    rows = golden.table(__package__, TABLE)
    return {
        (row.condition, int(row.epoch), row.metric): (
            Reference(row.mean, row.sd, int(row.n), int(row.n) - 1, SOURCE)
            if row.sd > 0
            else Reference.exact(row.mean, ROUNDING, SOURCE)
        )
        for row in rows.itertuples()
    }


__all__ = ["FREE", "is_recorded", "of"]
