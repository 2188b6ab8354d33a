"""A long source text, folded away until the reader opens it."""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import Directive

__all__ = ["FoldedSource"]


class FoldedSource(Directive):  # type: ignore[misc]
    """``{dropdown-source} FILE``: the content as a literal block behind its file name."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Give the nodes."""
        literal = nodes.literal_block("\n".join(self.content), "\n".join(self.content))
        literal["language"] = "text"
        title = self.arguments[0]
        return [
            nodes.raw("", f"<details><summary>{title}</summary>", format="html"),
            literal,
            nodes.raw("", "</details>", format="html"),
        ]
