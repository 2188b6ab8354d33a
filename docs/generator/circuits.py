"""Reference of the circuits, from their parameter schemas."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from generator.header import escaped
from generator.markdown import number, slug, table
from neuromodels import Circuit
from neuromodels.errors import EnvironmentProblem, UsageError
from neuromodels.parameters import Description
from neuromodels.registry import Registry

__all__ = ["pages"]


def pages(found: Registry) -> Mapping[str, str]:
    """File name -> Markdown, of every registered circuit."""
    return {f"{slug(name)}.md": page(found, name) for name in sorted(found.circuits)}


def page(found: Registry, name: str) -> str:
    """Page of one circuit: what it is, how to run it, presets with their cost, parameters."""
    item = found.circuits[name]
    circuit = item.object
    models = ", ".join(f"[{model}](../models/{slug(model)}.md)" for model in circuit.models)
    analyses = [f"`{analysis}` ({_summary(found, analysis)})" for analysis in circuit.analyses]
    about = (
        f"Plugin `{item.plugin}`. Models: {models or 'of NEST only'}. "
        f"Analyses: {', '.join(analyses) or 'none'}. Resolution: {circuit.resolution:g} ms."
    )
    parts = [
        f"# {name}",
        f"{escaped(circuit.summary)}.",
        f"```sh\nneuromodels run {name} --preset smoke\n```",
        _docstring(circuit),
        about,
        "## Presets",
        _presets(circuit),
        *_conditions(circuit),
        "## Parameters",
        _parameters(circuit.Parameters.describe()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(found: Registry, analysis: str) -> str:
    return escaped(found.analyses[analysis].object.summary)


def _docstring(circuit: type[Circuit[Any]]) -> str:
    """What the circuit's module and class say; the module has what differs from the paper."""
    module = inspect.getmodule(circuit)
    text = (inspect.getdoc(module) or "") if module is not None else ""
    first, _, rest = text.partition("\n")
    if circuit.name in first:
        first = first.partition(": ")[2] or first
    whole = (
        f"{first[:1].upper()}{first[1:]}\n{rest}".strip() + "\n\n" + (inspect.getdoc(circuit) or "")
    )
    # A term with its indented explanation becomes an item of a list; the rest means the same in
    # Markdown: paragraphs, ``code``, `name`, lists, underlined headings.
    return re.sub(
        r"^(``[^`\n]+``)\n((?:    .*(?:\n|$))+)",
        lambda match: (
            f"* {match[1]}: " + textwrap.dedent(match[2]).replace("\n", "\n  ").strip() + "\n"
        ),
        whole,
        flags=re.MULTILINE,
    )


def _presets(circuit: type[Circuit[Any]]) -> str:
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for preset, values in circuit.presets.items():
        try:
            made = circuit(circuit.Parameters.resolve(values))
            seconds = number(sum(phase.duration for phase in made.protocol()) / 1000.0) + " s"
            cost = made.cost()
        except (EnvironmentProblem, UsageError) as problem:  # it needs what is not here: files
            seconds, cost = "", None
            if (note := escaped(f"Duration and cost are missing here: {problem}.")) not in notes:
                notes.append(note)
        changes = ", ".join(f"`{key}={_plain(value)}`" for key, value in values.items())
        rows.append(
            (
                f"`{preset}`" + (" (default)" if preset == circuit.default_preset else ""),
                changes or "the defaults below",
                seconds,
                number(cost.neuron_updates) if cost else "",
                number(cost.synaptic_events) if cost else "",
            )
        )
    headers = (
        "preset", "sets", "biological time", "neuron updates per second",
        "synaptic events per second",
    )  # fmt: skip
    return "\n\n".join([table(headers, rows), *notes])


def _conditions(circuit: type[Circuit[Any]]) -> list[str]:
    if not circuit.conditions:
        return []
    rows = [
        (f"`{name}`", ", ".join(f"`{key}={_plain(value)}`" for key, value in values.items()))
        for name, values in circuit.conditions.items()
    ]
    text = "What the paper compares; `neuromodels reproduce` runs each."
    return ["## Conditions", text, table(("condition", "sets"), rows)]


def _parameters(entries: list[Description]) -> str:
    rows = [
        (
            f"`{entry['name']}`",
            f"`{_plain(entry['default'])}`",
            entry["unit"],
            _accepted(entry),
            escaped(entry["doc"]),
            escaped(entry["source"]),
        )
        for entry in entries
    ]
    return table(("name", "default", "unit", "accepted", "meaning", "source"), rows)


def _accepted(entry: Description) -> str:
    if entry["choices"]:
        return ", ".join(f"`{choice}`" for choice in entry["choices"])
    if entry["range"]:
        return escaped(entry["range"])
    return "" if entry["type"] in {"float", "int"} else entry["type"]


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return str(value)
