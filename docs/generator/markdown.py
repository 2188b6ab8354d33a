"""Small pieces of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["number", "slug", "table"]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; columns that are empty in every row are left out."""
    used = [i for i in range(len(headers)) if any(row[i] for row in rows)]
    lines = [[headers[i] for i in used], ["---"] * len(used)]
    lines += [[" ".join(row[i].split()).replace("|", r"\|") for i in used] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """Write a number as people do: 20 000, 0.1, 1.2e+09."""
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.3g}"


def slug(name: str) -> str:
    """File name of a registered name."""
    return name.replace("/", "-")
