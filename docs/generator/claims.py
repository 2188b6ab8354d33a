"""Claims of the papers, from the registered comparisons."""

from __future__ import annotations

import inspect

from generator.header import escaped
from generator.markdown import table
from neuromodels.registry import Registry

__all__ = ["page"]


def page(found: Registry) -> str:
    """One section for each comparison: what it needs, and its claims."""
    about = (
        "What the papers claim, as ranges of measures over paired seeds; `neuromodels reproduce` "
        "decides each: *holds*, *fails*, *cannot be told*."
    )
    parts = ["# Claims", about]
    for name, item in sorted(found.comparisons.items()):
        kind = item.object
        needs = "; ".join(
            f"`{circuit}`" + (f" ({', '.join(filter(None, each))})" if any(each) else "")
            for circuit, each in kind.needs.items()
        )
        claims = [
            (f"`{c.measure}`", escaped(c.sentence), escaped(c.range), escaped(c.source))
            for c in kind.claims
        ]
        parts += [
            f"## {name}",
            f"{escaped(kind.summary)}.",
            escaped(inspect.getdoc(kind) or ""),
            f"Reads {needs}.",
            table(("measure", "claim", "range", "source"), claims),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"
