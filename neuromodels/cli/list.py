"""``neuromodels list``: what is registered, and by whom."""

from __future__ import annotations

from typing import Any

import click

from neuromodels.cli.output import json_option, print_json, print_table
from neuromodels.models import SynapseModel
from neuromodels.registry import Registry, registry

KINDS = ("models", "circuits", "analyses", "comparisons", "plugins")


@click.command(name="list", short_help="What is registered, by which plugin and version.")
@click.argument("kind", required=False, type=click.Choice(KINDS))
@json_option
def command(kind: str | None, as_json: bool) -> None:
    """List models, circuits, analyses, comparisons and plugins, or one KIND of them."""
    found = registry()
    content = _content(found)
    chosen = (kind,) if kind else KINDS
    if as_json:
        print_json({name: content[name] for name in (*chosen, "broken")})
        return
    for index, name in enumerate(chosen):
        if index:
            click.echo()
        columns = _COLUMNS[name]
        rows = [[row[column] for column in columns] for row in content[name]]
        print_table(columns, rows, title=name if not kind else "")
    for item in content["broken"]:
        click.echo(
            f"broken: {item['kind']} {item['name']} of plugin {item['plugin']}: {item['reason']}",
            err=True,
        )


_COLUMNS = {
    "models": ("name", "kind", "plugin", "version", "summary"),
    "circuits": ("name", "plugin", "version", "summary"),
    "analyses": ("name", "plugin", "version", "summary"),
    "comparisons": ("name", "plugin", "version", "claims", "summary"),
    "plugins": ("name", "distribution", "version", "status", "reason"),
}


def _content(found: Registry) -> dict[str, list[dict[str, Any]]]:
    return {
        "models": [
            {
                "name": name,
                "kind": "synapse" if isinstance(item.object, SynapseModel) else "neuron",
                "neuron": item.object.neuron if isinstance(item.object, SynapseModel) else None,
                "plugin": item.plugin,
                "version": item.version,
                "summary": item.object.summary,
            }
            for name, item in sorted(found.models.items())
        ],
        "circuits": [
            {
                "name": name,
                "plugin": item.plugin,
                "version": item.version,
                "summary": item.object.summary,
                "presets": list(item.object.presets),
            }
            for name, item in sorted(found.circuits.items())
        ],
        "analyses": [
            {
                "name": name,
                "plugin": item.plugin,
                "version": item.version,
                "summary": item.object.summary,
            }
            for name, item in sorted(found.analyses.items())
        ],
        "comparisons": [
            {
                "name": name,
                "plugin": item.plugin,
                "version": item.version,
                "claims": len(item.object.claims),
                "summary": item.object.summary,
                "needs": {circuit: list(each) for circuit, each in item.object.needs.items()},
            }
            for name, item in sorted(found.comparisons.items())
        ],
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "status": plugin.status,
                "reason": plugin.reason,
            }
            for plugin in found.plugins.values()
        ],
        "broken": [
            {"kind": item.kind, "name": item.name, "plugin": item.plugin, "reason": item.reason}
            for item in found.broken
        ],
    }
