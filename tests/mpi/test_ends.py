"""How runs on several ranks end: errors, killed ranks, Ctrl-C, and going on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import neuromodels

from .conftest import mpi_command

pytestmark = pytest.mark.mpi

HERE = Path(__file__).parent
CLI = HERE / "ranked.py"


def errors(done) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("error[")]


@pytest.mark.parametrize("when", ["build", "protocol", "recording"])
def test_an_error_on_one_rank_ends_all(mpirun, tmp_path, when):
    """One message, a status, a code, and no waiting for ever."""
    done = mpirun(2, CLI, "run", "ranked/net", "--set", f"fault={when}", "--out", tmp_path / "run")
    assert done.returncode == 6, done.stderr
    (message,) = errors(done)
    assert message.startswith("error[NM601]: rank 1: ")
    assert f"deliberate, in {when}" in message
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    run = neuromodels.load_run(tmp_path / "run")
    assert run.status == "failed"
    assert f"deliberate, in {when}" in run.info["error"]


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        ("once", "NM621", "get_kernel_status was called on the first rank only"),
        ("reads", "NM246", "neuromodels.get_values(nodes, name)"),
    ],
)
def test_what_would_hang_or_lack_values_is_refused(mpirun, tmp_path, fault, code, message):
    done = mpirun(2, CLI, "run", "ranked/net", "--set", f"fault={fault}", "--out", tmp_path / "run")
    assert done.returncode != 0
    (said,) = errors(done)
    assert said.startswith(f"error[{code}]: ")
    assert message in said


def test_a_bad_parameter_is_said_once(mpirun, tmp_path):
    done = mpirun(2, CLI, "run", "ranked/net", "--set", "n=0", "--out", tmp_path / "run")
    assert done.returncode == 2, done.stderr
    (message,) = errors(done)
    assert message.startswith("error[NM221]: ranked/net: n:"), message
    assert not (tmp_path / "run").exists()


def test_errors_that_all_ranks_have_are_ordinary_exceptions(mpirun, tmp_path):
    done = mpirun(2, HERE / "agreed.py", tmp_path)
    assert done.returncode == 0, done.stderr
    said = [(tmp_path / f"said-{rank}").read_text().splitlines() for rank in (0, 1)]
    assert said[0] == said[1]
    for what in (
        "all-build: ranked/net cannot be built: ValueError: deliberate, in build",
        "all-protocol: the simulation failed: ValueError: deliberate, in protocol",
        "differs: signal 'clock' differs between MPI ranks",
        "draws: network.rng at the beginning of phase 'phase_0' differs between MPI ranks",
        "connects: phase 'phase_1': NEST 3.10 may lose or double spikes",
        "n: ranked/net: n",
        "good: complete",
    ):
        assert any(line.startswith(what) for line in said[0]), (what, said[0])


def _until(condition, patience: float = 120.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def test_killed_and_resumed_on_another_number_of_ranks(mpi_environment, tmp_path):
    """A killed rank ends the others; what it had reached is continued in one process."""
    alive, out = tmp_path / "alive", tmp_path / "run"
    alive.mkdir()
    environ = {**mpi_environment, "RANKED_ALIVE": str(alive), "RANKED_CHECKPOINTS": "0"}
    options = ["--set", "phases=60", "--set", "duration=100 ms", "--set", "slow=0.02"]
    command = mpi_command(2, CLI, "run", "ranked/net", *options, "--out", out)
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _until(lambda: (out / "checkpoint.npz").exists() or process.poll() is not None)
        (victim,) = [int(path.name[2:]) for path in alive.iterdir() if path.name[0] == "1"]
        os.kill(victim, signal.SIGKILL)
        assert process.wait(timeout=60) != 0
    finally:
        process.kill()
    assert json.loads((out / "run.json").read_text())["status"] == "running"
    # mpirun may be gone a moment before the rank that holds the directory is.
    _until(lambda: neuromodels.load_run(out).status == "interrupted", 30.0)

    single = [*mpi_command(1, CLI, "run", "--resume", out)]
    done = subprocess.run(single, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    run = neuromodels.load_run(out)
    assert run.status == "complete"
    assert (run.info["threads"], run.info["ranks"]) == (2, 1)
    assert run.info["resumed"][0]["time"] >= 100.0
    assert run.t_stop == 6000.0
    assert not run.traces["cells"].V_m.isnull().any()


def test_a_launcher_without_a_nest_with_mpi_is_refused(mpi_environment, tmp_path):
    serial = {k: v for k, v in mpi_environment.items() if k != "PYTHONPATH"}
    command = mpi_command(2, CLI, "run", "ranked/net", "--out", tmp_path / "run")
    done = subprocess.run(command, env=serial, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done.stderr
    (message,) = errors(done)
    assert "this NEST is built without MPI" in message
