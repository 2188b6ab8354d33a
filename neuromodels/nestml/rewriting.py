"""Reading generated C++, and substitutions in it that must match."""

from __future__ import annotations

import re
from pathlib import Path

from neuromodels.errors import ModelError


def substitute(pattern: str, replacement: str, text: str, what: str, file: Path) -> str:
    """Replace every match of a pattern, of which there must be one.

    Parameters
    ----------
    pattern, replacement, text : str
        As of `re.sub`.
    what : str
        What it is good for, named in the error.
    file : Path
        Where the text is from.

    Raises
    ------
    ModelError
        The generated code looks different.
    """
    result, count = re.subn(pattern, replacement, text)
    if count == 0:
        raise ModelError(
            f"the generated C++ has changed: cannot {what}",
            where=str(file),
            fix="use a NESTML version that neuromodels supports",
        )
    return result


def code(text: str) -> str:
    """Text without comments and what is for debugging only."""
    text = re.sub(r"#ifdef DEBUG.*?#endif", "", text, flags=re.DOTALL)
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def closing(text: str, begin: int) -> int:
    """Index after the bracket that closes the one at `begin`; -1 if there is none."""
    pair = {"(": ")", "{": "}"}[text[begin]]
    depth = 0
    for found in re.finditer(rf"\{text[begin]}|\{pair}", text[begin:]):
        depth += 1 if found[0] == text[begin] else -1
        if depth == 0:
            return begin + found.end()
    return -1
