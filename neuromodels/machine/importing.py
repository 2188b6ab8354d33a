"""How NEST is imported: what must be set before, and kept from it."""

from __future__ import annotations

import sys
from typing import Any

from neuromodels.machine.threads import set_passive_wait_policy


def import_nest() -> Any:
    """Import NEST without this process's arguments.

    It would read them as its own, and fails on those that are not valid UTF-8, as a path may be.
    """
    if "nest" in sys.modules:
        return sys.modules["nest"]
    set_passive_wait_policy()
    arguments = sys.argv
    sys.argv = ["neuromodels"]
    try:
        import nest
    finally:
        sys.argv = arguments
    return nest


__all__ = ["import_nest"]
