"""What a plugin says about a NESTML model: its plain name, its source, and its pairing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class NeuronModel:
    """A NESTML neuron.

    Parameters
    ----------
    name : str
        Plain NEST model name, as in ``nest.Create(name)``.
    source : Traversable
        The ``.nestml`` file, e.g. ``importlib.resources.files(__package__) / "models/x.nestml"``.
        May hold a model of another name; `name` is what users see.
    summary : str
        One line.
    numeric_solver : {"rk45", "forward-Euler"}
        Solver for those equations that have no exact solution.  ``rk45`` chooses its steps such
        that the error stays below 1e-6, absolute and relative (Dormand and Prince's Runge-Kutta
        method).  ``forward-Euler`` takes one step of NEST's resolution: several times faster, and
        wrong or unstable where a time constant is not much longer than the step.
    """

    name: str
    source: Traversable
    summary: str = ""
    numeric_solver: Literal["rk45", "forward-Euler"] = "rk45"


@dataclass(frozen=True, kw_only=True)
class SynapseModel:
    """A NESTML synapse; a plastic one is compiled together with the neuron it is paired with.

    Parameters
    ----------
    name : str
        Plain NEST model name, as in ``nest.Connect(..., {"synapse_model": name})``.
    source : Traversable
        The ``.nestml`` file.
    summary : str
        One line.
    neuron : str, optional
        Plain name of the postsynaptic neuron model whose spikes (and third factors) the rule uses.
        ``None`` for a synapse that sees presynaptic spikes only; it then connects to any neuron.
    post_port : str
        The synapse's input port for postsynaptic spikes.
    third_factors : Mapping[str, str]
        Synapse input port -> state variable of the neuron, sampled at each postsynaptic (somatic)
        spike.
    weight_variable : str
        The synapse's variable that is NEST's ``weight``.
    delay_variable : str, optional
        The synapse's variable that is NEST's ``delay``.
    """

    name: str
    source: Traversable
    summary: str = ""
    neuron: str | None = None
    post_port: str = "post_spikes"
    third_factors: Mapping[str, str] = field(default_factory=dict)
    weight_variable: str = "w"
    delay_variable: str | None = None


Model = NeuronModel | SynapseModel
