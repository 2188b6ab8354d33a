"""Loads plugins one by one: each is taken whole, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pluggy

from neuromodels import hookspecs
from neuromodels.errors import PluginError, reason, shown
from neuromodels.parameters import nearest
from neuromodels.registering.items import Plugin
from neuromodels.registering.kinds import KINDS, RESERVED_COMMANDS, Kind
from neuromodels.registering.surroundings import CtrlC

Contribution = Mapping[str, Mapping[str, Any]]
"""Kind -> name -> item."""


class Loader:
    """The plugins of a registry, and the names that they have taken.

    Attributes
    ----------
    manager : pluggy.PluginManager
    plugins : dict[str, Plugin]
        Those that were taken; others may be added to it.
    """

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.plugins: dict[str, Plugin] = {}
        self._claims: dict[tuple[str, str], str] = {}
        self._ctrl_c = CtrlC()

    def add(self, load: Callable[[], object], plugin: Plugin) -> Contribution:
        """Load a plugin, and give what it registers.

        Raises
        ------
        PluginError
            Why it is refused; nothing of it is left.
        """
        other = self.plugins.get(plugin.name)
        if other is not None:
            raise PluginError(
                f"the plugin name {plugin.name!r} is taken by {other.owner}", code="NM504"
            )
        try:
            with self._ctrl_c.watched():
                contribution = self._loaded(load, plugin)
        except BaseException as error:  # a plugin may raise what it likes, SystemExit included
            if self.manager.has_plugin(plugin.name):
                self.manager.unregister(name=plugin.name)
            if isinstance(error, PluginError) or self._ctrl_c.pressed:
                raise
            raise PluginError(f"cannot be loaded: {describe(error)}", code="NM501") from error
        self.plugins[plugin.name] = plugin
        return contribution

    def _loaded(self, load: Callable[[], object], plugin: Plugin) -> Contribution:
        loaded = load()
        self.manager.register(loaded, plugin.name)
        self._check_hook_names(plugin.name)
        if not self.manager.get_hookcallers(loaded):
            raise PluginError(
                f"implements no hook of neuromodels: it is {shown(loaded)}", code="NM501"
            )
        items = {kind.name: self._call(kind, loaded) for kind in KINDS}
        return self._claim(items, plugin)

    def _check_hook_names(self, name: str) -> None:
        for hook in vars(self.manager.hook).values():
            if isinstance(hook, pluggy.HookCaller) and not hook.spec:
                for implementation in hook.get_hookimpls():
                    if implementation.plugin_name == name and not implementation.optionalhook:
                        hooks = [key for key in vars(hookspecs) if key.startswith("neuromodels_")]
                        raise PluginError(
                            f"no hook {hook.name!r}; {nearest(hook.name, hooks)}", code="NM502"
                        )

    def _call(self, kind: Kind, plugin: object) -> list[Any]:
        """Call the hook of a kind in one plugin, and check what it returns."""
        items: list[Any] = []
        caller: pluggy.HookCaller = getattr(self.manager.hook, kind.hook)
        for implementation in caller.get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            try:
                returned: Any = implementation.function()
                items = [] if returned is None else list(returned)
            except BaseException as error:
                if self._ctrl_c.pressed:
                    raise
                raise PluginError(f"{kind.hook} failed: {describe(error)}", code="NM502") from error
            for item in items:
                if not kind.accepts(item):
                    raise PluginError(
                        f"{kind.hook} must return a list of {kind.expected}, not {shown(item)}",
                        code="NM502",
                    )
        return items

    def _claim(self, items: Mapping[str, list[Any]], plugin: Plugin) -> Contribution:
        """Check all names, take them for the plugin, and give the items by name."""
        named: dict[str, dict[str, Any]] = {kind.name: {} for kind in KINDS}
        every = [(kind, item, kind.name_of(item)) for kind in KINDS for item in items[kind.name]]
        for kind, item, name in every:
            if kind.name == "command" and name in RESERVED_COMMANDS:
                raise PluginError(
                    f"the command {name!r} belongs to neuromodels itself", code="NM504"
                )
            if name in named[kind.name]:
                raise PluginError(f"registers the {kind.name} {name!r} twice", code="NM504")
            owner = self._claims.get((kind.name, name))
            if owner is not None:
                raise PluginError(
                    f"the {kind.name} {name!r} is claimed by both {self.plugins[owner].owner} "
                    f"and {plugin.owner}; the former keeps it",
                    code="NM504",
                )
            named[kind.name][name] = item
        self._claims |= {(kind.name, name): plugin.name for kind, _, name in every}
        return named


def describe(error: BaseException) -> str:
    """Give the error in one line, with the plugin's own file and line where there is one."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith("<") and not _ours(file):
            place = f" ({file}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return reason(error) + place


def _ours(file: str) -> bool:
    """Whether a frame belongs to the machinery between us and the plugin."""
    folder = Path(__file__).parent
    return (
        Path(file).parent == folder
        or Path(file) == folder.parent / "registry.py"
        or "/importlib/" in file
        or "/pluggy/" in file
    )


__all__ = ["Contribution", "Loader", "describe"]
