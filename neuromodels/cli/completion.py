"""What the shell offers for a name: what is registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import click

Kind = Literal["circuits", "models", "analyses"]


def names(*kinds: Kind) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Give the ``shell_complete`` of an argument that is a name of one of these `kinds`."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        from neuromodels.registry import registry

        found = registry()
        known = [name for kind in kinds for name in getattr(found, kind)]
        return sorted(name for name in known if name.startswith(incomplete))

    return complete
