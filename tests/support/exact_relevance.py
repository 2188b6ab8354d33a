"""The model of Insel, Guerguiev & Richards (2018) step by step in NumPy, written from its
description.

The opponent of the NEST version in tests and benchmarks.  It can draw its own random numbers, or
take the input counts and the excitatory spikes of another simulation and recompute everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

DT = 0.02


@dataclass
class Setting:
    """What an experiment chooses; defaults are the published values."""

    rule: str = "x_I"
    alpha: float = 0.075
    alpha_pre: float = 0.2
    share: float = 1.0
    share_pre: float = 1.0
    share_window: float = 0.8
    scale_window: float = 0.8
    alpha_y: float = 0.0075
    classifier: bool = False
    kappa: float = 20.0
    bias: bool = True
    amygdala: bool = False
    gamma: float = 0.4
    set_point: float = 6.5
    reward: float = 1.4
    floor: float = 0.1
    theta: float = 1.625
    quantum: float = 0.0  # of the inhibition that reaches the excitatory units; 0: exact


@dataclass
class State:
    """Weights, (n_x,) (n_x, n_e) () (n_y, n_e)."""

    w: np.ndarray
    W: np.ndarray  # input in rows
    q: float
    V: np.ndarray | None = None
    b: float = 0.0
    b_y: np.ndarray | None = None  # (n_y,)


@dataclass
class Record:
    """What every step gave."""

    I: list = field(default_factory=list)  # noqa: E741
    phi: list = field(default_factory=list)
    S: list = field(default_factory=list)
    beta: list = field(default_factory=list)
    b: list = field(default_factory=list)
    y: list = field(default_factory=list)
    max_y: list = field(default_factory=list)
    loss: list = field(default_factory=list)

    def arrays(self):
        return {name: np.array(values) for name, values in vars(self).items()}


def initial_state(rng, *, n_x=1000, n_e=800, n_y=10, topographic=False):
    """Weights at the beginning of a trial."""
    W = np.maximum(0.0, rng.normal(0.3, 0.4, (n_x, n_e)))
    V = np.maximum(0.0, rng.normal(0.3, 0.4, (n_y, n_e)))
    if topographic:
        k = np.arange(50)
        g = np.exp(-0.5 * (2.5 * (k - 24.5) / 24.5) ** 2)
        g *= 1000.0 / 3.0 / g.sum()
        j, i = np.meshgrid(np.arange(n_x), np.arange(n_e), indexing="ij")
        inside = (j - i >= -24) & (j - i <= 25)
        W = np.where(inside, g[np.clip(j - i + 24, 0, 49)], 0.0)
        V = rng.random((n_y, n_e))
        V /= np.linalg.norm(V, axis=1, keepdims=True)
    return State(np.full(n_x, 0.5), W, 0.4, V)


def rates(rng, n_x=1000):
    """Baseline rates (Hz)."""
    return rng.gamma(0.6, 3.0, n_x)


def simulate(  # noqa: C901
    state,
    s,
    n_pre,
    n_train,
    *,
    counts,
    spikes,
    us,
    share_on=None,
    scale_on=None,
    shown=None,
    input_rates=None,
    dense=False,
    record=True,
):
    """Pre-training and training.

    counts(t) gives the input counts of step t (n_x,), from 0 at the beginning of pre-training;
    spikes(t, phi) the excitatory spikes (n_e,).  us, share_on, scale_on: indicators in training.
    dense: calculate with all inputs, as the equations are written, not only those that spiked.
    With a classifier, shown(k) is the stimulus of training step k, or None, and input_rates(k) the
    rates of the inputs (n_x,).
    """
    out = Record()
    w, W, V = state.w, state.W, state.V
    S_last, x_last, x_last_counts, I_last = 0.0, None, None, 0.0
    for t in range(n_pre + n_train):
        training = t >= n_pre
        k = t - n_pre
        x = counts(t)
        first = k == 0 or t == 0
        active = np.flatnonzero(x)
        if dense:
            inhibition = DT * (w @ x + (0.0 if training else state.b))
            h = x @ W
        else:
            xa = x[active]
            inhibition = DT * (w[active] @ xa + (0.0 if training else state.b))
            h = xa @ W[active]
        sent = inhibition
        if s.quantum:
            sent = np.floor(inhibition / s.quantum + 0.5) * s.quantum
        c, part = 1.0, s.share_pre
        if training:
            c = s.scale_window if scale_on is not None and scale_on[k] else 1.0
            part = s.share_window if share_on is not None and share_on[k] else s.share
        phi = h / (c * (state.q * sent + s.floor))
        if part < 1.0:
            phi = part * phi + (1.0 - part) * h
        E = spikes(t, phi)
        n = float(np.count_nonzero(E))
        S = np.sqrt(n) - s.set_point
        beta = s.gamma * S
        if not first:
            beta += (s.reward * us[k - 1] if training else 0.0) - S_last
        if record:
            out.I.append(inhibition)
            out.phi.append(phi.mean())
            out.S.append(S)
            out.beta.append(beta)
            out.b.append(state.b)
        if s.amygdala and training:
            y, ratio = _amygdala(state, V, E, n, float(us[k]), s, dense=dense)
            if record:
                out.y.append(y)
                out.max_y.append(ratio)
        if s.classifier and training:
            loss = _softmax(state, E, phi, shown(k), input_rates(k), s)
            if record:
                out.loss.append(loss)
        if not training:
            if s.bias:
                state.b = max(0.0, state.b - s.alpha_pre * beta)
            if not first:
                w[x_last] = np.maximum(0.0, w[x_last] - s.alpha_pre * beta * x_last_counts)
        elif not first:
            if s.rule == "x_I":
                w[x_last] = np.maximum(0.0, w[x_last] - s.alpha * beta * x_last_counts)
            elif s.rule == "x_E":
                grown = W[x_last] + (s.alpha * beta * x_last_counts)[:, None]
                W[x_last] = np.maximum(0.0, grown, out=grown)
            elif s.rule == "I_E":
                state.q = max(0.0, state.q - s.alpha * beta * I_last)
        S_last, I_last = S, inhibition
        x_last, x_last_counts = (slice(None), x) if dense else (active, x[active])
    return out.arrays() if record else None


def _amygdala(state, V, E, n, u, s, *, dense):
    z = V[:, E.astype(bool)].sum(axis=1) - s.theta
    best = int(np.argmax(z))
    y = 0.0
    if z[best] > 0 or u:
        y = max(0.0, z[best] + 0.5 * u)
    ratio = max(0.0, y / z.sum())
    if u and y > 0:
        norm = np.sqrt(n)
        V[best] += s.alpha_y * u * y * (E / norm - V[best]) / norm
    # without learning, what is normalised stays so
    if dense or u or not state.__dict__.get("normed"):
        np.maximum(V, 0.0, out=V)
        V /= np.linalg.norm(V, axis=1, keepdims=True)
        state.__dict__["normed"] = True
    return y, ratio


def _softmax(state, E, phi, shown, r, s):
    z = [float(np.sum(row[E > 0])) + bias for row, bias in zip(state.V, state.b_y, strict=True)]
    y = s.kappa * np.exp(z) / np.sum(np.exp(z))
    o = np.array([s.kappa if k == shown else 0.0 for k in range(len(z))])
    loss = -np.sum(o * np.log(y))
    d = s.kappa * (y - o)
    g = state.V.T @ d
    for k in range(len(z)):
        state.V[k] = np.maximum(0.0, state.V[k] - s.alpha_y * d[k] * phi)
        state.b_y[k] = max(0.0, state.b_y[k] - s.alpha_y * d[k])
    state.W[:] = np.maximum(0.0, state.W - s.alpha_y * r[:, None] * g)
    return loss + s.kappa * np.log(s.kappa)


def poisson_counts(rng, base, pre, on, n_pre):
    """counts(t) for `simulate`: `on` maps the first unit of a stimulus to its indicator."""
    n = len(base)

    def counts(t):
        if t < n_pre:
            return rng.poisson(pre * DT).astype(float)
        lam = base
        lit = [first for first, indicator in on.items() if indicator[t - n_pre]]
        if lit:
            lam = base.copy()
            for first in lit:
                lam[first : first + n // 10] = 20.0
        return rng.poisson(lam * DT).astype(float)

    return counts


def bernoulli(rng):
    """spikes(t, phi) for `simulate`."""
    return lambda _t, phi: rng.random(phi.size) < -np.expm1(-phi * DT)
