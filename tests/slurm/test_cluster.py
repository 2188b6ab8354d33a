"""Jobs in a real Slurm: a sweep as an array, a time limit, an MPI job, a refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neuromodels import load_run, load_sweep

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]

PATIENCE = 240.0


def neuromodels(*arguments: str, code: int = 0) -> str:
    """Call the command line; gives what it prints."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "neuromodels", *arguments], capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def job_of(number: int) -> dict:
    (job,) = json.loads(neuromodels("jobs", str(number), "--json"))
    return job


def wait_for(number: int, output: Path | None = None) -> dict:
    """Wait until a job is over."""
    deadline = time.monotonic() + PATIENCE
    while True:
        job = job_of(number)
        if not job["active"]:
            return job
        if time.monotonic() > deadline:
            subprocess.run(["scancel", str(number)], check=False)
            said = output.read_text() if output is not None and output.exists() else ""
            pytest.fail(f"{job}\n{said}")
        time.sleep(1.0)


def submit(*arguments: str) -> dict:
    return json.loads(neuromodels("submit", *arguments, "--json"))


def test_a_sweep_as_an_array(swept):
    shown = submit("sweep", "swept/net", "--set", "end=well,error", "--out", "s", "--time", "5 min")
    job = wait_for(shown["job"])
    assert job["state"] == "1 completed, 1 failed"
    assert job["run"] == "1 of 2 complete, 1 failed"
    assert job["resume"] == f"neuromodels submit sweep --resume {swept / 's'}"
    deadline = time.monotonic() + PATIENCE
    while not (swept / "s" / "figures" / "metrics.png").exists():
        assert time.monotonic() < deadline
        time.sleep(1.0)
    sweep = load_sweep(swept / "s")
    assert sweep.statuses == {"end=well/s001": "complete", "end=error/s001": "failed"}
    assert (swept / "s" / "table.csv").read_text().splitlines()[1].startswith("end=well/s001,well,")
    said = (swept / "s" / "slurm" / f"{shown['job']}_2.txt").read_text()
    assert "as asked for" in said


def test_a_time_limit_interrupts_and_another_job_goes_on(swept, monkeypatch):
    """Five minutes of simulation in a job of two; then, quickly, the rest."""
    monkeypatch.setenv("SWEPT_SLOW", "0.5")
    shown = submit(
        "run", "swept/net", "--set", "n_phases=300", "--out", "r/run", "--time", "2 min",
    )  # fmt: skip
    folder, output = swept / "r" / "run", swept / "r" / f"run.slurm-{shown['job']}.txt"
    job = wait_for(shown["job"], output)
    run = load_run(folder)
    assert run.status == run.info["status"] == "interrupted", output.read_text()
    assert "SIGTERM" in run.info["error"]
    assert run.t_stop > 0
    assert job["run"].startswith("interrupted, ")
    assert job["resume"] == f"neuromodels submit run --resume {folder}"
    monkeypatch.setenv("SWEPT_SLOW", "0")
    again = submit("run", "--resume", str(folder), "--time", "5 min")
    assert wait_for(again["job"], output)["run"] == "complete"
    run = load_run(folder)
    assert run.t_stop == 300 * 20.0
    assert run.metrics["rate"].value > 0


def test_names_that_slurm_would_read_otherwise(swept):
    name = "a space, p%j %% #1 $x `y` it's"
    folder = swept / "r" / name
    folder.parent.mkdir()
    shown = submit("run", "swept/net", "--out", str(folder), "--time", "5 min")
    output = folder.with_name(f"{name}.slurm-{shown['job']}.txt")
    assert wait_for(shown["job"], output)["run"] == "complete"
    assert "run: " in output.read_text()
    assert load_run(folder).status == "complete"


def test_a_job_that_fails_before_it_begins_is_listed(swept):
    profile = swept / "site.yaml"
    profile.write_text("time: 5 min\nsetup:\n- exit 3\n")
    shown = submit("run", "swept/net", "--out", "r", "--profile", str(profile))
    job = wait_for(shown["job"])
    assert job["run"] == "not begun"
    assert job["resume"] == f"sbatch {swept / 'r.sbatch'}"
    assert str(shown["job"]) in neuromodels("jobs")


def test_a_login_shell_has_what_a_profile_of_the_shell_sets(swept, tmp_path, monkeypatch):
    (tmp_path / ".bash_profile").write_text("module() { echo module $*; }\nexport -f module\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    profile = tmp_path / "site.yaml"
    profile.write_text("time: 5 min\nlogin: true\nsetup:\n- module load nest\n")
    shown = submit("run", "swept/net", "--out", "r", "--profile", str(profile))
    output = swept / f"r.slurm-{shown['job']}.txt"
    assert wait_for(shown["job"], output)["run"] == "complete", output.read_text()
    assert "module load nest" in output.read_text()


def test_mpi_jobs(swept, tmp_path):
    """Two tasks of one thread, in an array, give the same spikes as one task of two threads."""
    wheel = os.environ.get("NEUROMODELS_MPI_WHEEL")
    if not wheel:
        pytest.skip("needs NEUROMODELS_MPI_WHEEL")
    nest = tmp_path / "nest-with-mpi"
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--target", nest, wheel],
        check=True,
    )
    profile = tmp_path / "site.yaml"
    profile.write_text(
        f"time: 5 min\nsetup:\n- export PYTHONPATH={nest}:$PYTHONPATH\n"
        f"command: {sys.executable} -P -m neuromodels\n"
    )
    site = ("--profile", str(profile))
    of_two = submit("sweep", "swept/net", *site, "--tasks", "2", "--out", "two")
    of_one = submit("run", "swept/net", *site, "--threads", "2", "--out", "one")
    for shown, kind in ((of_two, "1 of 1 complete"), (of_one, "complete")):
        output = Path(shown["scripts"][0]["output"].replace("%j", str(shown["job"])))
        output = Path(str(output).replace("%A_%a", f"{shown['job']}_1"))
        assert wait_for(shown["job"], output)["run"] == kind, output.read_text()
    two, one = load_run(swept / "two" / "runs" / "s001"), load_run(swept / "one")
    assert (two.info["ranks"], two.info["threads"]) == (2, 1)
    assert (one.info["ranks"], one.info["threads"]) == (1, 2)
    assert one.spikes("cells").times.size > 0
    assert sorted(zip(*_spikes(two), strict=True)) == sorted(zip(*_spikes(one), strict=True))


def _spikes(run):
    spikes = run.spikes("cells")
    return list(spikes.times), list(spikes.node_ids)


def test_a_partition_that_is_not_there(swept):
    error = neuromodels("submit", "run", "swept/net", "--partition", "nope", code=2)
    assert "nvalid partition" in error
    assert "`sinfo`" in error
    assert error.count("\n") == 1
    assert not list((swept / "runs").iterdir())
