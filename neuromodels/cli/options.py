"""Options that several commands share, written once; and what they refuse together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from neuromodels.cli import completion, values
from neuromodels.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """What adds options to the function of a command."""

    def __call__(self, function: F, /) -> F:
        """Add them."""


class Whole(click.IntRange):
    """A whole number; click says "not a valid integer range" of what is none."""

    name = "whole number"


# NEST's seeds are 32-bit; 0 is not one of them.
SEEDS = Whole(1, 2**32 - 1)

PATH = click.Path(path_type=Path)

circuit = click.argument("circuit", required=False, shell_complete=completion.names("circuits"))

no_progress_option = click.option("--no-progress", is_flag=True, help="Show no progress bar.")


def count(name: str, help: str, **more: Any) -> Decorator:  # noqa: A002  click's word
    """Make an option that takes a positive whole number."""
    return click.option(name, type=Whole(min=1), metavar="N", help=help, **more)


def directory(name: str, help: str, parameter: str | None = None, **more: Any) -> Decorator:  # noqa: A002
    """Make an option that takes a directory, passed as `parameter`."""
    names = (name,) if parameter is None else (name, parameter)
    return click.option(*names, metavar="DIR", type=PATH, help=help, **more)


def file(name: str, help: str, parameter: str) -> Decorator:  # noqa: A002
    """Make an option that takes a file, passed as `parameter`."""
    return click.option(name, parameter, metavar="FILE", type=PATH, help=help)


def assignments(metavar: str, help: str) -> Decorator:  # noqa: A002
    """Make the option ``--set``."""
    return click.option(
        "--set",
        "assignments",
        shell_complete=completion.assignments,
        metavar=metavar,
        multiple=True,
        help=help,
    )


def preset(help: str = "A named set of parameters: smoke, paper, …", **more: Any) -> Decorator:  # noqa: A002
    """Make the option ``--preset``."""
    return click.option(
        "--preset", metavar="NAME", shell_complete=completion.presets, help=help, **more
    )


def group(*options: Decorator) -> Decorator:
    """Make a decorator that adds `options`, in this order."""

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


run_options = group(
    circuit,
    assignments(
        "NAME=VALUE",
        "Set a parameter; the value may carry a unit: --set 'duration=25 s'. Repeatable.",
    ),
    file(
        "--params",
        "Parameters from a JSON, YAML or TOML file, or from a run's run.json; --set wins over it.",
        "file",
    ),
    preset(),
    click.option(
        "--seed", type=SEEDS, metavar="N", help="Seed of all random numbers.  [default: 1]"
    ),
    count("--threads", "Threads of NEST.  [default: 1]"),
    directory("--out", "Directory of the run, which must not exist yet or be empty."),
    directory(
        "--resume",
        "Continue the interrupted run in DIR, with its own parameters, seed and threads.",
        "unfinished",
    ),
)
"""What is to be run: for ``run`` and ``submit run``."""

sweep_options = group(
    circuit,
    assignments(
        "NAME=A,B,…",
        "Values of a parameter, perhaps with units: --set 'segment=1 s,2 s'. Repeatable: every "
        "combination is run. One value is the same in all runs.",
    ),
    file(
        "--list",
        "Points from a CSV, JSON or YAML file: a row or an entry for each; 'label' and 'seed' are "
        "columns of their own.",
        "list_file",
    ),
    file(
        "--params",
        "Parameters that are the same in all runs, as in `neuromodels run`.",
        "file",
    ),
    click.option(
        "--seeds", metavar="A:B", help="Seeds of every point: 1:10, or 1,2,7.  [default: 1]"
    ),
    preset(),
    count("--threads", "Threads of each run.  [default: 1]"),
    directory("--out", "Directory of the sweep; what is complete in it is not repeated."),
    click.option(
        "--extend", is_flag=True, help="Add points or seeds to the sweep that is in the directory."
    ),
)
"""What a sweep consists of: for ``sweep`` and ``submit sweep``."""


def named_circuit(name: str | None) -> str:
    """Give the circuit that was named.

    Raises
    ------
    click.UsageError
        None was.
    """
    if name is None:
        raise click.UsageError("which circuit? `neuromodels list circuits` names them")
    return name


def given_parameters(assigned: Iterable[str], path: Path | None) -> dict[str, Any]:
    """Parameters of ``--params``, and of ``--set`` over them."""
    return {**(values.from_file(path) if path else {}), **values.from_options(assigned)}


# Options whose Python name is not theirs.
_NAMES = {"assignments": "set", "list_file": "list", "file": "params"}


def refuse_with_resume(circuit: str | None, options: Mapping[str, object], what: str) -> None:
    """Refuse whatever was given beside ``--resume``.

    Parameters
    ----------
    circuit : str, optional
        The command's argument.
    options : mapping
        Other options by their Python names.
    what : str
        What is resumed: ``"a run"``.

    Raises
    ------
    UsageError
        Something was given.
    """
    given = ["CIRCUIT"] if circuit else []
    given += [f"--{_NAMES.get(name, name)}" for name, value in options.items() if value]
    if given:
        raise UsageError(
            f"{', '.join(given)} cannot be changed in {what} that is resumed",
            code="NM240",
            where="--resume",
            fix="give --resume DIR alone",
        )
