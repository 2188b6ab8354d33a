"""Fixtures: `swept_plugin`, installed where this process and others find it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import swept_plugin

from neuromodels import registry


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where the plugin is installed; other processes find it on their path."""
    folder = tmp_path_factory.mktemp("site")
    swept_plugin.install(folder)
    return folder


@pytest.fixture
def swept(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The plugin, and a user with directories of their own; gives one to work in."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    registry.registry.cache_clear()
    yield work
    registry.registry.cache_clear()
    sys.modules.pop("swept_plugin", None)
