"""What is installed: plugins, and the models, circuits, analyses and commands they register.

Every distribution that has an entry point in the group ``neuromodels`` is a plugin.  Each is
loaded on its own; one that cannot be imported, or that breaks a rule, is kept as broken together
with the reason, and everything else works as if it were not there.

Two kinds of fault are told apart.  A *plugin* fault (import error, failing hook, wrong type, name
that is taken) withdraws the whole plugin: had it lost only the taken name, its circuits would
silently run with the other plugin's model.  An *item* fault (a circuit without presets, a synapse
whose neuron does not exist) withdraws that item and whatever needs it.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import pluggy

from neuromodels import hookspecs
from neuromodels.analysis import Analysis, Result
from neuromodels.circuit import Circuit
from neuromodels.clock import Clock
from neuromodels.errors import NeuromodelsError, PluginError, UnknownNameError
from neuromodels.models import Model, NeuronModel, SynapseModel
from neuromodels.parameters import Parameters, nearest

if TYPE_CHECKING:
    from neuromodels.runs import Run

__all__ = [
    "RESERVED_COMMANDS",
    "BrokenItem",
    "Plugin",
    "PluginWarning",
    "Registered",
    "Registry",
    "registry",
]

T = TypeVar("T")

GROUP = "neuromodels"

# Commands of the core, present and planned: a plugin that took one of these would work today and
# break with the next release.
RESERVED_COMMANDS = frozenset(
    {
        "analyze", "bench", "doctor", "help", "jobs", "list", "models", "new-plugin", "report",
        "reproduce", "run", "show", "submit", "sweep", "version",
    }
)  # fmt: skip

_STUDY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_.-]*")
_MODEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class PluginWarning(UserWarning):
    """An observing hook of a plugin failed; the run goes on without it."""


@dataclass(frozen=True)
class Plugin:
    """A plugin, working or broken.

    Attributes
    ----------
    name : str
        Name of its entry point.
    distribution, version : str
        The installed distribution it comes from; empty for one registered at run time.
    status : {"ok", "broken"}
    reason : str
        Why it is broken.
    """

    name: str
    distribution: str = ""
    version: str = ""
    status: Literal["ok", "broken"] = "ok"
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})" if self.version else self.name


@dataclass(frozen=True)
class Registered(Generic[T]):
    """An object, and who registered it."""

    object: T
    plugin: str
    version: str


@dataclass(frozen=True)
class BrokenItem:
    """One thing of a plugin that cannot be used, and why."""

    kind: Literal["model", "circuit", "analysis"]
    name: str
    plugin: str
    reason: str


@dataclass
class _Contribution:
    """What one plugin registers."""

    models: list[Model] = field(default_factory=list)
    circuits: list[type[Circuit[Any]]] = field(default_factory=list)
    analyses: list[type[Analysis]] = field(default_factory=list)
    commands: list[Any] = field(default_factory=list)


class Registry:
    """Plugins and what they bring; `registry()` gives that of this process.

    Attributes
    ----------
    plugins : dict[str, Plugin]
    models : dict[str, Registered[NeuronModel | SynapseModel]]
    circuits : dict[str, Registered[type[Circuit]]]
    analyses : dict[str, Registered[type[Analysis]]]
    commands : dict[str, Registered[click.Command]]
    broken : list[BrokenItem]
        Items of working plugins that cannot be used.
    hook : Observers
        Calls the observing hooks of all working plugins.
    """

    def __init__(self) -> None:
        self.plugins: dict[str, Plugin] = {}
        self.models: dict[str, Registered[Model]] = {}
        self.circuits: dict[str, Registered[type[Circuit[Any]]]] = {}
        self.analyses: dict[str, Registered[type[Analysis]]] = {}
        self.commands: dict[str, Registered[Any]] = {}
        self.broken: list[BrokenItem] = []
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._claims: dict[tuple[str, str], str] = {}
        self.hook = Observers(self._manager, self.plugins)

    # Loading ---------------------------------------------------------------------------------

    def discover(self, points: Iterable[EntryPoint] | None = None) -> None:
        """Load every entry point of the group, in the order of their names."""
        found = entry_points(group=GROUP) if points is None else points
        # What a plugin prints must not get into the output of `--json`.
        with contextlib.redirect_stdout(sys.stderr):
            for point in sorted(found, key=lambda point: (point.name, _distribution(point))):
                plugin = Plugin(point.name, *_origin(point))
                try:
                    self._add(point.load, plugin)
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
            self._add(lambda: plugin, entry)
        except PluginError as error:
            raise PluginError(error.what, where=f"plugin {name}") from error.__cause__
        self._validate()

    def _add(self, load: Callable[[], object], plugin: Plugin) -> None:
        other = self.plugins.get(plugin.name)
        if other is not None:
            raise PluginError(f"the plugin name {plugin.name!r} is taken by {_owner(other)}")
        try:
            loaded = load()
            self._manager.register(loaded, plugin.name)
        except KeyboardInterrupt:
            raise  # the user's, not the plugin's
        except BaseException as error:  # a plugin may raise what it likes, SystemExit included
            if self._manager.has_plugin(plugin.name):
                self._manager.unregister(name=plugin.name)
            raise PluginError(f"cannot be loaded: {_describe(error)}") from error
        try:
            self._check_hook_names(plugin.name)
            contribution = self._collect(loaded)
            claims = self._claim(contribution, plugin)
        except PluginError:
            self._manager.unregister(loaded)
            raise
        self._claims |= claims
        self.plugins[plugin.name] = plugin
        self._store(contribution, plugin)

    def _check_hook_names(self, name: str) -> None:
        for hook in vars(self._manager.hook).values():
            if isinstance(hook, pluggy.HookCaller) and not hook.spec:
                for implementation in hook.get_hookimpls():
                    if implementation.plugin_name == name and not implementation.optionalhook:
                        hooks = [key for key in vars(hookspecs) if key.startswith("neuromodels_")]
                        raise PluginError(f"no hook {hook.name!r}; {nearest(hook.name, hooks)}")

    def _collect(self, plugin: object) -> _Contribution:
        """Call the registering hooks of one plugin and check what they return."""
        contribution = _Contribution(
            models=self._call(
                "neuromodels_models", plugin, _is_model, "NeuronModel or SynapseModel"
            ),
            circuits=self._call("neuromodels_circuits", plugin, _is_circuit, "Circuit classes"),
            analyses=self._call("neuromodels_analyses", plugin, _is_analysis, "Analysis classes"),
            commands=self._call("neuromodels_commands", plugin, _is_command, "click commands"),
        )
        for model in contribution.models:
            _check_name("model", model.name, _MODEL_NAME, "a letter, then letters, digits and _")
        for kind, classes in (
            ("circuit", contribution.circuits),
            ("analysis", contribution.analyses),
        ):
            for item in classes:
                name = getattr(item, "name", None)
                _check_name(kind, name, _STUDY_NAME, "study/thing in lower case")
        return contribution

    def _call(
        self, hook: str, plugin: object, accept: Callable[[object], bool], expected: str
    ) -> list[Any]:
        items: list[Any] = []
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        for implementation in caller.get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            try:
                returned: Any = implementation.function()
                items = [] if returned is None else list(returned)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise PluginError(f"{hook} failed: {_describe(error)}") from error
            for item in items:
                if not accept(item):
                    raise PluginError(f"{hook} must return a list of {expected}, not {item!r}")
        return items

    def _claim(self, contribution: _Contribution, plugin: Plugin) -> dict[tuple[str, str], str]:
        """Check that no name is taken, and give the names that the plugin takes."""
        claims: dict[tuple[str, str], str] = {}
        names = [
            *(("model", model.name) for model in contribution.models),
            *(("circuit", circuit.name) for circuit in contribution.circuits),
            *(("analysis", analysis.name) for analysis in contribution.analyses),
            *(("command", str(command.name)) for command in contribution.commands),
        ]
        for kind, name in names:
            if kind == "command" and name in RESERVED_COMMANDS:
                raise PluginError(f"the command {name!r} belongs to neuromodels itself")
            if (kind, name) in claims:
                raise PluginError(f"registers the {kind} {name!r} twice")
            owner = self._claims.get((kind, name))
            if owner is not None:
                raise PluginError(
                    f"the {kind} {name!r} is claimed by both {_owner(self.plugins[owner])} "
                    f"and {_owner(plugin)}; the former keeps it"
                )
            claims[kind, name] = plugin.name
        return claims

    def _store(self, contribution: _Contribution, plugin: Plugin) -> None:
        def registered(item: T) -> Registered[T]:
            return Registered(item, plugin.name, plugin.version)

        self.models |= {item.name: registered(item) for item in contribution.models}
        self.circuits |= {item.name: registered(item) for item in contribution.circuits}
        self.analyses |= {item.name: registered(item) for item in contribution.analyses}
        self.commands |= {str(item.name): registered(item) for item in contribution.commands}

    def _mark_broken(self, plugin: Plugin, reason: str) -> None:
        name = plugin.name
        if name in self.plugins:  # two plugins of one name: list both
            name = f"{plugin.name} ({plugin.distribution})"
        self.plugins[name] = replace(plugin, status="broken", reason=reason)

    # Rules between items ---------------------------------------------------------------------

    def _validate(self) -> None:
        """Withdraw items that need what is not there; models first, since circuits need them."""
        for _ in range(2):  # a synapse may come before the neuron that it then lacks
            self._withdraw("model", self.models, self._model_fault)
        self._withdraw("analysis", self.analyses, _analysis_fault)
        self._withdraw("circuit", self.circuits, self._circuit_fault)

    def _withdraw(
        self,
        kind: Literal["model", "circuit", "analysis"],
        items: dict[str, Registered[T]],
        fault: Callable[[T], str | None],
    ) -> None:
        for name, item in list(items.items()):
            try:
                reason = fault(item.object)
            except Exception as error:  # noqa: BLE001  attributes of the wrong type
                reason = f"it is not declared as it should be: {_describe(error)}"
            if reason is not None:
                del items[name]
                self.broken.append(BrokenItem(kind, name, item.plugin, reason))

    def _model_fault(self, model: Model) -> str | None:
        if isinstance(model, SynapseModel) and model.neuron is not None:
            partner = self.models.get(model.neuron)
            if partner is None:
                return f"its neuron {model.neuron!r} is not registered"
            if not isinstance(partner.object, NeuronModel):
                return f"its neuron {model.neuron!r} is a synapse"
        if not model.source.is_file():
            return f"its source {model.source} does not exist"
        return None

    def _circuit_fault(self, circuit: type[Circuit[Any]]) -> str | None:
        schema = getattr(circuit, "Parameters", None)
        if not (isinstance(schema, type) and issubclass(schema, Parameters)):
            return "its Parameters is not a subclass of neuromodels.Parameters"
        if abstract := sorted(getattr(circuit, "__abstractmethods__", ())):
            return f"it does not implement {', '.join(abstract)}"
        if not isinstance(getattr(circuit, "summary", None), str):
            return "it has no summary"
        for preset in ("smoke", "paper", circuit.default_preset):
            if preset not in circuit.presets:
                return f"it has no preset {preset!r}"
        if (reason := _values_fault(circuit)) is not None:
            return reason
        Clock(circuit.resolution)
        for model in circuit.models:
            if model not in self.models:
                return f"its model {model!r} is not registered"
        for analysis in circuit.analyses:
            if analysis not in self.analyses:
                return f"its analysis {analysis!r} is not registered"
        return None

    # Looking up ------------------------------------------------------------------------------

    def model(self, name: str) -> Model:
        """Give the NESTML model of a plain name, or raise `UnknownNameError`."""
        return self._find("model", name, self.models)

    def circuit(self, name: str) -> type[Circuit[Any]]:
        """Give the circuit class of a name, or raise `UnknownNameError`."""
        return self._find("circuit", name, self.circuits)

    def analysis(self, name: str) -> type[Analysis]:
        """Give the analysis class of a name, or raise `UnknownNameError`."""
        return self._find("analysis", name, self.analyses)

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
            raise PluginError(f"returned {type(result).__name__}, not a Result", where=name)
        return result

    def _find(self, kind: str, name: str, items: Mapping[str, Registered[T]]) -> T:
        if name in items:
            return items[name].object
        for item in self.broken:
            if (item.kind, item.name) == (kind, name):
                raise PluginError(
                    f"the {kind} {name!r} of plugin {item.plugin} cannot be used: {item.reason}",
                    fix="neuromodels doctor shows all faults of plugins",
                )
        raise UnknownNameError(f"no {kind} {name!r}", fix=self._hint(name, items))

    def _hint(self, name: str, items: Iterable[str]) -> str:
        study = name.partition("/")[0]
        for plugin in self.plugins.values():
            if plugin.status == "broken" and plugin.name == study:
                return f"plugin {plugin} is broken: {plugin.reason}"
        hint = nearest(name, items)
        broken = [plugin.name for plugin in self.plugins.values() if plugin.status == "broken"]
        return f"{hint}; broken plugins: {', '.join(broken)}" if broken else hint


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
                    f"plugin {plugin}: {hook} failed: {_describe(error)}",
                    PluginWarning,
                    stacklevel=3,
                )


@functools.cache
def registry() -> Registry:
    """Give the registry of this process; plugins are loaded at the first call."""
    found = Registry()
    found.discover()
    return found


def _is_model(item: object) -> bool:
    return isinstance(item, (NeuronModel, SynapseModel))


def _is_circuit(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, Circuit)


def _is_analysis(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, Analysis)


def _is_command(item: object) -> bool:
    import click  # only where a plugin has commands

    return isinstance(item, click.Command) and bool(item.name)


def _values_fault(circuit: type[Circuit[Any]]) -> str | None:
    """Why the schema refuses a preset or a condition."""
    for kind, sets in (("preset", circuit.presets), ("condition", circuit.conditions)):
        for name, values in sets.items():
            try:
                circuit.Parameters.resolve(values)
            except NeuromodelsError as error:
                return f"{kind} {name!r}: {error}"
    return None


def _analysis_fault(analysis: type[Analysis]) -> str | None:
    if abstract := sorted(getattr(analysis, "__abstractmethods__", ())):
        return f"it does not implement {', '.join(abstract)}"
    if not isinstance(getattr(analysis, "summary", None), str):
        return "it has no summary"
    return None


def _check_name(kind: str, name: object, pattern: re.Pattern[str], rule: str) -> None:
    if not (isinstance(name, str) and pattern.fullmatch(name)):
        raise PluginError(f"{name!r} is no name for a {kind}: it must be {rule}")


def _owner(plugin: Plugin) -> str:
    if not plugin.distribution:
        return f"plugin {plugin.name!r}"
    return f"plugin {plugin.name!r} of {plugin.distribution} {plugin.version}"


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""


def _origin(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("", "")


def _describe(error: BaseException) -> str:
    """Give the error in one line, with the plugin's own file and line where there is one."""
    text = " ".join(str(error).split())
    if not isinstance(error, NeuromodelsError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith("<") and not _ours(file):
            place = f" ({file}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return text + place


def _ours(file: str) -> bool:
    """Whether a frame belongs to the machinery between us and the plugin."""
    return file == __file__ or "/importlib/" in file or "/pluggy/" in file
