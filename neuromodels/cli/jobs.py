"""``neuromodels jobs``: what has become of submitted jobs."""

from __future__ import annotations

import click

from neuromodels.cli.output import json_option, print_json, print_table

_SHOWN = 20


@click.command(name="jobs", short_help="Show submitted jobs and their directories.")
@click.argument("numbers", metavar="[JOB]…", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Also old ones, and of removed runs.")
@json_option
def command(numbers: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Show jobs that were submitted from here: their state in Slurm, their run, its directory.

    An interrupted run (its job hit the time limit, say) comes with the command that goes on.
    """
    from neuromodels.errors import UnknownNameError
    from neuromodels.slurm.jobs import look, look_at_latest
    from neuromodels.slurm.records import load_all

    records = load_all()
    if numbers:
        if unknown := set(numbers) - {record.job for record in records}:
            raise UnknownNameError(
                f"no job {min(unknown)} was submitted from here",
                code="NM213",
                fix="`neuromodels jobs` lists them",
            )
        records = [record for record in records if record.job in numbers]
    jobs, problem = look(records) if numbers or everything else look_at_latest(records, _SHOWN)
    if as_json:
        print_json(
            [
                {
                    "job": job.record.job,
                    "kind": job.record.kind,
                    "circuit": job.record.circuit,
                    "submitted": job.record.submitted,
                    "state": None if job.state is None else str(job.state),
                    "active": job.active,
                    "run": job.progress,
                    "complete": job.complete,
                    "directory": job.record.directory,
                    "script": job.record.script,
                    "resume": job.resume,
                }
                for job in jobs
            ]
        )
    elif not jobs:
        click.echo("no jobs")
    else:
        print_table(
            ("job", "submitted", "circuit", "state", "run", "directory"),
            [
                (
                    job.record.job,
                    job.record.submitted,
                    job.record.circuit,
                    "unknown" if job.state is None else job.state,
                    job.progress,
                    job.record.directory,
                )
                for job in jobs
            ],
        )
        for directory, line in {job.record.directory: job.resume for job in jobs[::-1]}.items():
            if line is not None and not any(
                job.active for job in jobs if job.record.directory == directory
            ):
                click.echo(f"to go on: {line}")
    if problem is not None:
        click.echo(f"warning: {problem}", err=True)
