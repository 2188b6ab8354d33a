"""Which C++ a model becomes: ours, or what NESTML generates with the repairs of wrong code only.

The second is the judge of the first: same spikes, states and weights, but for what
``docs/nestml-defects.md`` names.
"""

from __future__ import annotations

import os
from typing import Literal

from neuromodels.errors import UsageError

#: The environment variable that chooses.
VARIABLE = "NEUROMODELS_ENGINE"

Engine = Literal["fast", "plain"]


def chosen() -> Engine:
    """The engine that new builds use: ``plain`` if the environment says so, else ``fast``.

    Raises
    ------
    UsageError
        The environment variable has another value.
    """
    engines: dict[str, Engine] = {"fast": "fast", "plain": "plain"}
    value = os.environ.get(VARIABLE, "fast")
    if value not in engines:
        raise UsageError(
            f"{VARIABLE} is '{value}'", code="NM291", fix="unset it, or set it to fast or plain"
        )
    return engines[value]
