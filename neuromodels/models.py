"""What is said about a NESTML model: its plain name, its source, and its pairing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable


@runtime_checkable
class Readable(Protocol):
    """A file: a `pathlib.Path`, or part of a package (`importlib.resources`)."""

    @property
    def name(self) -> str:
        """Name without its folder."""

    def is_file(self) -> bool:
        """Whether it exists."""

    def read_text(self, encoding: str | None = None) -> str:
        """All of its text."""


@dataclass(frozen=True)
class Text:
    """NESTML source in memory: of a notebook's cell, or of a file as it was when it was read.

    Parameters
    ----------
    text : str
    shown : str
        What error messages call it, e.g. the file's path.
    """

    text: str
    shown: str = "<text>"

    @property
    def name(self) -> str:
        """Name without its folder."""
        return Path(self.shown).name

    def is_file(self) -> bool:
        """It can be read."""
        return True

    def read_text(self, encoding: str | None = None) -> str:  # noqa: ARG002
        """All of its text."""
        return self.text

    def __str__(self) -> str:
        return self.shown


def _readable(source: Readable | str) -> Readable:
    """Take a string as a path, or as the source itself where it has more than one line."""
    if not isinstance(source, str):
        return source
    return Text(source) if "\n" in source else Path(source)


@dataclass(frozen=True, kw_only=True)
class NeuronModel:
    """A NESTML neuron.

    Parameters
    ----------
    name : str
        Plain NEST model name, as in ``nest.Create(name)``.
    source : path, Traversable or str
        The ``.nestml`` file, e.g. ``importlib.resources.files(__package__) / "models/x.nestml"``;
        or the source itself.  May hold one model of another name, or several models, of which
        `name` is one; `name` is what users see.
    summary : str
        One line.
    numeric_solver : {"rk45", "forward-Euler"}
        Solver for those equations that have no exact solution.  ``rk45`` chooses its steps such
        that the error stays below 1e-6, absolute and relative (Dormand and Prince's Runge-Kutta
        method).  ``forward-Euler`` takes one step of NEST's resolution: several times faster, and
        wrong or unstable where a time constant is not much longer than the step.
    """

    name: str
    source: Readable | str
    summary: str = ""
    numeric_solver: Literal["rk45", "forward-Euler"] = "rk45"

    @property
    def file(self) -> Readable:
        """The source, to be read."""
        return _readable(self.source)


@dataclass(frozen=True, kw_only=True)
class SynapseModel:
    """A NESTML synapse; a plastic one is compiled together with the neuron it is paired with.

    Parameters
    ----------
    name : str
        Plain NEST model name, as in ``nest.Connect(..., {"synapse_model": name})``.
    source : path, Traversable or str
        The ``.nestml`` file, or the source itself.
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
    source: Readable | str
    summary: str = ""
    neuron: str | None = None
    post_port: str = "post_spikes"
    third_factors: Mapping[str, str] = field(default_factory=dict)
    weight_variable: str = "w"
    delay_variable: str | None = None

    @property
    def file(self) -> Readable:
        """The source, to be read."""
        return _readable(self.source)


Model = NeuronModel | SynapseModel
