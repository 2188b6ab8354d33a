"""``neuromodels reproduce``: the papers' numbers beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neuromodels.cli import options
from neuromodels.cli.completion import names
from neuromodels.cli.output import json_option, only_json, print_json, print_table
from neuromodels.errors import RunError

if TYPE_CHECKING:
    from neuromodels.reproduction import Reproduction


@click.command(name="reproduce", short_help="Published numbers beside ours, with verdicts.")
@click.argument(
    "name", metavar="[STUDY[/CIRCUIT]]", required=False, shell_complete=names("studies", "circuits")
)
@options.preset(
    "smoke: whether everything runs; paper: the published size.", default="paper", show_default=True
)
@options.count("--seeds", "Run each condition with the seeds 1 to N.", default=3, show_default=True)
@options.count("--threads", "Threads of each run.", default=1, show_default=True)
@options.count("--workers", "Runs at a time.  [default: one per core]")
@options.directory(
    "--out",
    "Directory of runs and results; what is finished there is not run again.",
    default=Path("reproduction"),
    show_default=True,
)
@options.no_progress_option
@json_option
def command(
    name: str | None,
    preset: str,
    seeds: int,
    threads: int,
    workers: int | None,
    out: Path,
    no_progress: bool,
    as_json: bool,
) -> None:
    """Run what the papers of STUDY report, or CIRCUIT alone, or everything; judge each metric.

    Finished runs are used again, so that more seeds can be added later. Ours agrees where its mean
    over seeds lies in the reference's 99 % prediction interval.
    """
    from neuromodels.reports.reproduction_page import write_reproduction
    from neuromodels.reproduction import FILE, reproduce

    with only_json(as_json):
        found = reproduce(
            name,
            preset=preset,
            seeds=seeds,
            threads=threads,
            workers=workers,
            out=out,
            progress=None if not no_progress else False,
        )
        page = write_reproduction(found)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)
        click.echo(f"numbers: {found.path / FILE}")
        click.echo(f"page: {page}")
    if found.failures:
        run, why = next(iter(found.failures.items()))
        raise RunError(
            f"{len(found.failures)} run{'s are' if len(found.failures) > 1 else ' is'} missing; "
            f"{run}: {why}",
            code="NM660",
            where=str(found.path),
            fix="mend it, then give the same command again",
        )


def _print(found: Reproduction) -> None:
    from neuromodels.reports.reproduction_page import line

    rows = []
    for outcome in found.outcomes:
        shown = line(outcome)
        place = f"{outcome.circuit} {outcome.condition}".rstrip()
        rows.append(
            (f"{place}: {shown.metric}", shown.unit, shown.reference, shown.ours, shown.verdict)
        )
    print_table(("metric", "unit", "reference ± sd", "ours ± sd", "verdict"), rows)
    counts = found.verdicts
    click.echo(
        f"{counts['agrees']} agree, {counts['differs']} differ "
        f"({found.expected_by_chance:.1f} expected by chance), "
        f"{counts['no reference']} without reference"
    )
    if found.note:
        click.echo(found.note)
