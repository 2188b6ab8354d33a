"""One line of ``neuromodels doctor``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One line of ``neuromodels doctor``.

    Attributes
    ----------
    name : str
        What was looked at.
    ok : bool
        Whether it can be used.
    detail : str
        What was found.
    fix : str
        How to mend it, if it is not ok.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
