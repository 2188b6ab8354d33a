"""Burst-dependent plasticity of one synapse, event by event in plain NumPy.

An independent calculation to test the NESTML models against: written from the description of the
rule (Payeur et al. 2021, as implemented by the authors' simulator), not from the models.  All
traces are sums over all earlier spikes, so nothing is updated incrementally except the weight.
Times are integer steps, so coincidences are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Steps = NDArray[np.int64]

#: Relative tolerance of the event criterion: an interval of exactly the limit is an event.
EVENT_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Parameters; times in ms, rates in Hz.

    ``burst_isi_pre`` limits intervals of a presynaptic trace that sees a spike at once, as in the
    NESTML synapse.  The published simulator has a limit of 16 ms and feeds the trace
    ``feed_delay`` = 0.8 ms late.
    """

    eta: float = 3.5e-3
    tau_pre: float = 100.0
    tau_burst: float = 16.0
    burst_isi: float = 16.0
    burst_isi_pre: float = 16.8
    feed_delay: float = 0.0
    tau_average: float = 5000.0
    tau_rate: float = 30000.0
    post_trace_init: float = 3.0
    r_min: float = 2.0
    r_max: float = 12.0
    w_min: float = 0.0
    w_max: float = 1.0


@dataclass(frozen=True)
class PostSpikes:
    """A postsynaptic spike train and what each spike says to the synapses."""

    steps: Steps
    valence: Array
    is_event: NDArray[np.bool_]
    is_burst: NDArray[np.bool_]
    event_rate: Array
    burst_rate: Array


@dataclass(frozen=True)
class Trajectory:
    """Weights of one synapse: at the requested steps, as transmitted, and what happened to it."""

    at_queries: Array
    transmitted_steps: Steps
    transmitted: Array
    n_homeostatic: int
    n_coincident: int
    hit_min: bool
    hit_max: bool


def trace(spikes: ArrayLike, now: int, tau_steps: float) -> float:
    """Sum of exp(-(now - s)/tau) over the given spikes."""
    return float(np.exp((np.asarray(spikes, dtype=float) - now) / tau_steps).sum())


def presynaptic_events(steps: Steps, rule: Rule, dt: float = 0.1) -> NDArray[np.bool_]:
    """Which spikes of a presynaptic train are events."""
    isi = 16.0 if rule.feed_delay else rule.burst_isi_pre
    limit = np.exp(-isi / rule.tau_burst) * (1 + EVENT_TOLERANCE)
    lag = round(rule.feed_delay / dt)
    tau = rule.tau_burst / dt
    # A spike fed into the trace at the end of a step is seen from the next step on.
    return np.array(
        [trace(steps[steps + lag < now] + lag, now, tau) < limit for now in steps], dtype=bool
    )


def postsynaptic_spikes(
    steps: Steps, rule: Rule, dt: float = 0.1, learning_off: Sequence[tuple[int, int]] = ()
) -> PostSpikes:
    """Classify the spikes of a postsynaptic neuron and compute their valence.

    Parameters
    ----------
    steps : array of int
        Spike times in steps.
    rule : Rule
        Parameters.
    dt : float
        Step in ms.
    learning_off : sequence of (first, last)
        Spikes with first <= step <= last have valence 0; the averages run on.
    """
    limit = np.exp(-rule.burst_isi / rule.tau_burst) * (1 + EVENT_TOLERANCE)
    average_s = rule.tau_average / 1000
    events: list[int] = []
    bursts: list[int] = []
    rows = []
    flag = False
    for i, now in enumerate(steps):
        before = trace(steps[:i], now, rule.tau_burst / dt)
        event_sum = trace(events, now, rule.tau_average / dt)
        burst_sum = trace(bursts, now, rule.tau_average / dt)
        rate = event_sum / average_s
        homeostasis = -(rate - rule.r_max) / rate if rate > rule.r_max else 0.0
        is_event = before < limit
        is_burst = not is_event and not flag
        valence = 0.0
        if is_event:
            valence = -(min(1.0, burst_sum / event_sum) if events else 1.0) + homeostasis
            events.append(now)
            flag = False
        elif is_burst:
            valence = 1.0 + homeostasis
            bursts.append(now)
            flag = True
        if any(first <= now <= last for first, last in learning_off):
            valence = 0.0
        # Rates including this spike
        rates = [trace(x, now, rule.tau_average / dt) / average_s for x in (events, bursts)]
        rows.append((valence, is_event, is_burst, *rates))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return PostSpikes(
        np.asarray(steps),
        np.array(columns[0], dtype=float),
        np.array(columns[1], dtype=bool),
        np.array(columns[2], dtype=bool),
        np.array(columns[3], dtype=float),
        np.array(columns[4], dtype=float),
    )


def weight_trajectory(
    pre: Steps,
    post: PostSpikes,
    w: float,
    queries: ArrayLike,
    rule: Rule,
    *,
    delay: int = 0,
    dt: float = 0.1,
    homeostasis: tuple[float, float] = (-np.inf, np.inf),
) -> Trajectory:
    """Weight of one synapse.

    Parameters
    ----------
    pre : array of int
        Presynaptic spikes in steps.
    post : PostSpikes
        Postsynaptic spikes in steps.
    w : float
        Initial weight.
    queries : array of int
        Steps after which the weight is read.
    rule : Rule
        Parameters.
    delay : int
        0: the published simulator; postsynaptic spikes act at once, and after the presynaptic
        spikes of their step.  Otherwise NEST: they reach the synapse `delay` steps later, and
        before a presynaptic spike that coincides there.
    dt : float
        Step in ms.
    homeostasis : (float, float)
        The homeostatic term acts at presynaptic events from the first step (included) to the
        second (excluded).
    """
    pre_events = pre[presynaptic_events(pre, rule, dt)]
    arrivals = post.steps + delay
    pre_rank, post_rank = (0, 1) if delay == 0 else (1, 0)
    actions = [(int(s), pre_rank, -1) for s in pre_events]
    actions += [(int(s), post_rank, j) for j, s in enumerate(arrivals)]
    actions.sort()

    def clip(value: float) -> float:
        return min(rule.w_max, max(rule.w_min, value))

    queries = np.asarray(queries)
    result = np.full(queries.shape, w)
    sent = []
    n_homeostatic = 0
    hit_min = hit_max = False
    for now, rank, j in actions:
        before = w
        if rank == pre_rank:
            sent.append((now, w))
            counted = arrivals[arrivals < now] if delay == 0 else arrivals[arrivals <= now]
            spikes = trace(counted, now, rule.tau_rate / dt) + rule.post_trace_init * np.exp(
                -now * dt / rule.tau_rate
            )
            rate = spikes / (rule.tau_rate / 1000)
            if rate < rule.r_min and homeostasis[0] <= now < homeostasis[1]:
                w = clip(w + rule.eta * (rule.r_min - rate))
                n_homeostatic += 1
        elif post.valence[j] != 0:
            seen = pre_events[pre_events <= now] if delay == 0 else pre_events[pre_events < now]
            w = clip(w + rule.eta * post.valence[j] * trace(seen, now, rule.tau_pre / dt))
        hit_min |= w != before and w == rule.w_min
        hit_max |= w != before and w == rule.w_max
        result[queries >= now] = w
    steps, weights = zip(*sent, strict=True) if sent else ((), ())
    return Trajectory(
        result,
        np.array(steps, dtype=np.int64),
        np.array(weights, dtype=float),
        n_homeostatic,
        int(np.isin(pre_events, arrivals[post.valence != 0]).sum()),
        hit_min,
        hit_max,
    )
