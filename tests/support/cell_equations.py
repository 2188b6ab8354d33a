"""The cells of Payeur et al. 2021 in plain NumPy, many at a time, with or without noise.

Written from the description of the published simulation (equations, order of operations within a
step, noise), not from the NESTML models.  Units: mV, ms, pA, pF, nS.  Conductances are in units of
the leak of their compartment.

One step: right-hand sides at the old state, Euler; conductances decay; threshold test; spikes of
the noise arrive; injected currents are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DT = 0.1
E_L, E_EXC, E_INH = -70.0, 0.0, -80.0
TAU_AMPA, TAU_GABA = 5.0, 10.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Channel:
    """Independent noise of every cell: rate (Hz) of a Bernoulli process per step, and weight."""

    rate: float
    weight: float


#: Channels in the order soma (or cell) excitation, inhibition, dendrite excitation, inhibition
NOISE: Mapping[str, Sequence[Channel]] = {
    "pyramidal": [Channel(500, 0.35), Channel(500, 0.35), Channel(500, 0.05), Channel(500, 0.05)],
    "pv": [Channel(500, 0.75), Channel(500, 1.125)],
    "som": [Channel(500, 0.4), Channel(500, 0.5)],
    "xor-input": [Channel(500, 0.35), Channel(500, 0.35), Channel(500, 0.05), Channel(500, 0.05)],
    "xor-hidden": [Channel(150, 0.385), Channel(150, 0.49), Channel(500, 0.05), Channel(500, 0.05)],
    "xor-output": [Channel(150, 0.35), Channel(150, 0.35), Channel(500, 0.05), Channel(500, 0.05)],
}


@dataclass
class Result:
    """Spikes (step from 0, cell), and voltages of chosen cells, shape (steps, variables, cells)."""

    steps: NDArray[np.int64]
    cells: NDArray[np.int64]
    voltages: Array


class Arrivals:
    """Conductances that the noise adds in a step."""

    def __init__(self, channels: Sequence[Channel], n: int, rng: np.random.Generator) -> None:
        self._p = np.array([[c.rate * DT / 1000] for c in channels])
        self._weight = np.array([[c.weight] for c in channels])
        self._n, self._rng = n, rng

    def __call__(self) -> Array:
        if not self._p.size:
            return np.zeros((1, 1))
        return self._weight * (self._rng.random((len(self._p), self._n)) < self._p)


def collect(n_steps: int, step, read) -> Result:
    """Call ``step(n)`` (cells that spike) and ``read()`` (voltages) for every step."""
    when, who, seen = [], [], []
    for n in range(n_steps):
        cells = np.flatnonzero(step(n))
        when.append(np.full(cells.size, n))
        who.append(cells)
        seen.append(read())
    return Result(np.concatenate(when), np.concatenate(who), np.array(seen))


def two_compartments(
    I_s: Array,
    I_d: Array,
    n_steps: int,
    *,
    noise: Sequence[Channel] = (),
    rng: np.random.Generator,
    V_0: Array | float = -70.0,
    burst_poisson: bool = False,
    watch: Sequence[int] = (),
) -> Result:
    """Pyramidal cells, or their simplified form with drawn bursts."""
    N = I_s.size
    tau_s, C_s, tau_d, C_d = 16.0, 370.0, 7.0, 170.0
    g_s, g_d, zeta = (0.0, 0.0, 0.0) if burst_poisson else (1300.0, 1200.0, 2600.0)
    E_d, D_d = (-57.0 if burst_poisson else -38.0), 6.0
    b, tau_ws, a, tau_wd = -200.0, 100.0, -13.0, 30.0
    theta_0, dtheta, tau_theta = -50.0, 2.0, 27.0

    V_s = np.broadcast_to(np.asarray(V_0, float), N).copy()
    V_d, theta = np.full(N, E_L), np.full(N, theta_0)
    w_s, w_d = np.zeros(N), np.full(N, 0.1)
    g = np.zeros((4, N))
    box = np.zeros(N, int)
    last = np.full(N, -(10**6))  # last spike of either kind
    due = np.full(N, -1)
    arrivals = Arrivals(noise, N, rng)
    decay = np.exp(-DT / np.array([[TAU_AMPA], [TAU_GABA], [TAU_AMPA], [TAU_GABA]]))

    def step(n: int) -> NDArray[np.bool_]:
        nonlocal V_s, V_d, w_s, w_d, theta, g, box
        sigma = 1 / (1 + np.exp(-(V_d - E_d) / D_d))
        syn_s = g[0] * (E_EXC - V_s) + g[1] * (E_INH - V_s)
        syn_d = g[2] * (E_EXC - V_s) + g[3] * (E_INH - V_s)
        V_s_new = V_s + DT * (
            (E_L - V_s) / tau_s + g_s / C_s * sigma + b / C_s * w_s + syn_s / tau_s
        )
        V_d = V_d + DT * (
            (E_L - V_d) / tau_d
            + g_d / C_d * sigma
            + a / C_d * w_d
            + zeta / C_d * (box > 0)
            + syn_d / tau_d
        )
        V_s = V_s_new
        box = np.maximum(box - 1, 0)
        w_s = w_s * np.exp(-DT / tau_ws)
        w_d = w_d + DT / tau_wd * ((V_d - E_L) - w_d)
        theta = theta + DT / tau_theta * (theta_0 - theta)
        g = g * decay
        event = V_s > theta
        spikes = event
        if burst_poisson:
            event = event & (last <= n - 200)
            second = ~event & (due == n)
            k = np.floor((5.0 + 10.0 * rng.random(N)) / DT).astype(int) - 1
            is_burst = rng.random(N) < 1 / (1 + np.exp(-(V_d - E_d) / D_d))
            due[event] = np.where(is_burst, n + k, -1)[event]
            spikes = event | second
            last[spikes] = n
        V_s[event] = E_L
        theta[event] += dtheta
        w_s[event] += 1
        box[event] = 20
        g = g + arrivals()
        V_s += DT * I_s / C_s
        V_d += DT * I_d / C_d
        return spikes

    chosen = list(watch)
    return collect(n_steps, step, lambda: np.array([V_s[chosen], V_d[chosen]]))


def interneurons(
    kind: str,
    current: Array,
    n_steps: int,
    *,
    noise: Sequence[Channel] = (),
    rng: np.random.Generator,
    V_0: Array | float = -70.0,
    watch: Sequence[int] = (),
) -> Result:
    """PV or SOM cells; the adaptation variable is a voltage."""
    N = current.size
    if kind == "pv":
        tau_m, C, D, V_T, V_reset, R_ref = 10.0, 100.0, 2.0, -48.0, -55.0, 10
        a, b, tau_w = 0.0, 0.0, 5.0
    else:
        tau_m, C, D, V_reset, R_ref = 20.0, 100.0, 4.0, -65.0, 20
        V_T = 25.0 / 5.5 + E_L + D - D * np.log(1.1)
        a, b, tau_w = 0.1, 2.0, 500.0
    V = np.broadcast_to(np.asarray(V_0, float), N).copy()
    w, R, g = np.zeros(N), np.zeros(N, int), np.zeros((2, N))
    arrivals = Arrivals(noise, N, rng)
    decay = np.exp(-DT / np.array([[TAU_AMPA], [TAU_GABA]]))

    def step(n: int) -> NDArray[np.bool_]:
        nonlocal V, w, R, g
        upstroke = (1 + (V - V_T) / D / 256) ** 256
        F = (E_L - V) + D * upstroke + g[0] * (E_EXC - V) + g[1] * (E_INH - V) - w
        V = np.clip(V + DT / tau_m * F, -80.0, 20.0)
        free = R == 0
        spikes = free & (V > 0)
        V[~free] = E_L
        R[~free] -= 1
        V[spikes] = V_reset
        w[spikes] += b
        R[spikes] = R_ref
        w = w + DT / tau_w * (a * (V - E_L) - w)
        g = g * decay + arrivals()
        V += DT * current / C
        return spikes

    chosen = list(watch)
    return collect(n_steps, step, lambda: np.array([V[chosen]]))
