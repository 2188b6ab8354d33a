"""Builds what is not in the cache: generate, repair, compile, store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from neuromodels.machine import installation
from neuromodels.nestml import cache, compilation, engine, generate
from neuromodels.nestml.family import Family, resolve

#: Told what happens to which module: ("generate" | "compile" | "ready", name of the family).
Report = Callable[[str, str], None]


def _silent(_stage: str, _name: str) -> None:
    """Report nothing."""


def module_name(family: Family, key: str) -> str:
    """Name of the module of a family; NEST wants the file to be called the same."""
    return f"neuromodels_{family.name}_{key[:8]}module"


def build_family(family: Family, report: Report | None = None) -> cache.Entry:
    """The compiled module of one family, from the cache if it is there.

    Raises
    ------
    ModelError
        A model cannot be compiled.
    EnvironmentProblem
        Something this machine lacks.
    """
    key = cache.key(family)
    tell = report or _silent

    def build(work: Path) -> cache.Built:
        tell("generate", family.name)
        version = installation.find_nest().version
        module = module_name(family, key)
        generated = generate.generate(family, key[:8], work, version, engine.chosen(), module)
        tell("compile", family.name)
        output = work / f"{module}.so"
        compilation.compile_module(generated.source, output, family.sources)
        return cache.Built(output, generated.engine, generated.reason)

    entry = cache.get_or_build(family, key, build)
    tell("ready", family.name)
    return entry


def build(names: Iterable[str], report: Report | None = None) -> list[cache.Entry]:
    """Compile the models `names`, in parallel where there is more than one module to build.

    Parameters
    ----------
    names : iterable of str
        Plain model names.
    report : callable, optional
        Called with a stage and the name of a family, from worker threads.

    Returns
    -------
    list of Entry
        One per module; several models may share one.

    Raises
    ------
    UnknownNameError
        A name is not registered.
    ModelError
        A model cannot be compiled.
    EnvironmentProblem
        Something this machine lacks.
    """
    from neuromodels.registry import registry

    return build_families(resolve(names, registry()), report)


def build_families(families: Sequence[Family], report: Report | None = None) -> list[cache.Entry]:
    """Compile `families`; the work is in other processes, so threads are enough."""
    if len(families) == 1:
        return [build_family(families[0], report)]
    workers = max(1, min(len(families), os.cpu_count() or 1))
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda family: build_family(family, report), families))
