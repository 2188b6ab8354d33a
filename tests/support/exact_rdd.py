"""The equations of Guerguiev, Kording & Richards (2020) step by step in NumPy, as arrays say them.

Dense: every layer, every pair of units and every step, with matrix products and one array for each
symbol, in the order of the published model.  Written from its description and independent of the
package; the tests compare NEST with it, and the benchmark runs it side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

S = 30
AGES = np.arange(1, S + 1)
KAPPA = (np.exp(-AGES / 10) - np.exp(-AGES / 3)) / 7


class History:
    """Counts of the last S steps, newest first."""

    def __init__(self, n: int) -> None:
        self.counts = np.zeros((S, n))
        self.now = 0

    def clear(self) -> None:
        self.counts[:] = 0

    def append(self, z: np.ndarray) -> None:
        self.now = (self.now - 1) % S
        self.counts[self.now] = z

    def filtered(self) -> np.ndarray:
        """Sum of kappa(s) times the counts of the s-th last step in the history."""
        return np.roll(KAPPA, self.now) @ self.counts


@dataclass
class Layer:
    """Units of a layer, and their estimates if there is a layer above."""

    n: int
    n_above: int
    eta: float = 0.001
    window: int = 30
    band: float = 0.1
    usable: float = 10.0
    stale: bool = True
    estimates: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (self.n, self.n_above)
        self.estimates = {
            name: np.zeros(shape)
            for name in ("c_above", "c_below", "m_above", "m_below", "beta")
        }  # fmt: skip
        self.windows = {"spiked": 0, "silent": 0}
        self.reset()

    def reset(self) -> None:
        """The state at the beginning of a phase; estimates are kept."""
        self.v, self.u = np.full(self.n, -1.0), np.full(self.n, -1.0)
        self.B, self.M = np.zeros(self.n), np.zeros(self.n)
        self.rho, self.omega, self.spikes = (np.zeros(self.n, dtype=int) for _ in range(3))
        self.R, self.R_pre = (np.zeros((self.n, self.n_above)) for _ in range(2))
        self.fired = np.zeros(self.n, dtype=bool)
        self.sent, self.drives = History(self.n), History(self.n)

    def step(
        self, q: np.ndarray, below: np.ndarray | None, weights: np.ndarray | None,
        drive: np.ndarray | None,
    ) -> None:  # fmt: skip
        """One step with `q` from above, and `below` filtered spikes or `drive` counts."""
        ends = self.omega == 1
        open_ = self.omega > 0
        self.M = np.where(open_, np.maximum(self.M, self.u), self.M)
        self.rho = np.maximum(self.rho - 1, 0)
        if drive is not None:
            self.drives.append(drive)
            self.B = 4 * self.drives.filtered()
        elif below is not None and weights is not None:
            self.B = weights @ below
        else:
            self.B = np.zeros(self.n)
        self.v = self.v + (-0.1 * self.v + 0.6 * (self.B - self.v))
        self.u = self.u + (-0.1 * self.u + 0.6 * (self.B - self.u))
        if self.n_above:
            self.R += open_[:, np.newaxis] * q
            self.R_pre = np.where(open_[:, np.newaxis], self.R_pre, q)
        self.fired = (self.v >= 1) & (self.rho == 0)
        self.v[self.fired] = -1
        self.rho[self.fired] = 3
        if drive is not None and self.n_above:
            self._learn(ends & (np.abs(self.M - 1) <= self.usable))
        if self.n_above:
            self._windows(ends, q)
        self.sent.append(self.fired)

    def _learn(self, used: np.ndarray) -> None:
        for side, chosen in (
            ("above", np.flatnonzero(used & (self.spikes >= 1))),
            ("below", np.flatnonzero(used & (self.spikes == 0))),
        ):
            self.windows["spiked" if side == "above" else "silent"] += chosen.size
            if not chosen.size:
                continue
            D = self.R[chosen] / self.window - self.R_pre[chosen]
            M = self.M[chosen, np.newaxis]
            m, c = self.estimates[f"m_{side}"], self.estimates[f"c_{side}"]
            error = m[chosen] * M + c[chosen] - D
            m[chosen] -= self.eta * error * M
            c[chosen] -= self.eta * error
        i, e = np.flatnonzero(used), self.estimates
        e["beta"][i] = (e["m_above"][i] + e["c_above"][i]) - (e["m_below"][i] + e["c_below"][i])

    def _windows(self, ends: np.ndarray, q: np.ndarray) -> None:
        self.omega = np.maximum(self.omega - 1, 0)
        closed = self.omega == 0
        self.u = np.where(closed, self.v, self.u)
        opens = closed & (np.abs(1 - self.u) <= self.band)
        self.omega[opens] = self.window
        self.spikes += (self.omega > 0) & self.fired
        self.spikes[ends] = 0
        self.R[ends] = 0
        self.M[ends] = 0
        if not self.stale:
            self.R_pre[opens] = q


class Network:
    """Layers that are updated one after the other within a step.

    Parameters
    ----------
    weights : list of ndarray
        Forward matrices as the spiking network uses them, shape (n_l, n_(l-1)).
    delay : int
        Steps by which forward connections are late; 0 as published.
    """

    def __init__(self, weights: list[np.ndarray], *, delay: int = 0, **options: float) -> None:
        sizes = [weights[0].shape[1], *(w.shape[0] for w in weights)]
        self.weights, self.delay = weights, delay
        self.layers = [
            Layer(n, above, **options)
            for n, above in zip(sizes, [*sizes[1:], 0], strict=True)
        ]  # fmt: skip

    def reset(self) -> None:
        for layer in self.layers:
            layer.reset()

    def switch(self, driven: int) -> None:
        """A stage begins: the driving history of its layer is empty."""
        self.layers[driven].drives.clear()

    def step(self, driven: int, drive: np.ndarray) -> None:
        """All layers in turn, layer `driven` with the counts `drive`."""
        late = [layer.sent.filtered() for layer in self.layers] if self.delay else []
        for k, layer in enumerate(self.layers):
            above = self.layers[k + 1].sent.filtered() if k + 1 < len(self.layers) else None
            below = weights = None
            if k and k != driven:
                below = late[k - 1] if self.delay else self.layers[k - 1].sent.filtered()
                weights = self.weights[k - 1]
            layer.step(
                np.zeros(0) if above is None else above, below, weights,
                drive if k == driven else None,
            )  # fmt: skip


class Drive:
    """Poisson counts of a random fifth of a layer's units, drawn anew every 100 steps."""

    def __init__(self, rng: np.random.Generator, n: int, fraction: float = 0.2) -> None:
        self.rng, self.n, self.k = rng, n, int(fraction * n)
        self.rates = np.zeros(n)
        self.redraw()

    def redraw(self) -> None:
        self.rates[:] = 0
        self.rates[self.rng.choice(self.n, self.k, replace=False)] = 0.2

    def counts(self, t: int) -> np.ndarray:
        if (t + 1) % 100 == 0:
            self.redraw()
        return self.rng.poisson(self.rates)
