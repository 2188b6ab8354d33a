"""The command ``neuromodels relevance``: trials of an experiment on all cores, one table at the
end.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from neuromodels.errors import UsageError


def _completions(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Circuits of this study, for the shell."""
    from neuromodels_relevance import neuromodels_circuits

    return [kind.name for kind in neuromodels_circuits() if kind.name.startswith(incomplete)]


@click.group()
def relevance() -> None:
    """Irrelevance by inhibition: trials of an experiment."""


@relevance.command(short_help="Run trials of an experiment, and compare their means.")
@click.argument("circuit", shell_complete=_completions)
@click.option("--conditions", default="all", show_default=True, help="Names, comma-separated.")
@click.option("--trials", "span", default="1:30", show_default=True, help="FIRST:LAST, or one.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; by default all cores.")
@click.option("--preset", help="Of the circuit.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/relevance-trials"),
    show_default=True,
    help="Directory with a sweep for each circuit; trials that are complete in it are kept, and "
    "others added.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
def trials(
    circuit: str,
    conditions: str,
    span: str,
    workers: int | None,
    preset: str | None,
    settings: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Run trials of CIRCUIT in several conditions, and compare their means with the reference.

    A trial's number is its seed.  The trials are a sweep: `neuromodels sweep --resume` and
    `neuromodels report` know its directory too.
    """
    from neuromodels import sweep
    from neuromodels_relevance import neuromodels_analyses, neuromodels_circuits
    from neuromodels_relevance.trials import summarize

    known = {kind.name: kind for kind in neuromodels_circuits()}
    if circuit not in known:
        raise UsageError(f"no circuit {circuit!r} of this study", fix=f"one of {', '.join(known)}")
    kind: Any = known[circuit]
    experiment = next(a.experiment for a in neuromodels_analyses() if a.circuit is kind)  # type: ignore[attr-defined]
    chosen = list(kind.conditions) if conditions == "all" else conditions.split(",")
    for name in chosen:
        if name not in kind.conditions:
            raise UsageError(
                f"no condition {name!r} of {circuit}", fix=f"one of {', '.join(kind.conditions)}"
            )
    numbers = _span(span)
    given = _settings(settings)
    points = {
        condition: {
            name: given.get(name, value) for name, value in kind.conditions[condition].items()
        }
        for condition in chosen
    }
    # Progress and warnings must not get among the JSON.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        found = sweep(
            circuit,
            points=points,
            parameters=given,
            seeds=numbers,
            preset=preset,
            workers=workers,
            out=out / circuit.split("/")[1],
            extend=True,
        )
    tables = summarize(found, experiment, chosen)
    if as_json:
        click.echo(json.dumps(_as_json(tables), indent=2))
    else:
        _print(tables)
    for name, reason in found.failures.items():
        click.echo(f"failed: {found.path / name}: {reason}", err=True)
    if found.failures:
        sys.exit(1)


def _span(text: str) -> range:
    match = re.fullmatch(r"(\d+)(?::(\d+))?", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no span of trials", fix="write --trials 1:30")
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last:
        raise UsageError(f"{text!r} is no span of trials", fix="write --trials 1:30")
    return range(first, last + 1)


def _settings(settings: tuple[str, ...]) -> Mapping[str, str]:
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting!r} has no value", fix="write --set key=value")
        found[name.strip()] = value.strip()
    return found


def _print(tables: Any) -> None:
    for condition, summaries in tables.items():
        if not summaries:
            continue
        compared = [s for s in summaries if s.verdict != "no reference"]
        agree = sum(s.verdict == "agrees" for s in compared)
        n = max(s.values.size for s in summaries)
        click.echo(f"{condition}: {n} trials; {agree} of {len(compared)} metrics agree")
        width = max(len(s.metric.name) for s in summaries)
        for s in summaries:
            found = s.metric.reference
            if s.quartiles is not None:
                known = f"quartiles {s.quartiles[0]:.4g} to {s.quartiles[1]:.4g}"
                ours = f"median {s.median:.4g}"
            else:
                known = "" if found is None else f"{found.mean:.4g} ± {found.sd:.2g}"
                ours = f"{s.mean:.4g} ± {s.sd:.2g}"
            line = f"  {s.metric.name.ljust(width)}  {known:>28}  {ours:>24} {s.metric.unit:3}"
            click.echo(f"{line} {s.verdict}")
        click.echo()
    _overview(tables)


def _overview(tables: Any) -> None:
    """One line for each condition: trials, metrics that agree, and those that do not."""
    width = max(len(condition) for condition in tables)
    click.echo(f"{'condition'.ljust(width)}  trials  agree    outside (in units of the tolerance)")
    for condition, summaries in tables.items():
        compared = [s for s in summaries if s.verdict != "no reference"]
        outside = [s for s in compared if s.verdict != "agrees"]
        n = max((s.values.size for s in summaries), default=0)
        count = f"{len(compared) - len(outside)}/{len(compared)}"
        named = ", ".join(f"{s.metric.name} ({_distance(s)})" for s in outside)
        click.echo(f"{condition.ljust(width)}  {n:6d}  {count:7s}  {named}".rstrip())


def _distance(summary: Any) -> str:
    """How far the mean is from the reference's; medians are only in or outside of quartiles."""
    reference, tolerance = summary.metric.reference, summary.tolerance
    if summary.quartiles is not None or reference is None:
        return "median"
    return f"{(summary.mean - reference.mean) / tolerance:+.1f}" if tolerance else "not equal"


def _as_json(tables: Any) -> Any:
    return {
        condition: [
            {
                "name": s.metric.name,
                "unit": s.metric.unit,
                "n": int(s.values.size),
                "mean": s.mean,
                "sd": None if s.sd != s.sd else s.sd,
                "values": s.values.tolist(),
                "reference": s.metric.as_dict()["reference"],
                "quartiles": s.quartiles,
                "verdict": s.verdict,
            }
            for s in summaries
        ]
        for condition, summaries in tables.items()
    }
