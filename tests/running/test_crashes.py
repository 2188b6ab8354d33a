"""What is left of a run that does not end as it should."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import numpy as np
import pytest
from same import same

from neuromodels import Result, errors, load_run
from neuromodels.disk import directory, files, parts
from neuromodels.running import runner

SUPPORT = Path(__file__).parents[1] / "support"


class Child:
    """A run in another process, that has recorded something and goes on."""

    def __init__(self, out: Path, **parameters: object) -> None:
        self.out = out
        alive = out.with_suffix(".alive")
        parameters = {"n_neurons": 200, "duration": 30_000.0, **parameters}
        self.process = subprocess.Popen(
            [
                sys.executable,
                SUPPORT / "tiny_child.py",
                "tiny/endless",
                out,
                json.dumps(parameters),
            ],
            env={**os.environ, "TINY_ALIVE": str(alive), "PYTHONPATH": str(SUPPORT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not alive.exists() or alive.stat().st_size < 20:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self, number: int) -> tuple[int, str, float]:
        """Send a signal; gives exit code, output, seconds that it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output, time.monotonic() - begin


@pytest.fixture
def child(plugin, tmp_path, request):
    made = []

    def start(**parameters):
        made.append(Child(tmp_path / "run", **parameters))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait()


def test_kill_leaves_an_interrupted_run(child):
    one = child()
    assert load_run(one.out).status == "running"
    with pytest.raises(errors.RunError, match="another process"):
        runner.resume(one.out)
    with pytest.raises(errors.RunError, match="already holds a run"):
        runner.run("tiny/net", out=one.out)
    # Wait for a part, so that there is something to read.
    deadline = time.monotonic() + 60
    while not list((one.out / "parts").glob("0*.npz")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    one.end(signal.SIGKILL)
    run = load_run(one.out)
    assert run.status == "interrupted"
    assert json.loads((one.out / "run.json").read_text())["status"] == "running"
    assert not (one.out / "spikes.h5").exists()
    assert run.t_stop > 0
    spikes = run.spikes("exc")
    assert spikes.times.size > 100
    assert spikes.t_stop == run.t_stop >= spikes.times.max()
    assert np.array_equal(run.signals["time"], np.arange(run.signals["time"].size) * 5.0)
    assert run.traces["cells"]["V_m"].shape[1] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_saves_what_was_recorded(child, number):
    one = child()
    code, output, seconds = one.end(number)
    assert code == 130, output
    assert seconds < 5
    assert "--resume" in output
    run = load_run(one.out)
    assert run.status == run.info["status"] == "interrupted"
    assert 0 < run.t_stop == run.info["biological_time"] < 60_000
    # Everything up to the stop is there: the last sample is less than an interval ago.
    assert run.t_stop - float(run.signals["time"][-1]) < 5.0
    assert run.spikes("exc").times.size > 100


def test_resume_starts_over_and_gives_the_same(run, plugin, tmp_path, monkeypatch):
    whole = run(seed=9)
    path = tmp_path / "broken"
    monkeypatch.setattr(runner.Simulation, "_advance", _interrupted(runner.Simulation._advance))
    with pytest.raises(errors.RunInterrupted, match=r"0\.2 of 0\.4 s"):
        run(seed=9, out=path)
    monkeypatch.undo()
    half = load_run(path)
    assert half.status == "interrupted"
    assert half.t_stop == 200.0
    # What there is equals the first half of the whole run.
    assert np.array_equal(half.spikes("exc").times, whole.spikes("exc", 0, 200).times)
    registry_of(plugin, monkeypatch)
    assert same(runner.resume(path), whole)
    assert load_run(path).status == "complete"
    assert not (path / "parts").exists()


def _interrupted(advance):
    def stops(self, phase, now, stop):
        if phase == "high":
            self._interrupts.pending = True
        return advance(self, phase, now, stop)

    return stops


def registry_of(plugin, monkeypatch):
    from neuromodels import registry

    fresh = registry.Registry()
    fresh.register(plugin, "tiny")
    monkeypatch.setattr(registry, "registry", lambda: fresh)


@pytest.mark.parametrize("where", ["write_spikes", "write_netcdf", "save", "remove"])
def test_crash_while_assembling_is_completed_from_parts(run, plugin, tmp_path, monkeypatch, where):
    whole = run(seed=9)
    path = tmp_path / "broken"

    def crash(*args, **kwargs):
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        if where == "write_spikes":
            patch.setattr("neuromodels.disk.sonata.write_spikes", crash)
        elif where == "write_netcdf":
            patch.setattr("neuromodels.disk.netcdf.write_netcdf", crash)
        elif where == "remove":
            patch.setattr(directory.RunDirectory, "_remove_parts", crash)
        else:
            real = directory.RunDirectory.save

            def save(self):
                if self.info["stage"] == "assembled":
                    crash()
                real(self)

            patch.setattr(directory.RunDirectory, "save", save)
        with pytest.raises(SystemExit):
            run(seed=9, out=path)
    assert load_run(path).status != "complete"
    assert same(load_run(path), whole)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "_simulate", crash)  # must not be needed
        done = runner.resume(path)
    assert done.status == "complete"
    assert same(done, whole)
    assert set(done.metrics) == {"rate_exc", "nothing"}
    assert not (path / "parts").exists()


def test_resume_of_a_complete_run_changes_nothing(run):
    done = run(preset="smoke")
    before = (done.path / "run.json").read_bytes()
    assert runner.resume(done.path).status == "complete"
    assert (done.path / "run.json").read_bytes() == before


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 256 KiB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs to mount a file system")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.parametrize("left", [0, 20, 60, 120, 160])
def test_full_disk(run, small_disk, left):
    """Whatever does not fit: a clear error, never a complete run, and what was written is kept."""
    (small_disk / "ballast").write_bytes(bytes((256 - left) * 1024))
    with pytest.raises(errors.EnvironmentProblem, match="no space left"):
        run("tiny/net", out=small_disk / "run", parameters={"n_neurons": 100, "duration": 800.0})
    (small_disk / "ballast").unlink()
    if (small_disk / "run" / "run.json").exists():
        stopped = load_run(small_disk / "run")
        assert stopped.status in {"failed", "interrupted"}
        if stopped.t_stop:
            assert stopped.spikes("exc").times.size > 100


@pytest.mark.parametrize(
    "target", ["run.json", "parts", "spikes.h5", "signals.nc", "metrics.json", "png"]
)
def test_no_space_at_any_write(run, tmp_path, monkeypatch, target):
    real = files.os.fsync
    monkeypatch.setattr(files, "sync", lambda path: _full(path, target) or real_sync(path, real))
    with pytest.raises(errors.EnvironmentProblem, match="no space left"):
        run("tiny/net", preset="smoke", out=tmp_path / "full")
    monkeypatch.undo()
    if target != "run.json":
        assert load_run(tmp_path / "full").status == "failed"
        assert "no space left" in load_run(tmp_path / "full").info["error"]
    assert not list((tmp_path / "full").rglob("*.tmp-*"))


def _full(path, target):
    if target in str(path.relative_to(path.parents[1])):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def real_sync(path, fsync):
    descriptor = os.open(path, os.O_RDONLY)
    fsync(descriptor)
    os.close(descriptor)


def test_two_runs_into_one_directory(run, tmp_path):
    done = run(preset="smoke")
    before = (done.path / "run.json").read_bytes()
    with pytest.raises(errors.RunError, match="already holds a run"):
        run(preset="smoke", out=done.path)
    assert (done.path / "run.json").read_bytes() == before
    # At the very beginning, when only the lock is there.
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with (
        filelock.FileLock(fresh / ".lock"),
        pytest.raises(errors.RunError, match="another process"),
    ):
        run(preset="smoke", out=fresh)


def test_foreign_directory(run, tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    with pytest.raises(errors.RunError, match="is not empty"):
        run(out=foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    with pytest.raises(errors.RunError, match="is a file"):
        run(out=foreign / "thesis.tex")


def test_unwritable_directory(run, tmp_path):
    with pytest.raises(errors.EnvironmentProblem, match="cannot be written"):
        run(out="/proc/neuromodels-run")


def test_reading_what_is_no_run(tmp_path):
    with pytest.raises(errors.RunError, match="does not exist"):
        load_run(tmp_path / "nothing")
    with pytest.raises(errors.RunError, match="holds no run"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(errors.RunError, match="not valid JSON"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text('{"schema": 99}')
    with pytest.raises(errors.RunError, match="schema 99"):
        load_run(tmp_path)


def test_failures_of_a_circuit_say_where(run, tmp_path):
    with pytest.raises(errors.RunError, match="cannot be built: ValueError: two lines") as caught:
        run("tiny/raises-in-build", out=tmp_path / "a")
    assert isinstance(caught.value.__cause__, ValueError)
    assert load_run(tmp_path / "a").status == "failed"
    with pytest.raises(errors.RunError, match="the simulation failed: .*no_such_model") as caught:
        run("tiny/raises-in-phase", out=tmp_path / "b")
    assert caught.value.__cause__ is not None
    failed = load_run(tmp_path / "b")
    assert failed.status == "failed"
    assert "no_such_model" in failed.info["error"]
    assert run().status == "complete", "the kernel works again"


def test_an_analysis_that_raises_harms_nothing_else(run):
    with pytest.raises(
        errors.AnalysisFailed, match="tiny/raises failed: KeyError: 'deliberate'"
    ) as c:
        run("tiny/bad-analysis")
    done = c.value.run
    assert done.status == "complete"
    assert done.spikes("exc").times.size > 100
    assert set(done.metrics) == {"rate_exc", "nothing"}
    assert done.analyses["tiny/raises"]["status"] == "failed"
    assert done.analyses["tiny/rates"]["status"] == "ok"
    assert "deliberate" in (done.path / "log.txt").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 0}, "seed must be from 1 to 4294967295"),
        ({"seed": 2**32}, "seed must be from 1"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"threads": 0}, "threads must be from 1 to 1024"),
        ({"preset": "papre"}, "no preset 'papre'.*did you mean paper"),
        ({"parameters": {"n_neuron": 3}}, "no parameter 'n_neuron'.*did you mean n_neurons"),
        ({"parameters": {"rate": "3 mV"}}, "is not a rate"),
        ({"parameters": {"duration": 10.05}}, "not a multiple of the resolution"),
    ],
)
def test_bad_requests_write_nothing(run, tmp_path, options, message):
    with pytest.raises(errors.UsageError, match=message):
        run(out=tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


def test_unknown_circuit(run, tmp_path):
    with pytest.raises(errors.UnknownNameError, match="tiny/net"):
        run("tiny/nte", out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_more_threads_than_cores_are_noticed(run, monkeypatch):
    monkeypatch.setattr(runner.provenance, "usable_cores", lambda: 1)
    with pytest.warns(UserWarning, match="2 threads on 1 usable cores"):
        run(preset="smoke", threads=2)


def test_a_stretch_without_all_ranks_is_not_read(tmp_path):
    for rank in (0, 1):
        spool = parts.Spool(tmp_path, rank=rank, ranks=2)
        for stop in (10, 20):
            spool.add("spikes/p/steps", np.array([stop - rank]))
            spool.add("spikes/p/ids", np.array([rank]))
            spool.write(stop)
    (tmp_path / "000001.r0001of0002.npz").unlink()
    found = parts.Parts(tmp_path)
    assert found.stop == 10
    [(steps, ids, offsets)] = found.spikes("p")
    assert list(steps) == [9, 10]
    assert list(ids) == [1, 0]
    assert offsets is None


def test_other_threads_are_refused(run):
    """NEST would end the process."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool, pytest.raises(errors.UsageError, match="main thread"):
        pool.submit(run).result()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parameters": {"duration": 1e300}}, "more than NEST can count"),
        ({"parameters": {"duration": 9e14}}, "duration of the protocol of 1.8e.15 ms is more than"),
        ({"parameters": {"duration": 1e-9}}, "not a multiple of the resolution"),
        ({"parameters": "n_neurons=3"}, "no mapping of names to values"),
        ({"parameters": {3: 4}}, "no mapping of names to values"),
        ({"preset": ["smoke"]}, "no preset"),
        ({"threads": 10**9}, "threads must be from 1 to 1024, not 1000000000"),
    ],
)
def test_absurd_requests_write_nothing(run, tmp_path, options, message):
    with pytest.raises(errors.UsageError, match=message):
        run(out=tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


def test_leaving_the_process_is_a_failure(run, plugin, tmp_path, monkeypatch):
    """A circuit or analysis that calls sys.exit(0) must not look like success."""

    def leave(*_):
        sys.exit(0)

    with monkeypatch.context() as patch:
        patch.setattr("tiny.Tiny.build", leave)
        with pytest.raises(errors.RunError, match="cannot be built: SystemExit: 0"):
            run(out=tmp_path / "a")
    assert load_run(tmp_path / "a").status == "failed"
    monkeypatch.setattr("tiny.Rates.__call__", leave)
    with pytest.raises(errors.AnalysisFailed, match="tiny/rates failed: SystemExit"):
        run(out=tmp_path / "b")
    assert load_run(tmp_path / "b").status == "complete"


@pytest.mark.parametrize(
    ("where", "message"),
    [("build", "cannot be built: .*Simulate"), ("more", "leave nest.Simulate to neuromodels")],
)
def test_a_circuit_that_simulates_itself_is_refused(run, tmp_path, monkeypatch, where, message):
    """Its spikes would be at other times than its phases."""
    import tiny

    proper = getattr(tiny.Tiny, where)

    def simulates(self, network):
        proper(self, network)
        network.nest.Simulate(10.0)

    monkeypatch.setattr(tiny.Tiny, where, simulates)
    with pytest.raises(errors.RunError, match=message):
        run(out=tmp_path / "a")
    assert load_run(tmp_path / "a").status == "failed"


def test_a_directory_without_a_first_run_json_can_be_used_again(run, tmp_path):
    """A disk that was full at once, or a kill at the very beginning."""
    out = tmp_path / "run"
    out.mkdir()
    for name in (".lock", "log.txt", ".run.json.tmp-1234"):
        (out / name).touch()
    assert run(preset="smoke", out=out).status == "complete"
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "log.txt").write_text("of something else")
    with pytest.raises(errors.RunError, match="is not empty"):
        run(preset="smoke", out=tmp_path / "foreign")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"stage": "unheard"}, "no stage 'unheard'"), ({"analyses": None}, "lacks analyses")],
)
@pytest.mark.parametrize("act", [load_run, runner.analyze, runner.resume, runner.rerun])
def test_damaged_run_json(run, change, message, act):
    path = run(preset="smoke").path
    info = files.read_json(path / "run.json") | change
    info = {name: value for name, value in info.items() if value is not None}
    files.write_json(path / "run.json", info)
    with pytest.raises(errors.RunError, match=message):
        act(path)


@pytest.mark.parametrize("text", ["{", "[]", '{"metrics": 3}', '{"metrics": [{}]}'])
def test_damaged_metrics_are_reported_and_made_again(run, text):
    done = run(preset="smoke")
    (done.path / "metrics.json").write_text(text)
    with pytest.raises(errors.RunError, match=r"neuromodels analyze"):
        _ = load_run(done.path).metrics
    assert set(runner.analyze(done.path).metrics) == {"rate_exc", "nothing"}


def test_a_killed_analysis_takes_no_figure_away(run, monkeypatch):
    done = run(preset="smoke")

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tiny.Rates.__call__", crash)
    with pytest.raises(KeyboardInterrupt):
        runner.analyze(done.path)
    assert load_run(done.path).figures
    assert load_run(done.path).metrics


def test_one_analysis_may_be_named_without_a_list(run):
    done = run(preset="smoke")
    assert runner.analyze(done.path, "tiny/rates").status == "complete"


@pytest.mark.parametrize("room", [0, 30, 80])
def test_a_full_disk_does_not_make_hdf5_crash(plugin, small_disk, room):
    """It does so at the end of the process where it is told that a write failed."""
    code = f"""
import sys
from pathlib import Path
import h5py, numpy as np
from neuromodels import errors
from neuromodels.disk import files
try:
    with (
        files.replacing(Path({str(small_disk / "x.h5")!r})) as path,
        files.for_hdf5(path) as raw,
        h5py.File(raw, "w") as file,
    ):
        data = file.create_dataset("x", (0,), maxshape=(None,), chunks=(4096,), dtype="f8")
        for part in range(20):
            data.resize((data.size + 4096,))
            data[-4096:] = np.arange(4096)
except errors.EnvironmentProblem as error:
    print(error)
    sys.exit(error.exit_code)
"""
    (small_disk / "ballast").write_bytes(bytes((256 - room) * 1024))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, "")
    assert "no space left" in done.stdout
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_only_figures_of_the_run_are_replaced_or_removed(run, monkeypatch, tmp_path):
    """Notes and edited figures beside them stay, whatever their names end in."""
    done = run(preset="smoke")
    folder = done.path / "figures"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "photo.png").write_text("mine")
    mine = {"potential-edited.svg", "talk.org", "x.log", "x.cfg", ".hidden.tmp-1", "old.png"}
    for name in mine:
        (folder / name).write_text("mine")
    (folder / "linked.png").symlink_to(elsewhere / "photo.png")
    (folder / "potential.svg").write_text("edited in place")
    (done.path / ".notes.tmp-1").write_text("mine")

    def renamed(self, run):
        from matplotlib.figure import Figure

        return Result(figures={"old": Figure()})

    with monkeypatch.context() as patch:
        patch.setattr("tiny.Rates.__call__", renamed)
        again = runner.analyze(done.path)
    # `potential.png` was drawn by the run and is no more; the edited one is not the run's.
    assert not (folder / "potential.png").exists()
    assert (folder / "potential.svg").read_text() == "edited in place"
    assert (folder / "old.kept-1.png").read_text() == "mine"
    assert list(again.figures) == ["old", "overview"]
    runner.analyze(done.path)
    assert (folder / "potential.kept-1.svg").read_text() == "edited in place"
    assert not (folder / "old.png").exists()
    for name in mine - {"old.png"}:
        assert (folder / name).read_text() == "mine"
    assert (folder / "linked.png").is_symlink()
    assert (elsewhere / "photo.png").read_text() == "mine"
    assert (done.path / ".notes.tmp-1").exists()


def test_a_run_from_the_beginning_leaves_the_files_of_others(run, monkeypatch):
    done = run(preset="smoke")
    for name in ("figures/notes.txt", "parts/notes.txt", "notes.txt"):
        (done.path / name).parent.mkdir(exist_ok=True)
        (done.path / name).write_text("mine")
    info = files.read_json(done.path / "run.json")
    files.write_json(done.path / "run.json", info | {"status": "failed", "stage": "simulating"})
    again = runner.resume(done.path)
    assert again.status == "complete"
    for name in ("figures/notes.txt", "parts/notes.txt", "notes.txt"):
        assert (done.path / name).read_text() == "mine"
    assert set(again.figures) == {"potential", "overview"}


@pytest.mark.parametrize("name", ["spikes.h5", "signals.nc", "run.json", "metrics.json"])
@pytest.mark.parametrize("where", [0.3, 0.6, 0.9])
def test_a_flipped_bit_is_noticed(run, name, where):
    done = run(preset="smoke")
    path = done.path / name
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(errors.RunError, match=name):
        again = load_run(done.path)
        _ = again.spikes("exc"), again.signals, again.traces, again.metrics


def test_a_closed_terminal_saves_what_was_recorded(child):
    # Tests that run under nohup would have the child ignore the signal, as it should.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        one = child()
    finally:
        signal.signal(signal.SIGHUP, before)
    code, output, _ = one.end(signal.SIGHUP)
    assert code == 130, output
    run = load_run(one.out)
    assert run.info["status"] == "interrupted"
    assert run.spikes("exc").times.size > 100
    # Also the samples of the last slice, which the multimeter has not got at that moment.
    trace = run.traces["cells"]["V_m"]
    assert np.allclose(trace["time"], 0.7 * np.arange(1, trace["time"].size + 1))
    assert run.t_stop - float(trace["time"][-1]) < 0.7


@pytest.mark.parametrize("where", ["build", "more"])
def test_want_of_memory_is_said_and_leaves_the_run_to_be_resumed(run, tmp_path, monkeypatch, where):
    def greedy(self, network):
        np.empty(2**58)

    with monkeypatch.context() as patch:
        patch.setattr(f"tiny.Tiny.{where}", greedy)
        with pytest.raises(errors.EnvironmentProblem, match=r"memory: 2.00 EiB more") as caught:
            run("tiny/net", preset="smoke", out=tmp_path / "run")
    assert caught.value.code == "NM314"
    assert load_run(tmp_path / "run").info["status"] == "interrupted"
    assert runner.resume(tmp_path / "run").status == "complete"


def test_a_keyboard_interrupt_of_a_circuit_is_its_failure(run, tmp_path, monkeypatch):
    def pretending(self, network):
        raise KeyboardInterrupt

    monkeypatch.setattr("tiny.Tiny.more", pretending)
    with pytest.raises(errors.RunError, match="without a Ctrl-C"):
        run("tiny/net", preset="smoke", out=tmp_path / "run")
    assert load_run(tmp_path / "run").status == "failed"
