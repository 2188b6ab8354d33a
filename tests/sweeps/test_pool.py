"""Workers side by side, with processes that only pretend to simulate."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from interrupting import interrupt_when

from neuromodels.sweeps import pool
from neuromodels.sweeps.definition import Entry

# The number of the run says what it does.
_WORKER = """
import json, os, signal, sys, time
folder, number, pipe = sys.argv[1], int(sys.argv[2]), os.fdopen(int(sys.argv[3]), "w")
def say(**content):
    print(json.dumps(content), file=pipe, flush=True)
open(f"{folder}/{number}", "w").write(str(os.getpid()))
if number == 1:
    say(what="a", share=0.5)
elif number == 2:
    os.kill(os.getpid(), signal.SIGKILL)
elif number == 3:
    sys.exit("the last words")
elif number == 4:
    say(error="wrong")
    sys.exit(6)
elif number == 5:
    say(error="no space left (free some)")
    say(fatal="no space left")
    sys.exit(3)
elif number >= 8:
    def stop(*_):
        open(f"{folder}/{number}.stopped", "w")
        sys.exit(130)
    signal.signal(signal.SIGTERM, stop if number == 8 else signal.SIG_IGN)
    open(f"{folder}/{number}.ready", "w")
    time.sleep(60)
"""


class Notes:
    """A display that remembers."""

    def __init__(self):
        self.running, self.most, self.shares, self.ends = 0, 0, [], {}

    def began(self, entry):
        self.running += 1
        self.most = max(self.most, self.running)

    def went_on(self, entry, share):
        self.shares.append(share)

    def ended(self, entry, error):
        self.running -= 1
        self.ends[entry.number] = error

    def draw(self):
        pass


def entries(*numbers):
    return [Entry(n, f"s{n:03d}", "", n, {}, 1.0) for n in numbers]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "WORKER", (sys.executable, "-S", "-E", "-c", _WORKER))

    def call(*numbers, workers=2):
        notes = Notes()
        outcome = pool.run_all(
            tmp_path, entries(*numbers), workers=workers, threads=1, display=notes
        )
        return outcome, notes

    return call


def test_a_worker_that_dies_takes_nobody_along(run):
    outcome, notes = run(2, 3, 4, 1, 6, 7)
    assert notes.ends == {
        1: None,
        2: "its process was ended by SIGKILL, perhaps for want of memory",
        3: "its process ended with code 1: the last words",
        4: "wrong",
        6: None,
        7: None,
    }
    assert outcome.failures == {f"s{n:03d}": notes.ends[n] for n in (2, 3, 4)}
    assert outcome.fatal is None
    assert notes.most == 2
    assert notes.shares == [0.5]


def test_a_full_disk_begins_no_more(run, tmp_path):
    outcome, notes = run(5, 1, 6, 7, workers=1)
    assert outcome.fatal == "no space left"
    assert set(notes.ends) == {5}
    assert not (tmp_path / "1").exists()


def test_ctrl_c_stops_all_workers(run, tmp_path):
    thread = interrupt_when((tmp_path / "8.ready").exists)
    with pytest.raises(KeyboardInterrupt):
        run(8, 1)
    thread.join()
    assert (tmp_path / "8.stopped").exists()


def test_a_second_ctrl_c_kills(run, tmp_path):
    ready = tmp_path / "9.ready"
    thread = interrupt_when(ready.exists, times=2)
    with pytest.raises(KeyboardInterrupt):
        run(9)
    thread.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "9").read_text()), 0)


def test_a_worker_does_not_outlive_its_parent(tmp_path):
    child = f"""
import os, sys, time
from neuromodels.sweeps.worker import end_with
end_with(int(sys.argv[1]))
open({str(tmp_path / "ready")!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""
    parent = f"""
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", {child!r}, str(os.getpid())]).wait()
"""
    process = subprocess.Popen([sys.executable, "-c", parent])
    ready = tmp_path / "ready"
    deadline = time.monotonic() + 20
    while not (ready.exists() and ready.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    number = int(ready.read_text())
    while time.monotonic() < deadline:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it is still there")
