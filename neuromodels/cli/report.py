"""``neuromodels report``: one HTML page about runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="report", short_help="One self-contained HTML page about runs.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page.  [default: report.html in the first RUN]",
)
def command(runs: tuple[Path, ...], out: Path | None) -> None:
    """Write one HTML page about the runs in the directories RUN, several side by side.

    It needs no network and no other file: parameters that differ from the default, figures as
    vector graphics, metrics against references, timings, provenance.
    """
    from neuromodels.reports.page import write
    from neuromodels.runs import load_run

    loaded = [load_run(path) for path in dict.fromkeys(path.absolute() for path in runs)]
    path = write(loaded, out if out is not None else loaded[0].path / "report.html")
    click.echo(f"report: {path}")
