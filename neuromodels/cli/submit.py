"""``neuromodels submit``: a run or a sweep as a Slurm job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli.completion import names
from neuromodels.cli.output import json_option, print_json
from neuromodels.cli.run import Whole, given_parameters, refuse_with_resume, run_options
from neuromodels.cli.sweep import define, definition_options, refuse

if TYPE_CHECKING:
    from neuromodels.slurm.profile import Profile
    from neuromodels.slurm.submission import Submitted

_OPTIONS = (
    click.option("--tasks", type=Whole(min=1), metavar="N", help="MPI ranks of a run."),
    click.option("--nodes", type=Whole(min=1), metavar="N", help="Nodes of a run."),
    click.option("--memory", metavar="SIZE", help="Memory per node: 8 GB."),
    click.option("--time", metavar="TIME", help="Limit: 90 min, 2 h, 1-12:00:00."),
    click.option("--partition", metavar="NAME"),
    click.option("--account", metavar="NAME"),
    click.option(
        "--profile",
        "profile_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="What jobs at this site ask for, a YAML file.  [default: slurm.yaml in the user's "
        "configuration directory]",
    ),
    click.option("--dry-run", is_flag=True, help="Print the script, and do nothing."),
    json_option,
)


def _job_options(function: Any) -> Any:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group(name="submit", short_help="Submit a run or a sweep to Slurm.")
def command() -> None:
    """Submit a run or a sweep to Slurm.

    What a site wants every job to say (partition, account, modules to load) is in a profile, which
    docs/cluster.md describes; options win over it.
    """


@command.command(name="run", short_help="Submit a run of a circuit.")
@run_options
@_job_options
def run(
    circuit: str | None,
    assignments: tuple[str, ...],
    file: Path | None,
    preset: str | None,
    seed: int | None,
    threads: int | None,
    out: Path | None,
    unfinished: Path | None,
    **job: Any,
) -> None:
    """Submit a run of CIRCUIT; or, with --resume DIR, what is left of one."""
    profile = _profile(job, threads=threads)
    from neuromodels.slurm import submission

    if unfinished is not None:
        given = {"CIRCUIT": circuit, "--set": assignments, "--params": file, "--preset": preset}
        more = {"--seed": seed, "--threads": threads, "--out": out}
        refuse_with_resume({**given, **more}, "a run")
        found = submission.resume_run(unfinished, profile, dry=job["dry_run"])
    else:
        if circuit is None:
            raise click.UsageError("which circuit? `neuromodels list circuits` names them")
        found = submission.submit_run(
            circuit,
            profile,
            parameters=given_parameters(assignments, file),
            preset=preset,
            seed=1 if seed is None else seed,
            out=out,
            dry=job["dry_run"],
        )
    _print(found, as_json=job["as_json"])


@command.command(name="sweep", short_help="Submit a sweep, as an array of jobs.")
@click.argument("circuit", required=False, shell_complete=names("circuits"))
@definition_options
@click.option(
    "--resume",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Submit what is missing of the sweep in DIR.",
)
@click.option("--at-once", type=Whole(min=1), metavar="N", help="Runs at a time, at most.")
@_job_options
def sweep(
    circuit: str | None,
    folder: Path | None,
    at_once: int | None,
    extend: bool,
    tasks: int | None,
    nodes: int | None,
    memory: str | None,
    time: str | None,
    partition: str | None,
    account: str | None,
    profile_file: Path | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Submit a sweep of CIRCUIT: a job array with an element per run, then a job for the table.

    The same command again submits what is missing.
    """
    job = {
        "tasks": tasks, "nodes": nodes, "memory": memory, "time": time, "partition": partition,
        "account": account, "profile_file": profile_file,
    }  # fmt: skip
    profile = _profile(job, threads=None)
    from neuromodels.slurm import submission
    from neuromodels.sweeps import sweeper
    from neuromodels.sweeps.definition import Definition

    if folder is not None:
        refuse(circuit, {**options, "extend": extend})
        folder = folder.absolute()
        definition = Definition.load(folder)
    else:
        # A profile's threads are those of a run here too, unless --threads says otherwise.
        options["threads"] = options["threads"] or profile.threads
        definition = define(circuit, options)
        folder = sweeper.folder_of(definition, options["out"])
    found = submission.submit_sweep(
        definition, profile, folder, at_once=at_once, extend=extend, dry=dry_run
    )
    _print(found, as_json=as_json)


def _profile(job: dict[str, Any], *, threads: int | None) -> Profile:
    from neuromodels.slurm.profile import Profile

    names = ("tasks", "nodes", "memory", "time", "partition", "account")
    options = {name: job[name] for name in names}
    return Profile.load(job["profile_file"]).changed(**options, threads=threads)


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
