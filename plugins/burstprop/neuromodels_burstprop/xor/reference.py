"""What the published simulator gives for ``burstprop/xor``, for two seeds.

Two records of seed 1, in ``golden/``: the authors' own code (tests before, tests after 40 examples,
costs of 149 epochs, output rates and weights of 22), and an independent re-implementation of it
that was run to the end (500 epochs).  Both started from the same random numbers and then went
apart by rounding, so they are two realisations of the noise in *one* network.  A third record is of
the authors' code (spikingburstprop a8ff7ca with their Auryn 4a757b0; this build gives the first
epochs of seed 1 to the last digit) with seed 2: another network, whose learning is known as far as
it was run.

Spreads over seeds:

* For tests, from the untrained network calculated in plain NumPy for several seeds (the script
  ``tests/support/plain_xor.py`` makes ``golden/burstprop_xor_tests_numpy.csv``).  Counts: the
  spread grows with the root of the mean; examples, and populations of a layer, are pooled.  After
  learning, networks that learned at different speeds add to it.
* For the course of learning, from the differences of the two networks, pooled over blocks of
  epochs, and over examples or projections.  A network that is ahead stays ahead for a while, so
  blocks count as fewer than they are (`_independent`).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden

AUTHORS = "authors' simulation code (Payeur et al. 2021), seed 1"
PORT = f"independent re-implementation of the {AUTHORS}"
SECOND = "the same with seed 2"

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
    relative, dof = _spread(population.split("_")[0], quantity)
    source = (
        AUTHORS if when == "after 10" else PORT if when == "after 500" else f"{AUTHORS}; {PORT}"
    )
    # The two records are of one network with much the same noise: no more than one repetition.
    return Reference(mean, relative * math.sqrt(mean), n=1, dof=dof, source=source)


def of_cost(last: int) -> Reference:
    """Reference of the mean cost of the `BLOCK` epochs that end with epoch `last`."""
    return _of_course(["cost"], last, mean=True)[0]


def of_output(last: int, example: str) -> Reference:
    """Reference of the mean output rate (Hz) for an example in these epochs."""
    outputs = [f"output {e}" for e in EXAMPLES]
    return _of_course(outputs, last, mean=True)[EXAMPLES.index(example)]


def of_weight(last: int, projection: str) -> Reference:
    """Reference of the mean weight of a projection at the end of epoch `last`."""
    projections = list(_PROJECTIONS)
    return _of_course(projections, last, mean=False)[projections.index(projection)]


def course(record: str, quantity: str) -> Array:
    """Value of a quantity in every epoch, as far as the record goes.

    Parameters
    ----------
    record : {"authors", "port", "second"}
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
    table = {"port": "port_seed1_epochs", "second": "reference_seed2_epochs"}.get(record)
    if table is None:
        table = "reference_cost" if quantity == "cost" else "reference_epochs"
    found: Array = golden.table(__package__, f"burstprop_xor_{table}")[column].to_numpy()
    return found


def _of_course(quantities: list[str], last: int, *, mean: bool) -> list[Reference]:
    """References for several alike courses; `mean`: of a block, else its last epoch."""

    def at(record: str, quantity: str, epoch: int) -> float | None:
        values = course(record, quantity)[:epoch]
        if len(values) < epoch:
            return None
        return float(values[-BLOCK:].mean() if mean else values[-1])

    def networks(quantity: str, epoch: int) -> list[float]:
        first = [at(record, quantity, epoch) for record in ("authors", "port")]
        second = at("second", quantity, epoch)
        known = [float(np.mean([value for value in first if value is not None]))]
        return known if second is None else [*known, second]

    ends = range(BLOCK, len(course("second", "cost")) + 1, BLOCK)
    pairs = np.array([[networks(q, e) for e in ends] for q in quantities])
    differences = pairs[..., 0] - pairs[..., 1]
    sd, dof = float(np.sqrt(np.square(differences).mean() / 2.0)), _independent(differences)
    references = []
    for quantity in quantities:
        values = networks(quantity, last)
        sources = [AUTHORS] if at("authors", quantity, last) is not None else []
        sources += [PORT] + [SECOND] * (len(values) - 1)
        references.append(
            Reference(float(np.mean(values)), sd, n=len(values), dof=dof, source="; ".join(sources))
        )
    return references


def _independent(differences: Array) -> int:
    """How many values with mean zero are worth as much as these, shape (courses, blocks).

    Those of a course follow each other with the correlation ``r`` that is the same for all:
    ``n (1 - r) / (1 + r)``.
    """
    together = (differences[:, 1:] * differences[:, :-1]).sum()
    ends = (np.square(differences[:, 1:]).sum() + np.square(differences[:, :-1]).sum()) / 2.0
    r = min(max(float(together / ends), 0.0), 1.0)
    courses, blocks = differences.shape
    return int(courses * max(1, int(blocks * (1.0 - r) / (1.0 + r))))


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
