"""``neuromodels models``: compiled NESTML models in the cache."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli import completion
from neuromodels.cli.files import pairing_options
from neuromodels.cli.output import human_age, human_size, json_option, print_json, print_table
from neuromodels.nestml.family import resolve
from neuromodels.nestml.given import read
from neuromodels.registry import registry

if TYPE_CHECKING:
    from neuromodels.nestml.cache import Entry


@click.group(name="models", short_help="Build, list and clean compiled NESTML models.")
def command() -> None:
    """Build, list and clean compiled NESTML models."""


@command.command(name="build", short_help="Compile models now rather than at their first use.")
@click.argument(
    "names", nargs=-1, metavar="[NAME|FILE]...", shell_complete=completion.names("models")
)
@pairing_options
@json_option
def build_(
    names: tuple[str, ...], pairs: dict[str, str], codegen_opts: dict[str, Any], as_json: bool
) -> None:
    """Compile models, or all that are registered, unless the cache has them.

    Each is the NAME of a registered model, or a NESTML FILE (a path that ends in .nestml), of which
    all models are compiled.
    """
    from neuromodels.nestml.build import build_families

    found = registry()
    request = read(
        list(names) or sorted(found.models), found, pairs=pairs, codegen_opts=codegen_opts
    )
    _show(build_families(resolve(request.names, request), _print_progress), as_json=as_json)


def _print_progress(stage: str, name: str) -> None:
    click.echo(f"{stage} {name}", err=True)


@command.command(name="list", short_help="What the cache holds.")
@json_option
def list_(as_json: bool) -> None:
    """List compiled models: name, study, size, age, hash."""
    from neuromodels.nestml import cache

    _show(cache.entries(), as_json=as_json)


@command.command(name="clean", short_help="Remove models from the cache.")
@click.argument("names", nargs=-1, shell_complete=completion.names("models"))
@json_option
def clean(names: tuple[str, ...], as_json: bool) -> None:
    """Remove the compiled models NAMES, or all, from the cache; they are rebuilt when needed."""
    from neuromodels.nestml import cache

    removed = cache.clean(list(names))
    if as_json:
        print_json([_content(entry) for entry in removed])
        return
    size = human_size(sum(entry.size for entry in removed))
    click.echo(f"removed {len(removed)} compiled module{'s' * (len(removed) != 1)}, {size}")


def _show(entries: Sequence[Entry], *, as_json: bool) -> None:
    if as_json:
        print_json([_content(entry) for entry in entries])
        return
    if not entries:
        click.echo("no compiled models")
        return
    now = time.time()
    print_table(
        ("models", "study", "size", "age", "hash", "engine", "state"),
        [
            (
                ", ".join(entry.models),
                _study(entry),
                human_size(entry.size),
                human_age(max(0.0, now - entry.built.timestamp())),
                entry.key,
                f"{entry.engine} ({entry.reason})" if entry.reason else entry.engine,
                "complete" if entry.complete else "incomplete",
            )
            for entry in entries
        ],
    )


def _content(entry: Entry) -> dict[str, Any]:
    return {
        "models": list(entry.models),
        "study": _study(entry),
        "hash": entry.key,
        "size": entry.size,
        "built": entry.built,
        "path": str(entry.path),
        "engine": entry.engine,
        "reason": entry.reason,
        "complete": entry.complete,
    }


def _study(entry: Entry) -> str:
    """Plugins that register the entry's models; empty where none does any more."""
    models = registry().models
    return ", ".join(sorted({models[name].plugin for name in entry.models if name in models}))
