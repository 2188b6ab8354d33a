"""The cell types of Payeur et al. 2021: models, what differs from their defaults, and their noise.

Noise is that of the published experiments: independent sources for every cell and channel, each at
most one event in a step, as the published simulator's are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CellType = Literal["pyramidal", "burst-poisson", "pv", "som"]
Noise = Literal["none", "propagation", "xor-input", "xor-hidden", "xor-output"]

# Threshold of the upstroke from a rheobase of 25 pA, in mV: see adex_interneuron.nestml.
_SOM_V_TH = -70.0 + 4.0 + 25.0 / 5.5 - 4.0 * math.log(1.1)

SOM: Mapping[str, float] = {
    "g_L": 5.0,
    "Delta_T": 4.0,
    "V_th": _SOM_V_TH,
    "V_reset": -65.0,
    "t_ref": 2.0,
    "a": 0.5,
    "b": 10.0,
    "tau_w": 500.0,
}
"""What SOM cells have instead of the defaults of ``adex_interneuron``, which are those of PV."""


@dataclass(frozen=True)
class Cell:
    """A cell type.

    Attributes
    ----------
    model : str
        NEST model.
    params : mapping
        What differs from its defaults.
    currents : tuple of str
        Its parameters of injected current: of the soma and, if it has one, the dendrite.
    voltages : tuple of str
        Its membrane potentials in the same order, of which the first is set at the beginning.
    """

    model: str
    params: Mapping[str, float]
    currents: tuple[str, ...]
    voltages: tuple[str, ...]

    @property
    def has_dendrite(self) -> bool:
        """Whether it has a dendritic compartment."""
        return len(self.currents) > 1


_TWO_COMPARTMENTS = ("I_s", "I_d"), ("V_s", "V_d")
_POINT = ("I_e",), ("V_m",)

CELLS: Mapping[CellType, Cell] = {
    "pyramidal": Cell("pyramidal_burst_neuron", {}, *_TWO_COMPARTMENTS),
    "burst-poisson": Cell("burst_poisson_neuron", {}, *_TWO_COMPARTMENTS),
    "pv": Cell("adex_interneuron", {}, *_POINT),
    "som": Cell("adex_interneuron", SOM, *_POINT),
}


def _two_compartments(rate: float, soma_exc: float, soma_inh: float) -> Mapping[str, float]:
    """Noise of a pyramidal cell: rate (Hz) and weights of the soma; dendrites are all alike."""
    return {
        "rate_soma_exc": rate,
        "rate_soma_inh": rate,
        "rate_dend_exc": 500.0,
        "rate_dend_inh": 500.0,
        "w_bg_soma_exc": soma_exc,
        "w_bg_soma_inh": soma_inh,
        "w_bg_dend_exc": 0.05,
        "w_bg_dend_inh": 0.05,
    }


def _point(exc: float, inh: float) -> Mapping[str, float]:
    """Noise of an interneuron: weights."""
    return {"rate_exc": 500.0, "rate_inh": 500.0, "w_bg_exc": exc, "w_bg_inh": inh}


_PYRAMIDAL: Mapping[Noise, Mapping[str, float]] = {
    "none": {},
    "propagation": _two_compartments(500.0, 0.35, 0.35),
    "xor-input": _two_compartments(500.0, 0.35, 0.35),
    "xor-hidden": _two_compartments(150.0, 0.385, 0.49),
    "xor-output": _two_compartments(150.0, 0.35, 0.35),
}
_NOISE: Mapping[CellType, Mapping[Noise, Mapping[str, float]]] = {
    "pyramidal": _PYRAMIDAL,
    "burst-poisson": _PYRAMIDAL,
    "pv": {"none": {}, "propagation": _point(0.75, 1.125)},
    "som": {"none": {}, "propagation": _point(0.4, 0.5)},
}


def noise_choices(cell: CellType) -> tuple[Noise, ...]:
    """Kinds of noise that a cell type has."""
    return tuple(_NOISE[cell])


def noise_params(cell: CellType, noise: Noise) -> Mapping[str, float | bool]:
    """Parameters of a cell's model that give it this noise.

    Raises
    ------
    KeyError
        It has no such noise, see `noise_choices`.
    """
    return {"bernoulli_noise": True, **_NOISE[cell][noise]}


__all__ = ["CELLS", "SOM", "Cell", "CellType", "Noise", "noise_choices", "noise_params"]
