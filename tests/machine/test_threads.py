"""Threads sleep while they wait, whichever way NEST is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neuromodels.machine import threads

# Looks what the environment says at the moment when NEST would be loaded, and stops there.
WATCH = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "nest":
            print("policy:", os.environ.get("OMP_WAIT_POLICY"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Watch())
sys.path.insert(0, {here!r})
import tiny
from neuromodels.registry import registry
"""
REGISTER = "registry().register(tiny.Plugin(), 'tiny')\n"
WAYS = {
    "run": REGISTER + "import neuromodels; neuromodels.run('tiny/net', out={out!r})",
    "command": REGISTER
    + "from neuromodels.cli.main import execute; execute(['run', 'tiny/net', '--out', {out!r}])",
    "install": "import neuromodels; neuromodels.install('burst_poisson_neuron')",
    # A plugin that imports NEST itself, when the registry loads it.
    "plugin": "from neuromodels import registry as module\n"
    "class Fresh(module.Registry):\n"
    "    def circuit(self, name): import nest\n"
    "fresh = Fresh()\n"
    "module.registry = lambda: fresh\n"
    "import neuromodels; neuromodels.run('tiny/net', out={out!r})",
}


@pytest.mark.parametrize(("way", "given"), [*((way, None) for way in WAYS), ("run", "ACTIVE")])
def test_every_way(tmp_path, way, given):
    environ = {k: v for k, v in os.environ.items() if k != threads.POLICY}
    if given:
        environ[threads.POLICY] = given
    places = {"here": str(Path(__file__).parents[1] / "support"), "out": str(tmp_path / "run")}
    done = subprocess.run(
        [sys.executable, "-c", (WATCH + WAYS[way]).format(**places)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == f"policy: {given or 'PASSIVE'}\n", done.stderr


def test_too_late_is_said(monkeypatch):
    monkeypatch.delenv(threads.POLICY, raising=False)
    with pytest.warns(UserWarning, match="NEST was imported before"):
        threads.warn_of_active_waiting(2)
    threads.warn_of_active_waiting(1)
    monkeypatch.setenv(threads.POLICY, "PASSIVE")
    threads.warn_of_active_waiting(2)


@pytest.mark.parametrize(
    ("number", "work", "interval", "warned"),
    [(2, 0.05, 1.0, True), (1, 0.05, 1.0, False), (2, 1.0, 1.0, False), (2, 0.05, 5.0, False)],
)
def test_small_slices_are_noticed(recwarn, number, work, interval, warned):
    threads.warn_of_small_slices(number, work, interval)
    assert [f"every {interval:g} ms" in str(w.message) for w in recwarn] == [True] * warned


def test_a_run_too_small_for_threads_says_so(run):
    with pytest.warns(UserWarning, match="2 threads are likely to be slower than one"):
        run("tiny/net", preset="smoke", threads=2)
