"""Learning rates of a data set and a condition, as they were found or published.

Rates are of gradients that are summed over a batch.  A condition's errors have a scale of its own
(bursts carry ``p_b`` times the gradient, and a quarter or less of it into every hidden layer), so
conditions are compared at the best rates of each, not at the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from neuromodels_burstprop.deep.equations import Rule

_GRADIENT, _TIED, _OTHER = "gradient", "bursts through tied feedback", "bursts"

RATES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "digits": {_GRADIENT: (0.01, 0.01), _TIED: (0.3, 0.03), _OTHER: (0.1, 0.03)},
    "fashion-mnist": {_GRADIENT: (0.003, 0.003), _TIED: (0.1, 0.01), _OTHER: (0.03, 0.01)},
    # Published, but for the gradient: that of the published program is a mean over a batch, and for
    # squared errors over outputs too, which is the same as these rates of a sum.
    "mnist": {_GRADIENT: (0.003, 0.003), _TIED: (0.1, 0.01), _OTHER: (0.1, 0.01)},
    "cifar-10": {
        _GRADIENT: (0.01 * 2 / (32 * 10),) * 2, _TIED: (0.01, 0.01), _OTHER: (0.01, 0.01)
    },
    "imagenet": {_GRADIENT: (0.01 / 128,) * 2, _TIED: (0.01, 0.01), _OTHER: (0.01, 0.01)},
}  # fmt: skip
"""Data set -> kind of rule -> learning rates of hidden layers and output."""


def rates(dataset: str, rule: Rule) -> tuple[float, float] | None:
    """Learning rates of hidden layers and of the output; None where none are known."""
    kind = _TIED if rule.feedback == "tied" else _OTHER
    if rule.signal == "gradient":
        kind = _GRADIENT
    return RATES.get(dataset, {}).get(kind)


__all__ = ["RATES", "rates"]
