"""The root command group: core commands loaded when used, then those of plugins."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from neuromodels.parameters import nearest

CORE: Mapping[str, str] = MappingProxyType(
    {
        "list": "neuromodels.cli.list",
        "show": "neuromodels.cli.show",
        "run": "neuromodels.cli.run",
        "sweep": "neuromodels.cli.sweep",
        "submit": "neuromodels.cli.submit",
        "jobs": "neuromodels.cli.jobs",
        "analyze": "neuromodels.cli.analyze",
        "report": "neuromodels.cli.report",
        "verify": "neuromodels.cli.verify",
        "reproduce": "neuromodels.cli.reproduce",
        "bench": "neuromodels.cli.bench",
        "models": "neuromodels.cli.models",
        "check": "neuromodels.cli.check",
        "doctor": "neuromodels.cli.doctor",
        "explain": "neuromodels.cli.explain",
        "new-plugin": "neuromodels.cli.new_plugin",
    }
)
"""Core command -> module whose attribute ``command`` is the click command."""


class Group(click.Group):
    """Core commands in the order of their use, followed by plugins' commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all commands."""
        from neuromodels.registry import registry

        return [*CORE, *sorted(registry().commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one command; plugins are only looked at for a name that is not the core's."""
        if cmd_name in CORE:
            command: click.Command = import_module(CORE[cmd_name]).command
            return command
        from neuromodels.registry import registry

        registered = registry().commands.get(cmd_name)
        return registered.object if registered is not None else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names, or suggest the nearest."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(f"no command {name!r}; {nearest(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)
