"""Fixtures that run the tiny circuits."""

from __future__ import annotations

import pytest
import tiny

from neuromodels import registry as registry_module
from neuromodels.running import runner


@pytest.fixture
def plugin(monkeypatch):
    """A registry with the tiny circuits; gives the plugin object that observes."""
    fresh = registry_module.Registry()
    observer = tiny.Plugin()
    fresh.register(observer, "tiny")
    monkeypatch.setattr(registry_module, "registry", lambda: fresh)
    return observer


@pytest.fixture
def run(plugin, tmp_path):
    """Call `runner.run` with a directory of its own."""
    made = []

    def call(circuit="tiny/net", **options):
        options.setdefault("out", tmp_path / f"run{len(made)}")
        made.append(options["out"])
        return runner.run(circuit, **options)

    return call
