"""The comment at the head of a NESTML file, as Markdown.

Its form is that of the models in ``nestml_models``: a title, sections with underlines of ``+``,
paragraphs, ``* `` lists, and indented blocks that hold equations, tables or sequences.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator, Mapping

from generator import equations
from neuromodels.nestml import declarations

__all__ = ["cited", "markdown", "references"]

_REFERENCE = re.compile(r"\.\. \[(?P<label>\w+)\]\s+(?P<text>.*)", re.DOTALL)
_DOI = re.compile(r"https://doi\.org/\S+")


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in [*lines, ""]:
        if line:
            block.append(line)
        elif block:
            yield block
            block = []


def references(source: str) -> Mapping[str, str]:
    """Citation label -> text of the reference."""
    found: dict[str, str] = {}
    label = ""
    for line in declarations.head(source):
        if match := _REFERENCE.fullmatch(line):
            label = match["label"]
            found[label] = match["text"]
        elif label and line.startswith("   "):
            found[label] += " " + line.strip()
        else:
            label = ""
    return found


def cited(text: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Split a comment into what it says and the sources that it cites, both as Markdown."""
    sources: list[str] = []
    for match in re.finditer(r"\s*\[(\w*\d{4}\w*)(?:, ([^]]*))?\]", text):
        place = f", {match[2]}" if match[2] else ""
        sources.append(link(match[1], known) + place)
    plain = re.sub(r"\s*\[\w*\d{4}\w*(?:, [^]]*)?\]", "", text)
    return escaped(plain), "; ".join(sources)


def link(label: str, known: Mapping[str, str]) -> str:
    """Give a citation as a link to its DOI, if it has one."""
    doi = _DOI.search(known.get(label, ""))
    return f"[{label}]({doi.group()})" if doi else label


def escaped(text: str) -> str:
    """Escape what Markdown would read as markup, outside of code."""
    parts = re.split(r"(``[^`]*``|(?<!\w)\*\w[\w -]*\w\*(?!\w))", text)  # code, *emphasis*
    return "".join(
        part if index % 2 else re.sub(r"([*_<>|$\[\]\\])", r"\\\1", part)
        for index, part in enumerate(parts)
    )


def markdown(source: str, symbols: Collection[str]) -> str:
    """Turn the whole comment into Markdown, equations typeset.

    Parameters
    ----------
    source : str
        Text of a ``.nestml`` file.
    symbols : collection of str
        Names that the model declares.
    """
    known = references(source)
    parts: list[str] = []
    for block in _blocks(declarations.head(source)):
        if len(block) == 2 and set(block[1]) == {"+"}:
            if block[0] not in {"Description", "References"}:
                parts.append(f"## {block[0]}")
        elif _REFERENCE.match(block[0]):
            continue
        elif all(line.startswith("  ") for line in block) and not block[0].startswith("* "):
            parts.append(_indented(block, symbols))
        else:
            parts.append(_paragraph(block, known))
    return "\n\n".join(parts)


def _paragraph(block: list[str], known: Mapping[str, str]) -> str:
    # Items of a list may follow each other without an empty line.
    lines = []
    for line in block:
        bullet = line.startswith("* ")
        text = escaped(line.removeprefix("* ") if bullet else line)
        lines.append(f"* {text}" if bullet else text)
    text = "\n".join(lines)
    return re.sub(r"\b[A-Z]\w*\d{4}\b", lambda match: link(match.group(), known), text)


def _indented(block: list[str], symbols: Collection[str]) -> str:
    lines = textwrap.dedent("\n".join(block)).splitlines()
    if not any(map(equations.is_equation, lines)):
        return "```text\n" + "\n".join(lines) + "\n```"
    # A line that is indented goes on with the one before it.
    typeset = " \\\\\n".join(
        (r"\qquad " if line.startswith(" ") else "") + equations.latex(line, symbols)
        for line in lines
    )
    return "```{math}\n\\begin{array}{l}\n" + typeset + "\n\\end{array}\n```"
