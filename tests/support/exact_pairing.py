"""Pairing protocols in plain NumPy, written from the description of the published calculation.

One synapse, two given spike trains; see Payeur et al. 2021, Fig. 2B-D.  Per spike train a spike
later than 16 ms after the previous spike is an event, one within 16 ms a burst if the running event
has none yet.  In each step, in this order:

1. presynaptic event trace: x += -x h/tau_pre + (event in this step)
2. weight: w += eta (burst_post - (B/E) event_post) x, moving averages before this step's update
3. E += -E h/alpha + event_post/alpha, B likewise

`step_by_step` is this, literally.  `event_by_event` does the same with powers for the steps in
which nothing happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Parameters; times in ms, rates in Hz."""

    h: float
    eta: float = 0.1
    tau_pre: float = 50.0
    alpha: float = 15000.0
    isi: float = 16.0

    @property
    def isi_steps(self) -> int:
        return round(self.isi / self.h)


def classify(train: Steps, rule: Rule) -> tuple[Steps, Steps]:
    """Steps of events and of bursts."""
    events, bursts = [], []
    last, counted = None, True
    for step in train.tolist():
        if last is None or step - last > rule.isi_steps:
            events.append(step)
            counted = False
        elif not counted:
            bursts.append(step)
            counted = True
        last = step
    return np.array(events, np.int64), np.array(bursts, np.int64)


def step_by_step(
    pre: Steps, post: Steps, n_steps: int, averages: tuple[float, float], rule: Rule
) -> tuple[float, tuple[float, float]]:
    """Weight change, and moving averages at the end, with a loop over all steps 0 … n_steps - 1."""
    pre_events = np.zeros(n_steps)
    pre_events[classify(pre, rule)[0]] = 1.0
    post_events, post_bursts = np.zeros(n_steps), np.zeros(n_steps)
    for array, steps in zip((post_events, post_bursts), classify(post, rule), strict=True):
        array[steps] = 1.0
    E, B = averages
    x = w = 0.0
    for pre_event, event, burst in zip(pre_events, post_events, post_bursts, strict=True):
        x += -x * rule.h / rule.tau_pre + pre_event
        w += rule.eta * (burst - B / E * event) * x
        E += -E * rule.h / rule.alpha + event / (rule.alpha / 1000.0)
        B += -B * rule.h / rule.alpha + burst / (rule.alpha / 1000.0)
    return w, (E, B)


def event_by_event(
    pre: Steps, post: Steps, n_steps: int, averages: tuple[float, float], rule: Rule
) -> tuple[float, tuple[float, float]]:
    """The same, with sums over earlier spikes instead of loops over steps."""
    pre_events = classify(pre, rule)[0]
    events, bursts = classify(post, rule)
    kept_x, kept = 1.0 - rule.h / rule.tau_pre, 1.0 - rule.h / rule.alpha
    one = 1000.0 / rule.alpha

    def average(start: float, spikes: Steps, n: int) -> float:
        """After n updates, those of the steps before n."""
        return float(start * kept**n + one * (kept ** (n - 1 - spikes[spikes < n])).sum())

    w = 0.0
    for step, is_burst in sorted([(s, False) for s in events] + [(s, True) for s in bursts]):
        x = (kept_x ** (step - pre_events[pre_events <= step])).sum()
        P = average(averages[1], bursts, step) / average(averages[0], events, step)
        w += rule.eta * (1.0 if is_burst else -P) * x
    end = (average(averages[0], events, n_steps), average(averages[1], bursts, n_steps))
    return float(w), end


def periodic(
    frequency: float,
    *,
    rule: Rule,
    calculate=event_by_event,
    pairings: int = 5,
    sequences: int = 15,
    first: float = 0.01,
    tail: float = 1.0,
    pause: float = 10.0,
    averages: tuple[float, float] = (5.0, 0.75),
) -> float:
    """Weight change of the periodic protocol; frequency in Hz, times in s.

    Fresh traces in every sequence; in the pause between two of them both averages decay by
    exp(-pause/alpha).  A spike is in the step that its time falls into.
    """
    h = rule.h / 1000.0
    train = np.floor((first + np.arange(pairings) / frequency) / h + 1e-6).astype(np.int64)
    n_steps = int(np.floor((pairings / frequency + tail) / h + 1e-6))
    total = 0.0
    for _ in range(sequences):
        w, averages = calculate(train, train, n_steps, averages, rule)
        total += w
        averages = tuple(a * np.exp(-pause * 1000.0 / rule.alpha) for a in averages)
    return total


def poisson_train(rng: np.random.Generator, rate: float, dead: float, duration: float, h: float):
    """Steps of a Poisson train with dead time (Hz, ms)."""
    times = np.cumsum(
        dead + rng.exponential(1000.0 / rate - dead, int(3 * duration * rate / 1000 + 50))
    )
    return np.floor(times[times < duration] / h).astype(np.int64)


def burst_poisson_train(
    rng: np.random.Generator, rate: float, p: float, dead: float, duration: float, h: float,
    isi: Sequence[float] = (2.0, 12.0),
):  # fmt: skip
    """Steps of a train of Poisson events, each a burst with probability p."""
    events = np.cumsum(
        dead + rng.exponential(1000.0 / rate - dead, int(3 * duration * rate / 1000 + 50))
    )
    second = (events + rng.uniform(*isi, events.size))[rng.random(events.size) < p]
    times = np.sort(np.concatenate((events, second)))
    return np.floor(times[times < duration] / h).astype(np.int64)
