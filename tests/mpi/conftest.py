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
def mpirun(tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Run a Python script on several ranks of a NEST with MPI.

    The wheel of that NEST is named by ``NEUROMODELS_MPI_WHEEL``; it goes into a directory of its
    own that the ranks put before this environment's NEST.

    Returns
    -------
    callable
        ``mpirun(ranks, script, **environment)`` gives the completed process.
    """
    wheel = os.environ.get("NEUROMODELS_MPI_WHEEL")
    if not wheel or shutil.which("mpirun") is None:
        pytest.skip("needs NEUROMODELS_MPI_WHEEL and mpirun")
    site = tmp_path_factory.mktemp("nest-with-mpi")
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--target", site, wheel],
        check=True,
    )

    def launch(ranks: int, script: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(ranks)]
        return subprocess.run(
            [*command, sys.executable, str(script)],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1", **environment},
        )

    return launch
