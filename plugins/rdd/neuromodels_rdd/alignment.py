"""How well feedback weights are aligned with forward weights.

Both are matrices in the shape of the forward one, W: (units above, units below); feedback Y as the
published measures have it is the transpose, F = Y'.  Measures as in the code of Guerguiev et al.
(2020); x is a fresh vector of numbers from U(0, 1) each time.  Of `self`, `amp`, `info` and `symm`
lower is better aligned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def angle(forward: Array, feedback: Array) -> float:
    """Angle between the two as vectors (degrees); 90 for independent ones."""
    norms = float(np.linalg.norm(forward) * np.linalg.norm(feedback))
    if norms == 0.0:
        return float("nan")
    return float(np.degrees(np.arccos(np.clip(np.vdot(forward, feedback) / norms, -1.0, 1.0))))


def sign_agreement(forward: Array, feedback: Array) -> float:
    """Share of the non-zero feedback weights that have the sign of the forward one (%).

    0 if all feedback weights are 0.
    """
    given = feedback != 0
    if not given.any():
        return 0.0
    return float(100.0 * np.mean(np.sign(forward[given]) == np.sign(feedback[given])))


def correlation(forward: Array, feedback: Array) -> float:
    """Pearson correlation over all entries."""
    if forward.std() == 0.0 or feedback.std() == 0.0:
        return float("nan")
    return float(np.corrcoef(forward.ravel(), feedback.ravel())[0, 1])


OF_ANY_WEIGHTS: Mapping[str, tuple[str, Callable[[Array, Array], float], str]] = {
    "angle": ("deg", angle, "Angle between feedback and forward weights"),
    "sign_agreement": (
        "%", sign_agreement, "Share of feedback weights with the sign of the forward one",
    ),
    "correlation": ("", correlation, "Pearson correlation of feedback and forward weights"),
}  # fmt: skip
"""Measures for matrices and kernels: name -> unit, function, meaning."""

OF_MATRICES: Mapping[str, tuple[str, Callable[[Array, Array, Array], float], str]] = {
    "decay": ("", lambda w, f, x: float(_square(w @ x) + _square(f @ x)), "|W x|² + |x' Y|²"),
    "sparse": ("", lambda w, f, _: float(_square(w) + _square(f)), "|W|² + |Y|²"),
    "self": ("", lambda w, f, _: -float(np.vdot(w, f)), "-trace(Y W)"),
    "amp": ("", lambda w, f, x: -float((f @ x) @ (w @ x)), "-x' Y W x"),
    "info": ("", lambda w, f, x: float(_square(x - f.T @ (w @ x))), "|x - Y W x|²"),
    "symm": ("", lambda w, f, _: float(_square(w - f)), "|W - Y'|²"),
}
"""Published measures, for matrices: name -> unit, function of W, F and x, meaning."""


def _square(values: Array) -> float:
    return float(np.vdot(values, values))


__all__ = ["OF_ANY_WEIGHTS", "OF_MATRICES", "angle", "correlation", "sign_agreement"]
