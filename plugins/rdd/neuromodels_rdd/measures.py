"""Measures of how well feedback weights are aligned with forward weights.

Those that the published main script records (`correct` ... `symm`; lower is better for `self`,
`amp`, `info` and `symm`), and the ones that the science of the study is discussed with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RECORDED = ("correct", "decay", "sparse", "self", "amp", "info", "symm")
"""Names of the published measures; `correct` in percent."""
STATISTICS = (
    "sign", "correlation", "cosine", "std_feedback", "std_forward", "beta_nonzero", "beta_std",
    "beta_mean", "slope",
)  # fmt: skip
"""Names of further statistics; `sign` in percent, `slope` of beta on the forward weight."""


def recorded(W: Array, Y: Array, x: Array) -> dict[str, float]:
    """Measures that the published script records.

    Parameters
    ----------
    W : ndarray, shape (n_post, n_pre)
        Forward weights.
    Y : ndarray, shape (n_pre, n_post)
        Feedback weights.
    x : ndarray, shape (n_pre,)
        Random input, U(0, 1).
    """
    Wx, xY = W @ x, x @ Y
    YWx = Y @ Wx
    return {
        "correct": sign_agreement(W, Y),
        "decay": float(Wx @ Wx + xY @ xY),
        "sparse": float(np.sum(W**2) + np.sum(Y**2)),
        "self": float(-np.sum(Y * W.T)),
        "amp": float(-(x @ YWx)),
        "info": float(np.sum((x - YWx) ** 2)),
        "symm": float(np.sum((W - Y.T) ** 2)),
    }


def sign_agreement(W: Array, Y: Array) -> float:
    """Percent of non-zero feedback weights that have the sign of the forward weight."""
    used = Y != 0
    n = int(used.sum())
    return 100.0 * float(np.sum(used & (np.sign(Y) == np.sign(W.T)))) / n if n else 0.0


def angle(W: Array, Y: Array) -> float:
    """Angle between the two as vectors (degrees): 90 for independent ones, NaN if one is 0.

    Kernels of convolutions will do too, Y with its axes in the reverse order.
    """
    norms = float(np.linalg.norm(W) * np.linalg.norm(Y))
    if norms == 0.0:
        return float("nan")
    cosine = float(np.vdot(W, Y.T)) / norms
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def correlation(W: Array, Y: Array) -> float:
    """Pearson's correlation over all entries; kernels as for `angle`."""
    return float(np.corrcoef(W.ravel(), Y.T.ravel())[0, 1])


def statistics(W: Array, Y: Array, beta: Array) -> dict[str, float]:
    """Agreement of feedback and forward weights, and what the estimates are like.

    Parameters
    ----------
    W : ndarray, shape (n_post, n_pre)
        Forward weights.
    Y, beta : ndarray, shape (n_pre, n_post)
        Feedback weights, and the estimates that they come from.
    """
    w, y, b = W.T.ravel(), Y.ravel(), beta.ravel()
    return {
        "sign": sign_agreement(W, Y),
        "correlation": correlation(W, Y),
        "cosine": float(w @ y / np.sqrt((w @ w) * (y @ y))),
        "std_feedback": float(y.std()),
        "std_forward": float(w.std()),
        "beta_nonzero": float(np.mean(b != 0)),
        "beta_std": float(b.std()),
        "beta_mean": float(b.mean()),
        "slope": float(np.mean((b - b.mean()) * (w - w.mean())) / w.var()),
    }


__all__ = [
    "RECORDED", "STATISTICS", "angle", "correlation", "recorded", "sign_agreement", "statistics",
]  # fmt: skip
