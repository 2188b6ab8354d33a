"""Tables for people, JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from neuromodels.errors import visible
from neuromodels.registering.surroundings import output_to_stderr

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """Add the option ``--json``, passed as ``as_json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON for a program to read."
    )(function)


def print_json(content: object) -> None:
    """Print `content` as JSON on standard output."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return value.tolist()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = ""
) -> None:
    """Print a table: ruled and wrapped to the terminal, or plain columns where there is none.

    Nothing is ever cut: a narrow terminal gets folded cells, a very narrow one a line per cell, and
    a file or a pipe lines as long as they need to be.  Names, in the first column, are not folded
    either, so that they can be copied.
    """
    # Names may come from files of others: no control characters for the terminal.
    cells = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    if sys.stdout is not None and sys.stdout.isatty():
        _print_ruled(headers, cells, title)
        return
    if title:
        click.echo(title)
    widths = [
        max(len(row[column]) for row in [list(headers), *cells]) for column in range(len(headers))
    ]
    for row in [list(headers), *cells]:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


# A column (other than names) that has less than this cannot be read.
_LEAST_WIDTH = 6


def _print_lines(headers: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    """Print each row as its name and, below it, a line for each of its other cells."""
    if title:
        click.echo(title)
    for row in cells:
        click.echo(row[0])
        for header, cell in zip(headers[1:], row[1:], strict=True):
            if cell:
                click.echo(f"  {header}: {cell}")


@contextlib.contextmanager
def only_json(wanted: bool) -> Iterator[None]:
    """Send to standard error what is printed inside, also by NEST's C++, if JSON is wanted."""
    if not wanted:
        yield
        return
    with output_to_stderr():
        yield


def _print_ruled(headers: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    console = Console()
    columns = [list(column) for column in zip(headers, *cells, strict=True)]
    widest = [max(map(len, column)) for column in columns]
    least = [widest[0], *(min(width, _LEAST_WIDTH) for width in widest[1:])]
    if sum(least) + 3 * len(least) > console.width:
        _print_lines(headers, cells, title)
        return
    for header, width in zip(headers, least, strict=True):
        table.add_column(header, overflow="fold", min_width=width)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def human_size(size: int) -> str:
    """Give a number of bytes as people read it."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def human_age(seconds: float) -> str:
    """Give a time span as people say it."""
    for limit, size, unit in ((90, 1, "s"), (90 * 60, 60, "min"), (36 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"
