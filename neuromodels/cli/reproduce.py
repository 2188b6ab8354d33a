"""``neuromodels reproduce``: the papers' numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neuromodels.cli import options
from neuromodels.cli.claims import print_claims
from neuromodels.cli.completion import names
from neuromodels.cli.output import json_option, only_json, print_json, print_table
from neuromodels.errors import NeuromodelsError, RunError

_SOON = 60.0
"""CPU time (s) that nobody needs to be told of."""

if TYPE_CHECKING:
    from neuromodels.reproduction import Reproduction


@click.command(name="reproduce", short_help="Published numbers beside ours, with verdicts.")
@click.argument(
    "name", metavar="[STUDY[/CIRCUIT]]", required=False, shell_complete=names("studies", "circuits")
)
@options.preset(
    "smoke: whether everything runs; paper: the published size.  [default: that of each circuit: "
    "paper, or shorter where that takes longer than an evening]"
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
@click.option(
    "--force",
    is_flag=True,
    help="Use finished runs although a model, a circuit's code or a version has changed.",
)
@options.no_progress_option
@json_option
def command(
    name: str | None,
    preset: str | None,
    seeds: int,
    threads: int,
    workers: int | None,
    out: Path,
    force: bool,
    no_progress: bool,
    as_json: bool,
) -> None:
    """Run what the papers of STUDY report, or CIRCUIT alone, or everything; judge each metric.

    Finished runs are used again, so that more seeds can be added later; those that were made by
    other code are run again. Ours agrees where its mean over seeds lies in the 99 % interval of its
    reference; "notices" is the error that would be found with a probability of 90 %.
    """
    from neuromodels.reports.reproduction_page import write_reproduction
    from neuromodels.reproduction import FILE, forecast, reproduce

    with only_json(as_json):
        _tell_time(forecast(name, preset=preset, seeds=seeds), workers, threads)
        found = reproduce(
            name,
            preset=preset,
            seeds=seeds,
            threads=threads,
            workers=workers,
            out=out,
            force=force,
            progress=None if not no_progress else False,
        )
        page = write_reproduction(found)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)
        click.echo(f"numbers: {found.path / FILE}")
        click.echo(f"page: {page}")
    _raise_if_wrong(found)


def _tell_time(seconds: Mapping[str, float], workers: int | None, threads: int) -> None:
    """Say how long it will take, before it starts."""
    from neuromodels.machine.provenance import usable_cores
    from neuromodels.running.progress import duration

    total = sum(seconds.values())
    if total < _SOON:
        return
    cores = (workers or max(1, usable_cores() // threads)) * threads
    longest = sorted(seconds, key=lambda name: -seconds[name])[:3]
    most = ", ".join(f"{name} {duration(seconds[name])}" for name in longest)
    click.echo(
        f"about {duration(total)} of CPU time without what is complete already ({most}); "
        f"about {duration(total / cores)} on {cores} core{'s' if cores > 1 else ''}",
        err=True,
    )


def _raise_if_wrong(found: Reproduction) -> None:
    """End with an error where something is missing, or a claim fails."""
    if found.failures:
        run, why = next(iter(found.failures.items()))
        raise RunError(
            f"{len(found.failures)} run{'s are' if len(found.failures) > 1 else ' is'} missing; "
            f"{run}: {why}",
            code="NM660",
            where=str(found.path),
            fix="mend it, then give the same command again",
        )
    broken = [each for each in found.comparisons if each.error]
    if broken:
        raise RunError(f"{broken[0].name}: {broken[0].error}", code="NM661", where=str(found.path))
    if found.missing:
        one = found.missing[0]
        raise RunError(
            f"{len(found.missing)} metrics are missing: {one.metric} of {one.circuit} "
            f"{one.condition}".rstrip(),
            code="NM661",
            where=str(found.path),
            fix="its analysis does not give it; the table says in how many runs",
        )
    failing = [r.claim for each in found.comparisons for r in each.rulings if r.finding == "fails"]
    if failing:
        raise NeuromodelsError(
            f"{len(failing)} of the papers' claims fail, the first: {failing[0].sentence}",
            code="NM101",
            where=str(found.path),
        )


def _print(found: Reproduction) -> None:
    from neuromodels.reports.reproduction_page import line

    rows = []
    for outcome in [*found.outcomes, *found.measured]:
        shown = line(outcome)
        place = f"{outcome.circuit} {outcome.condition}".rstrip()
        rows.append(
            (
                f"{place}: {shown.metric}",
                shown.unit,
                shown.reference,
                shown.ours,
                shown.notices,
                shown.verdict,
            )
        )
    print_table(("metric", "unit", "reference ± sd", "ours ± sd", "notices", "verdict"), rows)
    print_claims(found.comparisons)
    counts = found.verdicts
    click.echo(
        f"{counts['agrees']} agree, {counts['differs']} differ "
        f"({found.expected_by_chance:.1f} expected by chance), "
        f"{counts['missing']} are missing, {counts['no reference']} without reference"
    )
    for study in found.studies:
        click.echo(study.text)
    if found.note:
        click.echo(found.note)
