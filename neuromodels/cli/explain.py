"""``neuromodels explain``: meaning, cause and cure of an error code."""

from __future__ import annotations

from dataclasses import asdict

import click
from click.shell_completion import CompletionItem

from neuromodels.cli.output import json_option, print_json
from neuromodels.error_codes import CODES
from neuromodels.errors import UnknownNameError
from neuromodels.parameters import nearest


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(code, help=entry.meaning)
        for code, entry in CODES.items()
        if code.startswith(incomplete.upper())
    ]


@click.command(name="explain", short_help="Meaning, cause and cure of an error code.")
@click.argument("code", shell_complete=_complete)
@json_option
def command(code: str, as_json: bool) -> None:
    """Explain the error that has CODE, as in error[NM222]."""
    entry = CODES.get(code.upper())
    if entry is None:
        raise UnknownNameError(
            f"no error code {code!r}", code="NM217", fix=nearest(code.upper(), CODES)
        )
    if as_json:
        print_json(asdict(entry))
        return
    click.echo(f"{entry.code}: {entry.meaning}.")
    click.echo(f"cause: {entry.cause}")
    click.echo(f"cure: {entry.cure}")
