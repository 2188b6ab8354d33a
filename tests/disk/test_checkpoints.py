"""Long runs are continued from their last checkpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny

from neuromodels import Phase, errors, load_run
from neuromodels.disk.checkpoints import Checkpoint
from neuromodels.disk.parts import Parts, Spool, rewind
from neuromodels.running import runner, simulation

SUPPORT = Path(__file__).parents[1] / "support"
PARAMETERS = {"n_neurons": 50, "duration": 3000.0}


def killed(tmp_path: Path, phases: int) -> Path:
    """A run that was killed, at any moment, after that many phases at least."""
    out, alive = tmp_path / "run", tmp_path / "alive"
    process = subprocess.Popen(
        [sys.executable, SUPPORT / "tiny_child.py", "tiny/stepwise", out, json.dumps(PARAMETERS)],
        env={**os.environ, "TINY_ALIVE": str(alive), "PYTHONPATH": str(SUPPORT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    try:
        while not alive.exists() or alive.stat().st_size < 2 * phases + 1:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    return out


def test_a_killed_run_goes_on_from_its_last_checkpoint(plugin, tmp_path):
    path = killed(tmp_path, 5)
    checkpoint = Checkpoint.read(path / "checkpoint.npz")
    assert checkpoint is not None
    assert checkpoint.step >= 4000
    assert load_run(path).status == "interrupted"

    run = runner.resume(path)
    assert run.status == "complete"
    assert [r["time"] for r in run.info["resumed"]] == [checkpoint.step / 10.0]
    assert not (path / "checkpoint.npz").exists()
    # Recorded once, without a gap, in the time of the protocol.
    total = run.signals["total"]
    assert np.array_equal(np.asarray(total), np.arange(total.size) * 500)
    assert np.array_equal(run.signals["time"], np.arange(run.signals["time"].size) * 5.0)
    spikes = run.spikes("exc")
    assert spikes.times.max() > 2900.0
    counts = np.histogram(spikes.times, bins=np.arange(0.0, 3001.0, 100.0))[0]
    assert counts.min() > 0
    gap = np.diff(np.sort(spikes.times)).max()
    assert gap < 50.0
    cells = run.traces["cells"]["V_m"]
    assert np.allclose(cells["time"], 0.7 * np.arange(1, cells["time"].size + 1))
    assert cells["time"].size == 3000.0 // 0.7


def test_it_can_be_killed_and_continued_again(plugin, tmp_path, monkeypatch):
    path = killed(tmp_path, 3)
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    advance = simulation.Simulation._advance
    left = [4]

    def failing(self, *span):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("once more")
        return advance(self, *span)

    with monkeypatch.context() as patch:
        patch.setattr(simulation.Simulation, "_advance", failing)
        with pytest.raises(errors.RunError, match="once more"):
            runner.resume(path)
    run = runner.resume(path)
    first, second = (entry["time"] for entry in run.info["resumed"])
    # The state after 400 ms was kept too, but not yet the last samples from before it.
    assert second == first + 300.0
    total = run.signals["total"]
    assert np.array_equal(np.asarray(total), np.arange(total.size) * 500)


def test_random_numbers_are_not_those_of_the_beginning(plugin, tmp_path):
    checkpoints = [Checkpoint(step, {}, {}) for step in (1000, 2000)]
    seeds = {c.seed(s) for c in checkpoints for s in (1, 2)} | {1, 2}
    assert len(seeds) == 6
    assert all(1 <= seed < 2**32 for seed in seeds)


def test_a_circuit_without_state_says_so(plugin, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    with pytest.raises(errors.RunError, match="has checkpoints, but no state"):
        runner.run("tiny/unable", parameters=PARAMETERS, out=tmp_path / "run")


def test_checkpoints_are_rare(plugin, tmp_path, monkeypatch):
    """None in a run that is shorter than the time between two."""
    written = []
    monkeypatch.setattr(Checkpoint, "write", lambda self, _path: written.append(self.step))
    runner.run("tiny/stepwise", parameters={**PARAMETERS, "duration": 500.0}, out=tmp_path / "run")
    assert written == []


def test_parts_after_a_checkpoint_are_dropped(tmp_path):
    spool = Spool(tmp_path / "parts")
    for stop in (100, 200, 300):
        spool.add("signals/x/values", np.array([stop]))
        spool.write(stop)
    index = rewind(tmp_path / "parts", 200)
    again = Spool(tmp_path / "parts", start=200, index=index)
    again.add("signals/x/values", np.array([-250]))
    again.write(250)
    found = [
        int(row) for rows in Parts(tmp_path / "parts").rows("signals/x", "values") for row in rows
    ]
    assert found == [100, 200, -250]
    with pytest.raises(errors.RunError, match="checkpoint is of step 120"):
        rewind(tmp_path / "parts", 120)


PHASES = (50.0, 33.3, 0.4, 100.0, 0.1, 1.5, 41.2)
"""Durations (ms): on and off the borders of slices (1.5 ms), shorter than one, as long as one."""

INTERVALS = {"every_step": 0.1, "sparse": 0.7, "slice": 1.5, "even": 2.0, "rare": 50.0}


class Bordered(tiny.Stepwise):
    """Records each kind of thing, at intervals that fit its phases and that do not."""

    name = "tiny/bordered"

    def protocol(self):
        for number, duration in enumerate(PHASES):
            yield Phase(f"part_{number}", duration, checkpoint=True)

    def build(self, network) -> None:
        super().build(network)
        for name, interval in INTERVALS.items():
            network.traces(name, self.exc[:4], {"V_m": "mV"}, interval=interval)
            network.traces(
                f"{name}_mean", self.exc[:4], {"V_m": "mV"}, interval=interval, average=True
            )


@pytest.mark.parametrize("how", ["failed", "interrupted"])
def test_nothing_is_missing_where_a_run_is_resumed(plugin, tmp_path, monkeypatch, how):
    """Resumed at every border of phases: complete axes of time, and the past as it was."""
    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    parameters = {"n_neurons": 10}
    whole = runner.run(Bordered, parameters=parameters, out=tmp_path / "whole", analyze=False)
    end = whole.t_stop
    advance = simulation.Simulation._advance
    reached = set()
    for count in range(1, len(PHASES)):
        left = [count]

        def stopping(self, *span, left=left):
            left[0] -= 1
            if left[0] < 0 and how == "failed":
                raise RuntimeError("stopped here")
            return left[0] >= 0 and advance(self, *span)

        path = tmp_path / f"resumed_{count}"
        error = errors.RunError if how == "failed" else errors.RunInterrupted
        with monkeypatch.context() as patch, pytest.raises(error):
            patch.setattr(simulation.Simulation, "_advance", stopping)
            runner.run(Bordered, parameters=parameters, out=path, analyze=False)
        run = runner.resume(path, analyze=False)
        past = run.info["resumed"][0]["time"] if run.info["resumed"] else end
        reached.add(past)
        for name, interval in [*INTERVALS.items(), ("cells", 0.7)]:
            times = interval * np.arange(1, round(end * 10) // round(interval * 10) + 1)
            for trace in (name, f"{name}_mean".replace("cells_mean", "mean")):
                found, before = run.traces[trace], whole.traces[trace]
                assert np.allclose(found["time"], times), (trace, past)
                assert not np.isnan(found["V_m"]).any()
                same = np.asarray(found["time"]) <= past
                assert np.array_equal(found["V_m"][same], before["V_m"][same]), (trace, past)
        for name, interval in (("v_mean", 5.0), ("v_each", 2.3), ("total", 50.0)):
            signal = run.signals[name]
            times = np.asarray(signal[signal.dims[0]])
            assert np.allclose(times, interval * np.arange(times.size))
            assert end - times[-1] < interval
        for population in ("exc", "inh"):
            recorded, before = (r.spikes(population, 0, past).times for r in (run, whole))
            assert np.array_equal(recorded, before)
    borders = np.cumsum(PHASES)
    # A phase shorter than a slice ends before the samples of the one before have come.
    assert len(reached) >= 4
    assert all(np.isclose(borders, past).any() for past in reached)
