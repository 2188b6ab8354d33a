"""Learning rates of a data set and a rule, as they were found or published.

Rates are of gradients that are summed over a batch.  A rule's errors have a scale of its own
(bursts carry ``p_b`` times the gradient, and a quarter or less of it into every hidden layer), so
conditions are compared at the best rates of each, not at the same ones.

How rates were found:

* digits, two hidden layers of 100: given with the recorded courses;
* Fashion-MNIST, three hidden layers of 200: the lowest error on 5000 training images that were not
  learned from, of 40 to 60 pairs (each rate on a grid of factors of about 3), after 4 and then 8
  epochs of the first 10 000 images, one seed.  The docs have the table.
"""

from __future__ import annotations

from collections.abc import Mapping

from neuromodels_burstprop.deep.equations import Rule

BACKPROP = "gradient, tied"
ALIGNMENT = "gradient, fixed"
OUTPUT = "output alone"
TIED = "bursts, tied"
BURSTS = "bursts, fixed or learned"

RATES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "digits": {
        BACKPROP: (0.01, 0.01), ALIGNMENT: (0.01, 0.01), OUTPUT: (0.01, 0.01),
        TIED: (0.3, 0.03), BURSTS: (0.1, 0.03),
    },
    "fashion-mnist": {
        BACKPROP: (0.03, 0.001), ALIGNMENT: (0.001, 0.001), OUTPUT: (0.003, 0.003),
        TIED: (3.0, 0.01), BURSTS: (0.1, 0.01),
    },
    # Bursts as published, the gradient as for Fashion-MNIST.
    "mnist": {
        BACKPROP: (0.03, 0.001), ALIGNMENT: (0.001, 0.001), OUTPUT: (0.003, 0.003),
        TIED: (0.1, 0.01), BURSTS: (0.1, 0.01),
    },
    # As published.  The gradient of the published program is a mean over a batch, and for squared
    # errors over outputs too, which is the same as these rates of a sum.
    "cifar-10": {
        BACKPROP: (0.01 * 2 / (32 * 10),) * 2, ALIGNMENT: (0.01 * 2 / (32 * 10),) * 2,
        OUTPUT: (0.01 * 2 / (32 * 10),) * 2, TIED: (0.01, 0.01), BURSTS: (0.01, 0.01),
    },
    "imagenet": {
        BACKPROP: (0.01 / 128,) * 2, ALIGNMENT: (0.01 / 128,) * 2, OUTPUT: (0.01 / 128,) * 2,
        TIED: (0.01, 0.01), BURSTS: (0.01, 0.01),
    },
}  # fmt: skip
"""Data set -> kind of rule -> learning rates of hidden layers and output."""


def kind(rule: Rule) -> str:
    """Kind of a rule: those of a kind have the same learning rates."""
    if not rule.hidden:
        return OUTPUT
    if rule.signal == "gradient":
        return BACKPROP if rule.feedback == "tied" else ALIGNMENT
    return TIED if rule.feedback == "tied" else BURSTS


def rates(dataset: str, rule: Rule) -> tuple[float, float] | None:
    """Learning rates of hidden layers and of the output; None where none are known."""
    return RATES.get(dataset, {}).get(kind(rule))


__all__ = ["RATES", "kind", "rates"]
