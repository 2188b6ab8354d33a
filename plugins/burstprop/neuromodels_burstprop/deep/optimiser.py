"""Updates of all weights from the signals of a batch: momentum, decay, learned feedback.

All changes of a batch are computed from the same weights.  Gradients are sums over the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuromodels_burstprop.deep.equations import Rule, Signals, Values
from neuromodels_burstprop.deep.layers import Array, Layer, library


@dataclass(frozen=True)
class Rates:
    """How fast weights change.

    Parameters
    ----------
    layers : sequence of float
        Learning rate of each layer.
    recurrent : float
        Of the recurrent weights.
    momentum : float
    decay : float
        Share of W and Y that is lost in every update.
    """

    layers: Sequence[float]
    recurrent: float
    momentum: float
    decay: float


class Optimiser:
    """Stochastic gradient descent with momentum, in place.

    Parameters
    ----------
    layers : sequence of Layer
    values : Values
        Changed by `update`.
    rule : Rule
    rates : Rates

    Attributes
    ----------
    momentum : dict
        ``W``, ``c``, ``Y`` -> last change of each layer.
    """

    def __init__(self, layers: Sequence[Layer], values: Values, rule: Rule, rates: Rates) -> None:
        self._layers, self._values, self._rule = layers, values, rule
        self.rates = rates
        self.momentum: dict[str, list[Array]] = {
            name: [library(array).zeros_like(array) for array in getattr(values, name)]
            for name in ("W", "c", "Y")
        }

    def update(self, signals: Signals) -> None:
        """Learn from the signals of one batch."""
        values, rule, decay = self._values, self._rule, self.rates.decay
        first = 0 if rule.hidden else len(self._layers) - 1
        for i in range(first, len(self._layers)):
            weight, bias = self._layers[i].gradient(signals.d[i], signals.below[i])
            if i < len(signals.q) and signals.q[i] is not None:
                values.Z[i] += self.rates.recurrent * (signals.u[i].T @ signals.q[i])
            self._change("W", i, weight, decay)
            self._change("c", i, bias, 0.0)
            if rule.feedback == "learned":
                self._change("Y", i, weight, decay)

    def _change(self, name: str, i: int, gradient: Array, decay: float) -> None:
        last, array = self.momentum[name][i], getattr(self._values, name)[i]
        last *= self.rates.momentum
        last -= self.rates.layers[i] * gradient
        array *= 1.0 - decay
        array += last


__all__ = ["Optimiser", "Rates"]
