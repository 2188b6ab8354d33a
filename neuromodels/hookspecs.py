"""The hooks of neuromodels: what a plugin can add, and where it can watch.

A plugin is any module or object that an installed distribution names in the entry point group
``neuromodels``; it implements any of the functions below, each marked with `neuromodels.hookimpl`.
Registering functions return lists; they must not import NEST, PyNESTML or other slow packages at
module level, so that ``neuromodels list`` stays quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from neuromodels.analysis import Analysis
    from neuromodels.circuit import Circuit, Network, Phase
    from neuromodels.comparison import Comparison
    from neuromodels.models import Model
    from neuromodels.runs import Run

PROJECT = "neuromodels"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def neuromodels_models() -> Sequence[Model]:  # type: ignore[empty-body]
    """NESTML models that this plugin brings, with their neuron-synapse pairings."""


@hookspec
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:  # type: ignore[empty-body]
    """Circuit classes that this plugin brings; names are ``study/thing``."""


@hookspec
def neuromodels_analyses() -> Sequence[type[Analysis]]:  # type: ignore[empty-body]
    """Analysis classes that this plugin brings; names are ``study/thing``."""


@hookspec
def neuromodels_comparisons() -> Sequence[type[Comparison]]:  # type: ignore[empty-body]
    """Classes that compare several runs and judge claims; names are ``study/thing``."""


@hookspec
def neuromodels_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]
    """Click commands that this plugin adds to the ``neuromodels`` command line."""


@hookspec
def neuromodels_before_build(circuit: Circuit[Any], network: Network) -> None:
    """Called with an empty kernel, after models are installed and before anything is created.

    Under MPI this and the next are called on every rank, and must do the same on all.
    """


@hookspec
def neuromodels_after_phase(circuit: Circuit[Any], network: Network, phase: Phase) -> None:
    """Called when a phase of the protocol has been simulated."""


@hookspec
def neuromodels_after_run(run: Run) -> None:
    """Called when a run is on disk, after its analyses; under MPI on the first rank."""
