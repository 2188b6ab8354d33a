"""Calls comparisons on runs: measures, rulings on claims, and figures."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from neuromodels import registry, style
from neuromodels.circuit import Circuit
from neuromodels.comparison import (
    Compared,
    Comparison,
    Finding,
    Measure,
    Ruling,
    RunSet,
    rule,
)
from neuromodels.disk.directory import FIGURES
from neuromodels.disk.files import disk_errors, read_json, write_json
from neuromodels.disk.written import Batch, Record
from neuromodels.errors import EnvironmentProblem, NeuromodelsError, PluginError, RunError, reason
from neuromodels.running.evaluation import save_figure
from neuromodels.runs import Run

FOLDER = "comparisons"
FILE = "comparison.json"
PUBLISHED = "paper"
"""Preset at which claims are decided, beside the one that a circuit is reproduced with."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluated:
    """A comparison, and what came of it.

    Attributes
    ----------
    name, plugin, summary : str
    measures : sequence of Measure
    rulings : sequence of Ruling
        One for each claim, in their order.
    figures : mapping
        Name -> file, the main one first.
    captions : mapping
        Name of a figure -> what is to be seen.
    error : str
        Why it could not be called; empty otherwise.
    """

    name: str
    plugin: str
    summary: str
    measures: Sequence[Measure] = ()
    rulings: Sequence[Ruling] = ()
    figures: Mapping[str, Path] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """All of it, as ``comparison.json`` has it."""
        return {
            "comparison": self.name,
            "plugin": self.plugin,
            "summary": self.summary,
            "error": self.error,
            "claims": [{**asdict(ruling), "range": ruling.claim.range} for ruling in self.rulings],
            "measures": [
                {
                    **asdict(measure),
                    "mean": measure.mean,
                    "sd": measure.sd,
                    "verdict": measure.judgement.verdict,
                    "reason": measure.judgement.reason,
                    "noticed": measure.judgement.noticed,
                }
                for measure in self.measures
            ],
            "figures": {name: path.name for name, path in self.figures.items()},
            "captions": dict(self.captions),
        }


def chosen(circuits: Iterable[str], *, whole: bool = True) -> list[str]:
    """Names of the comparisons that `circuits` are enough for.

    Parameters
    ----------
    circuits : iterable of str
    whole : bool
        Whether all circuits that a comparison needs must be among them, or any.
    """
    there = set(circuits)
    found = []
    for name, item in registry.registry().comparisons.items():
        needed = set(item.object.needs)
        if needed <= there if whole else needed & there:
            found.append(name)
    return found


def of_runs(runs: Iterable[Run]) -> RunSet:
    """Sort complete runs at which claims are decided by circuit, condition and seed."""
    found: dict[tuple[str, str, int], Run] = {}
    for run in runs:
        condition = condition_of(run)
        if condition is not None and run.status == "complete":
            found.setdefault((run.circuit, condition, run.seed), run)
    return RunSet(found)


def condition_of(run: Run) -> str | None:
    """Condition of its circuit that a run was made at, at a size at which claims are decided."""
    item = registry.registry().circuits.get(run.circuit)
    if item is None:
        return None
    circuit: type[Circuit[Any]] = item.object
    preset = run.info.get("preset")
    if preset not in (PUBLISHED, circuit.reproduced):
        return None
    for condition, values in (circuit.conditions or {"": {}}).items():
        try:
            resolved = circuit.Parameters.resolve({**circuit.presets[preset], **values})
        except NeuromodelsError:
            continue
        if resolved.as_dict() == run.info["parameters"]:
            return condition
    return None


def evaluate(name: str, runs: RunSet, folder: Path, *, undecided: str = "") -> Evaluated:
    """Call a comparison and write what it gives.

    Parameters
    ----------
    name : str
    runs : RunSet
    folder : Path
        Its own directory, below the one of the runs.
    undecided : str
        Why claims cannot be decided by these runs; empty where they can.
    """
    item = registry.registry().comparisons[name]
    kind = item.object
    found = Evaluated(name, item.plugin, kind.summary)
    result: Compared | None = None
    try:
        result = _called(kind, runs)
        values = {measure.name: measure for measure in result.measures}
        found = replace(
            found,
            measures=list(result.measures),
            rulings=[rule(c, list(values[c.measure].values.values())) for c in kind.claims],
            captions=dict(result.captions),
        )
    except EnvironmentProblem:
        raise
    except (Exception, SystemExit) as error:  # whatever a plugin raises
        logger.exception("comparison %s failed", name)
        why = f"the comparison failed: {reason(error)}"
        rulings = [Ruling(claim, "cannot be told", why) for claim in kind.claims]
        found = replace(found, rulings=rulings, error=why)
    if undecided and not found.error:
        found = replace(
            found,
            rulings=[
                replace(ruling, finding="cannot be told", reason=undecided, needed=None)
                for ruling in found.rulings
            ],
        )
    try:
        return _write(found, result, folder)
    except PluginError as error:  # a figure that cannot be written
        return _write(replace(found, error=error.what), None, folder)


def evaluate_all(
    names: Iterable[str], runs: RunSet, folder: Path, *, undecided: str = ""
) -> list[Evaluated]:
    """Call comparisons; each has a directory of its own below ``comparisons``."""
    return [
        evaluate(name, runs, folder / FOLDER / name.replace("/", "-"), undecided=undecided)
        for name in names
    ]


def findings(evaluated: Iterable[Evaluated]) -> dict[Finding, int]:
    """Number of claims by what became of them."""
    found: dict[Finding, int] = {"holds": 0, "fails": 0, "cannot be told": 0}
    for each in evaluated:
        for ruling in each.rulings:
            found[ruling.finding] += 1
    return found


def _called(kind: type[Comparison], runs: RunSet) -> Compared:
    with style.applied():
        result = kind()(runs)
    if not isinstance(result, Compared):
        raise PluginError(
            f"returned {type(result).__name__}, not a Compared", code="NM506", where=kind.name
        )
    names = [measure.name for measure in result.measures]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PluginError(f"gives the measure {min(twice)!r} twice", code="NM509", where=kind.name)
    if lacking := [claim.measure for claim in kind.claims if claim.measure not in names]:
        raise PluginError(
            f"does not give {', '.join(lacking)}, of its claims", code="NM509", where=kind.name
        )
    return result


def _write(found: Evaluated, result: Compared | None, folder: Path) -> Evaluated:
    """Write figures and numbers of a comparison; gives it with the files of its figures."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    figures = {} if result is None else result.figures
    with Batch(folder, _written(folder)) as batch:
        for name, figure in figures.items():
            save_figure(batch, name, figure)
        found = replace(found, figures={name: folder / FIGURES / f"{name}.png" for name in figures})
        write_json(folder / FILE, {**found.as_dict(), "files": batch.record()})
        batch.publish()
    return found


def _written(folder: Path) -> Record:
    """Files of figures that were written here earlier."""
    try:
        files = read_json(folder / FILE).get("files", {})
    except RunError:  # none yet, or damaged: then nothing is known to be ours
        return {}
    inside = re.compile(rf"{FIGURES}/[^/]+\.(png|svg)")
    return {name: entry for name, entry in files.items() if inside.fullmatch(name)}


__all__ = [
    "FOLDER", "PUBLISHED", "Evaluated", "chosen", "condition_of", "evaluate", "evaluate_all",
    "findings", "of_runs",
]  # fmt: skip
