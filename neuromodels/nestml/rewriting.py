"""Substitutions in generated C++ that must match."""

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
