"""What the shell offers for a name: what is registered, and what the circuit on the line has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import click
from click.shell_completion import FishComplete, add_completion_class

if TYPE_CHECKING:
    from neuromodels.circuit import Circuit

Kind = Literal["circuits", "models", "analyses", "comparisons", "studies"]
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def names(*kinds: Kind) -> Complete:
    """Give the ``shell_complete`` of an argument that is a name of one of these `kinds`."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        from neuromodels.registry import registry

        found = registry()
        known: dict[Kind, Iterable[str]] = {
            "circuits": found.circuits,
            "models": found.models,
            "analyses": found.analyses,
            "comparisons": found.comparisons,
            "studies": {name.partition("/")[0] for name in found.circuits},
        }
        return _beginning(incomplete, (name for kind in kinds for name in known[kind]))

    return complete


def presets(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the presets of the circuit that is on the line before, or those of all circuits."""
    return _beginning(incomplete, {name for item in _circuits(context) for name in item.presets})


def assignments(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer ``name=default`` for each parameter of the circuit, or each of its choices."""
    offered = set()
    for circuit in _circuits(context):
        for entry in circuit.Parameters.describe():
            values = entry["choices"] or [entry["default"]]
            offered |= {f"{entry['name']}={_plain(value)}" for value in values}
    return _beginning(incomplete, offered)


def _circuits(context: click.Context) -> list[type[Circuit[Any]]]:
    from neuromodels.registry import registry

    known = registry().circuits
    # Where an option still lacks its value, click has not told arguments apart.
    words = [context.params.get("circuit"), context.params.get("name"), *context.args]
    named = next(filter(None, words), None)
    chosen = [name for name in known if name == named or name.startswith(f"{named}/")]
    return [known[name].object for name in chosen or known]


def _plain(value: object) -> str:
    """Write a value as ``--set`` takes it, without blanks, which a shell would split."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(_plain, value))
    if isinstance(value, float):
        return f"{value:.12g}"
    return "" if value is None else str(value)


def _beginning(incomplete: str, known: Iterable[str]) -> list[str]:
    return sorted({name for name in known if name.startswith(incomplete)})


@add_completion_class
class Fish(FishComplete):
    """click's completion for fish, which would cut values and helps at their first comma."""

    source_template = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )
