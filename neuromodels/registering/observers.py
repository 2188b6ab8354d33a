"""Calls the hooks by which plugins watch runs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pluggy

from neuromodels.registering.items import Plugin, PluginWarning
from neuromodels.registering.loading import describe


class Observers:
    """Calls the observing hooks; a plugin that fails in one causes a warning, not an error."""

    def __init__(self, manager: pluggy.PluginManager, plugins: Mapping[str, Plugin]) -> None:
        self._manager = manager
        self._plugins = plugins

    def neuromodels_before_build(self, **arguments: Any) -> None:
        """Tell every plugin; arguments as in `neuromodels.hookspecs`."""
        self._tell("neuromodels_before_build", arguments)

    def neuromodels_after_phase(self, **arguments: Any) -> None:
        """Tell every plugin; arguments as in `neuromodels.hookspecs`."""
        self._tell("neuromodels_after_phase", arguments)

    def neuromodels_after_run(self, **arguments: Any) -> None:
        """Tell every plugin; arguments as in `neuromodels.hookspecs`."""
        self._tell("neuromodels_after_run", arguments)

    def _tell(self, hook: str, arguments: Mapping[str, Any]) -> None:
        everyone = self._manager.get_plugins()
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        for implementation in caller.get_hookimpls():
            others = everyone - {implementation.plugin}
            try:
                self._manager.subset_hook_caller(hook, others)(**arguments)
            except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a plugin raises
                plugin = self._plugins.get(implementation.plugin_name, implementation.plugin_name)
                warnings.warn(
                    f"plugin {plugin}: {hook} failed: {describe(error)}",
                    PluginWarning,
                    stacklevel=3,
                )


__all__ = ["Observers"]
