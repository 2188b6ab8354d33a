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

from neuromodels import errors, load_run
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
    assert np.allclose(np.diff(cells["time"]) % 0.7, [0.0]) or cells["time"].size > 3000


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
    assert second == first + 400.0
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
