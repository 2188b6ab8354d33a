"""Networks of ensembles on the digits of scikit-learn in plain NumPy, for many seeds.

Written from the equations of Payeur et al. (2021) for fully connected sigmoid layers, and nothing
else; shares no code with the package.  It gives the recorded courses of two seeds to all their
digits (`tests/burstprop/test_deep.py`).  As a script it makes the table of references,
``neuromodels_burstprop/deep/golden/burstprop_deep_digits_seeds.csv``.
"""

from __future__ import annotations

import csv
import sys

import numpy as np

SIZES = (64, 100, 100, 10)
BATCH, MOMENTUM, DECAY, RATE_Z, P_B = 32, 0.8, 1e-6, 1e-4, 0.2
SHOWN = 200
SEEDS = range(1, 21)
EPOCHS = (5, 10, 30)

# condition -> rates of hidden layers and output, bursts?, feedback, recurrent?, events, hidden?
CONDITIONS = {
    "bp": (0.01, 0.01, False, "tied", False, 0.0, True),
    "burst-tied": (0.3, 0.03, True, "tied", True, 0.0, True),
    "burst-fa": (0.1, 0.03, True, "fixed", True, 0.0, True),
    "burst-kp": (0.1, 0.03, True, "learned", True, 0.0, True),
    "burst-fa-norec": (0.1, 0.03, True, "fixed", False, 0.0, True),
    "burst-kp-norec": (0.1, 0.03, True, "learned", False, 0.0, True),
    "burst-ccn": (0.1, 0.03, True, "learned", False, 1.0, True),
    "fa": (0.01, 0.01, False, "fixed", False, 0.0, True),
    "out": (0.01, 0.01, False, "fixed", False, 0.0, False),
}


def s(x):
    return 1.0 / (1.0 + np.exp(-x))


def images():
    """Inputs and one-hot targets, the first 1437 for training."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = (digits.data / 16.0 - 0.305) / 0.376
    t = np.eye(10)[digits.target]
    return x[:1437], t[:1437], x[1437:], t[1437:]


class Network:
    def __init__(self, condition, seed):
        hidden, output, *self.how = CONDITIONS[condition]
        self.rates = (hidden, hidden, output)
        g = np.random.default_rng(seed)
        shapes = list(zip(SIZES[1:], SIZES[:-1], strict=True))
        self.W = [np.sqrt(2 / (i + o)) * g.standard_normal((o, i)) for o, i in shapes]
        self.Y = [g.standard_normal((o, i)) for o, i in shapes]
        self.Z = [g.uniform(-0.01, 0.01, (o, o)) for o, _ in shapes[:-1]]
        self.c = [np.zeros(o) for o, _ in shapes]
        self.dW, self.dY = ([np.zeros(shape) for shape in shapes] for _ in range(2))
        self.dc = [np.zeros(o) for o, _ in shapes]

    def rates_of(self, x):
        e1 = s(x @ self.W[0].T + self.c[0])
        e2 = s(e1 @ self.W[1].T + self.c[1])
        return x, e1, e2, s(e2 @ self.W[2].T + self.c[2])

    def back(self, e, t, through):
        """The gradient with respect to the input of every layer, through some weights."""
        d3 = (e[3] - t) * e[3] * (1 - e[3])
        d2 = d3 @ through[2] * e[2] * (1 - e[2])
        return d2 @ through[1] * e[1] * (1 - e[1]), d2, d3

    def errors(self, e, t):
        """Errors of every layer; of hidden ones also u, q, and changes of p and u."""
        bursts, feedback, recurrent, events, _ = self.how
        through = self.W if feedback == "tied" else self.Y
        if not bursts:
            return self.back(e, t, through), None
        p_above = P_B * (1 + (t - e[3]) * (1 - e[3]))
        b, taught, rest, d, kept = P_B * e[3], p_above * e[3], P_B, [None] * 3, [None] * 2
        d[2] = b - taught
        for i in (1, 0):
            f = (b - events * rest * e[i + 2]) @ through[i + 1]
            g = (taught - events * rest * e[i + 2]) @ through[i + 1]
            q = s(f) * e[i + 1]
            inhibition = q @ self.Z[i].T if recurrent else 0.0
            u, v = f * (1 - e[i + 1]) - inhibition, g * (1 - e[i + 1]) - inhibition
            b, taught, rest = s(u) * e[i + 1], s(v) * e[i + 1], 0.5
            d[i] = b - taught
            kept[i] = u, q, s(v) - s(u), v - u
        return d, kept

    def learn(self, x, t):
        """One update; the number of images that were classified wrongly."""
        _, feedback, recurrent, _, hidden = self.how
        e = self.rates_of(x)
        d, kept = self.errors(e, t)
        for i in range(3) if hidden else (2,):
            G = d[i].T @ e[i]
            self.dW[i] = MOMENTUM * self.dW[i] - self.rates[i] * G
            self.W[i] = self.W[i] + self.dW[i] - DECAY * self.W[i]
            self.dc[i] = MOMENTUM * self.dc[i] - self.rates[i] * d[i].sum(0)
            self.c[i] = self.c[i] + self.dc[i]
            if feedback == "learned":
                self.dY[i] = MOMENTUM * self.dY[i] - self.rates[i] * G
                self.Y[i] = self.Y[i] + self.dY[i] - DECAY * self.Y[i]
            if recurrent and i < 2:
                u, q = kept[i][:2]
                self.Z[i] = self.Z[i] + RATE_Z * u.T @ q
        return int(np.sum(e[3].argmax(1) != t.argmax(1)))

    def measured(self, data):
        """Name of the package's metric -> value."""
        train, train_t, test, test_t = data
        outputs = self.rates_of(test)[3]
        found = {"test_error": 100 * np.mean(outputs.argmax(1) != test_t.argmax(1))}
        found["test_loss"] = np.mean((outputs - test_t) ** 2)
        e, t = self.rates_of(train[:SHOWN]), train_t[:SHOWN]
        d, kept = self.errors(e, t)
        exact = self.back(e, t, self.W)
        through = self.W if self.how[1] == "tied" else self.Y
        for i in (0, 1):
            each = [angle(a, b) for a, b in zip(d[i], exact[i], strict=True)]
            found[f"error_angle/layer_{i + 1}"] = np.mean(each)
            found[f"feedback_angle/layer_{i + 2}"] = angle(self.W[i + 1], through[i + 1])
            if kept is not None:
                u, _, dp, du = kept[i]
                found[f"burst_probability/layer_{i + 1}"] = s(u).mean()
                found[f"burst_change/layer_{i + 1}"] = np.abs(dp).mean()
                r = np.sum(dp * du) ** 2 / (np.sum(dp**2) * np.sum(du**2))
                found[f"linearity/layer_{i + 1}"] = r
        return found


def angle(a, b):
    """Degrees; exact for small angles."""
    a, b = (v.ravel() / np.linalg.norm(v) for v in (a, b))
    return 2 * np.degrees(np.arcsin(min(1.0, np.linalg.norm(a - b) / 2)))


def course(condition, seed, epochs, data):
    """Yield what is measured after epochs 0, 1, ..."""
    net, order = Network(condition, seed), np.random.default_rng(1000 + seed)
    train, train_t = data[:2]
    yield {"train_error": np.nan, **net.measured(data)}
    for _ in range(epochs):
        chosen = order.permutation(len(train))
        chosen = chosen[: len(train) // BATCH * BATCH].reshape(-1, BATCH)
        wrong = sum(net.learn(train[batch], train_t[batch]) for batch in chosen)
        yield {"train_error": 100 * wrong / chosen.size, **net.measured(data)}


def main():
    data = images()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["condition", "epoch", "metric", "n", "mean", "sd"])
    for condition in CONDITIONS:
        courses = [list(course(condition, seed, max(EPOCHS), data)) for seed in SEEDS]
        for epoch in EPOCHS:
            for name in courses[0][epoch]:
                values = np.array([found[epoch][name] for found in courses])
                mean, sd = f"{values.mean():.8g}", f"{values.std(ddof=1):.6g}"
                rows.writerow([condition, epoch, name, len(values), mean, sd])


if __name__ == "__main__":
    main()
