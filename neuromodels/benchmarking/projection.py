"""What larger networks would need: straight lines through what was measured.

Three quantities of each circuit (of each model) are fitted over its sizes, on one thread:

* wall time per biological second = c + a * updates + b * events;
* time to build and connect = c + a * neurons + b * synapses + d * pairs of neurons, because NEST's
  probabilistic rules look at every pair;
* memory = c + a * neurons + b * synapses.

No coefficient may be negative, and relative residuals are minimised, so that small sizes count as
much as large ones.  Where updates and events grow alike the two cannot be told apart, and need not
be.  Numbers of neurons, synapses, updates and events are carried on by the power law through the
two largest sizes that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neuromodels.benchmarking.cases import PRESET, Case
from neuromodels.benchmarking.results import Results, Row
from neuromodels.errors import NeuromodelsError
from neuromodels.registry import registry

FACTORS = (1.0, 10.0, 100.0)
_NUMBERS = ("neurons", "synapses", "updates", "events")


@dataclass(frozen=True)
class Fit:
    """A quantity as a sum of others with constant factors.

    Attributes
    ----------
    coefficients : dict
        Regressor -> factor; ``constant`` is one of them.
    r2 : float
        Share of the variance that is explained; NaN where as many coefficients as sizes were
        fitted.
    residual : float
        Root of the mean squared relative residual.
    n : int
        Sizes.
    """

    coefficients: Mapping[str, float]
    r2: float
    residual: float
    n: int

    def __call__(self, values: Mapping[str, float]) -> float:
        """Predict for other values of the regressors."""
        return sum(
            factor * (1.0 if name == "constant" else values[name])
            for name, factor in self.coefficients.items()
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def fit(rows: Sequence[Mapping[str, float]], target: str, regressors: Sequence[str]) -> Fit | None:
    """Fit `target` by a constant and `regressors`, all of them 0 or more.

    Parameters
    ----------
    rows : sequence of mapping
        One for each size; what is not positive is left out.
    target : str
    regressors : sequence of str
        The later ones are left out where there are not enough sizes.

    Returns
    -------
    Fit or None
        None where there are fewer than two sizes.
    """
    from scipy.optimize import nnls

    rows = [row for row in rows if row[target] > 0]
    if len(rows) < 2:
        return None
    used = [name for name in regressors if any(row[name] for row in rows)][: len(rows) - 1]
    y = np.array([row[target] for row in rows])
    X = np.array([[1.0, *(float(row[name]) for name in used)] for row in rows])
    # Each regressor is of the order of 1, each row relative to what was measured.
    scale = np.abs(X).max(axis=0)
    factors, _ = nnls(X / scale / y[:, None], np.ones(len(rows)))
    factors = factors / scale
    predicted = X @ factors
    left = len(rows) - int(np.count_nonzero(factors))
    r2 = 1.0 - float(np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))
    return Fit(
        dict(zip(("constant", *used), map(float, factors), strict=True)),
        r2 if left > 0 else math.nan,
        float(np.sqrt(np.mean((predicted / y - 1.0) ** 2))),
        len(rows),
    )


@dataclass(frozen=True)
class Fits:
    """The fits of one circuit or model; None where they cannot be made."""

    wall: Fit | None
    construct: Fit | None
    memory: Fit | None


def fits(rows: Sequence[Row]) -> Fits:
    """Fit wall time per biological second, time to build and connect, and memory.

    Parameters
    ----------
    rows : sequence of dict
        The best of each size, on one thread.
    """
    known = [row for row in rows if row["updates"] is not None]
    enriched = [
        {
            **row,
            "construct": row["build"] + row["connect"],
            "pairs": float(row["neurons"]) ** 2,
        }
        for row in rows
    ]
    return Fits(
        fit(known, "wall", ("updates", "events")),
        fit(enriched, "construct", ("synapses", "pairs", "neurons")),
        fit(enriched, "memory", ("synapses", "neurons")),
    )


@dataclass(frozen=True)
class Projection:
    """What a circuit needs at one size, on one thread.

    Attributes
    ----------
    name : str
    size : float
        Relative to the published one.
    neurons, synapses, updates, events : float
        The latter two per second of biological time.
    wall : float
        Wall time per biological second.
    construct : float
        Time (s) to build and connect.
    memory : float
        Bytes.
    protocol : float or None
        Wall time (s) of the whole published protocol.
    cores : int
        With which the simulation takes as long as at the published size on one, at the measured
        efficiency of two.
    efficiency : float or None
        Of two threads at the largest size measured.
    nodes : int
        Machines like this one (ranks, at the least) whose memory it takes.
    residual : float
        Of the fit of `wall`.
    """

    name: str
    size: float
    neurons: float
    synapses: float
    updates: float
    events: float
    wall: float
    construct: float
    memory: float
    protocol: float | None
    cores: int
    efficiency: float | None
    nodes: int
    residual: float


def one_thread(rows: Sequence[Row], kind: str) -> dict[str, list[Row]]:
    """Best measurements on one thread and rank, by name, in the order of sizes."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["kind"] == kind and row["threads"] == row["ranks"] == 1:
            found.setdefault(row["name"], []).append(row)
    return {name: sorted(group, key=lambda row: row["size"]) for name, group in found.items()}


def project(results: Results, factors: Sequence[float] = FACTORS) -> list[Projection]:
    """Project every circuit that was measured at two sizes or more."""
    best = results.best()
    found = []
    for name, rows in one_thread(best, "circuit").items():
        made = fits(rows)
        if made.wall is None or made.construct is None or made.memory is None:
            continue
        two = {
            row["size"]: row["wall"]
            for row in best
            if (row["name"], row["threads"], row["ranks"]) == (name, 2, 1)
        }
        common = [row for row in rows if row["size"] in two]
        efficiency = common[-1]["wall"] / two[common[-1]["size"]] / 2.0 if common else None
        seconds = _protocol(name)
        one = made.wall(_numbers(rows, 1.0))
        for factor in factors:
            numbers = _numbers(rows, factor)
            wall, memory = made.wall(numbers), made.memory(numbers)
            construct = made.construct({**numbers, "pairs": numbers["neurons"] ** 2})
            found.append(
                Projection(
                    name=name,
                    size=factor,
                    **numbers,
                    wall=wall,
                    construct=construct,
                    memory=memory,
                    protocol=None if seconds is None else construct + wall * seconds,
                    cores=max(1, math.ceil(wall / one / min(1.0, efficiency or 1.0) - 1e-9))
                    if factor > 1
                    else 1,
                    efficiency=efficiency,
                    nodes=max(1, math.ceil(memory / results.machine["memory"])),
                    residual=made.wall.residual,
                )
            )
    return found


def _numbers(rows: Sequence[Row], size: float) -> dict[str, float]:
    """Neurons, synapses, updates and events at `size`: measured, or by the power law."""
    for row in rows:
        if row["size"] == size:
            return {name: float(row[name]) for name in _NUMBERS}
    small, large = rows[-2:]
    numbers = {}
    for name in _NUMBERS:
        power = 1.0
        if small[name] and large[name]:
            power = math.log(large[name] / small[name]) / math.log(large["size"] / small["size"])
        numbers[name] = float(large[name]) * (size / large["size"]) ** power
    return numbers


def _protocol(name: str) -> float | None:
    """Biological time (s) of the published protocol; None where it cannot be told."""
    try:
        circuit = registry().circuit(name)
        made = circuit(circuit.Parameters.resolve(circuit.presets[PRESET]))
        return sum(phase.duration for phase in made.protocol()) / 1000.0
    except NeuromodelsError:
        return None


@dataclass(frozen=True)
class ModelCost:
    """What a model costs on one thread.

    Attributes
    ----------
    name, kind : str
        ``neuron`` or ``synapse``.
    each : float
        Wall time (s) of an update of a neuron, or of an event of a synapse.
    memory : float
        Bytes of each neuron or synapse.
    slice : float
        Wall time (s) per biological second that does not depend on size.
    fit : Fit
        Of the wall time.
    largest : dict
        The largest size that was measured.
    """

    name: str
    kind: str
    each: float
    memory: float
    slice: float
    fit: Fit
    largest: Row


def model_costs(results: Results) -> list[ModelCost]:
    """Costs of all models that were measured at two sizes or more."""
    found = []
    for name, rows in one_thread(results.best(), "model").items():
        made = fits(rows)
        if made.wall is None or made.memory is None:
            continue
        synapse = any(row["in_degree"] for row in rows)
        what, of = ("events", "synapses") if synapse else ("updates", "neurons")
        found.append(
            ModelCost(
                name=name,
                kind="synapse" if synapse else "neuron",
                each=made.wall.coefficients.get(what, math.nan),
                memory=made.memory.coefficients.get(of, math.nan),
                slice=made.wall.coefficients["constant"],
                fit=made.wall,
                largest=max(rows, key=lambda row: (row["in_degree"], row["size"])),
            )
        )
    return found


__all__ = [
    "FACTORS", "Case", "Fit", "Fits", "ModelCost", "Projection", "fit", "fits", "model_costs",
    "one_thread", "project",
]  # fmt: skip
