"""Settings of every test: a model cache of its own, and no banner from NEST."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Fixtures of the folder support: `nest`, `run` and `plugin`.
pytest_plugins = ["empty_kernel", "tiny_runs"]

# As the runner does, but before any test module imports NEST: threads that spin while they wait
# make a busy machine many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session", autouse=True)
def model_cache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A cold model cache, the same for all processes of pytest-xdist.

    ``NEUROMODELS_TEST_CACHE`` names one to keep between sessions.
    """
    kept = os.environ.get("NEUROMODELS_TEST_CACHE")
    if kept:
        cache = Path(kept)
    elif hasattr(request.config, "workerinput"):  # a process of pytest-xdist
        cache = tmp_path_factory.getbasetemp().parent / "model-cache"
    else:
        cache = tmp_path_factory.mktemp("model-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROMODELS_CACHE", str(cache))
        patch.setenv("PYNEST_QUIET", "1")
        yield cache
