"""A NEST kernel with the small models."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
from small_plugins import registered


@pytest.fixture
def nest() -> Iterator[ModuleType]:
    """NEST with an empty kernel, the small models registered, none installed; clean afterwards."""
    import nest as module

    from neuromodels.kernel.install import uninstall

    module.verbosity = module.VerbosityLevel.ERROR
    uninstall()
    module.ResetKernel()
    with registered():
        yield module
    uninstall()
    module.ResetKernel()
