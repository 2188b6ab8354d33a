from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neuromodels import registry


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where `swept_plugin` is installed; other processes find it on their path."""
    import swept_plugin

    folder = tmp_path_factory.mktemp("site")
    swept_plugin.install(folder)
    return folder


@pytest.fixture
def swept(site, monkeypatch, tmp_path):
    """This process finds the plugin too; gives a directory to work in."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.chdir(tmp_path)
    registry.registry.cache_clear()
    yield tmp_path
    registry.registry.cache_clear()
    sys.modules.pop("swept_plugin", None)
