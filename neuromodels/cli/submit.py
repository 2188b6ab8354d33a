"""``neuromodels submit``: a run or a sweep as a Slurm job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli import options
from neuromodels.cli.output import json_option, print_json
from neuromodels.cli.sweep import define

if TYPE_CHECKING:
    from neuromodels.slurm.profile import Profile
    from neuromodels.slurm.submission import Submitted

_job_options = options.group(
    options.count("--tasks", "MPI ranks of a run."),
    options.count("--nodes", "Nodes of a run."),
    click.option("--memory", metavar="SIZE", help="Memory per node: 8 GB."),
    click.option("--time", metavar="TIME", help="Limit: 90 min, 2 h, 1-12:00:00."),
    click.option("--partition", metavar="NAME"),
    click.option("--account", metavar="NAME"),
    options.file(
        "--profile",
        "What jobs at this site ask for, a YAML file.  [default: slurm.yaml in the user's "
        "configuration directory]",
        "profile_file",
    ),
    click.option("--dry-run", is_flag=True, help="Print the script, and do nothing."),
    json_option,
)


# Entries of a profile that have an option; and all options of a job.
_ENTRIES = ("tasks", "nodes", "memory", "time", "partition", "account")
_JOB = (*_ENTRIES, "profile_file", "dry_run", "as_json")


@click.group(name="submit", short_help="Submit a run or a sweep to Slurm.")
def command() -> None:
    """Submit a run or a sweep to Slurm.

    What a site wants every job to say (partition, account, modules to load) is in a profile, which
    docs/cluster.md describes; options win over it.
    """


@command.command(name="run", short_help="Submit a run of a circuit.")
@options.run_options
@_job_options
def run(circuit: str | None, unfinished: Path | None, **given: Any) -> None:
    """Submit a run of CIRCUIT; or, with --resume DIR, what is left of one."""
    job = {name: given.pop(name) for name in _JOB}
    profile = _profile(job, threads=given["threads"])
    from neuromodels.slurm import submission

    if unfinished is not None:
        options.refuse_with_resume(circuit, given, "a run")
        found = submission.resume_run(unfinished, profile, dry=job["dry_run"])
    else:
        found = submission.submit_run(
            options.named_circuit(circuit),
            profile,
            parameters=options.given_parameters(given["assignments"], given["file"]),
            preset=given["preset"],
            seed=given["seed"] or 1,
            out=given["out"],
            dry=job["dry_run"],
        )
    _print(found, as_json=job["as_json"])


@command.command(name="sweep", short_help="Submit a sweep, as an array of jobs.")
@options.sweep_options
@options.directory("--resume", "Submit what is missing of the sweep in DIR.", "folder")
@options.count("--at-once", "Runs at a time, at most.")
@_job_options
def sweep(circuit: str | None, folder: Path | None, at_once: int | None, **given: Any) -> None:
    """Submit a sweep of CIRCUIT: a job array with an element per run, then a job for the table.

    The same command again submits what is missing.
    """
    job = {name: given.pop(name) for name in _JOB}
    profile = _profile(job, threads=None)
    from neuromodels.slurm import submission
    from neuromodels.sweeps import sweeper
    from neuromodels.sweeps.definition import Definition

    if folder is not None:
        options.refuse_with_resume(circuit, given, "a sweep")
        folder = folder.absolute()
        definition = Definition.load(folder)
    else:
        # A profile's threads are those of a run here too, unless --threads says otherwise.
        given["threads"] = given["threads"] or profile.threads
        definition = define(circuit, given)
        folder = sweeper.folder_of(definition, given["out"])
    found = submission.submit_sweep(
        definition, profile, folder, at_once=at_once, extend=given["extend"], dry=job["dry_run"]
    )
    _print(found, as_json=job["as_json"])


def _profile(job: dict[str, Any], *, threads: int | None) -> Profile:
    from neuromodels.slurm.profile import Profile

    asked = {name: job[name] for name in _ENTRIES}
    return Profile.load(job["profile_file"]).changed(**asked, threads=threads)


def _print(found: Submitted, *, as_json: bool) -> None:
    record = found.record
    if as_json:
        print_json(
            {
                "job": None if record is None else record.job,
                "collecting": None if record is None else record.collecting,
                "directory": found.directory,
                "asks": found.asks,
                "scripts": [
                    {"file": made.file, "text": made.text, "output": made.output}
                    for made in found.scripts
                ],
            }
        )
        return
    if record is None:
        for number, made in enumerate(found.scripts):
            if len(found.scripts) > 1:
                click.echo(f"{'' if number == 0 else chr(10)}# {made.file.name}")
            click.echo(made.text, nl=False)
        return
    from neuromodels.slurm.script import filled

    click.echo(f"asks for: {found.asks}")
    for made in found.scripts:
        click.echo(f"script: {made.file}")
    click.echo(f"output: {filled(found.scripts[0].output, record.job)}")
    if record.collecting is not None:
        click.echo(f"table: job {record.collecting}, when all runs have ended")
    click.echo(f"job {record.job}: {found.directory}")
