"""Equations as MathML, which browsers draw by themselves: pages load nothing from the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes

__all__ = ["convert", "visit_block", "visit_inline"]


def convert(latex: str, *, block: bool = False) -> str:
    """Convert LaTeX to a ``<math>`` element."""
    from latex2mathml.converter import convert as to_mathml

    text: str = to_mathml(latex, display="block" if block else "inline")
    # Lines of a table are set small and centred by default.
    return text.replace(
        "<mtable", '<mtable displaystyle="true" columnalign="left" style="text-align: left"'
    )


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write an inline equation."""
    _write(translator, convert(node.astext()))


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write a displayed equation."""
    _write(translator, f'<div class="math">{convert(node.astext(), block=True)}</div>')


def _write(translator: Any, text: str) -> None:
    from docutils.nodes import SkipNode

    translator.body.append(text)
    raise SkipNode
