"""``neuromodels run``: build, simulate, record, analyse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli import values
from neuromodels.cli.completion import assignments as parameters
from neuromodels.cli.completion import names, presets
from neuromodels.cli.output import json_option
from neuromodels.cli.result import report
from neuromodels.errors import UsageError

if TYPE_CHECKING:
    from neuromodels.runs import Run


class Whole(click.IntRange):
    """A whole number; click says "not a valid integer range" of what is none."""

    name = "whole number"


# NEST's seeds are 32-bit; 0 is not one of them.
SEEDS = Whole(1, 2**32 - 1)


_OPTIONS = (
    click.argument("circuit", required=False, shell_complete=names("circuits")),
    click.option(
        "--set",
        "assignments",
        shell_complete=parameters,
        metavar="NAME=VALUE",
        multiple=True,
        help="Set a parameter; the value may carry a unit: --set 'duration=25 s'. Repeatable.",
    ),
    click.option(
        "--params",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Parameters from a JSON, YAML or TOML file, or from a run's run.json; --set wins over "
        "it.",
    ),
    click.option(
        "--preset",
        metavar="NAME",
        shell_complete=presets,
        help="A named set of parameters: smoke, paper, …",
    ),
    click.option(
        "--seed", type=SEEDS, metavar="N", help="Seed of all random numbers.  [default: 1]"
    ),
    click.option(
        "--threads", type=Whole(min=1), metavar="N", help="Threads of NEST.  [default: 1]"
    ),
    click.option(
        "--out",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Directory of the run, which must not exist yet or be empty.",
    ),
    click.option(
        "--resume",
        "unfinished",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Continue the interrupted run in DIR, with its own parameters, seed and threads.",
    ),
)


def run_options(function: Any) -> Any:
    """Add the argument and the options that say what is to be run."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command(name="run", short_help="Build, simulate, record and analyse a circuit.")
@run_options
@click.option("--no-progress", is_flag=True, help="Show no progress bar.")
@json_option
def command(
    circuit: str | None,
    assignments: tuple[str, ...],
    file: Path | None,
    preset: str | None,
    seed: int | None,
    threads: int | None,
    out: Path | None,
    unfinished: Path | None,
    no_progress: bool,
    as_json: bool,
) -> None:
    """Run CIRCUIT: build, simulate, record, analyse; then print its metrics and where they are."""
    if unfinished is not None:
        refuse_with_resume(
            {
                "CIRCUIT": circuit,
                "--set": assignments,
                "--params": file,
                "--preset": preset,
                "--seed": seed,
                "--threads": threads,
                "--out": out,
            },
            "a run",
        )
        report(lambda: _resume(unfinished, progress=not no_progress), as_json=as_json)
        return
    if circuit is None:
        raise click.UsageError("which circuit? `neuromodels list circuits` names them")
    options = {
        "parameters": given_parameters(assignments, file),
        "preset": preset,
        "seed": 1 if seed is None else seed,
        "threads": 1 if threads is None else threads,
        "out": out,
        "progress": not no_progress,
    }
    report(lambda: _run(circuit, options), as_json=as_json)


def given_parameters(assignments: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Parameters of ``--params``, and of ``--set`` over them."""
    return {
        **(values.from_file(file) if file else {}),
        **values.from_options(assignments),
    }


def refuse_with_resume(options: Mapping[str, object], what: str) -> None:
    """Refuse whatever was given beside ``--resume``.

    Raises
    ------
    UsageError
        Something was.
    """
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(
            f"{', '.join(given)} cannot be changed in {what} that is resumed",
            code="NM240",
            where="--resume",
            fix="give --resume DIR alone",
        )


def _run(circuit: str, options: dict[str, Any]) -> Run:
    from neuromodels.registry import registry

    registry().circuit(circuit)  # a mistyped name is refused before NEST is loaded
    from neuromodels.running import runner

    return runner.run(circuit, **options)


def _resume(path: Path, *, progress: bool) -> Run:
    from neuromodels.running import runner

    return runner.resume(path, progress=progress)
