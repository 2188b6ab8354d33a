"""``neuromodels analyze``: analyse a run again."""

from __future__ import annotations

from pathlib import Path

import click

from neuromodels.cli.completion import names
from neuromodels.cli.output import json_option
from neuromodels.cli.result import report


@click.command(name="analyze", short_help="Analyse an existing run again.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--analysis",
    "analyses",
    metavar="NAME",
    multiple=True,
    shell_complete=names("analyses"),
    help="Only this analysis. Repeatable.  [default: those of the run's circuit]",
)
@json_option
def command(run: Path, analyses: tuple[str, ...], as_json: bool) -> None:
    """Analyse the run in directory RUN again; its metrics and figures are replaced."""
    from neuromodels.registry import registry

    for name in analyses:
        registry().analysis(name)  # a mistyped name is refused before anything is loaded
    from neuromodels.running import runner

    report(lambda: runner.analyze(run, names=list(analyses) or None), as_json=as_json)
