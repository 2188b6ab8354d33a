"""What a sweep consists of, written down before anything runs: ``sweep.json``.

A sweep is a list of points (sets of parameters of one circuit) times a list of seeds.  Everything
is resolved and checked here, so that a mistyped unit in the last point is an error at once, and so
that two requests can be compared by what they mean rather than by how they were written.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pydantic

from neuromodels import registry
from neuromodels.circuit import Circuit
from neuromodels.disk.files import plain, read_json, write_json
from neuromodels.disk.schema import explained
from neuromodels.errors import RunError, UsageError
from neuromodels.running.planning import MAX_SEED, make_plan, whole

if TYPE_CHECKING:
    from neuromodels.running.planning import Plan

SCHEMA = 1
FILE = "sweep.json"
RUNS = "runs"

Values = Mapping[str, Any]
Quantities = Mapping[str, Mapping[str, Any]]
"""Parameter -> its value and unit."""

_LONGEST_NAME = 100
_FEW = 3


@dataclass(frozen=True)
class Entry:
    """One run of a sweep.

    Attributes
    ----------
    number : int
        From 1; what an element of a job array is known by.
    name : str
        Its directory below ``runs``.
    label : str
        Name of its point; empty where points have none.
    seed : int
    parameters : mapping
        Swept parameter -> its value and unit.
    effort : float
        Expected number of operations: neuron updates and synaptic events where the circuit can
        tell, else biological time (ms).
    """

    number: int
    name: str
    label: str
    seed: int
    parameters: Quantities
    effort: float

    @property
    def values(self) -> dict[str, Any]:
        """Swept parameter -> value, in the unit of its declaration."""
        return {name: quantity["value"] for name, quantity in self.parameters.items()}

    @property
    def point(self) -> str:
        """What it has in common with the runs of other seeds."""
        return self.label or json.dumps(plain(self.values), sort_keys=True)


@dataclass(frozen=True)
class Definition:
    """All runs of a sweep.

    Attributes
    ----------
    circuit : str
    kind : str
        ``module:class`` of the circuit.
    preset : str
    threads : int
        Of each run.
    analyze : bool
    parameters : mapping
        Parameters that are not swept, with values and units.
    entries : sequence of Entry
    """

    circuit: str
    kind: str
    preset: str
    threads: int
    analyze: bool
    parameters: Quantities
    entries: Sequence[Entry]

    @property
    def swept(self) -> list[str]:
        """Names of the swept parameters, in the order in which they were given."""
        return list(dict.fromkeys(name for entry in self.entries for name in entry.parameters))

    @property
    def labelled(self) -> bool:
        """Whether points have names."""
        return any(entry.label for entry in self.entries)

    @property
    def digest(self) -> str:
        """The same for the same sweep, however it was written."""
        exact = json.dumps(plain(asdict(self)), sort_keys=True)
        return hashlib.sha256(exact.encode()).hexdigest()[:8]

    def entry(self, number: int) -> Entry:
        """Entry of that number.

        Raises
        ------
        UsageError
            There is none.
        """
        if not 1 <= number <= len(self.entries):
            raise UsageError(
                f"no run {number} in this sweep",
                code="NM272",
                fix=f"give a number from 1 to {len(self.entries)}",
            )
        return self.entries[number - 1]

    def save(self, folder: Path) -> None:
        """Write ``sweep.json``."""
        write_json(folder / FILE, {"schema": SCHEMA, **asdict(self)})

    @classmethod
    def load(cls, folder: Path) -> Definition:
        """Read ``sweep.json``.

        Raises
        ------
        RunError
            There is none, or it is not one of ours.
        """
        if not (folder / FILE).is_file():
            raise RunError(
                f"holds no sweep: there is no {FILE}",
                code="NM640",
                where=str(folder),
                fix="give the directory of a sweep",
            )
        content = read_json(folder / FILE)
        if content.pop("schema", None) != SCHEMA:
            raise RunError(
                "was written by another neuromodels", code="NM611", where=str(folder / FILE)
            )
        try:
            found = pydantic.TypeAdapter(cls).validate_python(content)
            _check(found)
        except pydantic.ValidationError as error:
            raise RunError(explained(error), code="NM612", where=str(folder / FILE)) from None
        except ValueError as error:
            raise RunError(f"is damaged: {error}", code="NM612", where=str(folder / FILE)) from None
        return found

    def all_of(self, entry: Entry) -> dict[str, Mapping[str, Any]]:
        """All parameters of a run, swept or not."""
        return {**self.parameters, **entry.parameters}

    def differences(self, other: Definition) -> list[str]:
        """Say in words what `other` has that is not as here, without its additional runs."""
        found = [
            f"{what} was {getattr(self, what)}, now {getattr(other, what)}"
            for what in ("circuit", "preset", "threads", "analyze")
            if getattr(self, what) != getattr(other, what)
        ]
        # Named points say what they are, whatever others there are beside them.
        if self.swept != other.swept and not (self.labelled and other.labelled):
            found.append(f"swept was {names(self.swept)}, now {names(other.swept)}")
        changed = _changes(self.parameters, other.parameters)
        mine = {entry.name: entry for entry in self.entries}
        for entry in other.entries:
            if entry.name in mine and not changed:
                before, now = self.all_of(mine[entry.name]), other.all_of(entry)
                changed = [f"{change} in {entry.name}" for change in _changes(before, now)]
        return found + changed

    def missing(self, other: Definition) -> list[Entry]:
        """Entries of `other` that are not here."""
        mine = {entry.name for entry in self.entries}
        return [entry for entry in other.entries if entry.name not in mine]

    def extended(self, other: Definition) -> Definition:
        """The same with the runs of `other` that are not here, numbered on."""
        swept = list(dict.fromkeys([*self.swept, *other.swept]))
        everything = [(self, entry) for entry in self.entries]
        everything += [(other, entry) for entry in self.missing(other)]
        entries = []
        for number, (origin, entry) in enumerate(everything, 1):
            values = origin.all_of(entry)
            chosen = {name: values[name] for name in swept}
            entries.append(replace(entry, number=number, parameters=chosen))
        common = {name: value for name, value in self.parameters.items() if name not in swept}
        return replace(self, parameters=common, entries=entries)


def _check(found: Definition) -> None:
    """Refuse what no request can have led to: it may be damaged, or made by somebody else."""
    for number, entry in enumerate(found.entries, 1):
        path = PurePosixPath(entry.name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in entry.name:
            raise ValueError(f"{entry.name!r} is no directory below that of the sweep")
        if entry.number != number:
            raise ValueError(f"its run {number} has the number {entry.number}")


def _changes(before: Quantities, now: Quantities) -> list[str]:
    """What has another value, of the parameters that both have."""
    return [
        f"{name} was {text(before[name])}, now {text(now[name])}"
        for name in now
        if name in before and now[name] != before[name]
    ]


def define(
    circuit: str | type[Circuit[Any]],
    *,
    grid: Mapping[str, Any] | None = None,
    points: Sequence[Values] | Mapping[str, Values] | None = None,
    parameters: Values | None = None,
    seeds: Iterable[int] | None = None,
    preset: str | None = None,
    threads: int = 1,
    analyze: bool = True,
) -> Definition:
    """Resolve and check a sweep; the arguments are those of `neuromodels.sweep`.

    Raises
    ------
    UsageError
        Whatever would make one of the runs refuse to start; two runs that are the same; a circuit
        that another process could not find.
    """
    found: Any = registry.registry().circuit(circuit) if isinstance(circuit, str) else circuit
    if not (isinstance(found, type) and issubclass(found, Circuit)):
        raise UsageError(
            f"{circuit!r} is no circuit", code="NM244", fix="give a name or a Circuit class"
        )
    if found.__module__ == "__main__":
        raise UsageError(
            "each run has a process of its own, which cannot import what a script defines",
            code="NM271",
            where=found.name,
            fix="move the circuit to a module",
        )
    common = dict(parameters or {})
    listed = _points(points)
    swept = list(
        dict.fromkeys([*(grid or {}), *(name for _, _, values in listed for name in values)])
    )
    if twice := [name for name in swept if name in common]:
        raise UsageError(
            f"{names(twice)} cannot be both swept and the same in all runs", code="NM270"
        )
    each = _seeds(seeds)
    entries: list[Entry] = []
    plan: Plan | None = None
    for label, own_seed, values in _combinations(found, grid or {}, listed):
        if seeds is not None and own_seed is not None:
            raise UsageError(
                "seeds are given twice: by themselves and in the list of points", code="NM270"
            )
        given = {**common, **values}
        plan = make_plan(found, given, preset, own_seed or each[0], threads)
        entries += _entries(plan, label, [own_seed] if own_seed else each, swept, len(entries))
    if plan is None:
        raise UsageError("a sweep over nothing has no runs", code="NM270", where=found.name)
    _unique(entries)
    everything = plan.circuit.parameters.as_dict()
    return Definition(
        circuit=plan.name,
        kind=f"{found.__module__}:{found.__qualname__}",
        preset=str(plan.preset),
        threads=plan.threads,
        analyze=analyze,
        parameters={name: value for name, value in everything.items() if name not in swept},
        entries=entries,
    )


def _points(
    points: Sequence[Values] | Mapping[str, Values] | None,
) -> list[tuple[str, int | None, dict[str, Any]]]:
    """Label, seed and parameters of the points of a list."""
    if points is None:
        return [("", None, {})]
    rows: list[dict[str, Any]]
    if isinstance(points, Mapping):
        rows = [{"label": label, **values} for label, values in points.items()]
    else:
        rows = [dict(row) for row in points]
    found = []
    for row in rows:
        label, seed = str(row.pop("label", "")), row.pop("seed", None)
        if isinstance(seed, str) and seed.strip().isdigit():
            seed = int(seed)  # from a file of text
        found.append((label, None if seed is None else whole(seed, "seed", 1, MAX_SEED), row))
    if len({seed is None for _, seed, _ in found}) > 1:
        raise UsageError("some points of the list have a seed and others do not", code="NM270")
    if len({not label for label, _, _ in found}) > 1:
        raise UsageError("some points of the list have a label and others do not", code="NM270")
    return found


def _seeds(seeds: Iterable[int] | None) -> list[int]:
    found = [whole(seed, "seed", 1, MAX_SEED) for seed in ((1,) if seeds is None else seeds)]
    if not found:
        raise UsageError("there is no seed", code="NM270")
    if len(set(found)) < len(found):
        twice = next(seed for seed in found if found.count(seed) > 1)
        raise UsageError(f"seed {twice} is there twice", code="NM270")
    return found


def _combinations(
    circuit: type[Circuit[Any]],
    grid: Mapping[str, Any],
    points: Sequence[tuple[str, int | None, dict[str, Any]]],
) -> Iterable[tuple[str, int | None, dict[str, Any]]]:
    """Every point of the list with every combination of the grid."""
    axes = {name: _axis(circuit, name, values) for name, values in grid.items()}
    for label, seed, values in points:
        if taken := [name for name in values if name in axes]:
            raise UsageError(
                f"{names(taken)} cannot be both in the grid and in the list", code="NM270"
            )
        for chosen in itertools.product(*axes.values()):
            yield label, seed, {**dict(zip(axes, chosen, strict=True)), **values}


def _axis(circuit: type[Circuit[Any]], name: str, values: Any) -> list[Any]:
    if isinstance(values, str):
        return list(circuit.Parameters.alternatives(name, values))
    found = list(values)
    if not found:
        raise UsageError(f"there is no value of {name}", code="NM270", where=circuit.name)
    return found


def _entries(
    plan: Plan, label: str, seeds: Sequence[int], swept: Sequence[str], before: int
) -> list[Entry]:
    everything = plan.circuit.parameters.as_dict()
    chosen = {name: everything[name] for name in swept}
    milliseconds = plan.clock.ms(plan.spans[-1][2]) if plan.spans else 0.0
    cost = plan.circuit.cost()
    rate = 1000.0 if cost is None else cost.neuron_updates + cost.synaptic_events
    folder = _folder(label, chosen)
    return [
        Entry(
            number=before + position,
            name=f"{folder}/s{seed:03d}" if folder else f"s{seed:03d}",
            label=label,
            seed=seed,
            parameters=chosen,
            effort=max(rate * milliseconds / 1000.0, 1.0),
        )
        for position, seed in enumerate(seeds, 1)
    ]


def _unique(entries: Sequence[Entry]) -> None:
    seen: dict[str, Entry] = {}
    for entry in entries:
        other = seen.setdefault(entry.name, entry)
        if other is not entry:
            what = entry.label or text_of(entry.parameters) or "the circuit's own parameters"
            raise UsageError(f"two runs are the same: {what} with seed {entry.seed}", code="NM270")


def _folder(label: str, values: Quantities) -> str:
    """Name of a point that a file system takes and a person can read."""
    if label:
        exact, name = label, "/".join(filter(None, map(_safe, label.split("/"))))
    else:
        exact = ",".join(f"{key}={text(value).replace(' ', '')}" for key, value in values.items())
        name = _safe(exact)
    if name == exact and len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(exact.encode()).hexdigest()[:8]}"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.,=+%-]+", "_", name).strip("_.")


def text_of(values: Quantities) -> str:
    """Parameters in one line."""
    return ", ".join(f"{name} = {text(value)}" for name, value in values.items())


def text(quantity: Mapping[str, Any] | None) -> str:
    """A value with its unit, as a person would write it."""
    if quantity is None:
        return "not a parameter"
    value, unit = quantity["value"], quantity["unit"]
    shown = f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else value
    return f"{shown} {unit}".rstrip()


def names(found: Sequence[str]) -> str:
    """Name a few, and say how many more there are."""
    if not found:
        return "nothing"
    shown = ", ".join(found[:_FEW])
    return shown if len(found) <= _FEW else f"{shown} and {len(found) - _FEW} more"


__all__ = ["FILE", "RUNS", "Definition", "Entry", "define", "names", "text", "text_of"]
