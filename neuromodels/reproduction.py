"""Runs what the papers report, as far as it is missing, and judges every metric over seeds.

Each circuit is a sweep over its conditions (`Circuit.conditions`) and the seeds 1 to `seeds`; so
finished runs are used again, interrupted ones resumed, and more seeds can be added later.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from neuromodels import registry
from neuromodels.comparing import evaluate as comparing
from neuromodels.comparing.evaluate import PUBLISHED, findings
from neuromodels.comparison import RunSet
from neuromodels.disk.files import is_disk_full, plain, write_json
from neuromodels.errors import (
    EnvironmentProblem,
    NeuromodelsError,
    UnknownNameError,
    UsageError,
)
from neuromodels.machine.provenance import utc_now
from neuromodels.parameters import nearest
from neuromodels.running.planning import make_plan, whole
from neuromodels.sweeps.sweeper import Sweep, sweep
from neuromodels.verdict import ALPHA, Verdict

if TYPE_CHECKING:
    from neuromodels.circuit import Circuit
    from neuromodels.comparing.evaluate import Evaluated
    from neuromodels.comparison import Finding, Measure
    from neuromodels.runs import Run
    from neuromodels.sweeps.table import Summary
    from neuromodels.verdict import Reference

FILE = "reproduction.json"
DEFAULT = "default"
MAX_SEEDS = 10_000
OPERATIONS = 2.5e7
"""Neuron updates and synaptic events in a second of CPU time, about (``docs/performance``)."""
RULE = (
    "agrees: our mean over k seeds lies in the two-sided 99 % interval of the reference's kind: "
    "seeds: |ours - mean| <= t(dof) * sd * sqrt(1/n + 1/k); "
    "measured: |ours - mean| <= t(Welch) * sqrt(sem^2 + own^2); "
    "exact: |ours - mean| <= tolerance + t * own; "
    "share: successes within the beta-binomial interval; "
    "own is the standard error of our mean. "
    "noticed: bias of our mean that is found with a probability of 90 %"
)


@dataclass(frozen=True)
class Outcome:
    """A metric over seeds, beside its reference.

    Attributes
    ----------
    circuit, condition, metric, unit, doc : str
        `condition` is empty for a circuit without conditions.
    mean, sd : float
        Ours over seeds; `sd` is NaN for a single seed.
    n : int
        Number of our seeds.
    reference : mapping or None
        ``mean``, ``sd``, ``n``, ``dof``, ``source``.
    tolerance : float or None
        Half the width of the interval that agrees.
    noticed : float or None
        Bias of our mean that is noticed with a probability of 90 %, in the metric's unit.
    power : float or None
        The same relative to the reference; None without a reference, or where that is 0.
    verdict : {"agrees", "differs", "missing", "no reference"}
    reason : str
        Why it differs, where the number alone does not say it.
    """

    circuit: str
    condition: str
    metric: str
    unit: str
    doc: str
    mean: float
    sd: float
    n: int
    reference: Mapping[str, Any] | None
    tolerance: float | None
    noticed: float | None
    power: float | None
    verdict: str
    reason: str


@dataclass(frozen=True)
class Reproduced:
    """A circuit: its sweep, or why there is none.

    Attributes
    ----------
    circuit, plugin, summary : str
    sweep : Sweep or None
    error : str
        Why nothing of it could be run; empty otherwise.
    """

    circuit: str
    plugin: str
    summary: str
    sweep: Sweep | None
    error: str = ""

    @property
    def outcomes(self) -> list[Outcome]:
        """Every metric at every condition."""
        found = [] if self.sweep is None else self.sweep.summaries
        return [_outcome(self.circuit, summary) for summary in found]

    @property
    def failures(self) -> dict[str, str]:
        """Run -> why it failed; the circuit's own name if it could not be run at all."""
        if self.sweep is None:
            return {self.circuit: self.error}
        statuses = self.sweep.statuses
        known = self.sweep.failures
        return {
            name: known.get(name, status)
            for name, status in statuses.items()
            if status != "complete" or name in known
        }

    @property
    def examples(self) -> list[tuple[str, Run]]:
        """Condition and first complete run of each, for its figures."""
        if self.sweep is None:
            return []
        runs = self.sweep.runs
        first: dict[str, Run] = {}
        for entry in self.sweep.entries:
            if entry.name in runs:
                first.setdefault(entry.label, runs[entry.name])
        return list(first.items())


@dataclass(frozen=True)
class StudyVerdict:
    """How many metrics of a study differ, beside what a faithful model may have by chance.

    Attributes
    ----------
    study : str
    differ, judged : int
        Of metrics with a reference.
    claims : mapping
        Finding -> number of claims.
    """

    study: str
    differ: int
    judged: int
    claims: Mapping[Finding, int]

    @property
    def limit(self) -> int:
        """Largest number of "differs" that has a probability above 1 % for a faithful model.

        Binomial, as if metrics were independent of each other.
        """
        from scipy.special import bdtrc

        least = 0
        while least < self.judged and bdtrc(least, self.judged, ALPHA) >= ALPHA:
            least += 1
        return least

    @property
    def text(self) -> str:
        """All of it in one line."""
        parts = []
        if self.judged:
            more = "more than chance explains" if self.differ > self.limit else "within chance"
            parts.append(
                f"{self.differ} of {self.judged} metrics differ, {more} (at most {self.limit})"
            )
        else:
            parts.append("no metric has a reference here")
        if any(self.claims.values()):
            parts.append("claims: " + ", ".join(f"{n} {what}" for what, n in self.claims.items()))
        return f"{self.study}: {'; '.join(parts)}"


@dataclass(frozen=True)
class Reproduction:
    """What `reproduce` gives.

    Attributes
    ----------
    path : Path
        Its directory.
    preset : str
        As asked for; ``default`` for that of each circuit.
    seeds : int
    circuits : sequence of Reproduced
    comparisons : sequence of Evaluated
        Claims, and measures over several conditions.
    """

    path: Path
    preset: str
    seeds: int
    circuits: Sequence[Reproduced]
    comparisons: Sequence[Evaluated] = ()

    @property
    def claims(self) -> dict[Finding, int]:
        """Number of claims by what became of them: holds, fails, cannot be told."""
        return findings(self.comparisons)

    @property
    def studies(self) -> list[StudyVerdict]:
        """One verdict a study: how many of its metrics differ, and how many may by chance."""
        found: dict[str, list[str]] = {}
        for outcome in self.outcomes:
            found.setdefault(outcome.circuit.partition("/")[0], []).append(outcome.verdict)
        for item in self.comparisons:
            verdicts = [measure.judgement.verdict for measure in item.measures]
            found.setdefault(item.name.partition("/")[0], []).extend(verdicts)
        return [
            StudyVerdict(
                study,
                verdicts.count("differs"),
                verdicts.count("agrees") + verdicts.count("differs"),
                findings(c for c in self.comparisons if c.name.startswith(f"{study}/")),
            )
            for study, verdicts in found.items()
        ]

    @property
    def measured(self) -> list[Outcome]:
        """Measures of comparisons that have a reference."""
        return [
            _of_measure(item.name, measure)
            for item in self.comparisons
            for measure in item.measures
            if measure.reference is not None
        ]

    @property
    def missing(self) -> list[Outcome]:
        """Metrics that complete runs do not have."""
        return [outcome for outcome in self.outcomes if outcome.verdict == "missing"]

    @property
    def outcomes(self) -> list[Outcome]:
        """Every metric of every circuit."""
        return [outcome for circuit in self.circuits for outcome in circuit.outcomes]

    @property
    def failures(self) -> dict[str, str]:
        """Run -> why it failed."""
        return {
            f"{circuit.circuit}: {name}" if circuit.sweep else name: why
            for circuit in self.circuits
            for name, why in circuit.failures.items()
        }

    @property
    def verdicts(self) -> dict[str, int]:
        """Number of metrics by verdict."""
        found = [outcome.verdict for outcome in self.outcomes]
        return {name: found.count(name) for name in get_args(Verdict)}

    @property
    def expected_by_chance(self) -> float:
        """Metrics of a faithful model that the rule calls different."""
        counts = self.verdicts
        return ALPHA * (counts["agrees"] + counts["differs"])

    @property
    def versions(self) -> dict[str, str]:
        """Distribution -> the version or versions that the runs were made with."""
        found: dict[str, list[str]] = {}
        for circuit in self.circuits:
            for run in circuit.sweep.runs.values() if circuit.sweep else ():
                for name, version in run.info.get("versions", {}).items():
                    if version not in found.setdefault(name, []):
                        found[name].append(version)
        return {name: ", ".join(sorted(each)) for name, each in found.items()}

    @property
    def note(self) -> str:
        """What verdicts do not mean here; empty at the published size and with runs of now."""
        return " ".join(filter(None, (self._size_note, self._changes_note)))

    @property
    def _changes_note(self) -> str:
        kept = [
            what for item in self.circuits if item.sweep for what in item.sweep.changed.values()
        ]
        if not kept:
            return ""
        changed = dict.fromkeys(each for what in kept for each in what)
        return (
            f"{len(kept)} runs were made before a change of {', '.join(changed)}: "
            "their numbers are not those of the present code."
        )

    @property
    def _size_note(self) -> str:
        if self.preset == PUBLISHED:
            return ""
        if self.preset == DEFAULT:
            shorter = [c.circuit for c in self.circuits if c.sweep and c.sweep.preset != PUBLISHED]
            return (
                f"Shorter than published, to end within an evening: {', '.join(shorter)} "
                f"(--preset {PUBLISHED} for the full length)."
                if shorter
                else ""
            )
        return (
            f"Preset {self.preset} is not the published size. It shows that everything runs; a "
            "metric has a reference only where size and duration do not matter. "
            f"To compare with the papers: --preset {PUBLISHED}."
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it, as ``reproduction.json`` has it."""
        content: dict[str, Any] = {
            "preset": self.preset,
            "note": self.note,
            "seeds": self.seeds,
            "made": utc_now(),
            "versions": self.versions,
            "rule": RULE,
            "verdicts": self.verdicts,
            "expected_by_chance": self.expected_by_chance,
            "studies": [
                {**asdict(study), "limit": study.limit, "text": study.text}
                for study in self.studies
            ],
            "claims": self.claims,
            "comparisons": [item.as_dict() for item in self.comparisons],
            "circuits": [
                {
                    "circuit": item.circuit,
                    "plugin": item.plugin,
                    "path": None if item.sweep is None else item.sweep.path,
                    "failures": item.failures,
                    "changed": {} if item.sweep is None else item.sweep.changed,
                    "metrics": [asdict(outcome) for outcome in item.outcomes],
                }
                for item in self.circuits
            ],
        }
        plain_content: dict[str, Any] = plain(content)
        return plain_content


def reproduce(
    name: str | None = None,
    *,
    preset: str | None = None,
    seeds: int = 3,
    threads: int = 1,
    workers: int | None = None,
    out: str | os.PathLike[str] = "reproduction",
    force: bool = False,
    progress: bool | None = None,
) -> Reproduction:
    """Run what the papers report, and compare every metric with its reference.

    Parameters
    ----------
    name : str, optional
        A study or a circuit (``study/circuit``); by default everything that is registered.
    preset : str, optional
        Of every circuit; ``paper`` is the published size.  Few metrics have a reference otherwise.
        By default that of each circuit (`Circuit.reproduced`): ``paper``, or a shorter one where
        that takes longer than an evening.
    seeds : int
        Runs of each condition, with the seeds 1 to `seeds`.
    threads, workers
        As in `neuromodels.sweep`.
    out : path
        Directory, kept from call to call: what is finished there is not run again, unless something
        that made it has changed.
    force : bool
        Whether finished runs are used although something that made them has changed.
    progress : bool, optional
        As in `neuromodels.run`.

    Returns
    -------
    Reproduction
        With the circuits that could not be run, and why.

    Raises
    ------
    UsageError
        Unknown names, or a number of seeds that is not possible; before anything runs.
    RunInterrupted, EnvironmentProblem
        It was stopped, or the disk is full; what is complete is kept.
    """
    whole(seeds, "seeds", 1, MAX_SEEDS)
    chosen = select(name, preset)
    path = Path(out).absolute()
    found = [
        _reproduced(circuit, path, preset, seeds, threads, workers, force, progress)
        for circuit in chosen
    ]
    names = comparing.chosen(circuit.name for circuit in chosen)
    decided = preset in (None, PUBLISHED)
    compared = comparing.evaluate_all(
        names,
        _runs(found),
        path / (preset or PUBLISHED),
        undecided="" if decided else f"preset {preset} is not the published size",
    )
    result = Reproduction(path, preset or DEFAULT, seeds, found, compared)
    write_json(path / FILE, result.as_dict())
    return result


def forecast(
    name: str | None = None, *, preset: str | None = None, seeds: int = 3
) -> dict[str, float]:
    """Say about how much CPU time (s) a reproduction takes, circuit by circuit.

    Parameters
    ----------
    name, preset, seeds
        As in `reproduce`.  Runs that there are already are not taken off.
    """
    found = {}
    for circuit in select(name, preset):
        chosen = preset or circuit.reproduced
        total = 0.0
        for values in (circuit.conditions or {"": {}}).values():
            try:
                plan = make_plan(circuit, values, chosen, 1, 1)
            except NeuromodelsError:  # it cannot be run here; `reproduce` says why
                continue
            cost = plan.circuit.cost()
            rate = 0.0 if cost is None else cost.neuron_updates + cost.synaptic_events
            seconds = plan.clock.ms(plan.spans[-1][2]) / 1000.0 if plan.spans else 0.0
            total += seeds * (rate * seconds / OPERATIONS + plan.circuit.other_time())
        found[circuit.name] = total
    return found


def select(name: str | None, preset: str | None) -> list[type[Circuit[Any]]]:
    """Circuits of a study, or the one of that name, or all.

    Raises
    ------
    UnknownNameError
        There is no such circuit, study or preset.
    """
    circuits = registry.registry().circuits
    if name is None:
        chosen = list(circuits)
    elif "/" in name:
        registry.registry().circuit(name)
        chosen = [name]
    else:
        chosen = [circuit for circuit in circuits if circuit.startswith(f"{name}/")]
    if not chosen:
        studies = {circuit.partition("/")[0] for circuit in circuits}
        raise UnknownNameError(
            f"no study {name!r} has circuits", code="NM210", fix=nearest(name or "", studies)
        )
    found = [circuits[circuit].object for circuit in chosen]
    for circuit in found:
        if preset is not None and preset not in circuit.presets:
            raise UnknownNameError(
                f"no preset {preset!r}",
                code="NM211",
                where=circuit.name,
                fix=nearest(preset, circuit.presets),
            )
    return found


def _reproduced(
    circuit: type[Circuit[Any]],
    out: Path,
    preset: str | None,
    seeds: int,
    threads: int,
    workers: int | None,
    force: bool,
    progress: bool | None,
) -> Reproduced:
    plugin = registry.registry().circuits[circuit.name].plugin
    preset = preset or circuit.reproduced
    try:
        done = sweep(
            circuit,
            points=circuit.conditions or None,
            seeds=range(1, seeds + 1),
            preset=preset,
            threads=threads,
            workers=workers,
            out=out / preset / circuit.name,
            extend=True,
            force=force,
            progress=progress,
        )
    except UsageError as error:
        # A circuit that refuses its own conditions must not take the others down.
        return Reproduced(circuit.name, plugin, circuit.summary, None, str(error))
    except EnvironmentProblem as error:
        # Nor one for which something is not installed; what the disk refuses is everyone's affair.
        if isinstance(error.__cause__, OSError) or is_disk_full(error):
            raise
        return Reproduced(circuit.name, plugin, circuit.summary, None, str(error))
    return Reproduced(circuit.name, plugin, circuit.summary, done)


def _runs(circuits: Sequence[Reproduced]) -> RunSet:
    """All complete runs, by circuit, condition and seed."""
    found: dict[tuple[str, str, int], Run] = {}
    for item in circuits:
        if item.sweep is not None:
            runs = item.sweep.runs
            for entry in item.sweep.entries:
                if entry.name in runs:
                    found[item.circuit, entry.label, entry.seed] = runs[entry.name]
    return RunSet(found)


def _outcome(circuit: str, summary: Summary) -> Outcome:
    reference, judged = summary.metric.reference, summary.judgement
    return Outcome(
        circuit=circuit,
        condition=summary.entry.label,
        metric=summary.metric.name,
        unit=summary.metric.unit,
        doc=summary.metric.doc,
        mean=summary.mean,
        sd=summary.sd,
        n=int(summary.values.size),
        reference=None if reference is None else asdict(reference),
        tolerance=judged.tolerance,
        noticed=judged.noticed,
        power=_power(judged.noticed, reference),
        verdict=judged.verdict,
        reason=judged.reason,
    )


def _of_measure(comparison: str, measure: Measure) -> Outcome:
    """A measure of a comparison as a row of the table of metrics."""
    judged = measure.judgement
    reference = measure.reference
    return Outcome(
        circuit=comparison,
        condition="",
        metric=measure.name,
        unit=measure.unit,
        doc=measure.doc,
        mean=measure.mean,
        sd=measure.sd,
        n=len(measure.values),
        reference=None if reference is None else asdict(reference),
        tolerance=judged.tolerance,
        noticed=judged.noticed,
        power=_power(judged.noticed, reference),
        verdict=judged.verdict,
        reason=judged.reason,
    )


def _power(noticed: float | None, reference: Reference | None) -> float | None:
    """The error that is noticed, relative to the reference."""
    if noticed is None or reference is None or reference.mean == 0:
        return None
    return noticed / abs(reference.mean)


__all__ = [
    "FILE", "Outcome", "Reproduced", "Reproduction", "StudyVerdict", "forecast",
    "reproduce",
]  # fmt: skip
