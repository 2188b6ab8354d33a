from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from swept_site import site, swept

ROOT = Path(__file__).parents[2]


__all__ = ["cluster", "fake_slurm", "site", "swept"]


@pytest.fixture(scope="session")
def cluster() -> None:
    """A real Slurm: one that runs here already, or the one that the project shares."""
    for script in (ROOT / "shared/slurm/start", ROOT.parent / "shared/slurm/start"):
        if script.is_file():
            done = subprocess.run(["bash", script], capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                pytest.skip(f"Slurm does not start here: {done.stderr.strip()[-200:]}")
            return
    if shutil.which("sbatch") is None or subprocess.run(["sinfo"], check=False).returncode != 0:
        pytest.skip("needs Slurm: shared/slurm/start, or a cluster")


@pytest.fixture
def fake_slurm(tmp_path, monkeypatch):
    """Programs of Slurm that say what a test wants, and note how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(name: str, output: str = "", error: str = "", code: int = 0) -> Path:
        calls = folder / f"{name}.calls"
        program = folder / name
        (folder / f"{name}.out").write_text(output)
        (folder / f"{name}.err").write_text(error)
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {calls}\ncat {folder}/{name}.out\n'
            f"cat {folder}/{name}.err >&2\nexit {code}\n"
        )
        program.chmod(0o755)
        return calls

    for name in ("sbatch", "squeue", "sacct"):  # hide those of this machine
        make(name, error=f"{name}: not set up", code=1)
    return make
