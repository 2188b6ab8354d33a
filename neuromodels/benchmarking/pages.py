"""The tables and the figure of a benchmark: for a terminal, a Markdown page, a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.benchmarking.projection import model_costs, one_thread, project
from neuromodels.benchmarking.results import STAGES, Results, Row
from neuromodels.disk.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE, FIGURE = "tables.md", "scaling"

_MIB, _GIB = 2.0**20, 2.0**30


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    title : str
    note : str
        What the columns are.
    headers : sequence of str
    rows : sequence of sequence of str
    """

    title: str
    note: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self, level: int = 2) -> str:
        """Write it as a section in Markdown."""
        lines = [self.headers, ["---"] * len(self.headers), *self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"{'#' * level} {self.title}\n\n{self.note}\n\n{table}\n"


def tables(results: Results) -> list[Table]:
    """All tables that have a row."""
    best = results.best()
    found = [
        _speeds(best),
        _parallel(best),
        _stages(best),
        _models(results),
        _projections(results),
        _missing(results),
    ]
    return [table for table in found if table.rows]


def conditions(results: Results) -> str:
    """Say in a few lines where and how it was measured."""
    machine, request = results.machine, results.request
    others = [row["others"] for row in results.best()]
    busy = f"{max(others):.2f} cores at most" if others else "unknown"
    versions = ", ".join(
        f"{name} {results.versions[name]}"
        for name in ("neuromodels", "nest-simulator", "nestml", "python")
        if name in results.versions
    )
    return (
        f"{machine['cpu']}, {machine['cores_usable']} cores, "
        f"{machine['memory'] / _GIB:.0f} GiB of memory; {versions}; "
        f"NEST with MPI: {results.versions.get('MPI', 'unknown')}. "
        f"Best of {request['repeat']} turns, {results.started} to {results.finished}; other work "
        f"on the machine meanwhile: {busy} (load average at the beginning "
        f"{results.load_at_start:.1f})."
        + (" Interrupted: not all turns were taken." if results.interrupted else "")
    )


def markdown(results: Results, level: int = 2) -> str:
    """Give all tables as Markdown."""
    parts = [conditions(results), *(table.markdown(level) for table in tables(results))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _speeds(best: Sequence[Row]) -> Table:
    rows = [
        (
            f"{row['name']}{_label(row)}",
            f"{row['size']:g}",
            _count(row["neurons"]),
            _count(row["synapses"]),
            f"{row['wall']:.3g}",
            f"{100 * row['spread']:.0f} %" if row["turns"] > 1 else "",
            f"{row['cpu_rate']:.3g}",
            _rate(row, "updates"),
            _rate(row, "events"),
            f"{row['memory'] / _MIB:.0f}",
        )
        for row in best
        if row["threads"] == row["ranks"] == 1
    ]
    return Table(
        "On one thread",
        "Wall time per biological second, which is the real-time factor, of simulating and "
        "recording; by how much the slowest turn took longer; CPU time per biological second; "
        "millions of neuron updates and synaptic events per second of wall time; largest memory "
        "of the process (MiB). Size 1 is the published one (models: 1000 neurons).",
        (
            "", "size", "neurons", "synapses", "wall", "spread", "CPU", "updates/s", "events/s",
            "memory",
        ),
        rows,
    )  # fmt: skip


def _parallel(best: Sequence[Row]) -> Table:
    cases = {_key(row): row for row in best}
    rows = []
    for row in best:
        one = cases.get((*_key(row)[:4], 1, 1))
        if row["threads"] == row["ranks"] == 1 or one is None:
            continue
        rows.append(
            (
                f"{row['name']}{_label(row)}",
                f"{row['size']:g}",
                str(row["threads"]),
                str(row["ranks"]),
                f"{row['wall']:.3g}",
                f"{one['wall'] / row['wall']:.2f}",
                f"{row['cpu_rate']:.3g}",
                f"{row['memory'] / _MIB:.0f}",
                f"{row['memory_largest'] / _MIB:.0f}",
            )
        )
    return Table(
        "Threads and ranks",
        "Wall time per biological second, how many times faster than one thread that is, CPU time "
        "of all threads and ranks, and memory (MiB) of all ranks together and of the largest.",
        (
            "", "size", "threads", "ranks", "wall", "speed-up", "CPU", "memory", "of a rank",
        ),
        rows,
    )  # fmt: skip


def _stages(best: Sequence[Row]) -> Table:
    rows = [
        (
            row["name"],
            f"{row['size']:g}",
            f"{row['seconds']:g}",
            *(f"{row[stage]:.2f}" for stage in STAGES),
            f"{row['total']:.1f}",
        )
        for row in best
        if row["threads"] == row["ranks"] == 1 and row["kind"] == "circuit"
    ]
    return Table(
        "Where the time goes",
        "Seconds of wall time of one process that simulates so many seconds of biological time: "
        "start (Python, imports, loading models), build (creating nodes), connect (with NEST's "
        "sorting of synapses), simulate, record, write. Each is the best of the turns.",
        ("", "size", "biological s", *STAGES, "total"),
        rows,
    )


def _models(results: Results) -> Table:
    rows = [
        (
            cost.name,
            cost.kind,
            "" if math.isnan(cost.each) else f"{1e9 * cost.each:.0f}",
            "" if math.isnan(cost.memory) else f"{cost.memory:.0f}",
            f"{1000 * cost.slice:.1f}",
            "" if math.isnan(cost.fit.r2) else f"{cost.fit.r2:.4f}",
            f"{100 * cost.fit.residual:.1f} %",
        )
        for cost in model_costs(results)
    ]
    return Table(
        "Models",
        "Wall time of an update of a neuron under its defaults, or of a synaptic event (ns); bytes "
        "of memory of each neuron or synapse; milliseconds per biological second whatever the "
        "size; of the fit over sizes: R² and relative residual.",
        ("", "", "ns each", "bytes each", "ms constant", "R²", "residual"),
        rows,
    )


def _projections(results: Results) -> Table:
    rows = [
        (
            one.name,
            f"{one.size:g}",
            _count(one.neurons),
            _count(one.synapses),
            f"{one.wall:.3g}",
            f"± {100 * one.residual:.0f} %",
            _duration(one.construct),
            "" if one.protocol is None else _duration(one.protocol),
            f"{one.memory / _GIB:.2g}",
            str(one.cores),
            str(one.nodes),
        )
        for one in project(results)
    ]
    return Table(
        "Projection",
        "What a circuit needs at 1, 10 and 100 times its published size, by straight lines through "
        "the sizes measured on one thread: wall time per biological second with the relative "
        "residual of the fit, time to build and connect, time of the whole published protocol on "
        "one core, memory (GiB); cores with which it takes as long as the published size on one, "
        "at the efficiency of two threads; machines like this one whose memory it fills.",
        (
            "", "size", "neurons", "synapses", "wall", "residual", "construct", "protocol",
            "memory", "cores", "machines",
        ),
        rows,
    )  # fmt: skip


def _missing(results: Results) -> Table:
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in results.missing():
        what = f"size {row['size']:g}, {row['threads']} threads, {row['ranks']} ranks"
        reasons.setdefault((row["name"], row["missing"]), []).append(what)
    rows = [
        (name, cases[0] + (f", and {len(cases) - 1} more" if len(cases) > 1 else ""), reason)
        for (name, reason), cases in reasons.items()
    ]
    return Table("Not measured", "And why.", ("", "case", "reason"), rows)


def figure(results: Results) -> Figure | None:
    """Wall time and memory against size of every circuit; None where there is nothing."""
    from matplotlib.figure import Figure

    groups = {n: r for n, r in one_thread(results.best(), "circuit").items() if len(r) > 1}
    if not groups:
        return None
    drawn = Figure(figsize=(9.0, 4.0), layout="constrained")
    axes = drawn.subplots(1, 2)
    markers = "osD^vP"
    for number, (name, rows) in enumerate(groups.items()):
        neurons = [row["neurons"] for row in rows]
        style: Any = {"marker": markers[number // 6 % len(markers)], "markersize": 4, "label": name}
        axes[0].plot(neurons, [row["wall"] for row in rows], **style)
        axes[1].plot(neurons, [row["memory"] / _MIB for row in rows], **style)
    for ax, label in zip(axes, ("wall time / biological time", "peak memory (MiB)"), strict=True):
        ax.set(xscale="log", yscale="log", xlabel="neurons", ylabel=label)
    axes[0].axhline(1.0, color="0.6", linewidth=0.8)
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    return drawn


def write(results: Results, folder: Path) -> list[Path]:
    """Write the page and the figure into `folder`; give the files."""
    from neuromodels import style

    files = [folder / PAGE]
    with replacing(folder / PAGE) as temporary:
        temporary.write_text("# Benchmark\n\n" + markdown(results), encoding="utf-8")
    with style.applied():
        drawn = figure(results)
        if drawn is not None:
            for suffix in ("png", "svg"):
                files.append(folder / f"{FIGURE}.{suffix}")
                with replacing(files[-1]) as temporary:
                    drawn.savefig(temporary, format=suffix, dpi=150)
    return files


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[n] for n in ("kind", "name", "size", "in_degree", "threads", "ranks"))


def _label(row: Row) -> str:
    return f", {row['in_degree']} inputs" if row["in_degree"] else ""


def _rate(row: Row, what: str) -> str:
    """Millions per second of wall time."""
    return "" if not row[what] else f"{row[what] / row['wall'] / 1e6:.3g}"


def _count(value: float) -> str:
    """Write a number of things, to three digits where it is large."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.3g} {unit}"
    return f"{value:.0f}"


def _duration(seconds: float) -> str:
    for limit, size, unit in ((60.0, 1.0, "s"), (3600.0, 60.0, "min"), (86400.0, 3600.0, "h")):
        if seconds < 2 * limit:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 86400.0:.2g} d"


__all__ = ["FIGURE", "PAGE", "Table", "conditions", "figure", "markdown", "tables", "write"]
