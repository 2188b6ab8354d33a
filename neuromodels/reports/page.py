"""Writes the page: template and contents to one HTML file without any reference outside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.disk.files import disk_errors, replacing
from neuromodels.errors import UsageError
from neuromodels.reports.contents import collect

if TYPE_CHECKING:
    import jinja2

    from neuromodels.runs import Run


def render(runs: Sequence[Run]) -> str:
    """Give the HTML page about `runs`.

    Parameters
    ----------
    runs : sequence of Run
        One, or several that are shown side by side.

    Raises
    ------
    UsageError
        There is no run.
    """
    if not runs:
        raise UsageError("a report needs at least one run", code="NM240")
    return fill("report.html", page=collect(runs))


def write(runs: Sequence[Run], out: str | os.PathLike[str]) -> Path:
    """Write the page about `runs` to the file `out`, whole or not at all.

    Raises
    ------
    UsageError
        There is no run.
    EnvironmentProblem
        The file cannot be written.
    """
    return save(render(runs), out)


def fill(template: str, **values: Any) -> str:
    """Fill a template of this package."""
    return _templates().get_template(template).render(**values)


def save(text: str, out: str | os.PathLike[str]) -> Path:
    """Write a page to the file `out`, whole or not at all; directories above it are made."""
    path = Path(out).absolute()
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


@cache
def _templates() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup, escape

    from neuromodels.reports.contents import number

    def breakable(name: str) -> Markup:
        """Allow a line break after every / and _ of a name."""
        text = str(escape(name))
        return Markup(text.replace("/", "/<wbr>").replace("_", "_<wbr>"))  # noqa: S704  escaped

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neuromodels.reports", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["number"] = number
    environment.filters["breakable"] = breakable
    environment.filters["zip"] = lambda one, other: list(zip(one, other, strict=True))
    return environment


__all__ = ["fill", "render", "save", "write"]
