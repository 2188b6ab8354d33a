"""Declarations of a NESTML source as they are written in it, for ``neuromodels show`` and docs.

A reading of lines, not a parser: PyNESTML takes seconds to import and ``show`` needs only names,
defaults, units and comments.  What is compiled is always what PyNESTML parses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypedDict

__all__ = [
    "Declaration",
    "Port",
    "equations",
    "head",
    "internals",
    "parameters",
    "ports",
    "state",
]

_BLOCK = re.compile(r"\s*(?P<name>\w+)\s*:\s*(?:#.*)?$")
_DECLARATION = re.compile(
    r"\s*(?P<names>\w+(?:\[\w+\])?(?:\s*,\s*\w+(?:\[\w+\])?)*)\s+(?P<type>\S+?)\s*=\s*"
    r"(?P<value>[^#@\[]+?)\s*"
    r"(?P<decorators>(?:@[\w:]+\s*)*)(?:\[\[.*\]\]\s*)?(?:\#\s*(?P<doc>.*?))?\s*$"
)
_PORT = re.compile(
    r"\s*(?P<name>\w+)(?:\[\w+\])?(?:\s+(?P<type>\S+))?\s*<-\s*"
    r"(?:(?:excitatory|inhibitory)\s+)*(?P<kind>spike|continuous)\s*"
    r"(?:\#\s*(?P<doc>.*?))?\s*$"
)
_PURE = frozenset({"real", "integer", "boolean", "string", "void"})


class Declaration(TypedDict):
    """One parameter or variable; `shared` ones have one value for all synapses of a model."""

    name: str
    default: str
    unit: str
    doc: str
    shared: bool


class Port(TypedDict):
    """An input port: of spikes, or (of a synapse) a variable of its neuron."""

    name: str
    kind: str
    doc: str


def head(source: str) -> list[str]:
    """Lines of the comment before the model, without ``#``, title and licence."""
    lines: list[str] = []
    for line in source.lstrip("\ufeff\n").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" ").rstrip())
    return [line for line in lines[2:] if not line.startswith("SPDX-")]


def parameters(source: str) -> list[Declaration]:
    """Read the ``parameters`` block of the text of a ``.nestml`` file."""
    return [found for line in _block(source, "parameters") for found in _declarations(line)]


def state(source: str) -> list[Declaration]:
    """Read the ``state`` block; `default` is the initial value."""
    return [found for line in _block(source, "state") for found in _declarations(line)]


def internals(source: str) -> list[Declaration]:
    """Read the ``internals`` block: constants that are computed once."""
    return [found for line in _block(source, "internals") for found in _declarations(line)]


def ports(source: str) -> list[Port]:
    """Read the ``input`` block, in its order: NEST numbers a neuron's receptors from 1."""
    return [
        Port(name=match["name"], kind=match["kind"], doc=match["doc"] or "")
        for line in _block(source, "input")
        if (match := _PORT.match(line))
    ]


def equations(source: str) -> list[str]:
    """Lines of the ``equations`` block, without comments."""
    return [line.partition("#")[0].strip() for line in _block(source, "equations")]


def _block(source: str, wanted: str) -> Iterator[str]:
    """Lines of one block, without those that are empty or comments only."""
    inside, depth = False, 0
    for line in source.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if inside and indent <= depth:
            inside = False
        if inside:
            yield line
        else:
            block = _BLOCK.match(line)
            inside, depth = block is not None and block["name"] == wanted, indent


def _declarations(line: str) -> list[Declaration]:
    match = _DECLARATION.match(line)
    if match is None:
        return []
    unit = "" if match["type"] in _PURE else match["type"]
    value = match["value"]
    if unit and value.endswith(f" {unit}"):
        value = value.removesuffix(unit).strip()
    return [
        Declaration(
            name=name.strip(),
            default=value,
            unit=unit,
            doc=match["doc"] or "",
            shared="@homogeneous" in match["decorators"],
        )
        for name in match["names"].split(",")
    ]
