"""What a report says about runs, as plain values; how it looks is the template's affair."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels import registry
from neuromodels.comparing import evaluate
from neuromodels.disk.directory import OVERVIEW
from neuromodels.disk.files import opened
from neuromodels.running.fingerprint import differences

if TYPE_CHECKING:
    from neuromodels.comparing.evaluate import Evaluated
    from neuromodels.runs import Run
    from neuromodels.verdict import Metric

_MIME = {".svg": "image/svg+xml", ".png": "image/png"}

STAGES = {
    "build": "compiling models",
    "construct": "constructing the network",
    "connect": "of this, connecting",
    "prepare": "sorting synapses",
    "simulate": "simulating",
    "record": "recording",
    "enter": "between phases",
    "write": "writing parts",
    "assemble": "writing files",
    "analyse": "analysing",
    "total": "total",
}
"""Entries of ``wall`` in ``run.json``, in words."""


@dataclass(frozen=True)
class Row:
    """A line of a table with one value for each run."""

    name: str
    values: Sequence[str]
    unit: str = ""
    default: str = ""
    doc: str = ""
    source: str = ""

    @property
    def differs(self) -> bool:
        """Whether the runs differ in it."""
        return len(set(self.values)) > 1

    @property
    def stands_out(self) -> bool:
        """Whether the runs differ in it, or one of them differs from the default."""
        changed = bool(self.default) and any(v not in ("", self.default) for v in self.values)
        return self.differs or changed


@dataclass(frozen=True)
class MetricRow:
    """A metric: the reference it has, and value and verdict in each run."""

    name: str
    unit: str
    doc: str
    reference: str
    source: str
    cells: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FigureRow:
    """A figure as each run has it: its caption, the run's label and the image as a data URI."""

    name: str
    caption: str
    images: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ClaimLine:
    """A claim, and what became of it."""

    sentence: str
    source: str
    measured: str
    claimed: str
    finding: str


@dataclass(frozen=True)
class ComparedSection:
    """A comparison: its claims, and its figures as caption and data URI."""

    name: str
    summary: str
    error: str
    claims: Sequence[ClaimLine]
    figures: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Contents:
    """All that a page shows.

    Attributes
    ----------
    title : str
    circuits : list of (name, summary)
        Of each circuit among the runs.
    labels : list of str
        Short name of each run: column headers.
    warnings : list of str
        What keeps a run from being taken at its face value.
    changed, unchanged : list of Row
        Parameters that differ from the default in some run; the others.
    metrics : list of MetricRow
    verdicts : list of str
        How many metrics agree, for each run.
    figures : list of FigureRow
    comparisons : list of ComparedSection
    timings, provenance : list of Row
    """

    title: str
    circuits: Sequence[tuple[str, str]]
    labels: Sequence[str]
    warnings: Sequence[str]
    changed: Sequence[Row]
    unchanged: Sequence[Row]
    metrics: Sequence[MetricRow]
    verdicts: Sequence[str]
    figures: Sequence[FigureRow]
    comparisons: Sequence[ComparedSection]
    timings: Sequence[Row]
    provenance: Sequence[Row]


def collect(runs: Sequence[Run]) -> Contents:
    """Gather what a page says about `runs`.

    Parameters
    ----------
    runs : sequence of Run
        At least one; of one circuit or of several, complete or not.
    """
    names = list(dict.fromkeys(run.circuit for run in runs))
    parameters, labels = _parameters(runs), _labels(runs)
    return Contents(
        title=", ".join(names),
        circuits=[_circuit(name) for name in names],
        labels=labels,
        warnings=_warnings(runs, labels),
        changed=[row for row in parameters if row.stands_out],
        unchanged=[row for row in parameters if not row.stands_out],
        metrics=_metrics(runs),
        verdicts=[_verdict(run) for run in runs],
        figures=_figures(runs, labels),
        comparisons=_comparisons(runs),
        timings=_timings(runs),
        provenance=_provenance(runs),
    )


def number(value: object) -> str:
    """Give a value as people read it: four significant digits, lists in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(exact(item) for item in value)
    return "none" if value is None else str(value)


def exact(value: object) -> str:
    """Give a value with all its digits."""
    if isinstance(value, float):
        return f"{value:.12g}"
    return number(value)


def data_uri(path: Path) -> str:
    """Give an image file as a data URI."""
    with opened(path) as file:
        content = base64.b64encode(file.read()).decode("ascii")
    return f"data:{_MIME[path.suffix]};base64,{content}"


def _circuit(name: str) -> tuple[str, str]:
    circuit = registry.registry().circuits.get(name)
    return name, "its plugin is not installed here" if circuit is None else circuit.object.summary


def _labels(runs: Sequence[Run]) -> list[str]:
    """What tells the runs apart: circuit, preset, seed, else the directory."""
    circuits = {run.circuit for run in runs}
    parts = [
        [
            *([run.circuit] if len(circuits) > 1 else []),
            *([str(run.info["preset"])] if len({r.info["preset"] for r in runs}) > 1 else []),
            f"seed {run.seed}",
        ]
        for run in runs
    ]
    labels = [", ".join(part) for part in parts]
    if len(set(labels)) == len(labels):
        return labels
    return [run.path.name for run in runs]


def _warnings(runs: Sequence[Run], labels: Sequence[str]) -> list[str]:
    found = []
    for label, run in zip(labels, runs, strict=True):
        if run.status != "complete":
            planned = run.phases[-1].stop / 1000 if run.phases else 0.0
            found.append(
                f"{label} is {run.status}: {run.t_stop / 1000:g} of {planned:g} s were simulated"
                + (f" ({run.info['error']})" if run.info.get("error") else "")
            )
        if run.missing:
            found.append(f"{label}: metrics are missing: {', '.join(run.missing)}")
        found += [
            f"{label}: the analysis {name} failed: {entry['error']}"
            for name, entry in run.analyses.items()
            if entry["status"] != "ok"
        ]
        if run.info.get("resumed"):
            times = ", ".join(f"{entry['time'] / 1000:g} s" for entry in run.info["resumed"])
            found.append(f"{label} was continued from a checkpoint at {times}")
            changed = [what for e in run.info["resumed"] for what in e.get("changed") or ()]
            if changed:
                text = ", ".join(map(str, changed))
                found.append(f"{label} was continued after a change of {text}")
    first = runs[0].info.get("fingerprint")
    for label, run in zip(labels[1:], runs[1:], strict=True):
        now = run.info.get("fingerprint") or {}
        if (
            first
            and now
            and run.circuit == runs[0].circuit
            and (changed := differences(first, now))
        ):
            found.append(f"{label} differs from {labels[0]} in what made it: {', '.join(changed)}")
    return found


def _parameters(runs: Sequence[Run]) -> list[Row]:
    rows = []
    descriptions: dict[str, Any] = {}
    for run in runs:
        circuit = registry.registry().circuits.get(run.circuit)
        if circuit is not None:
            for entry in circuit.object.Parameters.describe():
                descriptions.setdefault(entry["name"], entry)
    names = dict.fromkeys(name for run in runs for name in run.info["parameters"])
    for name in names:
        known = descriptions.get(name, {})
        entries = [run.info["parameters"].get(name) for run in runs]
        units = {entry["unit"] for entry in entries if entry is not None}
        rows.append(
            Row(
                name=name,
                values=["" if entry is None else exact(entry["value"]) for entry in entries],
                unit=", ".join(sorted(units)),
                default=exact(known["default"]) if known else "",
                doc=known.get("doc", ""),
                source=known.get("source", ""),
            )
        )
    return rows


def _metrics(runs: Sequence[Run]) -> list[MetricRow]:
    measured = [run.metrics for run in runs]
    rows = []
    for name in dict.fromkeys(name for metrics in measured for name in metrics):
        entries = [metrics.get(name) for metrics in measured]
        first = next(entry for entry in entries if entry is not None)
        with_reference = next((e for e in entries if e is not None and e.reference), first)
        reference = with_reference.reference
        rows.append(
            MetricRow(
                name=name,
                unit=first.unit,
                doc=first.doc,
                reference="" if reference is None else reference.text,
                source="" if reference is None else reference.source,
                cells=[_cell(entry) for entry in entries],
            )
        )
    return rows


def _cell(metric: Metric | None) -> tuple[str, str]:
    return ("", "") if metric is None else (number(float(metric.value)), metric.verdict)


def _verdict(run: Run) -> str:
    verdicts = [metric.verdict for metric in run.metrics.values()]
    compared = len(verdicts) - verdicts.count("no reference")
    if not compared:
        return f"{len(verdicts)} metrics, none with a reference" if verdicts else "no metrics"
    return f"{verdicts.count('agrees')} of {compared} metrics agree with their reference"


def _figures(runs: Sequence[Run], labels: Sequence[str]) -> list[FigureRow]:
    files = [run.figures for run in runs]
    names = dict.fromkeys(name for figures in files for name in figures if name != OVERVIEW)
    return [
        FigureRow(
            name=name,
            caption=next((run.captions[name] for run in runs if name in run.captions), ""),
            images=[
                (label, data_uri(vector(figures[name])))
                for label, figures in zip(labels, files, strict=True)
                if name in figures
            ],
        )
        for name in [*names, OVERVIEW]
        if any(name in figures for figures in files)
    ]


def _comparisons(runs: Sequence[Run]) -> list[ComparedSection]:
    """Comparisons that these runs have at least one seed for."""
    names = evaluate.chosen({run.circuit for run in runs}, whole=False)
    if not names:
        return []
    with tempfile.TemporaryDirectory() as folder:
        done = evaluate.evaluate_all(names, evaluate.of_runs(runs), Path(folder))
        return [compared(item) for item in done if any(ruling.n for ruling in item.rulings)]


def compared(item: Evaluated) -> ComparedSection:
    """Give a comparison as a page shows it."""
    return ComparedSection(
        name=item.name,
        summary=item.summary,
        error=item.error,
        claims=[
            ClaimLine(
                sentence=ruling.claim.sentence,
                source=ruling.claim.source,
                measured=ruling.text,
                claimed=ruling.claim.range,
                finding=f"{ruling.finding}: {ruling.reason}" if ruling.reason else ruling.finding,
            )
            for ruling in item.rulings
        ],
        figures=[
            (item.captions.get(name, name), data_uri(vector(path)))
            for name, path in item.figures.items()
        ],
    )


def vector(path: Path) -> Path:
    """Give the vector graphic beside a PNG file, if there is one."""
    vector = path.with_suffix(".svg")
    return vector if os.path.lexists(vector) else path


def _timings(runs: Sequence[Run]) -> list[Row]:
    rows = [
        Row(text, [_seconds(run.info["wall"].get(key)) for run in runs], "s")
        for key, text in STAGES.items()
        if any(key in run.info["wall"] for run in runs)
    ]

    def row(name: str, values: Sequence[object], unit: str) -> None:
        if any(value is not None for value in values):
            rows.append(Row(name, ["" if v is None else number(v) for v in values], unit))

    speeds = [run.info.get("speed") or {} for run in runs]
    row("biological time", [run.t_stop / 1000 for run in runs], "s")
    row("wall time per biological time", [s.get("real_time_factor") for s in speeds], "")
    for key, text in (
        ("neuron_updates_per_second", "neuron updates"),
        ("synaptic_events_per_second", "synaptic events"),
    ):
        row(text, [_millions(s.get(key)) for s in speeds], "million / s")
    memory = [run.info.get("peak_memory") for run in runs]
    row("peak memory", [None if m is None else m / 2**20 for m in memory], "MiB")
    return rows


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _millions(value: float | None) -> float | None:
    return None if value is None else value / 1e6


def _provenance(runs: Sequence[Run]) -> list[Row]:
    infos = [run.info for run in runs]

    def row(name: str, *keys: str) -> Row:
        values = []
        for info in infos:
            value: Any = info
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            values.append("" if value is None else str(value))
        return Row(name, values)

    rows = [
        row("seed", "seed"),
        row("threads", "threads"),
        row("ranks", "ranks"),
        row("preset", "preset"),
        Row("resolution", [number(info["resolution"]["value"]) for info in infos], "ms"),
        row("started (UTC)", "started"),
        row("finished (UTC)", "finished"),
        row("processor", "machine", "cpu"),
        row("cores", "machine", "cores"),
        row("system", "machine", "os"),
    ]
    for key, suffix in (("versions", ""), ("models", " (hash of its module)")):
        names = dict.fromkeys(name for info in infos for name in info.get(key) or {})
        rows += [
            Row(name + suffix, [str((info.get(key) or {}).get(name, "")) for info in infos])
            for name in names
        ]
    rows.append(Row("directory", [str(run.path) for run in runs]))
    return rows


__all__ = [
    "ClaimLine", "ComparedSection", "Contents", "FigureRow", "MetricRow", "Row", "collect",
    "compared", "data_uri", "exact", "number", "vector",
]  # fmt: skip
