"""Reference of the hooks, from their specifications."""

from __future__ import annotations

import inspect
from types import FunctionType

from neuromodels import hookspecs

__all__ = ["page"]


def page() -> str:
    """One section for each hook: those that add something, then those that watch a run."""
    found = [
        item
        for item in vars(hookspecs).values()
        if isinstance(item, FunctionType) and hasattr(item, f"{hookspecs.PROJECT}_spec")
    ]
    adding = [hook for hook in found if not inspect.signature(hook).parameters]
    watching = [hook for hook in found if hook not in adding]
    parts = [
        "# Hooks",
        inspect.getdoc(hookspecs) or "",
        "A plugin implements those that it needs; one by `neuromodels new-plugin` has three.",
        "## What a plugin can add",
        *map(_section, adding),
        "## Where a plugin can watch",
        "What a plugin raises in one of these is a warning, and the run goes on.",
        *map(_section, watching),
    ]
    return "\n\n".join(parts) + "\n"


def _section(hook: FunctionType) -> str:
    signature = str(inspect.signature(hook)).replace("'", "")
    return f"### {hook.__name__}\n\n```python\ndef {hook.__name__}{signature}\n```\n\n" + (
        inspect.getdoc(hook) or ""
    )
