"""What ``run`` and ``analyze`` print at their end: metrics against references, and paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from neuromodels.cli.output import only_json, print_json, print_table
from neuromodels.errors import AnalysisFailed, visible

if TYPE_CHECKING:
    from neuromodels.runs import Run
    from neuromodels.verdict import Judgement, Metric


def report(produce: Callable[[], Run], *, as_json: bool) -> None:
    """Print the metrics of the run that `produce` gives, its figures and its directory.

    A run whose simulation is complete is printed even where an analysis failed, before the error.
    """
    try:
        with only_json(as_json):
            run = produce()
    except AnalysisFailed as error:
        _print(error.run, as_json=as_json)
        raise
    _print(run, as_json=as_json)


def _print(run: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "path": run.path,
                "status": run.status,
                "metrics": {name: metric.as_dict() for name, metric in run.metrics.items()},
                "missing": list(run.missing),
                "analyses": dict(run.analyses),
                "figures": dict(run.figures),
            }
        )
        return
    if run.metrics and run.status == "interrupted":
        click.echo(
            f"warning: only {run.t_stop / 1000:g} s were recorded; the metrics are of these",
            err=True,
        )
    if run.metrics:
        print_table(
            ("metric", "reference ± spread", "ours", "verdict"),
            [
                (
                    name,
                    reference_text(metric),
                    f"{metric.value:.4g} {metric.unit}".rstrip(),
                    verdict_text(metric.judgement),
                )
                for name, metric in run.metrics.items()
            ],
        )
    for name in run.missing:
        click.echo(f"missing: {name}", err=True)
    for path in run.figures.values():
        click.echo(visible(f"figure: {path}"))
    click.echo(visible(f"run: {run.path} ({run.status})"))


def verdict_text(judged: Judgement) -> str:
    """Verdict, and why where the number does not say it."""
    return f"{judged.verdict}: {judged.reason}" if judged.reason else judged.verdict


def reference_text(metric: Metric) -> str:
    """Mean and spread of a metric's reference; nothing where it has none."""
    reference = metric.reference
    if reference is None:
        return ""
    value, brace, n = reference.text.partition(" (")
    return f"{value} {metric.unit}".rstrip() + brace + n
