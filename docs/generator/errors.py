"""Reference of the error codes, from their table."""

from __future__ import annotations

import re

from neuromodels.error_codes import CODES, ErrorCode

__all__ = ["page"]

_INTRODUCTION = (
    "The command line prints them as `error[NM222]: …`, Python below the traceback; an exception "
    "has its code as `error.code`. `neuromodels explain NM222` says what this page says."
)

_GROUPS = {
    "1": "Without a class",
    "2": "Arguments and parameters (exit code 2)",
    "3": "This computer (exit code 3)",
    "4": "Models (exit code 4)",
    "5": "Plugins (exit code 5)",
    "6": "Runs (exit code 6; 130 where a run was stopped)",
    "7": "Analyses (exit code 7)",
    "9": "Defects (exit code 70)",
}


def page() -> str:
    """One section for each code, in groups by exit code."""
    parts = [
        "# Error codes",
        _INTRODUCTION,
    ]
    group = ""
    for code, entry in CODES.items():
        if code[2] != group:
            group = code[2]
            parts.append(f"## {_GROUPS[group]}")
        parts.append(_section(entry))
    return "\n\n".join(parts) + "\n"


def _section(entry: ErrorCode) -> str:
    lines = (f"### {entry.code}", f"{_literal(entry.meaning)}.", _literal(entry.cause))
    return "\n\n".join([*lines, f"**Cure.** {_literal(entry.cure)}"])


def _literal(text: str) -> str:
    """Show file names of this documentation and variables of the environment as literals."""
    return re.sub(r"(?<!`)\b(docs/[\w/.-]+\.md|NEUROMODELS_\w+|CXX|PATH)\b", r"`\1`", text)
