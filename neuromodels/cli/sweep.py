"""``neuromodels sweep``: many runs of a circuit, one table at the end."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli import options, values
from neuromodels.cli.claims import print_claims
from neuromodels.cli.output import json_option as with_json
from neuromodels.cli.output import only_json, print_json, print_table
from neuromodels.disk.files import plain
from neuromodels.errors import UsageError

if TYPE_CHECKING:
    from neuromodels.sweeps.definition import Definition
    from neuromodels.sweeps.sweeper import Sweep
    from neuromodels.sweeps.table import Summary


@click.command(name="sweep", short_help="Run a circuit with many parameters and seeds.")
@options.sweep_options
@options.count("--workers", "Runs at a time.  [default: all cores]")
@options.directory("--resume", "Finish what is missing of the sweep in DIR.", "folder")
@options.count("--only", "With --resume: only run N of it, in this process.")
@click.option("--collect", is_flag=True, help="With --resume: only make table and figures.")
@click.option(
    "--force",
    is_flag=True,
    help="Keep finished runs although a model, the circuit's code or a version has changed.",
)
@options.no_progress_option
@with_json
def command(
    circuit: str | None,
    workers: int | None,
    folder: Path | None,
    only: int | None,
    collect: bool,
    force: bool,
    no_progress: bool,
    as_json: bool,
    extend: bool,
    **given: Any,
) -> None:
    """Run CIRCUIT with every combination of parameters and seeds, several runs at a time.

    The same command again finishes what is missing.  Ends with a table of all metrics, in
    table.csv (and table.parquet where pyarrow is installed), and figures.
    """
    show = not no_progress
    if folder is None:
        if only is not None or collect:
            raise UsageError("--only and --collect need --resume DIR", code="NM240")
        definition = define(circuit, given)
        how = {"workers": workers, "extend": extend, "force": force, "progress": show}
        sweep = _swept(definition, given["out"], how, as_json=as_json)
    else:
        options.refuse_with_resume(circuit, given, "a sweep")
        if only is not None:
            _one(folder, only, show=show, as_json=as_json)
            return
        how = {"workers": workers, "force": force, "progress": show}
        sweep = _resumed(folder, how, collect=collect, as_json=as_json)
    _print(sweep, as_json=as_json)
    if _lacks(sweep) and not collect:
        sys.exit(1)


def define(circuit: str | None, given: Mapping[str, Any]) -> Definition:
    """Read the options of a sweep.

    Raises
    ------
    UsageError
        There is something that no run would accept.
    """
    name = options.named_circuit(circuit)
    from neuromodels.registry import registry
    from neuromodels.sweeps.definition import define as defined

    kind = registry().circuit(name)
    common = values.from_file(given["file"]) if given["file"] else {}
    grid = {}
    for key, text in values.from_options(given["assignments"]).items():
        common.pop(key, None)
        found = kind.Parameters.alternatives(key, text)
        if len(found) > 1:
            grid[key] = found
        else:
            common[key] = found[0]
    return defined(
        name,
        grid=grid,
        points=values.rows_from_file(given["list_file"]) if given["list_file"] else None,
        parameters=common,
        seeds=None if given["seeds"] is None else values.numbers(given["seeds"], "--seeds"),
        preset=given["preset"],
        threads=given["threads"] or 1,
    )


def _swept(
    definition: Definition, out: Path | None, how: Mapping[str, Any], *, as_json: bool
) -> Sweep:
    from neuromodels.sweeps import sweeper

    folder = sweeper.folder_of(definition, out)
    with only_json(as_json):
        return sweeper.carry_on(folder, definition, **how)


def _resumed(folder: Path, how: Mapping[str, Any], *, collect: bool, as_json: bool) -> Sweep:
    from neuromodels.sweeps import sweeper

    with only_json(as_json):
        if not collect:
            return sweeper.carry_on(folder.absolute(), **how)
        sweep = sweeper.load_sweep(folder)
        sweep.collect()
        return sweep


def _one(folder: Path, number: int, *, show: bool, as_json: bool) -> None:
    """Run one entry here, as an element of a job array does, on all ranks of it."""
    from neuromodels.cli.result import report
    from neuromodels.sweeps.element import execute
    from neuromodels.sweeps.sweeper import load_sweep

    sweep = load_sweep(folder)
    entry = sweep.definition.entry(number)
    report(lambda: execute(sweep.path, sweep.definition, entry, show), as_json=as_json)


def _lacks(sweep: Sweep) -> bool:
    return bool(sweep.failures) or any(s != "complete" for s in sweep.statuses.values())


def _print(sweep: Sweep, *, as_json: bool) -> None:
    from neuromodels.sweeps.table import CSV

    statuses = sweep.statuses
    complete = sum(status == "complete" for status in statuses.values())
    if as_json:
        print_json(
            {
                "path": sweep.path,
                "runs": statuses,
                "failures": dict(sweep.failures),
                "changed": sweep.changed,
                "comparisons": [plain(item.as_dict()) for item in sweep.comparisons],
                "table": sweep.path / CSV,
                "figures": sweep.figures,
                "summaries": [_as_dict(summary) for summary in sweep.summaries],
            }
        )
        return
    swept = sweep.definition.swept
    labelled = sweep.definition.labelled
    if sweep.summaries:
        print_table(
            (
                "metric",
                *(("label",) if labelled else swept),
                "n",
                "mean ± sd",
                "reference ± spread",
                "verdict",
            ),
            [_row(summary, swept, labelled=labelled) for summary in sweep.summaries],
        )
    print_claims(sweep.comparisons)
    for name, what in sweep.changed.items():
        click.echo(f"kept: {name}, made before a change of {', '.join(what)}", err=True)
    for name, status in statuses.items():
        if name in sweep.failures:
            click.echo(f"failed: {name}: {sweep.failures[name]}", err=True)
        elif status != "complete":
            click.echo(f"{status}: {name}", err=True)
    click.echo(f"table: {sweep.path / CSV}")
    for path in sweep.figures.values():
        click.echo(f"figure: {path}")
    click.echo(f"sweep: {sweep.path} ({complete} of {len(statuses)} runs complete)")


def _row(summary: Summary, swept: list[str], *, labelled: bool) -> tuple[object, ...]:
    from neuromodels.cli.result import reference_text, verdict_text
    from neuromodels.sweeps.definition import text

    entry, metric = summary.entry, summary.metric
    point = [entry.label] if labelled else [text(entry.parameters[name]) for name in swept]
    spread = f" ± {summary.sd:.2g}" if summary.values.size > 1 else ""
    return (
        metric.name,
        *point,
        summary.values.size,
        f"{summary.mean:.4g}{spread} {metric.unit}".rstrip(),
        reference_text(metric),
        verdict_text(summary.judgement),
    )


def _as_dict(summary: Summary) -> dict[str, Any]:
    metric = summary.metric.as_dict()
    return {
        "label": summary.entry.label,
        "parameters": dict(summary.entry.parameters),
        "metric": metric["name"],
        "unit": metric["unit"],
        "values": summary.values,
        "mean": _number(summary.mean),
        "sd": _number(summary.sd),
        "reference": metric["reference"],
        "noticed": _number(summary.judgement.noticed),
        "verdict": summary.verdict,
        "reason": summary.judgement.reason,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
