"""Checks a request as far as possible without a kernel, before anything is written."""

from __future__ import annotations

import contextlib
import operator
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuromodels import registry
from neuromodels.circuit import Circuit
from neuromodels.clock import Clock
from neuromodels.errors import RunError, UnknownNameError, UsageError, shown, wrap_errors
from neuromodels.machine import provenance
from neuromodels.parameters import Parameters, nearest

if TYPE_CHECKING:
    from neuromodels.circuit import Phase

MAX_SEED = 2**32 - 1
# More than any machine has; a mistyped number would make OpenMP end the process.
MAX_THREADS = 1024


@dataclass(frozen=True)
class Plan:
    """A run that has been checked as far as that is possible without a kernel."""

    circuit: Circuit[Any]
    preset: str | None
    seed: int
    threads: int
    clock: Clock
    spans: Sequence[tuple[Phase, int, int]]
    owed: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Name of the circuit."""
        return self.circuit.name


def make_plan(
    circuit: str | type[Circuit[Any]] | Circuit[Any],
    parameters: Mapping[str, Any] | None,
    preset: str | None,
    seed: int,
    threads: int,
) -> Plan:
    """Check a request; the arguments are those of `neuromodels.running.runner.run`.

    Raises
    ------
    UsageError
        An unknown name, a parameter out of range, a wrong seed or number of threads, a protocol
        that does not fit the resolution, or a thread that NEST cannot be used from.
    RunError
        The circuit itself raised.
    """
    if threading.current_thread() is not threading.main_thread():
        # NEST 3.10 ends the process (segmentation fault) when another thread resets the kernel.
        raise UsageError(
            "NEST works in Python's main thread only",
            code="NM245",
            fix="use a process for each run",
        )
    seed = whole(seed, "seed", 1, MAX_SEED)
    threads = whole(threads, "threads", 1, MAX_THREADS)
    if isinstance(circuit, Circuit):
        if parameters is not None or preset is not None:
            raise UsageError(
                f"{circuit.name}: parameters were given, but the circuit has its own already",
                code="NM244",
                fix="give the class instead of an instance, or no parameters",
            )
        return _checked(circuit, None, seed, threads)
    found: Any = registry.registry().circuit(circuit) if isinstance(circuit, str) else circuit
    if not (isinstance(found, type) and issubclass(found, Circuit)):
        raise UsageError(
            f"{circuit!r} is no circuit", code="NM244", fix="give a name or a Circuit class"
        )
    preset = found.default_preset if preset is None else preset
    if preset not in list(found.presets):  # a list: whatever a script passes can be looked for
        raise UnknownNameError(
            f"no preset {shown(preset)}",
            code="NM211",
            where=found.name,
            fix=nearest(str(preset), found.presets),
        )
    given: Any = {} if parameters is None else parameters
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise UsageError(
            f"{shown(parameters)} is no mapping of names to values",
            code="NM244",
            where="parameters",
            fix='write them as {"name": value}',
        )
    values = {**found.presets[preset], **given}
    resolved = found.Parameters.resolve(values, where=found.name)
    return _checked(_made(found, resolved), preset, seed, threads)


def plan_again(info: Mapping[str, Any], ranks: int = 1) -> Plan:
    """Plan the run that ``run.json`` describes, for any number of MPI ranks.

    It keeps its number of virtual processes (threads times ranks), on which its results depend.

    Raises
    ------
    UsageError
        The virtual processes cannot be dealt out evenly to so many ranks.
    """
    virtual = info["threads"] * info.get("ranks", 1)
    if virtual % ranks:
        raise UsageError(
            f"the run has {virtual} virtual processes (threads times ranks), "
            f"which {ranks} MPI ranks cannot share evenly",
            code="NM243",
            fix=f"start it with {virtual} ranks or a divisor of that",
        )
    found = class_again(info["circuit"])
    resolved = found.Parameters.resolve(info["parameters"], where=found.name)
    return _checked(_made(found, resolved), info["preset"], info["seed"], virtual // ranks)


def _made(circuit: type[Circuit[Any]], parameters: Parameters) -> Circuit[Any]:
    with wrap_errors(f"{circuit.name} cannot be made"):
        return circuit(parameters)


def _checked(circuit: Circuit[Any], preset: str | None, seed: int, threads: int) -> Plan:
    """Check everything that a kernel is not needed for."""
    clock = Clock(circuit.resolution)
    circuit.seed = seed
    with wrap_errors(f"protocol of {circuit.name}"):
        spans = list(phase_spans(list(circuit.protocol()), clock))
    for name in circuit.analyses:
        registry.registry().analysis(name)
    with wrap_errors(f"owed metrics of {circuit.name}"):
        owed = [str(name) for name in circuit.owed()]
    return Plan(circuit, preset, seed, threads, clock, spans, owed)


def whole(value: Any, what: str, least: int, most: int) -> int:
    """Give `value` as a whole number between `least` and `most`, or raise `UsageError`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise UsageError(f"{what} must be a whole number, not {shown(value)}", code="NM242")
    if not least <= number <= most:
        raise UsageError(f"{what} must be from {least} to {most}, not {number}", code="NM242")
    return number


def class_again(entry: Mapping[str, str]) -> type[Circuit[Any]]:
    """Find the circuit class of a run: one that was imported here, or a plugin registers.

    Nothing is imported because a file names it: the file may come from somebody else.
    """
    module, _, qualname = entry["class"].partition(":")
    with contextlib.suppress(KeyError, AttributeError):
        found = operator.attrgetter(qualname)(sys.modules[module])
        if isinstance(found, type) and issubclass(found, Circuit) and found.name == entry["name"]:
            return found
    try:
        registered: type[Circuit[Any]] = registry.registry().circuit(entry["name"])
    except UnknownNameError as error:
        raise RunError(
            f"no plugin registers the circuit {entry['name']!r} ({entry['class']})",
            code="NM615",
            fix=f"install its plugin {entry['plugin']}"
            if entry.get("plugin")
            else "import its module first, and resume the run from Python",
        ) from error
    return registered


def warn_of_changes(info: Mapping[str, Any], changed: Sequence[str] = ()) -> None:
    """Warn if what is installed differs from what a run was made with.

    Parameters
    ----------
    info : mapping
        Content of its ``run.json``.
    changed : sequence of str
        What of its fingerprint differs.
    """
    then = info.get("versions", {})
    now = provenance.versions(then)
    other = [
        f"{name} {version} (now {now.get(name, 'missing')})"
        for name, version in then.items()
        if now.get(name) != version
    ]
    if other:
        warnings.warn(
            f"the run was made with other versions, its spikes may differ: {', '.join(other)}",
            stacklevel=3,
        )
    if changed:
        warnings.warn(
            f"what made the run has changed, its spikes may differ: {', '.join(changed)}",
            stacklevel=3,
        )


def phase_spans(phases: Sequence[Any], clock: Clock) -> Iterator[tuple[Any, int, int]]:
    """Yield (phase, first step, last step) for a protocol.

    Raises
    ------
    UsageError
        Two phases share a name, or a duration is negative or no multiple of the resolution.
    """
    names: set[str] = set()
    start = 0
    for phase in phases:
        if phase.name in names:
            raise UsageError(f"two phases of the protocol are called {phase.name!r}", code="NM251")
        names.add(phase.name)
        steps = clock.steps(phase.duration, f"duration of phase {phase.name!r}")
        if steps < 0:
            raise UsageError(f"duration of phase {phase.name!r} is negative", code="NM251")
        yield phase, start, start + steps
        start += steps
    clock.steps(clock.ms(start), "duration of the protocol")


__all__ = [
    "MAX_SEED", "Plan", "class_again", "make_plan", "phase_spans", "plan_again",
    "warn_of_changes", "whole",
]  # fmt: skip
