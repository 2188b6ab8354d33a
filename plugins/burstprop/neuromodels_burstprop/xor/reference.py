"""What the published simulator gives for ``burstprop/xor``, for three networks.

Records in ``golden/``: an independent re-implementation of the authors' code, run to the end (500
epochs) for seeds 1 to 3; the authors' own code for seed 1 (tests before, tests after 40 examples,
costs of 149 epochs, output rates and weights of 22) and seed 2 (spikingburstprop a8ff7ca with their
Auryn 4a757b0).  Records of one seed started from the same random numbers and then went apart by
rounding: they are realisations of the noise in *one* network, and their mean counts once.

Spreads over seeds:

* For tests, from the untrained network calculated in plain NumPy for several seeds (the script
  ``tests/support/plain_xor.py`` makes ``golden/burstprop_xor_tests_numpy.csv``).  Counts: the
  spread grows with the root of the mean; examples, and populations of a layer, are pooled.  After
  learning, the relative spread of the three trained networks' output rates is added in the layers
  that learn.
* For the course of learning, from the deviations of the three networks from their mean, pooled over
  the blocks of epochs around the one in question, and over examples or projections.  A network that
  is ahead stays ahead for a while, so blocks count as fewer than they are (`_worth`).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden

AUTHORS = "authors' simulation code (Payeur et al. 2021), seed 1"
PORT = f"independent re-implementation of the {AUTHORS}"
OTHERS = "the same with seeds 2 and 3"
NETWORKS = (("port", "authors"), ("port 2", "second"), ("port 3",))
"""Records of each network."""
NEAR = 5
"""Blocks to either side whose spread is taken for that of a block."""

EXAMPLES = ("00", "10", "01", "11")
BLOCK = 10
"""Epochs that are averaged for a cost or an output rate."""

Array = npt.NDArray[np.float64]

# Population of the circuit -> its name in the table of tests.
_COLUMNS = {
    "output": "output", "hidden_1": "hidden1", "hidden_2": "hidden2",
    "input_1": "input1", "input_2": "input2",
}  # fmt: skip
_QUANTITIES = {"event_rate": "ER_Hz", "burst_rate": "BR_Hz", "burst_probability": "BP_pct"}
_PROJECTIONS = {
    "input_1 to hidden_1": "w_in1_to_hid1", "input_1 to hidden_2": "w_in1_to_hid2",
    "input_2 to hidden_1": "w_in2_to_hid1", "input_2 to hidden_2": "w_in2_to_hid2",
    "hidden_1 to output": "w_hid1_to_out", "hidden_2 to output": "w_hid2_to_out",
}  # fmt: skip


def of_test(when: str, example: str, population: str, quantity: str) -> Reference:
    """Reference of a test.

    Parameters
    ----------
    when : {"before", "after 10", "after 500"}
        Epochs learned.
    example : str
        Its inputs.
    population : str
    quantity : {"event_rate", "burst_rate", "burst_probability"}
        Hz, or percent.
    """
    conditions = {
        "before": ("reference_pre", "port_seed1_pre"),
        "after 10": ("reference_after_40_examples",),
        "after 500": ("port_seed1_after_2000_examples",),
    }[when]
    mean = float(np.mean([_tested(c, example, population, quantity) for c in conditions]))
    layer = population.split("_")[0]
    relative, dof = _spread(layer, quantity)
    sd = relative * math.sqrt(mean)
    if when == "after 500" and layer != "input":
        trained, networks = _trained_spread()
        counted, learned = sd**2, (trained * mean) ** 2
        sd = math.sqrt(counted + learned)
        dof = int((counted + learned) ** 2 / (counted**2 / dof + learned**2 / networks))
    source = (
        AUTHORS if when == "after 10" else PORT if when == "after 500" else f"{AUTHORS}; {PORT}"
    )
    # The two records are of one network with much the same noise: no more than one repetition.
    return Reference(mean, sd, n=1, dof=dof, source=source)


def of_cost(last: int) -> Reference:
    """Reference of the mean cost of the `BLOCK` epochs that end with epoch `last`."""
    return _of_course(("cost",), last, mean=True)[0]


def of_output(last: int, example: str) -> Reference:
    """Reference of the mean output rate (Hz) for an example in these epochs."""
    outputs = tuple(f"output {e}" for e in EXAMPLES)
    return _of_course(outputs, last, mean=True)[EXAMPLES.index(example)]


def of_weight(last: int, projection: str) -> Reference:
    """Reference of the mean weight of a projection at the end of epoch `last`."""
    projections = tuple(_PROJECTIONS)
    return _of_course(projections, last, mean=False)[projections.index(projection)]


@cache
def course(record: str, quantity: str) -> Array:
    """Value of a quantity in every epoch, as far as the record goes.

    Parameters
    ----------
    record : {"authors", "port", "port 2", "port 3", "second"}
    quantity : str
        ``"cost"``, ``"output 10"`` and so on (Hz), or the name of a projection.

    Returns
    -------
    ndarray, shape (epochs,)
    """
    if quantity == "cost":
        column = "cost_epoch"
    elif quantity.startswith("output "):
        column = f"outER_{quantity.removeprefix('output ')}_Hz"
    else:
        column = _PROJECTIONS[quantity]
    table = {
        "port": "port_seed1_epochs", "port 2": "port_seed2_epochs", "port 3": "port_seed3_epochs",
        "second": "reference_seed2_epochs",
    }.get(record)  # fmt: skip
    if table is None:
        table = "reference_cost" if quantity == "cost" else "reference_epochs"
    found: Array = golden.table(__package__, f"burstprop_xor_{table}")[column].to_numpy(copy=True)
    found.flags.writeable = False
    return found


@cache
def _of_course(quantities: tuple[str, ...], last: int, *, mean: bool) -> list[Reference]:
    """References for several alike courses; `mean`: of a block, else its last epoch."""

    def at(record: str, quantity: str, epoch: int) -> float | None:
        values = course(record, quantity)[:epoch]
        if len(values) < epoch:
            return None
        return float(values[-BLOCK:].mean() if mean else values[-1])

    def networks(quantity: str, epoch: int) -> list[float]:
        found = []
        for records in NETWORKS:
            values = [at(record, quantity, epoch) for record in records]
            found.append(float(np.mean([value for value in values if value is not None])))
        return found

    final = len(course("port", "cost"))
    first = (last - 1) % BLOCK + 1
    ends = np.arange(first if first >= BLOCK else first + BLOCK, final + 1, BLOCK)
    values = np.array([[networks(q, int(end)) for end in ends] for q in quantities])
    deviations = values - values.mean(axis=2, keepdims=True)
    # Degrees of freedom: one of three networks gives the mean.
    count = len(NETWORKS)
    free = (count - 1) / count
    # A single course has fewer values in a block: take more blocks.
    near = np.abs(ends - last) <= (NEAR if len(quantities) > 1 else 3 * NEAR) * BLOCK
    sd = float(np.sqrt(np.square(deviations[:, near]).mean() / free))
    alike = np.moveaxis(deviations, 2, 1).reshape(-1, len(ends))
    dof = max(count - 1, int(free * len(alike) * max(1.0, near.sum() * _worth(alike))))
    return [
        Reference(
            float(np.mean(networks(quantity, last))),
            sd,
            n=count,
            dof=dof,
            source=f"{PORT}; {OTHERS}; {AUTHORS} as far as it goes",
        )
        for quantity in quantities
    ]


@cache
def _trained_spread() -> tuple[float, int]:
    """Relative standard deviation of output rates between trained networks, and its freedom."""
    rates = np.array(
        [
            [course(records[0], f"output {example}")[-BLOCK:].mean() for records in NETWORKS]
            for example in EXAMPLES
        ]
    )
    relative = rates.std(axis=1, ddof=1) / rates.mean(axis=1)
    return float(np.sqrt(np.square(relative).mean())), rates.shape[0] * (rates.shape[1] - 1)


def _worth(differences: Array) -> float:
    """How many independent values one of these is worth, shape (courses, blocks), mean zero.

    Those of a course follow each other with the correlation ``r`` that is the same for all:
    ``(1 - r) / (1 + r)``.
    """
    together = (differences[:, 1:] * differences[:, :-1]).sum()
    ends = (np.square(differences[:, 1:]).sum() + np.square(differences[:, :-1]).sum()) / 2.0
    r = min(max(float(together / ends), 0.0), 1.0)
    return (1.0 - r) / (1.0 + r)


@cache
def _spread(layer: str, quantity: str) -> tuple[float, int]:
    """Standard deviation over seeds per root of the mean, and its degrees of freedom."""
    values: dict[tuple[str, str], list[float]] = {}
    table = golden.table(__package__, "burstprop_xor_tests_numpy", text=["input"])
    for row in table.to_dict("records"):
        if row["population"].startswith(layer):
            events, bursts = float(row["event_rate_Hz"]), float(row["burst_rate_Hz"])
            value = {
                "event_rate": events,
                "burst_rate": bursts,
                "burst_probability": 100.0 * bursts / events,
            }[quantity]
            values.setdefault((row["input"], row["population"]), []).append(value)
    table = np.array(list(values.values()))
    variance = table.var(axis=1, ddof=1) / table.mean(axis=1)
    return float(np.sqrt(variance.mean())), table.shape[0] * (table.shape[1] - 1)


def _tested(condition: str, example: str, population: str, quantity: str) -> float:
    table = golden.table(__package__, "burstprop_xor_pre_post", text=["input"])
    row = table.set_index(["condition", "input"]).loc[condition, example]
    name = _COLUMNS[population]
    if quantity == "burst_probability":  # the table has it for three populations only
        return 100.0 * float(row[f"{name}_BR_Hz"]) / float(row[f"{name}_ER_Hz"])
    return float(row[f"{name}_{_QUANTITIES[quantity]}"])
