"""The kinds of items that plugins register: hook, type and names of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from neuromodels.analysis import Analysis
from neuromodels.circuit import Circuit
from neuromodels.comparison import Comparison
from neuromodels.errors import PluginError
from neuromodels.models import NeuronModel, SynapseModel

# Commands of the core, present and planned: a plugin that took one of these would work today and
# break with the next release.
RESERVED_COMMANDS = frozenset(
    {
        "analyze", "bench", "check", "doctor", "explain", "help", "jobs", "list", "models",
        "new-plugin", "report", "reproduce", "run", "show", "submit", "sweep", "verify", "version",
    }
)  # fmt: skip

_MODEL = (re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "a letter, then letters, digits and _")
_STUDY = (re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_.-]*"), "study/thing in lower case")


@dataclass(frozen=True)
class Kind:
    """A kind of items.

    Attributes
    ----------
    name : str
        Singular, as messages say it.
    hook : str
        The hook that returns a list of them.
    accepts : callable
        Whether an object is one.
    expected : str
        What the hook must return a list of.
    naming : (pattern, str), optional
        What a name must match, and that in words.
    """

    name: str
    hook: str
    accepts: Callable[[object], bool]
    expected: str
    naming: tuple[re.Pattern[str], str] | None

    def name_of(self, item: object) -> str:
        """Name of an item.

        Raises
        ------
        PluginError
            It is no name for this kind.
        """
        name = getattr(item, "name", None)
        if self.naming is None:
            return str(name)
        pattern, rule = self.naming
        if not (isinstance(name, str) and pattern.fullmatch(name)):
            raise PluginError(
                f"{name!r} is no name for a {self.name}: it must be {rule}", code="NM503"
            )
        return name


def _subclass_of(base: type) -> Callable[[object], bool]:
    return lambda item: isinstance(item, type) and issubclass(item, base)


def _is_model(item: object) -> bool:
    return isinstance(item, (NeuronModel, SynapseModel))


def _is_command(item: object) -> bool:
    import click  # only where a plugin has commands

    return isinstance(item, click.Command) and bool(item.name)


KINDS = (
    Kind("model", "neuromodels_models", _is_model, "NeuronModel or SynapseModel", _MODEL),
    Kind("circuit", "neuromodels_circuits", _subclass_of(Circuit), "Circuit classes", _STUDY),
    Kind("analysis", "neuromodels_analyses", _subclass_of(Analysis), "Analysis classes", _STUDY),
    Kind(
        "comparison",
        "neuromodels_comparisons",
        _subclass_of(Comparison),
        "Comparison classes",
        _STUDY,
    ),
    Kind("command", "neuromodels_commands", _is_command, "click commands", None),
)

__all__ = ["KINDS", "RESERVED_COMMANDS", "Kind"]
