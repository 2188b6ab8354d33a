"""Parameter values from options and files; their meaning is the schema's business."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from neuromodels.errors import UsageError


def from_options(assignments: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` options; the last of one name wins."""
    values = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"{assignment!r} is not an assignment", where="--set", fix="write name=value"
            )
        values[name.strip()] = value.strip()
    return values


def from_file(path: Path) -> dict[str, Any]:
    """Read a JSON, YAML or TOML file: names and values, or a run's own ``run.json``.

    Raises
    ------
    UsageError
        The file cannot be read, is not in the format that its name says, or holds no names.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise UsageError(
            f"unknown format {path.suffix!r}", where=str(path), fix="use .json, .yaml or .toml"
        )
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except ValueError as error:
        text = " ".join(str(error).split())
        raise UsageError(f"is not valid {path.suffix[1:]}: {text}", where=str(path)) from None
    if isinstance(content, Mapping) and "circuit" in content and "parameters" in content:
        content = content["parameters"]  # a run.json
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise UsageError("holds no table of names and values", where=str(path))
    return dict(content)


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": _toml,
}
