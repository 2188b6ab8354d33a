"""Scripts, submission and job states, with programs that pretend to be Slurm's."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from neuromodels.cli.main import execute
from neuromodels.registry import registry
from neuromodels.slurm import client, records, script
from neuromodels.slurm.profile import Profile
from neuromodels.sweeps import sweeper
from neuromodels.sweeps.definition import define


def options_of(text: str) -> dict[str, str]:
    lines = [line.removeprefix("#SBATCH --") for line in text.splitlines() if "#SBATCH" in line]
    return dict(line.partition("=")[::2] for line in lines)


def check_shell(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def dry(capsys, *arguments):
    capsys.readouterr()
    assert execute(["submit", *arguments, "--dry-run"]) == 0
    return capsys.readouterr().out


def test_the_script_of_a_run(swept, fake_slurm, capsys):
    profile = swept / "site.yaml"
    profile.write_text(
        "partition: cpu\naccount: abc\nsetup: [module load gcc]\noptions: [--mail-type=END]\n"
    )
    (swept / "p.yaml").write_text("steps: [1, 2]\nend: well\n")
    text = dry(
        capsys, "run", "swept/net", "--set", "rate=7 kHz", "--params", "p.yaml", "--seed", "3",
        "--threads", "2", "--memory", "4 GB", "--time", "2 h", "--profile", str(profile),
    )  # fmt: skip
    check_shell(text)
    assert text.startswith("#!/bin/bash\n#SBATCH --job-name=swept-net\n")
    found = options_of(text)
    assert found.pop("output").endswith("runs/swept-net-s3.slurm-%j.txt")
    assert found == {
        "job-name": "swept-net", "open-mode": "append", "partition": "cpu", "account": "abc",
        "ntasks": "1", "cpus-per-task": "2", "mem": "4G", "time": "02:00:00",
        "signal": "B:TERM@120", "mail-type": "END",
    }  # fmt: skip
    assert "module load gcc\n" in text
    (line,) = [line for line in text.splitlines() if " run swept/net " in line]
    assert line.strip().startswith("exec ")
    for part in (
        "--preset smoke", "--set 'steps=[1, 2]'", "--set end=well", "--set 'rate=7 kHz'",
        "--seed 3", "--threads 2", '--out "$run"',
    ):  # fmt: skip
        assert part in line
    assert 'run --resume "$run"' in text
    # Nothing is left of a dry run.
    assert sorted(path.name for path in swept.iterdir()) == ["p.yaml", "site.yaml"]


def test_several_tasks_are_started_by_srun():
    profile = Profile(tasks=4, threads=2, nodes=2, command="neuromodels", mpi="pmi2")
    made = script.run_script(profile, Path("/a b/run"), ["x/y"], "x/y", Path("/a b/run.sbatch"))
    check_shell(made.text)
    found = options_of(made.text)
    assert (found["nodes"], found["ntasks"], found["signal"]) == ("2", "4", "TERM@120")
    srun = "srun --mpi=pmi2 --cpus-per-task=2 --kill-on-bad-exit=1 neuromodels run"
    assert f"{srun} x/y" in made.text
    assert f'{srun} --resume "$run"' in made.text
    assert "run='/a b/run'" in made.text


@pytest.mark.parametrize(
    ("time", "signal"), [("1 min", "B:TERM@30"), ("4 min", "B:TERM@60"), ("1 d", "B:TERM@120")]
)
def test_notice_of_the_limit(time, signal):
    made = script.run_script(Profile(time=time), Path("/r"), None, "n", Path("/r.sbatch"))
    assert options_of(made.text)["signal"] == signal


def test_several_tasks_need_mpi(swept, fake_slurm, capsys):
    from neuromodels.machine.installation import find_nest

    if find_nest().mpi:
        pytest.skip("this NEST has MPI")
    assert execute(["submit", "run", "swept/net", "--tasks", "2", "--dry-run"]) == 3
    assert "built with MPI" in capsys.readouterr().err


def test_the_scripts_of_a_sweep(swept, fake_slurm, capsys):
    arguments = ["sweep", "swept/net", "--set", "rate=7,9 kHz", "--seeds", "1:3", "--at-once", "2"]
    text = dry(capsys, *arguments, "--time", "1 h")
    array, collect = text.split("\n# collect.sbatch\n")
    for part in (array, collect):
        check_shell(part)
    assert options_of(array)["array"] == "1-6%2"
    assert '--only "$SLURM_ARRAY_TASK_ID"' in array
    assert "--collect" in collect
    assert options_of(collect)["time"] == "00:30:00"
    assert not list(swept.iterdir())


def test_ranges():
    assert script.ranges([5, 1, 2, 3, 9, 10]) == "1-3,5,9-10"


@pytest.fixture
def accepted(swept, fake_slurm):
    """A Slurm that accepts everything and has forgotten it at once."""
    calls = fake_slurm("sbatch", "41\n")
    fake_slurm("squeue")
    return calls


def test_a_run_is_submitted_and_listed(swept, accepted, fake_slurm, capsys):
    assert execute(["submit", "run", "swept/net", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    folder, file = Path(shown["directory"]), Path(shown["scripts"][0]["file"])
    assert shown["job"] == 41
    assert file.parent == folder.parent == swept / "runs"
    assert file.read_text() == shown["scripts"][0]["text"]
    assert not list(folder.iterdir())
    assert accepted.read_text() == f"--parsable {file}\n"
    fake_slurm("squeue", "41|PENDING|Priority\n7|RUNNING|None\n")
    assert execute(["jobs", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)
    assert (job["state"], job["run"], job["active"]) == ("pending (Priority)", "not begun", True)
    assert job["resume"] is None
    fake_slurm("squeue")
    fake_slurm("sacct", "41|TIMEOUT\n41.batch|CANCELLED\n")
    assert execute(["jobs"]) == 0
    out = capsys.readouterr().out
    assert "timeout" in out
    assert f"to go on: sbatch {file}" in out
    assert execute(["jobs", "8"]) == 2
    # Its directory need not be there: neither while it waits nor after a failure at its beginning.
    folder.rmdir()
    capsys.readouterr()
    assert execute(["jobs"]) == 0
    out = capsys.readouterr().out
    assert "not begun" in out
    assert f"to go on: sbatch {file}" in out
    file.unlink()
    fake_slurm("squeue", "41|PENDING|Priority\n")
    assert execute(["jobs"]) == 0
    assert "pending (Priority)" in capsys.readouterr().out
    fake_slurm("squeue")
    assert execute(["jobs"]) == 0
    assert capsys.readouterr().out == "no jobs\n"


def test_a_sweep_is_submitted_once(swept, accepted, fake_slurm, capsys):
    arguments = ["submit", "sweep", "swept/net", "--seeds", "1:3", "--out", "s"]
    assert execute(arguments) == 0
    lines = accepted.read_text().splitlines()
    assert lines[0].endswith("s/slurm/array.sbatch")
    assert lines[1].startswith("--parsable --dependency=afterany:41 ")
    fake_slurm("squeue", "41_1|RUNNING|None\n41_[2-3%1]|PENDING|JobArrayTaskLimit\n")
    assert execute(["jobs", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out.partition("\n[")[2].join(["[", ""]))
    assert job["state"] == "1 running, 2 pending"
    assert job["run"] == "0 of 3 complete, 3 missing"
    assert execute(arguments) == 6
    assert "job 41 is still at work" in capsys.readouterr().err
    fake_slurm("squeue")
    assert execute(arguments) == 0
    assert execute(["submit", "sweep", "--resume", "s"]) == 0
    assert execute([*arguments, "--preset", "paper"]) == 6
    assert "preset was smoke, now paper" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        (
            """sbatch: error: invalid partition specified: nope
sbatch: error: Batch job submission failed: Invalid partition name specified
""",
            2,
            "invalid partition specified: nope; Invalid partition name specified (`sinfo` names",
        ),
        ("sbatch: error: Unable to contact slurm controller (connect failure)", 3, "be reached"),
    ],
)
def test_what_slurm_refuses(swept, fake_slurm, capsys, said, code, message):
    fake_slurm("squeue")
    fake_slurm("sbatch", "", said, 1)
    assert execute(["submit", "run", "swept/net", "--partition", "nope"]) == code
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list((swept / "runs").iterdir())
    assert not records.load_all()


def test_no_slurm(swept, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert execute(["submit", "run", "swept/net"]) == 3
    assert "there is no sbatch on this machine" in capsys.readouterr().err
    records.save(records.Record(3, "run", "swept/net", str(swept), "x.sbatch", "2026"))
    assert execute(["jobs"]) == 0
    out = capsys.readouterr()
    assert "unknown" in out.out
    assert out.err.startswith("warning: there is no squeue on this machine")
    assert out.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "swept/net", "--set", "rate=7 s"], "rate"),
        (["run", "swept/net", "--time", "soon"], "write a time"),
        (["run", "swept/net", "--profile", "none.yaml"], "cannot be read"),
        (["run", "--resume", "none"], "does not exist"),
        (["run"], "which circuit"),
        (["sweep", "swept/net", "--set", "rate=7,9 s"], "rate"),
        (["sweep", "--resume", "none"], "holds no sweep"),
        (["run", "swept/net", "--resume", "x"], "CIRCUIT cannot be changed"),
    ],
)
def test_refused_before_slurm_is_asked(swept, fake_slurm, capsys, arguments, message):
    calls = fake_slurm("sbatch", "41\n")
    assert execute(["submit", *arguments]) not in (0, 70)
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not calls.exists()
    assert not list(swept.iterdir())


def test_only_what_is_missing_is_submitted(swept, accepted, monkeypatch):
    folder = swept / "s"
    definition = sweeper.reconcile(folder, define("swept/net", seeds=[1, 2, 3]))
    states = {1: "complete", 2: "interrupted", 3: "missing"}
    monkeypatch.setattr(
        "neuromodels.slurm.submission.status_of", lambda folder, entry: states[entry.number]
    )
    monkeypatch.setattr(
        "neuromodels.slurm.submission.is_finished",
        lambda folder, entry, now: states[entry.number] == "complete",
    )
    from neuromodels.slurm.submission import submit_sweep

    found = submit_sweep(definition, Profile(), folder)
    assert options_of(found.scripts[0].text)["array"] == "2-3"


def test_states_of_arrays(fake_slurm):
    fake_slurm("squeue", "12_1|COMPLETED|None\n12_[2-3,7]|PENDING|Resources\n9|RUNNING|None\n")
    fake_slurm("sacct", "5_1|COMPLETED\n5_2|CANCELLED by 0\n")
    found = client.states([12, 5, 4])
    assert found[12].elements == {1: "COMPLETED", 2: "PENDING", 3: "PENDING", 7: "PENDING"}
    assert found[12].active
    assert str(found[5]) == "1 completed, 1 cancelled"
    assert not found[5].active
    assert 4 not in found


def test_a_script_that_was_changed_stays(swept, accepted, capsys):
    folder = swept / "mine"
    assert execute(["submit", "run", "swept/net", "--out", str(folder), "--json"]) == 0
    file = Path(json.loads(capsys.readouterr().out)["scripts"][0]["file"])
    file.write_text("# changed by hand\n")
    assert execute(["submit", "run", "swept/net", "--out", str(folder), "--json"]) == 0
    again = Path(json.loads(capsys.readouterr().out)["scripts"][0]["file"])
    assert file.read_text() == "# changed by hand\n"
    assert again == swept / "mine-2.sbatch"


def test_what_is_asked_for_is_said(swept, accepted, capsys):
    assert execute(["submit", "run", "swept/net", "--out", "a"]) == 0
    said = capsys.readouterr().out
    assert "asks for: 1 task of 1 core; the site's default for memory and time and parti" in said
    options = ["--threads", "4", "--memory", "8 GB", "--time", "2 h", "--partition", "cpu"]
    assert execute(["submit", "run", "swept/net", "--out", "b", *options]) == 0
    said = capsys.readouterr().out
    assert "asks for: 1 task of 4 cores, 8G of memory on each node, 02:00:00 of time" in said


def test_models_are_compiled_before_anything_is_submitted(swept, accepted, monkeypatch):
    done = []
    monkeypatch.setattr("neuromodels.nestml.build.build", lambda names: done.append(tuple(names)))
    circuit = registry().circuits["swept/net"].object
    monkeypatch.setattr(circuit, "models", ("one", "two"))
    for arguments in (["run", "swept/net", "--out", "a"], ["sweep", "swept/net", "--out", "b"]):
        assert execute(["submit", *arguments]) == 0
        assert execute(["submit", *arguments, "--dry-run"]) in (0, 6)
    assert done == [("one", "two"), ("one", "two")]


@pytest.mark.parametrize("name", ["with space", "p%j", 'quote"d', "it's", "#1 $x", "ä"])
def test_names_that_slurm_would_read_otherwise(swept, fake_slurm, name, capsys):
    assert execute(["submit", "run", "swept/net", "--out", name, "--dry-run"]) == 0
    (line,) = (
        line for line in capsys.readouterr().out.splitlines() if line.startswith("#SBATCH --output")
    )
    value = line.removeprefix("#SBATCH --output=")
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    assert script.filled(value, 7) == str(swept / f"{name}.slurm-7.txt")


def test_a_login_shell(swept, fake_slurm, tmp_path, capsys):
    profile = tmp_path / "site.yaml"
    profile.write_text("login: true\nsetup:\n- module load gcc\n")
    options = ["--profile", str(profile), "--dry-run"]
    assert execute(["submit", "run", "swept/net", *options]) == 0
    assert capsys.readouterr().out.startswith("#!/bin/bash -l\n")


@pytest.mark.parametrize("name", ["back\\slash", "two\nlines"])
def test_names_that_no_script_can_hold(swept, fake_slurm, name, capsys):
    assert execute(["submit", "run", "swept/net", "--out", name, "--dry-run"]) == 2
    assert "no script of Slurm can name" in capsys.readouterr().err
