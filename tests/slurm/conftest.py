from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neuromodels import registry

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where `swept_plugin` is installed; other processes find it on their path."""
    import swept_plugin

    folder = tmp_path_factory.mktemp("site")
    swept_plugin.install(folder)
    return folder


@pytest.fixture
def swept(site, monkeypatch, tmp_path):
    """The plugin, and a user with directories of their own; gives one to work in."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    registry.registry.cache_clear()
    yield work
    registry.registry.cache_clear()
    sys.modules.pop("swept_plugin", None)


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
