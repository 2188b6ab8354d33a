"""``neuromodels show``: the parameters of a circuit or a model."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import click

from neuromodels.cli.completion import names
from neuromodels.cli.output import json_option, print_json, print_table
from neuromodels.errors import PluginError, UnknownNameError
from neuromodels.models import Model, SynapseModel
from neuromodels.nestml import cache, declarations
from neuromodels.nestml.given import read
from neuromodels.nestml.source import Source
from neuromodels.parameters import nearest
from neuromodels.registry import Registered, Registry, registry


@click.command(name="show", short_help="The parameters of a circuit or a model.")
@click.argument(
    "name",
    metavar="NAME|FILE",
    shell_complete=names("circuits", "models", "analyses", "comparisons"),
)
@json_option
def command(name: str, as_json: bool) -> None:
    """Show what the circuit, model or analysis NAME is: parameters with units, ranges, sources.

    Of the NESTML FILE (a path that ends in .nestml), all models.
    """
    is_file = name.endswith(".nestml")  # circuits have slashes
    contents = _file(name) if is_file else [_content(registry(), name)]
    if as_json:
        print_json(contents[0] if len(contents) == 1 else contents)
        return
    for number, content in enumerate(contents):
        if number:
            click.echo()
        _print(content)


def _file(path: str) -> list[dict[str, Any]]:
    request = read([path], registry(), complete=False)
    return [_model(Registered(request.model(name), "", "")) for name in request.names]


def _content(found: Registry, name: str) -> dict[str, Any]:
    if name in found.circuits:
        return _circuit(found, name)
    if name in found.models:
        return _model(found.models[name])
    if name in found.analyses:
        analysis = found.analyses[name]
        return {
            "name": name,
            "kind": "analysis",
            "plugin": analysis.plugin,
            "version": analysis.version,
            "summary": analysis.object.summary,
            "doc": inspect.getdoc(analysis.object) or "",
        }
    if name in found.comparisons:
        return _comparison(found, name)
    for item in found.broken:
        if item.name == name:
            raise PluginError(
                f"the {item.kind} {name!r} of plugin {item.plugin} cannot be used: {item.reason}",
                code="NM505",
            )
    known = [*found.circuits, *found.models, *found.analyses, *found.comparisons]
    raise UnknownNameError(
        f"no circuit, model, analysis or comparison {name!r}",
        code="NM210",
        fix=nearest(name, known),
    )


def _comparison(found: Registry, name: str) -> dict[str, Any]:
    item = found.comparisons[name]
    return {
        "name": name,
        "kind": "comparison",
        "plugin": item.plugin,
        "version": item.version,
        "summary": item.object.summary,
        "doc": inspect.getdoc(item.object) or "",
        "needs": {circuit: list(each) for circuit, each in item.object.needs.items()},
        "claims": [
            {
                "measure": claim.measure,
                "range": claim.range,
                "claim": claim.sentence,
                "source": claim.source,
            }
            for claim in item.object.claims
        ],
    }


def _circuit(found: Registry, name: str) -> dict[str, Any]:
    item = found.circuits[name]
    circuit = item.object
    return {
        "name": name,
        "kind": "circuit",
        "plugin": item.plugin,
        "version": item.version,
        "summary": circuit.summary,
        "doc": inspect.getdoc(circuit) or "",
        "models": list(circuit.models),
        "analyses": list(circuit.analyses),
        "resolution": {"value": circuit.resolution, "unit": "ms"},
        "default_preset": circuit.default_preset,
        "presets": {preset: dict(values) for preset, values in circuit.presets.items()},
        "conditions": {name: dict(values) for name, values in circuit.conditions.items()},
        "parameters": circuit.Parameters.describe(),
    }


def _model(item: Registered[Model]) -> dict[str, Any]:
    model = item.object
    source = Source.read(model).text
    content: dict[str, Any] = {
        "name": model.name,
        "kind": "synapse" if isinstance(model, SynapseModel) else "neuron",
        "plugin": item.plugin,
        "version": item.version,
        "summary": model.summary,
        "source": str(model.source),
        "doc": "\n".join(declarations.head(source)).strip(),
        "ports": declarations.ports(source),
        "parameters": [
            {
                "name": entry["name"],
                "type": "shared" if entry["shared"] else "individual",
                "default": entry["default"],
                "unit": entry["unit"],
                "range": None,
                "choices": None,
                "doc": entry["doc"],
                "source": "",
            }
            for entry in declarations.parameters(source)
        ],
    }
    if isinstance(model, SynapseModel):
        content["neuron"] = model.neuron
    reason = cache.left_to_plain(model.name)
    content["engine"] = f"plain ({reason})" if reason else "fast"
    return content


def _print(content: dict[str, Any]) -> None:
    origin = f", plugin {content['plugin']} {content['version']}".rstrip()
    click.echo(f"{content['name']}: {content['summary']}".rstrip(" :"))
    click.echo(f"{content['kind']}{origin if content['plugin'] else ''}")
    for key in ("neuron", "source", "engine"):
        if content.get(key):
            click.echo(f"{key}: {content[key]}")
    for key in ("models", "analyses"):
        if content.get(key):
            click.echo(f"{key}: {', '.join(content[key])}")
    for circuit, conditions in content.get("needs", {}).items():
        click.echo(f"needs {circuit}: {', '.join(filter(None, conditions)) or 'as published'}")
    for preset, values in content.get("presets", {}).items():
        mark = " (default)" if preset == content["default_preset"] else ""
        changes = _assignments(content, values) or "the defaults"
        click.echo(f"preset {preset}{mark}: {changes}")
    for condition, values in content.get("conditions", {}).items():
        changes = _assignments(content, values) or "as the preset"
        click.echo(f"condition {condition}: {changes}")
    if content.get("doc"):
        click.echo(f"\n{content['doc']}")
    if content.get("claims"):
        click.echo()
        columns = ("measure", "range", "claim", "source")
        print_table(columns, [[claim[c] for c in columns] for claim in content["claims"]])
    if content.get("ports"):
        click.echo()
        print_table(
            ("input port", "of", "meaning"),
            [
                (port["name"], "spikes" if port["kind"] == "spike" else "values", port["doc"])
                for port in content["ports"]
            ],
        )
    parameters = content.get("parameters")
    if parameters:
        click.echo()
        headers = ("parameter", "default", "unit", "range", "meaning", "source")
        rows = [
            (
                entry["name"],
                _value(entry["default"]),
                entry["unit"],
                _accepted(entry),
                entry["doc"],
                entry["source"],
            )
            for entry in parameters
        ]
        filled = [column for column in range(len(headers)) if any(row[column] for row in rows)]
        print_table(
            [headers[column] for column in filled], [[row[c] for c in filled] for row in rows]
        )


def _assignments(content: dict[str, Any], values: Mapping[str, object]) -> str:
    """Write values as ``--set`` takes them, with units."""
    units = {entry["name"]: entry["unit"] for entry in content["parameters"]}
    return ", ".join(
        f"{name}={_value(value)} {units.get(name, '')}".rstrip() for name, value in values.items()
    )


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(item) for item in value)
    return "" if value is None else str(value)


def _accepted(entry: dict[str, Any]) -> str:
    if entry["choices"]:
        return " | ".join(str(choice) for choice in entry["choices"])
    return str(entry["range"] or "")
