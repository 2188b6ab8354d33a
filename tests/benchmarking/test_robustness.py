"""Short versions of ``benchmarks/robustness.py``: kills and malformed inputs."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from pathlib import Path

import pytest

from neuromodels import registry as registry_module

FILE = Path(__file__).parents[2] / "benchmarks" / "robustness.py"


@pytest.fixture
def robustness(monkeypatch):
    """The module, and a registry that has its circuit."""
    spec = importlib.util.spec_from_file_location("robustness", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "robustness", module)
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec.loader.exec_module(module)
    fresh = registry_module.Registry()
    fresh.register(module.PLUGIN, "robust")
    monkeypatch.setattr(registry_module, "registry", lambda: fresh)
    return module


@pytest.mark.parametrize("kind", ["of_value", "of_file", "of_plugin"])
def test_malformed_inputs_are_one_line_and_a_code(robustness, tmp_path, kind):
    draw = random.Random(7)
    for _ in range(40):
        said, wrong = getattr(robustness, kind)(draw, tmp_path)
        assert wrong is None, said


def test_killed_runs_never_look_complete_and_can_be_finished(
    robustness, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr("neuromodels.running.simulation.MIN_SECONDS", 0.0)
    monkeypatch.setattr("neuromodels.disk.parts.Spool.due", True)
    assert robustness.kills(4, random.Random(7), time.monotonic() + 120, tmp_path) == 0
    assert "0 did not hold" in capfd.readouterr().out
