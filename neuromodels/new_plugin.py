"""A new plugin: a copy of ``plugin_template`` under another name.

The template is itself a complete plugin, of the name ``my-study``: it is linted, type-checked and
tested as it stands, the tutorial shows its files, and a plugin made from it differs in names only.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from neuromodels.errors import EnvironmentProblem, UsageError

TEMPLATE_NAME = "my-study"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Names of NEST and of files get longer by "_synapse" and the like; lines of code do, too.
_LONGEST = 24


def template() -> Traversable:
    """Folder of the template, package data of neuromodels."""
    return files("neuromodels") / "plugin_template"


def distribution(name: str) -> str:
    """Name of the distribution of the study `name`, and of its folder."""
    return f"neuromodels-{name}"


def models(name: str) -> list[str]:
    """Names of the NESTML models that a new plugin brings."""
    stem = name.replace("-", "_")
    return [f"{stem}_neuron", f"{stem}_synapse"]


def check_name(name: str, plugins: Iterable[str], models_taken: Mapping[str, str]) -> None:
    """Refuse a name that would not work, or that something installed has.

    Parameters
    ----------
    name : str
    plugins : iterable of str
        Names of the plugins that are installed, working or broken.
    models_taken : mapping
        NESTML model -> plugin that registers it.

    Raises
    ------
    UsageError
        The message says what is accepted.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"{name!r} is no name for a plugin",
            code="NM290",
            fix=f"give up to {_LONGEST} lower-case letters, digits and single hyphens, the first "
            "a letter: my-study",
        )
    if name in plugins:
        raise UsageError(
            f"a plugin {name!r} is installed already",
            code="NM290",
            fix="choose another name; `neuromodels list plugins` shows those that are taken",
        )
    for model in models(name):
        if model in models_taken:
            raise UsageError(
                f"plugin {models_taken[model]!r} has a model {model!r} already",
                code="NM290",
                fix="choose another name",
            )


def render(name: str) -> Iterator[tuple[str, str]]:
    """Yield path (with ``/``) and text of every file of the plugin `name`."""
    yield from _render(template(), "", name)


def _render(folder: Traversable, prefix: str, name: str) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name in {"__pycache__", ".ruff_cache", ".pytest_cache", ".mypy_cache"}:
            continue
        path = prefix + _renamed(item.name, name)
        if item.is_dir():
            yield from _render(item, f"{path}/", name)
        else:
            yield path, _renamed(item.read_text(encoding="utf-8"), name)


def _renamed(text: str, name: str) -> str:
    # Underlines of headings are as long as the heading: the only text whose length matters.
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if (
            re.fullmatch(r"# #+", line)
            and number
            and TEMPLATE_NAME.replace("-", "_") in (lines[number - 1])
        ):
            longer = len(name) - len(TEMPLATE_NAME)
            lines[number] = "# " + "#" * (len(line) - 2 + longer)
    return (
        "\n".join(lines)
        .replace(TEMPLATE_NAME, name)
        .replace(TEMPLATE_NAME.replace("-", "_"), name.replace("-", "_"))
    )


def create(name: str, parent: Path) -> Path:
    """Write the plugin `name` into a new folder of `parent`, whole or not at all.

    Parameters
    ----------
    name : str
        Checked by `check_name`.
    parent : Path
        Made if it does not exist.

    Returns
    -------
    Path
        The new folder.

    Raises
    ------
    UsageError
        The folder exists already.
    EnvironmentProblem
        It cannot be written.
    """
    target = parent / distribution(name)
    if os.path.lexists(target):
        raise UsageError(
            "exists already",
            code="NM233",
            where=str(target),
            fix="choose another name or another --dir, or remove it",
        )
    try:
        parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=parent))
        try:
            for path, text in render(name):
                file = unfinished / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            unfinished.chmod(0o777 & ~_umask())
            unfinished.rename(target)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(unfinished)
            raise
    except OSError as error:
        raise EnvironmentProblem(
            f"the plugin cannot be written: {error.strerror or error}",
            code="NM321",
            where=str(target),
            fix="give a --dir that can be written",
        ) from error
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


__all__ = ["check_name", "create", "distribution", "models", "render", "template"]
