"""``neuromodels bench``: what circuits and models cost here, and what larger ones would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuromodels.cli import options
from neuromodels.cli.completion import names
from neuromodels.cli.output import json_option, only_json, print_json, print_table
from neuromodels.errors import RunError

if TYPE_CHECKING:
    from neuromodels.benchmarking.cases import Case
    from neuromodels.benchmarking.measuring import Report
    from neuromodels.benchmarking.results import Results


POSITIVE = click.FloatRange(min=0, min_open=True)


def numbers(kind: type[int | float]) -> Callable[[str], tuple[float, ...]]:
    """Give the type of an option that takes positive numbers, separated by commas."""

    def read(text: str) -> tuple[float, ...]:
        try:
            found = tuple(kind(part) for part in text.split(","))
        except ValueError:
            found = ()
        if not found or not all(0 < number < float("inf") for number in found):
            what = "whole numbers" if kind is int else "numbers"
            raise click.BadParameter(f"{text!r} are no positive {what}, separated by commas")
        return found

    return read


@click.command(name="bench", short_help="Time, memory and throughput here, and of larger networks.")
@click.argument("circuit", nargs=-1, shell_complete=names("circuits"))
@click.option(
    "--models",
    "models",
    metavar="NAME,…",
    help="Measure these models too, each by itself; 'all' for every registered one.  "
    "[default: all if no circuit is named, else none]",
)
@click.option(
    "--sizes",
    type=numbers(float),
    metavar="X,…",
    default="0.03,0.1,0.3,1,3",
    show_default=True,
    help="Numbers of neurons, relative to the published one (models: to 1000).",
)
@click.option(
    "--threads", type=numbers(int), metavar="N,…", default="1,2", show_default=True,
    help="Threads of NEST.",
)  # fmt: skip
@click.option(
    "--ranks", type=numbers(int), metavar="N,…", default="1", show_default=True,
    help="MPI ranks, of one thread each; more than one needs a NEST with MPI.",
)  # fmt: skip
@options.count("--repeat", "Turns; the best counts.", default=3, show_default=True)
@click.option(
    "--duration",
    type=POSITIVE,
    metavar="S",
    help="Biological time (s) to simulate.  [default: what takes about --effort]",
)
@click.option(
    "--effort",
    type=POSITIVE,
    metavar="S",
    default=2.0,
    show_default=True,
    help="Wall time (s) of each simulation, about.",
)
@click.option(
    "--limit",
    type=POSITIVE,
    metavar="S",
    default=120.0,
    show_default=True,
    help="Leave out what would take longer than this wall time (s), judged by smaller sizes.",
)
@options.directory("--out", "Directory of the results.  [default: bench-<UTC time>]")
@options.no_progress_option
@json_option
def command(
    circuit: tuple[str, ...],
    models: str | None,
    sizes: tuple[float, ...],
    threads: tuple[int, ...],
    ranks: tuple[int, ...],
    repeat: int,
    duration: float | None,
    effort: float,
    limit: float,
    out: Path | None,
    no_progress: bool,
    as_json: bool,
) -> None:
    """Measure each CIRCUIT (or study; by default everything) over sizes, threads and ranks.

    Each measurement is a process of its own; they are taken in turns, and the best counts, because
    what else runs on a machine only adds time: keep it quiet all the same. Straight lines through
    the sizes then tell what 10 and 100 times the published size need.
    """
    from neuromodels.benchmarking import pages
    from neuromodels.benchmarking.cases import request
    from neuromodels.benchmarking.measuring import measure

    chosen = None if models is None else [n for n in models.split(",") if n and models != "all"]
    wanted = request(
        circuit, chosen, sizes=sizes, threads=threads, ranks=ranks, repeat=repeat,
        duration=duration, effort=effort, limit=limit,
    )  # fmt: skip
    folder = _folder(out)
    with only_json(as_json):
        with _shown(show=not no_progress) as report:
            results = measure(wanted, report)
        files = [*results.save(folder), *pages.write(results, folder)]
    if as_json:
        print_json(_content(results, folder))
    else:
        for table in pages.tables(results):
            print_table(table.headers, table.rows, title=table.title)
            click.echo()
        click.echo(pages.conditions(results))
        for file in files:
            click.echo(f"written: {file}")
    if not results.best():
        why = next((row["missing"] for row in results.missing()), "interrupted")
        raise RunError(f"nothing could be measured: {why}", code="NM650", where=str(folder))
    if results.interrupted:
        raise KeyboardInterrupt


def _folder(out: Path | None) -> Path:
    from neuromodels.errors import UsageError
    from neuromodels.machine.provenance import utc_now

    if out is None:
        out = Path("bench-" + utc_now().replace(":", "").replace("-", ""))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            "exists and is not empty", code="NM233", where=str(out), fix="give another --out"
        )
    return out.absolute()


@contextmanager
def _shown(*, show: bool) -> Iterator[Report | None]:
    """Show how many of the measurements have been made."""
    from neuromodels.running.progress import new_bar

    bar = new_bar() if show else None
    if bar is None:
        yield None
        return
    with bar:
        task = bar.add_task("compiling models", total=None, note="")

        def report(case: Case, number: int, total: int) -> None:
            what = f"{case.name}, size {case.size:g}, {case.threads} × {case.ranks}"
            bar.update(task, description=what, total=total, completed=number - 1)

        yield report


def _content(results: Results, folder: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from neuromodels.benchmarking.projection import model_costs, project

    return {
        "path": folder,
        "machine": results.machine,
        "versions": results.versions,
        "best": results.best(),
        "models": [asdict(cost) for cost in model_costs(results)],
        "projections": [asdict(one) for one in project(results)],
        "missing": results.missing(),
    }
