"""Burst-dependent learning of neuronal ensembles, layer by layer (Payeur et al. 2021, Fig. 5).

Every unit is an ensemble with an event rate ``e`` (in units of its maximum), a burst probability
``p`` and a burst rate ``b = p e``.  Events go up through weights W, bursts come down through
feedback weights Y of the same shape; a teacher changes the burst probability of the output, and
what this changes in a layer's burst rates, ``b' - b``, is what its forward weights learn from.
s(x) = 1 / (1 + exp(-x)).

======================  =======================================================================
forward                 e_l = s(e_{i-1} W_l' + c_l)
output, target t        p = p_b,  p' = p_b (1 + (t - e)(1 - e))
feedback                f = b_{i+1} Y_{i+1},  f' = b'_{i+1} Y_{i+1}
preliminary bursts      q = s(beta f) e, that recurrent weights Z return to the dendrites
dendrites               u = f (1 - e) - q Z',  u' = f' (1 - e) - q Z'
burst probabilities     p = s(beta u),  p' = s(beta u')
errors                  d_l = -(b'_l - b_l)
======================  =======================================================================

With a second feedback pathway for events (Greedy et al. 2022), weights -p_0 Y with the burst
probability p_0 of the layer above at rest, f is ``(b - p_0 e) Y``: 0 without a teacher.

Networks with rectified units and a softmax output (their network for ImageNet) have

======================  =======================================================================
forward                 e_l = max(0, ...) in hidden layers, softmax in the output
output                  p' = min(1, p_b (1 + kappa (t - e) / (e + 1e-8))),  d = -(b' - b) / kappa
hidden layers           p = s(beta f h), h = [e > 0] / (e + 1e-8); no recurrent weights; the topmost
                        has f + (f' - f) / kappa in the place of f'
======================  =======================================================================

The gradient of half the summed squared error (of the summed cross entropy with a softmax), through
W or through fixed Y (feedback alignment), is here too, on the same scale: sums over a batch.

All functions take arrays of NumPy or of PyTorch, batches of images first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from neuromodels_burstprop.deep.layers import Array, Layer, library, sigmoid, softmax

REST = 0.5
"""Burst probability of a hidden ensemble whose dendrite has no input."""

KAPPA = 1e-5
"""What the teacher's signal is multiplied with in the output of a softmax network."""

_SMALL = 1e-8


@dataclass(frozen=True)
class Rule:
    """What a network learns from, and through which feedback.

    Parameters
    ----------
    signal : {"bursts", "gradient"}
        Changes of burst rates; or the gradient.
    feedback : {"tied", "fixed", "learned"}
        Y is W at all times; stays as it was drawn; or gets the same updates as W.
    recurrent : bool
        Whether hidden fully connected layers have recurrent weights Z, which learn.
    hidden : bool
        Whether hidden layers learn.
    event_feedback : float
        Strength of the events' feedback pathway, 0 to 1.
    units : {"sigmoid", "softmax"}
        Sigmoid units; or rectified ones and a softmax output.
    p_b : float
        Burst probability of the output without teacher.
    beta : float
        Slope of the dendritic nonlinearity.
    """

    signal: Literal["bursts", "gradient"] = "bursts"
    feedback: Literal["tied", "fixed", "learned"] = "learned"
    recurrent: bool = True
    hidden: bool = True
    event_feedback: float = 0.0
    units: Literal["sigmoid", "softmax"] = "sigmoid"
    p_b: float = 0.2
    beta: float = 1.0


@dataclass
class Values:
    """All that a network has learned; index 0 is the first layer above the input.

    Attributes
    ----------
    W, c, Y : list of array
        Forward weights, biases, feedback weights (shape of W) of each layer.
    Z : list of array or None
        Recurrent weights of each layer that has some, shape (units, units).
    """

    W: list[Array]
    c: list[Array]
    Y: list[Array]
    Z: list[Array | None]

    def feedback(self, rule: Rule) -> list[Array]:
        """Weights through which signals come down."""
        return self.W if rule.feedback == "tied" else self.Y


@dataclass
class Signals:
    """What a batch leaves in each layer, shape (batch, units of the layer).

    Attributes
    ----------
    below : list of array
        Rates of the layer below, the first are the images.
    e : list of array
        Event rates.
    d : list of array
        Errors: what W learns from is ``-d``.
    p, p_teacher : list of array
        Burst probabilities without and with teacher; empty where the signal is the gradient.
    u, u_teacher : list of array
        Dendritic potentials without and with teacher, the output's excepted.
    q : list of array or None
        Preliminary bursts of layers that have recurrent weights.
    """

    below: list[Array]
    e: list[Array]
    d: list[Array] = field(default_factory=list)
    p: list[Array] = field(default_factory=list)
    p_teacher: list[Array] = field(default_factory=list)
    u: list[Array] = field(default_factory=list)
    u_teacher: list[Array] = field(default_factory=list)
    q: list[Array | None] = field(default_factory=list)


def forward(layers: Sequence[Layer], values: Values, images: Array, rule: Rule) -> Signals:
    """Event rates of all layers."""
    below, e = [], []
    rates = images
    for number, (layer, W, c) in enumerate(zip(layers, values.W, values.c, strict=True), start=1):
        below.append(rates)
        x = layer.forward(rates, W, c)
        if rule.units == "sigmoid":
            rates = sigmoid(x)
        else:
            rates = softmax(x) if number == len(layers) else x * (x > 0)
        e.append(rates)
    return Signals(below, e)


def errors(
    layers: Sequence[Layer], values: Values, signals: Signals, target: Array, rule: Rule
) -> None:
    """Send the teacher's signal down, and keep what it leaves in `signals`.

    Parameters
    ----------
    layers, values
        The network.
    signals : Signals
        Of `forward`.
    target : array, shape (batch, classes)
        1 for the right class, else 0.
    rule : Rule
    """
    if rule.signal == "gradient":
        signals.d = gradient(layers, values.feedback(rule), signals.e, target, rule)
    else:
        _bursts(layers, values, signals, target, rule)


def gradient(
    layers: Sequence[Layer],
    feedback: Sequence[Array],
    e: Sequence[Array],
    target: Array,
    rule: Rule,
) -> list[Array]:
    """Errors of backpropagation through `feedback`: the gradient where that is W."""
    sigmoids = rule.units == "sigmoid"
    d = e[-1] - target
    if sigmoids:
        d = d * e[-1] * (1.0 - e[-1])
    found = [d]
    for i in range(len(layers) - 2, -1, -1):
        slope = e[i] * (1.0 - e[i]) if sigmoids else e[i] > 0
        d = layers[i + 1].back(d, feedback[i + 1], e[i]) * slope
        found.insert(0, d)
    return found


def _bursts(
    layers: Sequence[Layer], values: Values, signals: Signals, target: Array, rule: Rule
) -> None:
    e, Y = signals.e, values.feedback(rule)
    p, p_teacher = _output(e[-1], target, rule)
    b, b_teacher = p * e[-1], p_teacher * e[-1]
    d = -(b_teacher - b)
    amplified = 1.0 if rule.units == "sigmoid" else KAPPA
    rest = rule.p_b
    down: list[tuple[Array, ...]] = [(d / amplified, p, p_teacher)]
    dendrites: list[tuple[Array, Array, Array | None]] = []
    for i in range(len(layers) - 2, -1, -1):
        above, size = layers[i + 1], e[i]
        events = rule.event_feedback * rest * e[i + 1] if rule.event_feedback else 0.0
        f = above.back(b - events, Y[i + 1], size)
        f_teacher = above.back(b_teacher - events, Y[i + 1], size)
        if amplified != 1.0:
            f_teacher, amplified = f + (f_teacher - f) / amplified, 1.0
        u, u_teacher, q = _dendrites(f, f_teacher, size, values.Z[i], rule)
        p, p_teacher = sigmoid(rule.beta * u), sigmoid(rule.beta * u_teacher)
        b, b_teacher = p * size, p_teacher * size
        rest = REST
        down.insert(0, (-(b_teacher - b), p, p_teacher))
        dendrites.insert(0, (u, u_teacher, q))
    signals.d, signals.p, signals.p_teacher = ([*column] for column in zip(*down, strict=True))
    signals.u = [u for u, _, _ in dendrites]
    signals.u_teacher = [u for _, u, _ in dendrites]
    signals.q = [q for _, _, q in dendrites]


def _output(e: Array, target: Array, rule: Rule) -> tuple[Array, Array]:
    xp = library(e)
    p = rule.p_b + xp.zeros_like(e)
    if rule.units == "sigmoid":
        return p, rule.p_b * (1.0 + (target - e) * (1.0 - e))
    taught = rule.p_b * (1.0 + KAPPA * (target - e) / (e + _SMALL))
    return p, xp.minimum(taught, xp.ones_like(e))


def _dendrites(
    f: Array, f_teacher: Array, e: Array, Z: Array | None, rule: Rule
) -> tuple[Array, Array, Array | None]:
    """Potentials without and with teacher, and preliminary bursts."""
    if rule.units == "softmax":
        h = (e > 0) / (e + _SMALL)
        return f * h, f_teacher * h, None
    u, u_teacher = f * (1.0 - e), f_teacher * (1.0 - e)
    if not rule.recurrent or Z is None:
        return u, u_teacher, None
    q = sigmoid(rule.beta * f) * e
    returned = q @ Z.T
    return u - returned, u_teacher - returned, q


__all__ = ["KAPPA", "REST", "Rule", "Signals", "Values", "errors", "forward", "gradient"]
