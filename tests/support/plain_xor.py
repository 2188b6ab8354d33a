"""The untrained network of ``burstprop/xor`` in plain NumPy, step by step as it was published.

Written from the equations, with nothing of neuromodels in it: Bernoulli noise, synapses without
delay, the published simulator's order of operations, detectors whose presynaptic trace is fed 8
steps late.  Its spread over seeds, which stand for other networks as well as other noise, is what
the one seed of the published simulator cannot tell.

    python tests/support/plain_xor.py SEED [SEED ...] > table.csv

takes two seconds per second of biological time.
"""

from __future__ import annotations

import csv
import math
import sys

import numpy as np

DT = 0.1  # ms
N = 500
P = 0.2
LATE = 8  # steps from a spike to the presynaptic trace
NAMES = ("input_1", "input_2", "hidden_1", "hidden_2", "output")
EXAMPLES = ("00", "10", "01", "11")

E_L, E_EXC, E_INH = -70.0, 0.0, -80.0
TAU_S, C_S, TAU_D, C_D = 16.0, 370.0, 7.0, 170.0
B_S, TAU_WS, A_D, TAU_WD = -200.0, 100.0, -13.0, 30.0
THETA_0, D_THETA, TAU_THETA = -50.0, 2.0, 27.0
E_D, D_D = -57.0, 6.0
REFRACTORY = 200
TAU = {"exc_s": 5.0, "inh_s": 10.0, "exc_d": 5.0, "inh_d": 10.0}
DECAY = {name: math.exp(-DT / tau) for name, tau in TAU.items()}
DECAY_WS = math.exp(-DT / TAU_WS)
DECAY_TRACE = math.exp(-DT / 16.0)
LIMIT = math.exp(-1.0) + 1e-9


class Detector:
    """Tells events from bursts; one for each neuron."""

    def __init__(self, n):
        self.trace = np.zeros(n)
        self.burst = np.ones(n, dtype=bool)  # a burst before the first event does not count

    def classify(self, spikes):
        """Split the neurons that spike into those with an event and those with a burst."""
        event = self.trace[spikes] < LIMIT
        events = spikes[event]
        bursts = spikes[~event & ~self.burst[spikes]]
        self.burst[events] = False
        self.burst[bursts] = True
        return events, bursts

    def feed(self, spikes):
        self.trace[spikes] += 1.0
        self.trace *= DECAY_TRACE


def projections(rng):
    """Lists of targets: (what triggers, source population) -> [(conductance, weight, targets)]."""

    def targets(post):
        chosen = rng.random((N, N)) < P  # source, target
        return [post * N + np.flatnonzero(row) for row in chosen]

    wiring = {}
    for pre, post in [(0, 2), (0, 3), (1, 2), (1, 3), (2, 4), (3, 4)]:
        wiring.setdefault(("event", pre), []).append(("exc_s", 0.234, targets(post)))
        wiring[("event", pre)].append(("inh_s", 0.25, targets(post)))
    for post, exc, inh in [(2, 0.26, 0.06), (3, 0.026, 0.27)]:
        wiring.setdefault(("burst", 4), []).append(("exc_d", exc, targets(post)))
        wiring[("burst", 4)].append(("inh_d", inh, targets(post)))
    return wiring


class Network:
    """All five populations; `step` advances them by 0.1 ms."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.wiring = projections(self.rng)
        n = 5 * N
        somatic = np.repeat([500.0, 500.0, 150.0, 150.0, 150.0], N) * DT / 1000.0
        self.p_noise = np.array([somatic, somatic, np.full(n, 0.05), np.full(n, 0.05)])
        self.w_noise = np.array(
            [
                np.repeat([0.35, 0.35, 0.385, 0.385, 0.35], N),
                np.repeat([0.35, 0.35, 0.49, 0.49, 0.35], N),
                np.full(n, 0.05),
                np.full(n, 0.05),
            ]
        )
        self.I_d = np.repeat([0.0, 0.0, 0.0, 500.0, 400.0], N)
        self.I_s = np.zeros(n)
        self.V_s, self.V_d = self.rng.normal(E_L, 5.0, n), np.full(n, E_L)
        self.w_s, self.w_d, self.theta = np.zeros(n), np.full(n, 0.1), np.full(n, THETA_0)
        self.g = {name: np.zeros(n) for name in DECAY}
        self.last, self.second = np.full(n, -(10**6)), np.full(n, -1)
        self.post, self.pre = Detector(n), Detector(n)
        self.late = [np.zeros(0, dtype=int)] * LATE
        self.now = 0

    def step(self):
        """One step; returns the neurons that begin an event, and those that make it a burst."""
        self._integrate()
        spikes = self._fire()
        found = (spikes, spikes)
        if spikes.size:
            self.last[spikes] = self.now
            for kind, neurons in zip(("event", "burst"), self.pre.classify(spikes), strict=True):
                self._transmit(kind, neurons)
            found = self.post.classify(spikes)
        noise = (self.rng.random((4, 5 * N), dtype=np.float32) < self.p_noise) * self.w_noise
        for conductance, arrived in zip(self.g.values(), noise, strict=True):
            conductance += arrived
        self.V_s += DT / C_S * self.I_s
        self.V_d += DT / C_D * self.I_d
        self.post.feed(spikes)
        self.pre.feed(self.late[self.now % LATE])
        self.late[self.now % LATE] = spikes
        self.now += 1
        return found

    def _integrate(self):
        g, V_s, V_d = self.g, self.V_s, self.V_d
        pull_s = (E_L - V_s) + g["exc_s"] * (E_EXC - V_s) + g["inh_s"] * (E_INH - V_s)
        pull_d = (E_L - V_d) + g["exc_d"] * (E_EXC - V_s) + g["inh_d"] * (E_INH - V_s)
        V_s += DT / TAU_S * pull_s + DT / C_S * B_S * self.w_s
        V_d += DT / TAU_D * pull_d + DT / C_D * A_D * self.w_d
        for name, decay in DECAY.items():
            g[name] *= decay
        self.w_s *= DECAY_WS
        self.w_d += DT / TAU_WD * ((V_d - E_L) - self.w_d)
        self.theta += DT / TAU_THETA * (THETA_0 - self.theta)

    def _fire(self):
        able = self.now - self.last >= REFRACTORY
        fired = np.flatnonzero(able & (self.V_s > self.theta))
        due = np.flatnonzero(self.second == self.now)
        due = due[~np.isin(due, fired)]
        if fired.size:
            self.V_s[fired] = E_L
            self.theta[fired] += D_THETA
            self.w_s[fired] += 1.0
            sigma = 1.0 / (1.0 + np.exp(-(self.V_d[fired] - E_D) / D_D))
            bursting = fired[self.rng.random(fired.size) < sigma]
            self.second[fired] = -1
            self.second[bursting] = self.now + self.rng.integers(49, 149, bursting.size)
        return np.sort(np.concatenate([fired, due]))

    def _transmit(self, kind, neurons):
        for neuron in neurons:
            for name, weight, targets in self.wiring.get((kind, neuron // N), ()):
                self.g[name][targets[neuron % N]] += weight


def simulate(seed, burn_in=6.0, test=8.0, skipped=2.0):
    """Rates in the four tests.

    Returns
    -------
    dict
        (example, population) -> (event rate, burst rate) in Hz, after the first `skipped` s.
    """
    network = Network(seed)
    for _ in range(round(burn_in * 1000.0 / DT)):
        network.step()
    rates = {}
    for example in EXAMPLES:
        network.I_s[:N], network.I_s[N : 2 * N] = (
            150.0 if digit == "1" else -350.0 for digit in example
        )
        counts = np.zeros((2, 5 * N))
        for k in range(round(test * 1000.0 / DT)):
            events, bursts = network.step()
            if k * DT >= 1000.0 * skipped:
                counts[0, events] += 1
                counts[1, bursts] += 1
        summed = counts.reshape(2, 5, N).sum(axis=2) / N / (test - skipped)
        for i, name in enumerate(NAMES):
            rates[example, name] = (float(summed[0, i]), float(summed[1, i]))
    return rates


def main(seeds):
    """Print a table: one row for each seed, example and population."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["seed", "input", "population", "event_rate_Hz", "burst_rate_Hz"])
    for seed in seeds:
        for (example, name), (events, bursts) in simulate(seed).items():
            writer.writerow([seed, example, name, f"{events:.5f}", f"{bursts:.5f}"])
        sys.stdout.flush()


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
