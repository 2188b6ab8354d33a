"""Fixtures shared by the tests of the NESTML models."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import neuromodels

GOLDEN = Path(__file__).parents[1] / "data" / "golden"

Install = Callable[..., None]


@pytest.fixture
def install_models() -> Install:
    """Reset the kernel and load compiled models into it.

    Returns
    -------
    callable
        ``install_models(*names, threads=1, seed=1)``; afterwards the plain model names can be
        created and connected.  Resolution is 0.1 ms.
    """
    nest = pytest.importorskip("nest")

    def install(*names: str, threads: int = 1, seed: int = 1) -> None:
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.ResetKernel()
        neuromodels.install(*names)
        nest.set(resolution=0.1, local_num_threads=threads, rng_seed=seed)

    return install


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, np.ndarray]]:
    """Read a golden table of the published simulator.

    Returns
    -------
    callable
        ``golden(stem)`` gives the columns of ``data/golden/<stem>.csv``; numeric ones as float64.
    """

    def read(stem: str) -> dict[str, np.ndarray]:
        with (GOLDEN / f"{stem}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        columns: dict[str, np.ndarray] = {}
        for name, values in zip(header, zip(*rows, strict=True), strict=True):
            try:
                columns[name] = np.array(values, dtype=float)
            except ValueError:
                columns[name] = np.array(values)
        return columns

    return read
