"""``neuromodels run``: build, simulate, record, analyse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli.options import (
    given_parameters,
    named_circuit,
    no_progress_option,
    refuse_with_resume,
    run_options,
)
from neuromodels.cli.output import json_option
from neuromodels.cli.result import report
from neuromodels.errors import UsageError

if TYPE_CHECKING:
    from neuromodels.runs import Run


@click.command(name="run", short_help="Build, simulate, record and analyse a circuit.")
@run_options
@click.option(
    "--force",
    is_flag=True,
    help="With --resume: continue although a model, the circuit's code or a version has changed.",
)
@no_progress_option
@json_option
def command(
    circuit: str | None,
    unfinished: Path | None,
    force: bool,
    no_progress: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Run CIRCUIT: build, simulate, record, analyse; then print its metrics and where they are."""
    if unfinished is not None:
        refuse_with_resume(circuit, given, "a run")
        report(lambda: _resume(unfinished, force, progress=not no_progress), as_json=as_json)
        return
    if force:
        raise UsageError("--force needs --resume DIR", code="NM240")
    name = named_circuit(circuit)
    options = {
        "parameters": given_parameters(given["assignments"], given["file"]),
        "preset": given["preset"],
        "seed": given["seed"] or 1,
        "threads": given["threads"] or 1,
        "out": given["out"],
        "progress": not no_progress,
    }
    report(lambda: _run(name, options), as_json=as_json)


def _run(circuit: str, options: dict[str, Any]) -> Run:
    from neuromodels.registry import registry

    registry().circuit(circuit)  # a mistyped name is refused before NEST is loaded
    from neuromodels.running import runner

    return runner.run(circuit, **options)


def _resume(path: Path, force: bool, *, progress: bool) -> Run:
    from neuromodels.running import runner

    return runner.resume(path, force=force, progress=progress)
