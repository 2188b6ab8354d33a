"""The circuit ``burstprop/single-cell``: what a cell makes of somatic and dendritic current.

Unconnected cells of one type (Payeur et al. 2021), each with a constant current into its soma and,
if it has one, into its dendrite, on a grid; several cells with independent noise at each point.

In pyramidal cells the two currents show in two features of the same spike train: events follow the
soma, the probability that an event is a burst follows the dendrite.  That is what lets a network of
them send signals both ways at once.  Interneurons read one of them each.

Two-compartment cells are ``pyramidal`` (regenerative dendrite) and ``burst-poisson`` (its
simplified form in the XOR task); ``pv`` and ``som`` have no dendrite and take one current, which
includes whatever their experiment injects (PV cells of the propagation experiment: 205 pA).

Currents act as published: they are added after the threshold test of a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Cost, Network, Parameters, Phase, parameter
from neuromodels.errors import ParameterError
from neuromodels_burstprop.cells import CELLS, CellType, Noise, noise_choices, noise_params

CELLS_NAME = "cells"
"""The population."""

TRACES = "voltage"
"""The recorded voltages."""

WARM_UP, MEASURE = "warm_up", "measure"

PAPER = "Payeur et al. 2021, Methods"

#: Grids of a cell that is given none (pA); those of burst-poisson have the published inputs
#: -350 and +150 pA of the XOR task.
SOMA_GRIDS: Mapping[CellType, Sequence[float]] = {
    "pyramidal": tuple(np.arange(-200.0, 601.0, 100.0).tolist()),
    "burst-poisson": tuple(np.arange(-350.0, 551.0, 100.0).tolist()),
    "pv": tuple(np.arange(0.0, 501.0, 50.0).tolist()),
    "som": tuple(np.arange(-50.0, 201.0, 25.0).tolist()),
}
DENDRITE_GRIDS: Mapping[CellType, Sequence[float]] = {
    "pyramidal": (-100.0, 0.0, 100.0, 200.0, 300.0),
    "burst-poisson": (-400.0, -200.0, 0.0, 200.0, 400.0),
}


class SingleCellParameters(Parameters):
    """Parameters of ``burstprop/single-cell``."""

    cell: CellType = parameter("pyramidal", unit="", doc="Type of the cells", source=PAPER)
    I_soma: tuple[float, ...] | None = parameter(
        None,
        unit="pA",
        doc="Currents into the soma (interneurons: the current); none: the cell's own grid",
    )
    I_dend: tuple[float, ...] | None = parameter(
        None,
        unit="pA",
        doc="Currents into the dendrite, each with each of I_soma; none: the cell's own grid; "
        "interneurons take none",
    )
    noise: Noise = parameter(
        "propagation",
        unit="",
        doc="Background noise of this experiment; xor-input is the same as propagation, the XOR "
        "ones are for pyramidal and burst-poisson",
        source=PAPER,
    )
    repetitions: int = parameter(
        50, unit="", ge=1, doc="Cells with independent noise at each point of the grid"
    )
    V_0_sd: float = parameter(
        5.0,
        unit="mV",
        ge=0,
        doc="Spread of the initial somatic potentials around -70 mV",
        source=PAPER,
    )
    warm_up: float = parameter(2.0, unit="s", ge=0, doc="Time before rates are measured")
    duration: float = parameter(10.0, unit="s", gt=0, doc="Time in which they are measured")
    I_soma_traced: tuple[float, ...] | None = parameter(
        None,
        unit="pA",
        doc="Of I_soma, where voltages are recorded, of one cell for each of I_dend; none: the "
        "middle one (interneurons: the middle and the last)",
    )
    trace_interval: float = parameter(
        0.2, unit="ms", ge=0.1, doc="Interval between two samples of the voltages"
    )


class SingleCell(Circuit[SingleCellParameters]):
    """Cells of one type on a grid of currents."""

    name = "burstprop/single-cell"
    summary = "Event rate, burst rate and burst probability of a cell against injected currents"
    Parameters = SingleCellParameters
    models = tuple(dict.fromkeys(cell.model for cell in CELLS.values()))
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"repetitions": 5, "warm_up": 0.5, "duration": 1.5},
        "paper": {},
    }
    default_preset = "paper"
    # The last one is the published input layer of the XOR task: as many cells, currents of 0 and 1.
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **{cell: {"cell": cell} for cell in CELLS},
        "xor-input": {
            "cell": "burst-poisson",
            "noise": "xor-input",
            "I_soma": (-350.0, 150.0),
            "I_dend": (0.0,),
            "repetitions": 500,
            "duration": 6.0,
        },
    }
    analyses = ("burstprop/single-cell",)

    def __init__(self, parameters: SingleCellParameters) -> None:
        super().__init__(parameters)
        p = parameters
        self.cell = CELLS[p.cell]
        # Of this run: the other two would take a minute to compile for nothing.
        self.models = (self.cell.model,)  # type: ignore[misc]
        if p.noise not in noise_choices(p.cell):
            self._refuse(
                "noise",
                f"a {p.cell} cell has no noise of {p.noise}",
                "choose from " + ", ".join(noise_choices(p.cell)),
            )
        if p.I_dend is not None and not self.cell.has_dendrite:
            self._refuse(
                "I_dend", f"a {p.cell} cell has no dendrite", "leave it out, I_soma is the current"
            )
        self.I_soma, self.I_dend = grid(parameters)
        for name, currents in (
            ("I_soma", self.I_soma),
            ("I_dend", self.I_dend),
            ("I_soma_traced", self._traced),
        ):
            if currents is None:
                continue
            if not currents:
                self._refuse(name, "there is no current", "give one, or none at all")
            if np.any(np.diff(currents) <= 0):
                self._refuse(name, "the currents do not ascend", "sort them, each once")
        if strange := sorted(set(self._traced) - set(self.I_soma)):
            self._refuse(
                "I_soma_traced", f"{strange[0]:g} pA is not in I_soma", "choose from I_soma"
            )
        for name, value in (
            ("warm_up", 1000.0 * p.warm_up),
            ("duration", 1000.0 * p.duration),
            ("trace_interval", p.trace_interval),
        ):
            if abs(value / self.resolution - round(value / self.resolution)) > 1e-6:
                self._refuse(
                    name,
                    f"{value:g} ms is no multiple of the resolution",
                    f"give a multiple of {self.resolution:g} ms",
                )

    def protocol(self) -> Iterator[Phase]:
        """Warm up, then measure; nothing changes."""
        if self.parameters.warm_up:
            yield Phase(WARM_UP, 1000.0 * self.parameters.warm_up)
        yield Phase(MEASURE, 1000.0 * self.parameters.duration)

    def build(self, network: Network) -> None:
        """Create all cells, and record their spikes and some voltages."""
        p, rng = self.parameters, network.rng
        points = np.array(
            np.meshgrid(self.I_soma, self.I_dend or [0.0], np.arange(p.repetitions), indexing="ij")
        ).reshape(3, -1)
        cells = network.nest.Create(
            self.cell.model,
            points.shape[1],
            params={**self.cell.params, **noise_params(p.cell, p.noise)},
        )
        cells.set(
            {
                **dict(zip(self.cell.currents, points[:2], strict=False)),
                self.cell.voltages[0]: rng.normal(-70.0, p.V_0_sd, points.shape[1]),
            }
        )
        network.population(CELLS_NAME, cells)
        network.traces(
            TRACES,
            cells[traced(p).tolist()],
            dict.fromkeys(self.cell.voltages, "mV"),
            interval=p.trace_interval,
        )

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """More cells at each point of the grid."""
        return {
            "repetitions": max(1, round(size * cls.Parameters().repetitions)),
            "warm_up": round(0.2 * seconds, 3),
            "duration": max(0.1, round(0.8 * seconds, 3)),
        }

    def cost(self) -> Cost:
        """Updates of all cells; nothing is connected."""
        n = len(self.I_soma) * len(self.I_dend or [0.0]) * self.parameters.repetitions
        return Cost(neuron_updates=n * 1000.0 / self.resolution, synaptic_events=0.0)

    @property
    def _traced(self) -> Sequence[float]:
        return traced_currents(self.parameters)

    def _refuse(self, name: str, what: str, fix: str) -> None:
        raise ParameterError(what, where=f"{self.name}: {name}", fix=fix)


def grid(p: SingleCellParameters) -> tuple[Sequence[float], Sequence[float] | None]:
    """Somatic and dendritic currents (pA); None where there is no dendrite.

    Cells are ordered by somatic current, then dendritic current, then repetition.
    """
    soma = SOMA_GRIDS[p.cell] if p.I_soma is None else p.I_soma
    if not CELLS[p.cell].has_dendrite:
        return soma, None
    return soma, DENDRITE_GRIDS[p.cell] if p.I_dend is None else p.I_dend


def traced_currents(p: SingleCellParameters) -> Sequence[float]:
    """Somatic currents (pA) at which voltages are recorded."""
    if p.I_soma_traced is not None:
        return p.I_soma_traced
    soma, dend = grid(p)
    middle = soma[len(soma) // 2 : len(soma) // 2 + 1]
    return middle if dend is not None else tuple(dict.fromkeys((*middle, *soma[-1:])))


def traced(p: SingleCellParameters) -> npt.NDArray[np.int64]:
    """Cells whose voltage is recorded, by somatic and then dendritic current."""
    soma, dend = grid(p)
    dendrites = len(dend or [0.0])
    at = [list(soma).index(current) for current in traced_currents(p)]
    points: npt.NDArray[np.int64] = np.add.outer(np.array(at) * dendrites, np.arange(dendrites))
    return points.ravel() * p.repetitions
