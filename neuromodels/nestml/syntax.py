"""Reading a parsed NESTML model: nodes of some type, lines, declared names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pynestml.visitors.ast_visitor import ASTVisitor


@dataclass(frozen=True)
class Finding:
    """Something wrong in a model.

    Attributes
    ----------
    line : int
        Line in the ``.nestml`` file, from 1.
    message : str
        What is wrong and what to do about it.
    """

    line: int
    message: str


class _Collector(ASTVisitor):  # type: ignore[misc]
    """Collects the nodes of some types below a node."""

    def __init__(self, *types: type) -> None:
        super().__init__()
        self.types = types
        self.found: list[Any] = []

    def visit(self, node: Any) -> None:
        if isinstance(node, self.types):
            self.found.append(node)
        super().visit(node)


def collect(node: Any, *types: type) -> list[Any]:
    """All nodes of some types below a node, itself included."""
    collector = _Collector(*types)
    node.accept(collector)
    return collector.found


def line(node: Any) -> int:
    """Line of a node in its file."""
    return int(node.get_source_position().start_line)


def declared(blocks: Any) -> set[str]:
    """Names of the variables that blocks declare."""
    return {
        variable.get_name()
        for block in blocks
        for declaration in block.get_declarations()
        for variable in declaration.get_variables()
    }
