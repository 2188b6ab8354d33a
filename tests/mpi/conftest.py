"""A NEST with MPI beside the one of this environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Launch = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def mpi_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a process that gets a NEST with MPI from ``import nest``.

    The wheel of that NEST is named by ``NEUROMODELS_MPI_WHEEL``; it goes into a directory of its
    own that comes before this environment's NEST, beside compiled models that are kept
    (``NEUROMODELS_TEST_CACHE``): those of a NEST in another place would not be found again.
    """
    wheel = os.environ.get("NEUROMODELS_MPI_WHEEL")
    if not wheel or shutil.which("mpirun") is None:
        pytest.skip("needs NEUROMODELS_MPI_WHEEL and mpirun")
    kept = os.environ.get("NEUROMODELS_TEST_CACHE")
    site = Path(kept).absolute() / "nest-with-mpi" if kept else tmp_path_factory.mktemp("nest")
    if not (site / "nest").exists():
        install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps"]
        subprocess.run([*install, "--target", site, wheel], check=True)
    return {
        **os.environ,
        "PYTHONPATH": str(site),
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }


def mpi_command(ranks: int, script: Path, *arguments: object) -> list[str]:
    """What starts a Python script on several ranks, quietly and on any number of cores."""
    launcher = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
    return [*launcher, sys.executable, str(script), *map(str, arguments)]


@pytest.fixture(scope="session")
def mpirun(mpi_environment: dict[str, str]) -> Launch:
    """Run a Python script on several ranks of a NEST with MPI.

    Returns
    -------
    callable
        ``mpirun(ranks, script, *arguments, **environment)`` gives the completed process.
    """

    def launch(
        ranks: int, script: Path, *arguments: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            mpi_command(ranks, script, *arguments),
            capture_output=True,
            text=True,
            timeout=900,
            env={**mpi_environment, **environment},
        )

    return launch
