"""Pages that are written from what is registered, each time the documentation is built.

A new model or circuit has its page without anyone writing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from neuromodels.registry import Registry

GENERATED = Path("reference") / "generated"


def write(docs: Path) -> None:
    """Write all generated pages below `docs`, and remove those of an earlier build."""
    from generator import claims, errors, hooks
    from neuromodels.registry import registry

    found = registry()
    folder = docs / GENERATED
    pages = {
        "claims.md": claims.page(found),
        "errors.md": errors.page(),
        "hooks.md": hooks.page(),
        **_overviews(found),
        **_each(found),
    }
    old = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
    for name in old - pages.keys():
        (folder / name).unlink()
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Untouched files are not read again by Sphinx.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _each(found: Registry) -> Mapping[str, str]:
    from generator import circuits, models

    return {f"models/{name}": text for name, text in models.pages(found).items()} | {
        f"circuits/{name}": text for name, text in circuits.pages(found).items()
    }


def _overviews(found: Registry) -> Mapping[str, str]:
    from generator.header import escaped
    from generator.markdown import slug, table
    from neuromodels.models import SynapseModel

    models = [
        (
            f"[{name}](models/{slug(name)}.md)",
            "synapse" if isinstance(item.object, SynapseModel) else "neuron",
            item.plugin,
            escaped(item.object.summary),
        )
        for name, item in sorted(found.models.items(), key=lambda pair: (pair[1].plugin, pair[0]))
    ]
    circuits = [
        (f"[{name}](circuits/{slug(name)}.md)", escaped(item.object.summary))
        for name, item in sorted(found.circuits.items())
    ]
    toctree = "```{{toctree}}\n:hidden:\n:glob:\n\n{}/*\n```\n"
    return {
        "models.md": "# Models\n\nFrom the NESTML sources.\n\n"
        + table(("model", "kind", "plugin", ""), models)
        + "\n\n"
        + toctree.format("models"),
        "circuits.md": "# Circuits\n\nFrom the parameter schemas. `neuromodels show NAME` says the "
        "same.\n\n" + table(("circuit", ""), circuits) + "\n\n" + toctree.format("circuits"),
    }


def setup(app: Sphinx) -> Mapping[str, Any]:
    """Make this package an extension of Sphinx."""
    from generator import folded, mathml

    app.connect("builder-inited", lambda app: write(Path(app.srcdir)))
    app.add_html_math_renderer("mathml", (mathml.visit_inline, None), (mathml.visit_block, None))
    app.add_directive("dropdown-source", folded.FoldedSource)
    return {"parallel_read_safe": True}
