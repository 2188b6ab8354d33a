"""``neuromodels check``: what is wrong with NESTML files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from neuromodels.cli import completion
from neuromodels.cli.files import pairing_options
from neuromodels.cli.output import json_option, print_json
from neuromodels.errors import ModelError
from neuromodels.nestml.family import resolve
from neuromodels.nestml.given import read
from neuromodels.registry import registry


@click.command(name="check", short_help="What is wrong with NESTML models; compiles nothing.")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE|NAME...",
    shell_complete=completion.names("models"),
)  # fmt: skip
@pairing_options
@json_option
def command(
    files: tuple[str, ...], pairs: dict[str, str], codegen_opts: dict[str, Any], as_json: bool
) -> None:
    """Check every model of NESTML files, or registered models, as a build would.

    Prints all problems, each with file, line, cause and cure, and exits with 4 where one of them
    is an error.  A synapse whose neuron is not given is checked by itself.
    """
    from neuromodels.nestml.checking import check

    request = read(files, registry(), pairs=pairs, codegen_opts=codegen_opts, complete=False)
    families = resolve(request.names, request)
    problems = check(families)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            click.echo(problem)
            if problem.text:
                click.echo(f"    {problem.text}")
    names = [name for family in families for name in family.models]
    if errors:
        count = f"{len(errors)} error{'s' * (len(errors) != 1)}"
        files_ = sorted({problem.file for problem in errors})
        raise ModelError(
            f"{count} in {', '.join(files_)}", code="NM400", fix="correct the lines named above"
        )
    if not as_json:
        click.echo(f"{len(names)} model{'s' * (len(names) != 1)} checked: {', '.join(names)}")
