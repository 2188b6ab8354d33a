"""Runs what the papers report, as far as it is missing, and judges every metric over seeds.

Each circuit is a sweep over its conditions (`Circuit.conditions`) and the seeds 1 to `seeds`; so
finished runs are used again, interrupted ones resumed, and more seeds can be added later.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels import registry
from neuromodels.disk.files import is_disk_full, write_json
from neuromodels.errors import EnvironmentProblem, UnknownNameError, UsageError
from neuromodels.machine.provenance import utc_now, versions
from neuromodels.parameters import nearest
from neuromodels.running.planning import whole
from neuromodels.sweeps.sweeper import Sweep, sweep
from neuromodels.verdict import ALPHA, tolerance

if TYPE_CHECKING:
    from neuromodels.circuit import Circuit
    from neuromodels.runs import Run
    from neuromodels.sweeps.table import Summary

FILE = "reproduction.json"
PUBLISHED = "paper"
"""Preset of the published size."""
MAX_SEEDS = 10_000


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
        Largest difference of the means that still agrees.
    verdict : {"agrees", "differs", "no reference"}
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
    verdict: str


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
class Reproduction:
    """What `reproduce` gives.

    Attributes
    ----------
    path : Path
        Its directory.
    preset : str
        As asked for.
    seeds : int
    circuits : sequence of Reproduced
    """

    path: Path
    preset: str
    seeds: int
    circuits: Sequence[Reproduced]

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
        return {name: found.count(name) for name in ("agrees", "differs", "no reference")}

    @property
    def expected_by_chance(self) -> float:
        """Metrics of a faithful model that the rule calls different."""
        counts = self.verdicts
        return ALPHA * (counts["agrees"] + counts["differs"])

    @property
    def note(self) -> str:
        """What verdicts do not mean here; empty at the published size."""
        if self.preset == PUBLISHED:
            return ""
        return (
            f"Preset {self.preset} is not the published size. It shows that everything runs; a "
            "metric has a reference only where size and duration do not matter. "
            f"To compare with the papers: --preset {PUBLISHED}."
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it, as ``reproduction.json`` has it."""
        return {
            "preset": self.preset,
            "note": self.note,
            "seeds": self.seeds,
            "made": utc_now(),
            "versions": versions([]),
            "rule": (
                "agrees: |ours - mean| <= t(dof, 99 % two-sided) * sd * sqrt(1/n + 1/k), "
                "k = number of our seeds"
            ),
            "verdicts": self.verdicts,
            "expected_by_chance": self.expected_by_chance,
            "circuits": [
                {
                    "circuit": item.circuit,
                    "plugin": item.plugin,
                    "path": None if item.sweep is None else item.sweep.path,
                    "failures": item.failures,
                    "metrics": [asdict(outcome) for outcome in item.outcomes],
                }
                for item in self.circuits
            ],
        }


def reproduce(
    name: str | None = None,
    *,
    preset: str = "paper",
    seeds: int = 3,
    threads: int = 1,
    workers: int | None = None,
    out: str | os.PathLike[str] = "reproduction",
    progress: bool | None = None,
) -> Reproduction:
    """Run what the papers report, and compare every metric with its reference.

    Parameters
    ----------
    name : str, optional
        A study or a circuit (``study/circuit``); by default everything that is registered.
    preset : str
        Of every circuit; ``paper`` is the published size.  Few metrics have a reference otherwise.
    seeds : int
        Runs of each condition, with the seeds 1 to `seeds`.
    threads, workers
        As in `neuromodels.sweep`.
    out : path
        Directory, kept from call to call: what is finished there is not run again.
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
        _reproduced(circuit, path, preset, seeds, threads, workers, progress) for circuit in chosen
    ]
    result = Reproduction(path, preset, seeds, found)
    write_json(path / FILE, result.as_dict())
    return result


def select(name: str | None, preset: str) -> list[type[Circuit[Any]]]:
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
        if preset not in circuit.presets:
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
    preset: str,
    seeds: int,
    threads: int,
    workers: int | None,
    progress: bool | None,
) -> Reproduced:
    plugin = registry.registry().circuits[circuit.name].plugin
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


def _outcome(circuit: str, summary: Summary) -> Outcome:
    reference, n = summary.metric.reference, int(summary.values.size)
    return Outcome(
        circuit=circuit,
        condition=summary.entry.label,
        metric=summary.metric.name,
        unit=summary.metric.unit,
        doc=summary.metric.doc,
        mean=summary.mean if n else math.nan,
        sd=summary.sd,
        n=n,
        reference=None if reference is None else asdict(reference),
        tolerance=None if reference is None else tolerance(reference, max(n, 1)),
        verdict=summary.verdict,
    )


__all__ = ["FILE", "Outcome", "Reproduced", "Reproduction", "reproduce"]
