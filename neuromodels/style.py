"""How figures look: one style for all studies, told apart with any colour vision.

Analyses are called inside `applied`, so that a figure drawn with plain matplotlib has it already.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

# Okabe & Ito (2008), "Color Universal Design".
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
AMBER, SKY = "#E69F00", "#56B4E9"
PALETTE = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY)
GREY = "#999999"
"""What is not ours: references, and lines that join runs of one seed."""
NEUTRAL = "#EEEEEE"
"""Background of every other phase."""

_SETTINGS = MappingProxyType(
    {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": "medium",
        "font.size": 9.0,
        "legend.frameon": False,
        "svg.fonttype": "path",  # a page shows the same glyphs wherever it is opened
    }
)


@contextlib.contextmanager
def applied() -> Iterator[None]:
    """Draw in this style inside the block."""
    import matplotlib as mpl
    from cycler import cycler

    settings: Any = {**_SETTINGS, "axes.prop_cycle": cycler(color=list(PALETTE))}
    with mpl.rc_context(settings):
        yield


__all__ = [
    "AMBER", "BLUE", "GREEN", "GREY", "NEUTRAL", "ORANGE", "PALETTE", "PINK", "SKY", "applied",
]  # fmt: skip
