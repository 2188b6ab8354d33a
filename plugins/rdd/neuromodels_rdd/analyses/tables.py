"""The tables in ``golden/``: what the published code gives, copied unchanged."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of ``golden/NAME.csv``: title -> text."""
    with (files("neuromodels_rdd") / "golden" / f"{name}.csv").open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


__all__ = ["rows"]
