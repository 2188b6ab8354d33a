"""What the registry holds: plugins, what they registered, and what of it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


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

    @property
    def owner(self) -> str:
        """The plugin as a message about a name names it."""
        if not self.distribution:
            return f"plugin {self.name!r}"
        return f"plugin {self.name!r} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Registered(Generic[T]):
    """An object, and who registered it."""

    object: T
    plugin: str
    version: str


@dataclass(frozen=True)
class BrokenItem:
    """One thing of a plugin that cannot be used, and why.

    Attributes
    ----------
    kind : str
        ``model``, ``circuit``, ``analysis`` or ``comparison``.
    name, plugin, reason : str
    """

    kind: str
    name: str
    plugin: str
    reason: str


class PluginWarning(UserWarning):
    """An observing hook of a plugin failed; the run goes on without it."""


__all__ = ["BrokenItem", "Plugin", "PluginWarning", "Registered"]
