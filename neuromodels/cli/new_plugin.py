"""``neuromodels new-plugin``: a study plugin to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from neuromodels import new_plugin, registry


@click.command(name="new-plugin", short_help="Make a study plugin to start from.")
@click.argument("name")
@click.option(
    "--dir",
    "parent",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder to make it in.  [default: the current one]",
)
def command(name: str, parent: Path) -> None:
    """Make the folder neuromodels-NAME: a plugin that is complete, and yours to change.

    It has a NESTML neuron and a plastic synapse, a circuit, an analysis, tests and a README, and
    works as soon as it is installed.
    """
    found = registry.registry()
    taken = {model: item.plugin for model, item in found.models.items()}
    new_plugin.check_name(name, found.plugins, taken)
    folder = new_plugin.create(name, parent)
    click.echo(f"made {folder}; next:")
    quoted = shlex.quote(str(folder))
    extra = shlex.quote(f"{folder}[test]")
    for step in (
        # A path needs its ./, or pip would look for a distribution of that name.
        f"pip install -e {extra if folder.is_absolute() else shlex.quote(f'./{folder}[test]')}",
        f"neuromodels run {name}/pairing --preset smoke",
        f"pytest {quoted}",
    ):
        click.echo(f"  {step}")
