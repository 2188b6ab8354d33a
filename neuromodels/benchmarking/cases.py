"""What is measured: circuits and models, their sizes, threads and ranks, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from neuromodels.benchmarking.networks import IN_DEGREE, NEURONS, ModelNetwork
from neuromodels.circuit import Circuit, Phase
from neuromodels.errors import UnknownNameError, UsageError
from neuromodels.models import SynapseModel
from neuromodels.parameters import nearest
from neuromodels.registry import Registry, registry

SIZES = (0.03, 0.1, 0.3, 1.0, 3.0)
PRESET = "paper"
RESULT = "result.json"
"""What a measurement writes."""

# Rough costs of one core (s): they choose how long is measured, and nothing else.
_UPDATE, _EVENT = 6e-8, 1e-7
_SHORTEST, _LONGEST = 0.4, 30.0

Kind = Literal["circuit", "model"]


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes
    ----------
    kind : {"circuit", "model"}
    name : str
    size : float
        Neurons, relative to the published circuit or to `networks.NEURONS`; 1 where a circuit has
        no other size.
    in_degree : int
        Of a model's network.
    threads, ranks : int
    seconds : float
        Biological time (s).
    """

    kind: Kind
    name: str
    size: float
    in_degree: int = 0
    threads: int = 1
    ranks: int = 1
    seconds: float = 1.0

    @property
    def subject(self) -> tuple[str, str, int]:
        """What it has in common with cases of other sizes, threads and ranks."""
        return self.kind, self.name, self.in_degree

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def circuit(self) -> Circuit[Any]:
        """Make the circuit, with a protocol of no more than `seconds`.

        Raises
        ------
        NeuromodelsError
            What the circuit itself refuses.
        """
        if self.kind == "model":
            return ModelNetwork(
                ModelNetwork.Parameters.resolve(
                    {
                        "model": self.name,
                        "n": max(1, round(self.size * NEURONS)),
                        "in_degree": self.in_degree,
                        "duration": self.seconds,
                    }
                )
            )
        found = registry().circuit(self.name)
        values = {**found.presets[PRESET], **(found.scaled(self.size, self.seconds) or {})}
        circuit: Circuit[Any] = found(found.Parameters.resolve(values, where=self.name))
        _cut(circuit, 1000.0 * self.seconds)
        return circuit


def _cut(circuit: Circuit[Any], duration: float) -> None:
    """End the protocol of `circuit` after `duration` (ms) at the latest."""
    whole = circuit.protocol

    def protocol() -> Iterator[Phase]:
        left = round(duration / circuit.resolution)
        for phase in whole():
            steps = min(left, round(phase.duration / circuit.resolution))
            left -= steps
            yield replace(phase, duration=steps * circuit.resolution, checkpoint=False)
            if not left:
                return

    circuit.protocol = protocol  # type: ignore[method-assign]


@dataclass(frozen=True)
class Request:
    """All cases, as they were asked for."""

    circuits: Sequence[str]
    models: Sequence[str]
    sizes: Sequence[float]
    threads: Sequence[int]
    ranks: Sequence[int]
    repeat: int
    duration: float | None
    effort: float
    limit: float

    def subjects(self) -> Iterator[list[Case]]:
        """Cases of one circuit or model after the other, in the order of their sizes."""
        found = registry()
        for name in self.circuits:
            sizes = self.sizes
            if found.circuits[name].object.scaled(1.0, 1.0) is None:
                sizes = (1.0,)
            yield self._each(Case("circuit", name, size) for size in sizes)
        for name in self.models:
            synapse = isinstance(found.models[name].object, SynapseModel)
            cases = [Case("model", name, s, IN_DEGREE if synapse else 0) for s in self.sizes]
            if synapse:  # the same neurons alone tell what is theirs
                cases.append(Case("model", name, self.sizes[-1], 0))
            yield self._each(cases)

    def _each(self, cases: Iterator[Case] | Sequence[Case]) -> list[Case]:
        return [
            replace(case, threads=threads, ranks=ranks)
            for case in cases
            for ranks in self.ranks
            for threads in self.threads
            # Both at once is more than most machines have, and tells nothing new.
            if min(threads, ranks) == 1
        ]

    def seconds(self, case: Case) -> float:
        """Biological time (s) to measure `case` for: `effort` seconds of one core, about."""
        if self.duration is not None:
            return self.duration
        cost = replace(case, seconds=1.0).circuit().cost()
        if cost is None:
            return 2.0
        wall = cost.neuron_updates * _UPDATE + cost.synaptic_events * _EVENT
        longest = max(_SHORTEST, min(_LONGEST, self.effort / wall))
        return round(longest, 1)


def request(
    circuits: Sequence[str] = (),
    models: Sequence[str] | None = None,
    *,
    sizes: Sequence[float] = SIZES,
    threads: Sequence[int] = (1, 2),
    ranks: Sequence[int] = (1,),
    repeat: int = 3,
    duration: float | None = None,
    effort: float = 2.0,
    limit: float = 120.0,
) -> Request:
    """Check what is to be measured.

    Parameters
    ----------
    circuits : sequence of str
        Names of circuits or studies; empty: all, unless models are given.
    models : sequence of str, optional
        Names of models; empty: all; None: none, or all where `circuits` is empty too.
    sizes : sequence of float
        Relative to the published size.
    threads, ranks : sequence of int
    repeat : int
        Turns.
    duration : float, optional
        Biological time (s) of every measurement; by default what takes `effort`.
    effort : float
        Wall time (s) that a measurement should simulate for, about.
    limit : float
        Longest wall time (s) of a measurement; what would take longer is left out.

    Raises
    ------
    UnknownNameError
    UsageError
        A number that is none.
    """
    found = registry()
    everything = not circuits and models is None
    chosen = list(found.circuits) if everything else []
    for name in circuits:
        chosen += _circuits(found, name)
    wanted = list(models or ())
    if everything or (models is not None and not wanted):
        wanted = list(found.models)
    for name in wanted:
        if name not in found.models:
            raise UnknownNameError(
                f"no model {name!r}", code="NM210", fix=nearest(name, found.models)
            )
    for what, values in (("sizes", sizes), ("threads", threads), ("ranks", ranks)):
        if not values or min(values) <= 0:
            raise UsageError("give positive numbers", code="NM242", where=what)
    return Request(
        circuits=sorted(dict.fromkeys(chosen)),
        models=sorted(dict.fromkeys(wanted)),
        sizes=sorted(set(sizes)),
        threads=sorted(set(threads)),
        ranks=sorted(set(ranks)),
        repeat=repeat,
        duration=duration,
        effort=effort,
        limit=limit,
    )


def _circuits(found: Registry, name: str) -> list[str]:
    """The circuit of that name, or all of a study."""
    if name in found.circuits:
        return [name]
    of_study = [other for other in found.circuits if other.startswith(f"{name}/")]
    if not of_study:
        studies: Mapping[str, None] = {other.partition("/")[0]: None for other in found.circuits}
        raise UnknownNameError(
            f"no circuit or study {name!r}",
            code="NM210",
            fix=nearest(name, [*found.circuits, *studies]),
        )
    return of_study


__all__ = ["PRESET", "RESULT", "SIZES", "Case", "Request", "request"]
