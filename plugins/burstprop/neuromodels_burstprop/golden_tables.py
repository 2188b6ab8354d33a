"""The tables in ``golden/``: what the authors' own simulation code gives, copied unchanged."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]


@cache
def columns(name: str) -> dict[str, Column]:
    """Numeric columns of ``golden/NAME.csv``, by title; others are left out."""
    header, table = _read(name)
    found = {}
    for title, values in zip(header, zip(*table, strict=True), strict=True):
        try:
            found[title] = np.array(values, dtype=np.float64)
        except ValueError:
            continue
    return found


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of ``golden/NAME.csv``: title -> text."""
    header, table = _read(name)
    return tuple(dict(zip(header, row, strict=True)) for row in table)


@cache
def labels(name: str) -> tuple[str, ...]:
    """First column of ``golden/NAME.csv``, as text."""
    return tuple(row[0] for row in _read(name)[1])


def _read(name: str) -> tuple[list[str], list[list[str]]]:
    path = files("neuromodels_burstprop") / "golden" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        header, *table = csv.reader(file)
    return header, table


__all__ = ["Column", "columns", "labels", "rows"]
