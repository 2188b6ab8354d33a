"""Parameters of a NESTML source as they are written in it, for ``neuromodels show``.

A reading of lines, not a parser: PyNESTML takes seconds to import and ``show`` needs only names,
defaults, units and comments.  What is compiled is always what PyNESTML parses.
"""

from __future__ import annotations

import re
from typing import TypedDict

__all__ = ["Declaration", "parameters"]

_BLOCK = re.compile(r"\s*(?P<name>\w+)\s*:\s*(?:#.*)?$")
_DECLARATION = re.compile(
    r"\s*(?P<names>\w+(?:\s*,\s*\w+)*)\s+(?P<type>\S+?)\s*=\s*(?P<value>[^#@\[]+?)\s*"
    r"(?P<decorators>(?:@[\w:]+\s*)*)(?:\[\[.*\]\]\s*)?(?:\#\s*(?P<doc>.*?))?\s*$"
)
_PURE = frozenset({"real", "integer", "boolean", "string", "void"})


class Declaration(TypedDict):
    """One parameter of a model; `shared` ones have one value for all synapses of a model."""

    name: str
    default: str
    unit: str
    doc: str
    shared: bool


def parameters(source: str) -> list[Declaration]:
    """Read the ``parameters`` block of the text of a ``.nestml`` file."""
    found: list[Declaration] = []
    inside, depth = False, 0
    for line in source.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if inside and indent <= depth:
            inside = False
        if inside:
            found += _declarations(line)
        else:
            block = _BLOCK.match(line)
            inside, depth = block is not None and block["name"] == "parameters", indent
    return found


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
