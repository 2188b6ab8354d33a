"""Parameter values from options and files; their meaning is the schema's business."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from neuromodels.errors import UsageError, shown

_MOST_NUMBERS = 1_000_000


def from_options(assignments: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` options; the last of one name wins."""
    values = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"{shown(assignment)} is not an assignment",
                code="NM241",
                where="--set",
                fix="write name=value",
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
    content = _parsed(path, _PARSERS)
    if isinstance(content, Mapping) and "circuit" in content and "parameters" in content:
        content = content["parameters"]  # a run.json
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise UsageError("holds no table of names and values", code="NM232", where=str(path))
    return dict(content)


def rows_from_file(path: Path) -> list[dict[str, Any]]:
    """Read the points of a sweep from a CSV, JSON or YAML file.

    A CSV file has the parameters' names in its first line; an empty cell leaves a parameter as it
    is.  The others hold a list of tables of names and values, or such tables under labels.

    Raises
    ------
    UsageError
        As in `from_file`; or there is no point.
    """
    content = _parsed(path, {**_PARSERS, ".csv": _csv})
    if isinstance(content, Mapping) and all(isinstance(row, Mapping) for row in content.values()):
        content = [{"label": str(label), **row} for label, row in content.items()]
    if not isinstance(content, list) or not all(isinstance(row, Mapping) for row in content):
        raise UsageError(
            "holds no list of tables of names and values", code="NM232", where=str(path)
        )
    if not content:
        raise UsageError("holds no point", code="NM232", where=str(path))
    if not all(isinstance(name, str) for row in content for name in row):
        raise UsageError("holds a name that is no text", code="NM232", where=str(path))
    return [dict(row) for row in content]


def numbers(text: str, where: str) -> list[int]:
    """Read whole numbers and inclusive ranges: ``1:10``, ``1,2,7``, ``1:3,8``.

    Raises
    ------
    UsageError
        It is something else.
    """
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?::\s*(\d+)\s*)?", part)
        first = int(match[1]) if match else 1
        last = int(match[2] or first) if match else 0
        if last < first or last - first >= _MOST_NUMBERS:
            raise UsageError(
                f"{shown(part)} is no range of numbers", code="NM241", where=where, fix="write 1:10"
            )
        found += range(first, last + 1)
    return found


def _parsed(path: Path, parsers: Mapping[str, Callable[[str], Any]]) -> Any:
    parse = parsers.get(path.suffix.lower())
    if parse is None and not os.path.lexists(path):
        raise UsageError(
            "does not exist", code="NM230", where=str(path), fix="give the path of a file"
        )
    if parse is None:
        raise UsageError(
            f"unknown format {path.suffix!r}",
            code="NM231",
            where=str(path),
            fix=f"the name of the file must end in {' or '.join(parsers)}",
        )
    try:
        if path.exists() and not path.is_file():
            raise UsageError("is not an ordinary file", code="NM230", where=str(path))
        content = parse(path.read_text(encoding="utf-8"))
        _check_size(content)
        return content
    except RecursionError:
        raise UsageError("is nested too deeply", code="NM232", where=str(path)) from None
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", code="NM230", where=str(path)
        ) from None
    except ValueError as error:
        text = " ".join(str(error).split())
        raise UsageError(
            f"is not valid {path.suffix[1:]}: {text}", code="NM231", where=str(path)
        ) from None


def _check_size(content: Any) -> None:
    """Refuse what becomes too large when references of YAML are written out."""
    left, waiting = _MOST_NUMBERS, [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += item.values()
            left -= len(item)
        elif isinstance(item, list):
            waiting += item
            left -= len(item)
        if left < 0:
            raise ValueError(f"it holds more than {_MOST_NUMBERS} values")


def _csv(text: str) -> list[dict[str, str]]:
    import csv

    rows: list[dict[str, str]] = []
    for row in csv.DictReader(text.lstrip("\ufeff").splitlines(), skipinitialspace=True):
        if None in row or None in row.values():
            raise ValueError(f"row {len(rows) + 1} has not as many cells as the first line")
        rows.append({name.strip(): cell.strip() for name, cell in row.items() if cell.strip()})
    return rows


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
