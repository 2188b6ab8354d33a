"""What is installed: plugins, and the models, circuits, analyses, … that they register.

Every distribution that has an entry point in the group ``neuromodels`` is a plugin.  Each is
loaded on its own; one that cannot be imported, or that breaks a rule, is kept as broken together
with the reason, and everything else works as if it were not there.

Two kinds of fault are told apart.  A *plugin* fault (import error, failing hook, wrong type, name
that is taken) withdraws the whole plugin: had it lost only the taken name, its circuits would
silently run with the other plugin's model.  An *item* fault (a circuit without presets, a synapse
whose neuron does not exist) withdraws that item and whatever needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

from neuromodels.analysis import Analysis, Result
from neuromodels.circuit import Circuit
from neuromodels.comparison import Comparison
from neuromodels.errors import PluginError, UnknownNameError
from neuromodels.models import Model
from neuromodels.parameters import nearest
from neuromodels.registering.checks import (
    analysis_fault,
    circuit_fault,
    comparison_fault,
    model_fault,
    withdraw,
)
from neuromodels.registering.items import BrokenItem, Plugin, PluginWarning, Registered
from neuromodels.registering.kinds import RESERVED_COMMANDS
from neuromodels.registering.loading import Contribution, Loader
from neuromodels.registering.observers import Observers
from neuromodels.registering.surroundings import output_to_stderr

if TYPE_CHECKING:
    from neuromodels.runs import Run

T = TypeVar("T")

GROUP = "neuromodels"


class Registry:
    """Plugins and what they bring; `registry()` gives that of this process.

    Attributes
    ----------
    plugins : dict[str, Plugin]
    models : dict[str, Registered[NeuronModel | SynapseModel]]
    circuits : dict[str, Registered[type[Circuit]]]
    analyses : dict[str, Registered[type[Analysis]]]
    comparisons : dict[str, Registered[type[Comparison]]]
    commands : dict[str, Registered[click.Command]]
    broken : list[BrokenItem]
        Items of working plugins that cannot be used.
    hook : Observers
        Calls the observing hooks of all working plugins.
    """

    def __init__(self) -> None:
        self.models: dict[str, Registered[Model]] = {}
        self.circuits: dict[str, Registered[type[Circuit[Any]]]] = {}
        self.analyses: dict[str, Registered[type[Analysis]]] = {}
        self.comparisons: dict[str, Registered[type[Comparison]]] = {}
        self.commands: dict[str, Registered[Any]] = {}
        self.broken: list[BrokenItem] = []
        self._loader = Loader()
        self.plugins = self._loader.plugins
        self.hook = Observers(self._loader.manager, self.plugins)

    def discover(self, points: Iterable[EntryPoint] | None = None) -> None:
        """Load every entry point of the group, in the order of their names."""
        found = entry_points(group=GROUP) if points is None else points
        # What a plugin prints must not get into the output of `--json`.
        with output_to_stderr():
            for point in sorted(found, key=lambda point: (point.name, _origin(point)[0])):
                plugin = Plugin(point.name, *_origin(point))
                try:
                    self._store(self._loader.add(point.load, plugin), plugin)
                except PluginError as error:
                    self._mark_broken(plugin, error.what)
            self._validate()

    def register(self, plugin: object, name: str) -> None:
        """Add a plugin object at run time: in a notebook or a test.

        Raises
        ------
        PluginError
            Where an installed plugin would be listed as broken; nothing of it is registered.
        """
        entry = Plugin(name)
        try:
            self._store(self._loader.add(lambda: plugin, entry), entry)
        except PluginError as error:
            raise PluginError(
                error.what, code=error.code, where=f"plugin {name}"
            ) from error.__cause__
        self._validate()

    def model(self, name: str) -> Model:
        """Give the NESTML model of a plain name, or raise `UnknownNameError`."""
        return self._find("model", name, self.models)

    def circuit(self, name: str) -> type[Circuit[Any]]:
        """Give the circuit class of a name, or raise `UnknownNameError`."""
        return self._find("circuit", name, self.circuits)

    def analysis(self, name: str) -> type[Analysis]:
        """Give the analysis class of a name, or raise `UnknownNameError`."""
        return self._find("analysis", name, self.analyses)

    def comparison(self, name: str) -> type[Comparison]:
        """Give the comparison class of a name, or raise `UnknownNameError`."""
        return self._find("comparison", name, self.comparisons)

    def evaluate(self, name: str, run: Run) -> Result:
        """Call the analysis `name` on `run`, in the common style, and check what it returns.

        Raises
        ------
        UnknownNameError
            No such analysis.
        PluginError
            It returned something other than a `Result`.
        """
        from neuromodels import style

        analysis = self.analysis(name)
        with style.applied():
            result = analysis()(run)
        if not isinstance(result, Result):
            raise PluginError(
                f"returned {type(result).__name__}, not a Result", code="NM506", where=name
            )
        return result

    def _store(self, found: Contribution, plugin: Plugin) -> None:
        def registered(kind: str) -> dict[str, Registered[Any]]:
            return {
                name: Registered(item, plugin.name, plugin.version)
                for name, item in found[kind].items()
            }

        self.models |= registered("model")
        self.circuits |= registered("circuit")
        self.analyses |= registered("analysis")
        self.comparisons |= registered("comparison")
        self.commands |= registered("command")

    def _mark_broken(self, plugin: Plugin, reason: str) -> None:
        name = plugin.name
        if name in self.plugins:  # two plugins of one name: list both
            name = f"{plugin.name} ({plugin.distribution})"
        self.plugins[name] = replace(plugin, status="broken", reason=reason)

    def _validate(self) -> None:
        """Withdraw items that need what is not there; models first, since circuits need them."""
        for _ in range(2):  # a synapse may come before the neuron that it then lacks
            self.broken += withdraw("model", self.models, lambda m: model_fault(m, self.models))
        self.broken += withdraw("analysis", self.analyses, analysis_fault)
        self.broken += withdraw(
            "circuit", self.circuits, lambda c: circuit_fault(c, self.models, self.analyses)
        )
        self.broken += withdraw(
            "comparison", self.comparisons, lambda c: comparison_fault(c, self.circuits)
        )

    def _find(self, kind: str, name: str, items: Mapping[str, Registered[T]]) -> T:
        if name in items:
            return items[name].object
        for item in self.broken:
            if (item.kind, item.name) == (kind, name):
                raise PluginError(
                    f"the {kind} {name!r} of plugin {item.plugin} cannot be used: {item.reason}",
                    code="NM505",
                    fix="neuromodels doctor shows all faults of plugins",
                )
        raise UnknownNameError(f"no {kind} {name!r}", code="NM210", fix=self._hint(name, items))

    def _hint(self, name: str, items: Iterable[str]) -> str:
        study = name.partition("/")[0]
        for plugin in self.plugins.values():
            if plugin.status == "broken" and plugin.name == study:
                return f"plugin {plugin} is broken: {plugin.reason}"
        hint = nearest(name, items)
        broken = [plugin.name for plugin in self.plugins.values() if plugin.status == "broken"]
        return f"{hint}; broken plugins: {', '.join(broken)}" if broken else hint


@functools.cache
def registry() -> Registry:
    """Give the registry of this process; plugins are loaded at the first call."""
    found = Registry()
    found.discover()
    return found


def _origin(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("", "")


__all__ = [
    "RESERVED_COMMANDS",
    "BrokenItem",
    "Plugin",
    "PluginWarning",
    "Registered",
    "Registry",
    "registry",
]
