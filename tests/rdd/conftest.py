"""Fixtures of the tests of the study."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


@pytest.fixture(scope="session")
def trace():
    """``trace(name)``: columns of a golden trace, shape (steps, units)."""

    def read(name: str) -> dict[str, np.ndarray]:
        with (GOLDEN / f"{name}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        table = np.array(rows, dtype=float)
        units = int(table[:, header.index("unit")].max()) + 1
        return {
            title: values.reshape(-1, units) for title, values in zip(header, table.T, strict=True)
        }

    return read
