"""Networks of ensembles against the recorded trace of an independent implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from neuromodels_burstprop.deep.equations import Rule, Values, errors, forward
from neuromodels_burstprop.deep.layers import Convolution, Dense
from neuromodels_burstprop.deep.optimiser import Optimiser, Rates

TRACE = Path(__file__).parents[1] / "data" / "golden" / "burstprop_deep_trace.csv"
TENSORS = ("W", "c", "Y", "Z")

RULES = {
    "bp": Rule("gradient", "tied", recurrent=False),
    "fa": Rule("gradient", "fixed", recurrent=False),
    "out": Rule("gradient", "fixed", recurrent=False, hidden=False),
    "burst-tied": Rule("bursts", "tied"),
    "burst-fa": Rule("bursts", "fixed"),
    "burst-kp": Rule("bursts", "learned"),
    "burst-fa-norec": Rule("bursts", "fixed", recurrent=False),
}
NETWORKS = {
    "fc": ([Dense(5, 6), Dense(4, 5), Dense(3, 4)], (0.5, 0.4, 0.2)),
    "conv": (
        [Convolution(3, 1, 3, 2, 3), Convolution(4, 3, 2, 1, 2), Dense(5, 16), Dense(3, 5)],
        (0.5, 0.4, 0.3, 0.2),
    ),
}


@pytest.fixture(scope="module")
def trace():
    return pd.read_csv(TRACE, dtype={"index": str})


def tensor(rows):
    """Array from its rows: indices are written as ``0-2-1``."""
    index = np.array([[int(i) for i in text.split("-")] for text in rows["index"]])
    values = np.full(index.max(axis=0) + 1, np.nan)
    values[tuple(index.T)] = rows["value"]
    assert not np.isnan(values).any()
    return values


def recorded(trace, net, condition, update):
    rows = trace[
        (trace["net"] == net) & (trace["condition"] == condition) & (trace["update"] == update)
    ]
    return {key: tensor(part) for key, part in rows.groupby(["tensor", "layer"])}


def conditions(trace):
    named = trace.loc[trace["condition"] != "all", ["net", "condition"]]
    return set(named.itertuples(index=False, name=None))


def test_every_recorded_condition_is_replayed(trace):
    assert conditions(trace) == {
        *(("fc", name) for name in RULES),
        ("conv", "burst-fa"),
        ("conv", "burst-kp"),
    }


@pytest.mark.parametrize(
    ("net", "condition", "arrays"),
    [
        *[("fc", condition, "numpy") for condition in RULES],
        *[("fc", condition, "torch") for condition in RULES],
        ("conv", "burst-fa", "torch"),
        ("conv", "burst-kp", "torch"),
    ],
)
def test_three_updates_equal_the_recorded_ones(trace, net, condition, arrays):
    """All that is recorded, to 1e-12: weights after each update, signals of the first."""
    if arrays == "torch":
        reason = "PyTorch is missing: neuromodels-burstprop[learning]"
        made = pytest.importorskip("torch", reason=reason).tensor
    else:
        made = np.array
    layers, rates = NETWORKS[net]
    rule = RULES[condition]
    start = recorded(trace, net, condition, 0)
    values = Values(
        *(
            [
                made(start[name, layer]) if (name, layer) in start else None
                for layer in range(1, len(layers) + 1)
            ]
            for name in TENSORS
        )
    )
    values.Y = [w * 0 if y is None else y for w, y in zip(values.W, values.Y, strict=True)]
    optimiser = Optimiser(layers, values, rule, Rates(rates, 0.01, momentum=0.8, decay=1e-3))
    compared = 0
    for update in (1, 2, 3):
        shown = recorded(trace, net, "all", update)
        signals = forward(layers, values, made(shown["x", 0]), rule)
        errors(layers, values, signals, made(shown["t", 0]), rule)
        optimiser.update(signals)
        for (name, layer), expected in recorded(trace, net, condition, update).items():
            found = getattr(values if name in TENSORS else signals, name)[layer - 1]
            np.testing.assert_allclose(
                np.asarray(found), expected, rtol=0, atol=1e-12, err_msg=f"{name}{layer}, {update}"
            )
            compared += expected.size
    # Weights and biases of three updates at least.
    assert compared >= 3 * sum(np.asarray(w).size for w in (*values.W, *values.c))
