"""The regression of all windows of a layer on the activity of the layer above, in one go.

A feedback synapse does a little work for every spike of its source (`rdd_feedback_synapse`): at the
published size, with sources that fire at 170 Hz, that is 10^8 deliveries per biological second.
What it needs of these spikes is one number per window, D = sum(q) / window - q(baseline), with

    q(t) = sum of kappa(s) z(t - s) over s = 1 ... S.

Here q and its running sum are calculated once for each source, and D is a difference of three of
their values.  The gradient steps of a target,

    (m, c) <- (m, c) - eta e (M, 1),    e = m M + c - D,

are linear in (m, c) and D with coefficients that depend on M alone, the same for all sources.  So
the steps of many windows are one pair of coefficients per window, calculated from the last window
to the first, and one product of a sparse matrix (windows) with a dense one (sources).  The result
is that of the synapses but for the order of additions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIDES = ("upper", "lower")


def kernel(n: int = 30, tau_L: float = 10.0, tau_s: float = 3.0) -> Array:
    """kappa(1) ... kappa(n), Guerguiev et al. 2020; time constants in steps."""
    s = np.arange(1, n + 1)
    return np.asarray((np.exp(-s / tau_L) - np.exp(-s / tau_s)) / (tau_L - tau_s))


@dataclass(frozen=True)
class Windows:
    """Complete windows of one layer.

    Attributes
    ----------
    neuron : ndarray of int, shape (n,)
        Index of the target.
    end, baseline : ndarray of int, shape (n,)
        Step in which the window ended, and step of its baseline.
    maximum : ndarray, shape (n,)
        Largest u in the window, M.
    spikes : ndarray of int, shape (n,)
        Spikes of the target in it.
    """

    neuron: Ints
    end: Ints
    baseline: Ints
    maximum: Array
    spikes: Ints

    def __len__(self) -> int:
        return len(self.neuron)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Windows:
        """Those that are chosen."""
        return Windows(
            self.neuron[chosen], self.end[chosen], self.baseline[chosen],
            self.maximum[chosen], self.spikes[chosen],
        )  # fmt: skip

    @classmethod
    def join(cls, parts: Sequence[Windows]) -> Windows:
        """All windows of `parts`."""
        names = ("neuron", "end", "baseline", "maximum", "spikes")
        if not parts:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none, np.zeros(0), none)
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Lines:
    """Lines fitted for every pair of a target and a source.

    Parameters
    ----------
    n_targets, n_sources : int
    eta : float
        Learning rate.
    window : int
        Length of a window (steps).

    Attributes
    ----------
    m, c : dict of ndarray, shape (n_targets, n_sources)
        Slopes and intercepts; keys are those of `SIDES`: above and below threshold.
    """

    def __init__(self, n_targets: int, n_sources: int, *, eta: float, window: int) -> None:
        self.eta, self.window = eta, window
        self.m = {side: np.zeros((n_targets, n_sources)) for side in SIDES}
        self.c = {side: np.zeros((n_targets, n_sources)) for side in SIDES}

    @property
    def beta(self) -> Array:
        """Estimated effects: the difference of the two lines at the threshold, 1."""
        upper, lower = (self.m[side] + self.c[side] for side in SIDES)
        return np.asarray(upper - lower)

    def fit(self, windows: Windows, q: Array, first: int) -> None:
        """Take gradient steps for `windows`, target by target in the order in which they ended.

        Parameters
        ----------
        windows : Windows
        q : ndarray, shape (steps, n_sources)
            Filtered spikes of the sources.
        first : int
            Step of the first row of `q`; it has all steps from the windows' baselines and
            beginnings to their ends.
        """
        if not len(windows):
            return
        total = np.zeros((len(q) + 1, q.shape[1]))
        np.cumsum(q, axis=0, out=total[1:])
        spiked = windows.spikes > 0
        for side, chosen in zip(SIDES, (spiked, ~spiked), strict=True):
            if chosen.any():
                self._fit(side, windows.where(chosen), total, first)

    def _fit(self, side: str, windows: Windows, total: Array, first: int) -> None:
        from scipy import sparse

        order = np.lexsort((windows.end, windows.neuron))
        neuron, M = windows.neuron[order], windows.maximum[order]
        steps = _steps(neuron, M, self.eta)
        targets, begin, row = np.unique(neuron, return_index=True, return_inverse=True)
        # Row t of `total` is the sum of q before step `first` + t
        end, baseline = windows.end[order] + 1 - first, windows.baseline[order] - first
        columns = np.concatenate([end, end - self.window, baseline + 1, baseline])
        signs = np.repeat([1 / self.window, -1 / self.window, -1.0, 1.0], len(row))
        change = []
        for weight in (steps.weight_m, steps.weight_c):
            entries = (signs * np.tile(weight, 4), (np.tile(row, 4), columns))
            matrix = sparse.csr_matrix(entries, shape=(targets.size, len(total)))
            change.append(matrix @ total)
        m, c = self.m[side][targets], self.c[side][targets]
        a = steps.left[begin]
        self.m[side][targets] = a[:, :1] * m + a[:, 1:2] * c + change[0]
        self.c[side][targets] = a[:, 2:3] * m + a[:, 3:] * c + change[1]


@dataclass(frozen=True)
class _Steps:
    """Coefficients of the gradient steps, in the order of (neuron, time).

    Attributes
    ----------
    weight_m, weight_c : ndarray, shape (n,)
        What D of a window contributes to m and c after all windows of its neuron.
    left : ndarray, shape (n, 4)
        Product of the matrices I - eta (M^2, M; M, 1) from this window on, by rows.
    """

    weight_m: Array
    weight_c: Array
    left: Array


def _steps(neuron: Ints, M: Array, eta: float) -> _Steps:
    """Multiply from each neuron's last window to its first, all neurons at once."""
    n = len(neuron)
    after, left = np.tile([1.0, 0.0, 0.0, 1.0], (n, 1)), np.empty((n, 4))
    last = np.append(neuron[1:] != neuron[:-1], True)
    ends = np.flatnonzero(last)
    # Windows that follow in the same neuron
    remaining = ends[np.searchsorted(ends, np.arange(n))] - np.arange(n)
    by_round = np.argsort(remaining, kind="stable")
    for rows in np.split(by_round, np.cumsum(np.bincount(remaining))[:-1]):
        if remaining[rows[0]]:
            after[rows] = left[rows + 1]
        a, b, c, d = after[rows].T
        x = M[rows]
        # after @ (I - eta (x, 1)^T (x, 1))
        first, second = a * x + b, c * x + d
        left[rows] = np.column_stack(
            [a - eta * first * x, b - eta * first, c - eta * second * x, d - eta * second]
        )
    a, b, c, d = after.T
    return _Steps(eta * (a * M + b), eta * (c * M + d), left)


class Activity:
    """Spikes of a layer in the recent past, and their filtered trains.

    Parameters
    ----------
    n : int
        Neurons.
    kappa : ndarray, shape (S,)
        The kernel, kappa(1) ... kappa(S).
    """

    def __init__(self, n: int, kappa: Array) -> None:
        self._kappa = kappa
        self._first = 0  # step of the first row
        self._complete = True  # whether nothing spiked before it
        self._spikes = np.zeros((0, n), dtype=np.bool_)

    @property
    def until(self) -> int:
        """First step that is not there."""
        return self._first + len(self._spikes)

    def begin(self, first: int) -> None:
        """Begin again: nothing spikes before step `first`."""
        self._first, self._complete = first, True
        self._spikes = self._spikes[:0]

    def add(self, bits: Ints, until: int) -> None:
        """Add spikes up to step ``until - 1`` from one word of bits per neuron, lowest bit last.

        Raises
        ------
        ValueError
            Steps are missing in between, more than there are bits.
        """
        n = until - self.until
        if n <= 0:
            return
        if n > WORD:
            raise ValueError(f"{n} steps since spikes were read, {WORD} are kept")
        shifts = np.arange(n - 1, -1, -1)[:, np.newaxis]
        self._spikes = np.concatenate([self._spikes, ((bits >> shifts) & 1).astype(np.bool_)])

    def q(self, first: int, until: int) -> Array:
        """Filtered trains of steps `first` ... ``until - 1``.

        Returns
        -------
        ndarray, shape (until - first, n)
        """
        from scipy import sparse

        n, S = until - first, len(self._kappa)
        begin = first - S
        rows = self._spikes[max(begin, self._first) - self._first : until - 1 - self._first]
        if begin < self._first and not self._complete:
            raise ValueError(f"spikes of step {begin} have been forgotten")
        z = np.zeros((S + n - 1, rows.shape[1]))
        z[len(z) - len(rows) :] = rows
        # Row t: kappa(s) at column t + S - s
        banded = sparse.diags(
            self._kappa[::-1].tolist(), list(range(S)), shape=(n, S + n - 1), format="csr"
        )
        return np.asarray(banded @ z)

    def forget(self, before: int) -> None:
        """Drop what no window that needs q from step `before` on will need."""
        n = before - len(self._kappa) - self._first
        if n > 0:
            self._spikes = self._spikes[n:]
            self._first += n
            self._complete = False


WORD = 30
"""Steps that a neuron of model ``rdd_neuron`` remembers its spikes for."""


__all__ = ["SIDES", "WORD", "Activity", "Lines", "Windows", "kernel"]
