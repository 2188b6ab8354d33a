"""The page of a reproduction: every metric with its reference, ours over seeds, and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neuromodels.reports.contents import compared, data_uri, number, vector
from neuromodels.reports.page import fill, save
from neuromodels.verdict import EXACT, Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neuromodels.reproduction import Outcome, Reproduced, Reproduction

PAGE = "reproduction.html"


@dataclass(frozen=True)
class Line:
    """A metric as the table shows it."""

    condition: str
    metric: str
    unit: str
    reference: str
    source: str
    ours: str
    notices: str
    verdict: str
    doc: str


@dataclass(frozen=True)
class Section:
    """A circuit as the page shows it."""

    circuit: str
    summary: str
    lines: Sequence[Line]
    failures: Sequence[tuple[str, str]]
    figures: Sequence[tuple[str, str]]
    count: str


def write_reproduction(found: Reproduction) -> Path:
    """Write ``reproduction.html`` beside ``reproduction.json``, whole or not at all."""
    sections = [section(circuit) for circuit in found.circuits]
    comparisons = [compared(item) for item in found.comparisons]
    text = fill("reproduction.html", found=found, sections=sections, comparisons=comparisons)
    return save(text, found.path / PAGE)


def section(circuit: Reproduced) -> Section:
    """What the page says about a circuit."""
    outcomes = circuit.outcomes
    compared = [o for o in outcomes if o.reference is not None]
    agreeing = sum(outcome.verdict == "agrees" for outcome in compared)
    return Section(
        circuit=circuit.circuit,
        summary=circuit.summary,
        lines=[line(outcome) for outcome in outcomes],
        failures=list(circuit.failures.items()),
        figures=[
            (
                " · ".join(
                    filter(None, (run.captions.get(name, name), condition, f"seed {run.seed}"))
                ),
                data_uri(file),
            )
            for condition, run in circuit.examples
            for name, file in ((n, vector(path)) for n, path in list(run.figures.items())[:1])
        ],
        count=f"{agreeing} of {len(compared)} agree" if compared else "no references",
    )


def line(outcome: Outcome) -> Line:
    """A row of the table."""
    reference = outcome.reference
    return Line(
        condition=outcome.condition,
        metric=outcome.metric,
        unit=outcome.unit,
        reference="" if reference is None else Reference(**reference).text,
        source="" if reference is None else reference["source"],
        ours=_ours(outcome),
        notices=notices(outcome),
        verdict=f"{outcome.verdict}: {outcome.reason}" if outcome.reason else outcome.verdict,
        doc=outcome.doc,
    )


def notices(outcome: Outcome) -> str:
    """The error that is noticed with 90 %: relative, or in the metric's unit where that fails."""
    if outcome.noticed is None:
        return ""
    if math.isinf(outcome.noticed):
        return "none"
    if outcome.power is None:
        return f"{outcome.noticed:.2g} {outcome.unit}".rstrip()
    return f"{100 * outcome.power:.2g} %"


def _ours(outcome: Outcome) -> str:
    if math.isnan(outcome.sd):  # one seed has no spread
        return f"{number(outcome.mean)} (n = {outcome.n})"
    rounding = abs(outcome.sd) < EXACT * abs(outcome.mean)
    return f"{number(outcome.mean)} ± {0 if rounding else outcome.sd:.2g} (n = {outcome.n})"


__all__ = ["Line", "Section", "line", "notices", "section", "write_reproduction"]
