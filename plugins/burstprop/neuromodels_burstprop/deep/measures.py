"""What is measured of a network on some images: angles, burst probabilities, linearity.

* The **angle of errors** is that between a layer's errors ``d`` and those of backpropagation
  through the true W, for each image, averaged over images.
* The **angle of feedback** is that between W and Y, all their elements as one vector.
* **Burst probabilities** are means over units and images, without teacher, and the mean absolute
  change by the teacher.
* **Linearity** of the feedback signal is the squared correlation, about zero, of the changes of
  burst probability ``p' - p`` with the changes of dendritic potential ``u' - u``, over units and
  images: 1 where each unit's bursts report its feedback with the same slope.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neuromodels_burstprop.deep import equations
from neuromodels_burstprop.deep.equations import Rule, Values
from neuromodels_burstprop.deep.layers import Array, Layer

MEASURES = (
    "error_angle", "feedback_angle", "burst_probability", "burst_change", "linearity",
)  # fmt: skip

Numbers = npt.NDArray[np.float64]


def measure(
    layers: Sequence[Layer], values: Values, images: Array, target: Array, rule: Rule
) -> Numbers:
    """All `MEASURES` of every layer.

    Returns
    -------
    ndarray, shape (layers, measures)
        Angles in degrees; NaN where there is nothing to compare: errors of the output, feedback of
        the first layer, burst probabilities where the signal is the gradient.
    """
    signals = equations.forward(layers, values, images, rule)
    equations.errors(layers, values, signals, target, rule)
    exact = equations.gradient(layers, values.W, signals.e, target, rule)
    Y = values.feedback(rule)
    found = np.full((len(layers), len(MEASURES)), np.nan)
    for i in range(len(layers)):
        row = dict.fromkeys(MEASURES, np.nan)
        if i < len(layers) - 1:
            row["error_angle"] = float(np.mean(angles(_rows(signals.d[i]), _rows(exact[i]))))
        if i > 0:
            row["feedback_angle"] = float(angles(_flat(values.W[i]), _flat(Y[i]))[0])
        if signals.p:
            p, change = numbers(signals.p[i]), numbers(signals.p_teacher[i] - signals.p[i])
            row["burst_probability"] = float(p.mean())
            row["burst_change"] = float(np.abs(change).mean())
            if i < len(layers) - 1:
                row["linearity"] = _linearity(change, signals.u_teacher[i] - signals.u[i])
        found[i] = [row[name] for name in MEASURES]
    return found


def angles(a: Numbers, b: Numbers) -> Numbers:
    """Angle (degrees) of each row of `a` with that of `b`; NaN where one of them is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        a = a / np.linalg.norm(a, axis=1, keepdims=True)
        b = b / np.linalg.norm(b, axis=1, keepdims=True)
    # Unlike the arc cosine of the scalar product, exact for small angles.
    half = np.arctan2(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))
    return np.asarray(np.degrees(2.0 * half))


def numbers(array: Array) -> Numbers:
    """A tensor or array as NumPy's doubles."""
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    return np.asarray(array, dtype=np.float64)


def _rows(array: Array) -> Numbers:
    return numbers(array).reshape(len(array), -1)


def _flat(array: Array) -> Numbers:
    return numbers(array).reshape(1, -1)


def _linearity(change: Numbers, potential: Array) -> float:
    x = numbers(potential).ravel()
    y = change.ravel()
    scale = (x @ x) * (y @ y)
    return float((x @ y) ** 2 / scale) if scale > 0 else np.nan


__all__ = ["MEASURES", "Numbers", "angles", "measure", "numbers"]
