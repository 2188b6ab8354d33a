"""Directories of runs that are damaged, or come from somebody else."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import h5py
import pytest
import tiny
from damage import damage

from neuromodels import errors, load_run
from neuromodels import registry as registry_module
from neuromodels.cli.main import execute
from neuromodels.disk.files import read_json, write_json
from neuromodels.disk.parts import Spool
from neuromodels.disk.written import describe
from neuromodels.reports.page import render
from neuromodels.running import runner
from neuromodels.sweeps.verification import verify


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A complete run."""
    fresh = registry_module.Registry()
    fresh.register(tiny.Plugin(), "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_module, "registry", lambda: fresh)
        return runner.run("tiny/net", preset="smoke", out=tmp_path_factory.mktemp("made")).path


@pytest.fixture
def complete(plugin, tmp_path, made):
    """A copy of it, which may be damaged."""
    shutil.copytree(made, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def unfinished(plugin, tmp_path, monkeypatch):
    """A run that was interrupted, with its parts."""
    monkeypatch.setattr(Spool, "due", True)
    advance = runner.Simulation._advance

    def stops(self, phase, now, stop):
        self._interrupts.pending = phase == "high"
        return advance(self, phase, now, stop)

    with monkeypatch.context() as patch, pytest.raises(errors.RunInterrupted):
        patch.setattr(runner.Simulation, "_advance", stops)
        runner.run("tiny/net", preset="smoke", out=tmp_path / "part")
    return tmp_path / "part"


@pytest.fixture(autouse=True)
def no_waiting():
    """Nothing waits for ever."""

    def ring(*_):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(300)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def use(path: Path) -> None:
    """Read all that a run has, in every way that needs no simulation."""
    run = load_run(path)
    _ = run.status, run.t_stop, run.parameters, run.phases, repr(run)
    for population in run.recorded:
        _ = run.spikes(population), run.spikes(population, 10.0, 30.0).rate
    for dataset in (run.signals, *run.traces.values()):
        dataset.load()
    _ = run.metrics, run.analyses, run.figures
    render([run])


@pytest.mark.parametrize("kind", ["complete", "unfinished"])
def test_damage_is_one_clear_error_or_none(request, tmp_path, kind):
    original = request.getfixturevalue(kind)
    use(original)
    assert not [problem for one in verify(original) for problem in one.problems]
    noticed = 0
    for seed in range(60):
        path = tmp_path / "copy"
        shutil.copytree(original, path)
        what = damage(path, seed)
        signal.alarm(60)
        for act in (use, verify):
            lines = 0
            try:
                found = act(path)
                noticed += bool(found and any(one.problems for one in found))
            except errors.NeuromodelsError as error:
                noticed += 1
                lines = str(error).count("\n")
            except Exception as error:
                raise AssertionError(what) from error
            assert not lines, what
        shutil.rmtree(path)
    assert noticed > 50


def test_links_are_not_written_through(complete, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in (f".metrics.json.tmp-{os.getpid()}", f".run.json.tmp-{os.getpid()}"):
        (complete / name).symlink_to(victim)
    for name in ("metrics.json", "figures/potential.png", "figures/overview.svg"):
        (complete / name).unlink()
        (complete / name).symlink_to(victim)
    with pytest.warns(UserWarning, match="is not as it was written"):
        runner.analyze(complete)
    assert victim.read_text() == "precious"
    assert not (complete / "figures" / "potential.png").is_symlink()


@pytest.mark.parametrize("name", ["log.txt", "figures", "run.json", ".lock"])
def test_links_and_pipes_in_the_way_are_refused(complete, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for kind in ("link", "pipe"):
        path = complete / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        elif name == "figures":
            path.symlink_to(elsewhere)
        else:
            (elsewhere / "file").write_text("precious")
            path.symlink_to(elsewhere / "file")
        if (name, kind) == (".lock", "pipe"):
            continue  # locked like a file
        with pytest.raises(errors.NeuromodelsError):
            runner.analyze(complete)
        assert [p.read_text() for p in elsewhere.iterdir()] in ([], ["precious"])


def test_a_report_publishes_no_file_that_a_link_leads_to(complete, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for name in ("potential.svg", "potential.png"):
        (complete / "figures" / name).unlink()
        (complete / "figures" / name).symlink_to(secret)
    with pytest.raises(errors.RunError, match="is a link"):
        render([load_run(complete)])
    (tmp_path / "private.png").write_bytes(b"secret")
    content = read_json(complete / "metrics.json")
    content["figures"]["../../private"] = content["figures"].pop("potential")
    write_json(complete / "metrics.json", content)
    assert list(load_run(complete).figures) == ["overview"]


def test_spikes_in_another_file_are_not_read(complete, tmp_path):
    """HDF5 would open whatever file a data set names."""
    (tmp_path / "secret").write_bytes(bytes(80))
    with h5py.File(complete / "spikes.h5", "a") as file:
        del file["spikes/exc/timestamps"]
        where = [(str(tmp_path / "secret"), 0, 80)]
        file["spikes/exc"].create_dataset("timestamps", (10,), "f8", external=where)
    info = read_json(complete / "run.json")
    info["files"]["spikes.h5"] = describe(complete / "spikes.h5")
    write_json(complete / "run.json", info)
    with pytest.raises(errors.RunError, match="from another file"):
        load_run(complete).spikes("exc")


def test_names_cannot_forge_lines_of_the_log_or_move_the_terminal(complete, capsys):
    content = read_json(complete / "metrics.json")
    content["metrics"][0]["name"] = "rate\x1b[2J\x1b]0;owned\x07"
    write_json(complete / "metrics.json", content)
    info = read_json(complete / "run.json")
    info["analyses"] = ["tiny/raises", "forged\n2026-01-01 00:00:00 INFO fine"]
    write_json(complete / "run.json", info)
    assert execute(["analyze", str(complete)]) != 0
    assert execute(["verify", str(complete)]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "\n2026-01-01" not in (complete / "log.txt").read_text()


def test_no_module_is_imported_because_a_file_names_it(complete, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    info = read_json(complete / "run.json")
    info["circuit"] = {"name": "evil/net", "class": "evil_module:Net", "plugin": None}
    info.update(status="interrupted", stage="simulating")
    write_json(complete / "run.json", info)
    with pytest.raises(errors.RunError, match="no plugin registers"):
        runner.resume(complete)
    assert "evil_module" not in sys.modules


def test_verify_says_what_is_wrong(complete, capsys):
    assert execute(["verify", str(complete)]) == 0
    assert "ok" in capsys.readouterr().out
    content = bytearray((complete / "spikes.h5").read_bytes())
    content[len(content) // 2] ^= 4
    (complete / "spikes.h5").write_bytes(content)
    assert execute(["verify", str(complete.parent)]) == 6
    captured = capsys.readouterr()
    assert "spikes.h5: is damaged" in captured.out
    assert "1 of 1 directories" in captured.err
    assert execute(["verify", str(complete / "figures")]) == 6


def test_paths_may_be_any_bytes(plugin, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xff\x1bn"))
    done = runner.run("tiny/net", preset="smoke", out=path)
    assert load_run(path).spikes("exc").times.size
    assert not [problem for one in verify(path) for problem in one.problems]
    assert done.status == "complete"
