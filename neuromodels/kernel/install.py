"""Loads compiled modules into the running NEST kernel, and again after ``nest.ResetKernel()``."""

from __future__ import annotations

import sys
from typing import Any

from neuromodels.errors import ModelError, UsageError
from neuromodels.kernel import guard
from neuromodels.machine.importing import import_nest
from neuromodels.nestml.build import build_families
from neuromodels.nestml.cache import Entry
from neuromodels.nestml.family import Family, resolve

#: Families that the user asked for in this process, by family name.
_wanted: dict[str, Family] = {}
#: What the kernel holds now: family name -> (family, module in the cache).
_loaded: dict[str, tuple[Family, Entry]] = {}


def install(*names: str) -> None:
    """Make NESTML models available in the running NEST kernel, under their plain names.

    Compiled on first use, then taken from the cache.  Models survive ``nest.ResetKernel()``, which
    unloads every module: they are loaded again at its end.  Call it before ``nest.Create``, because
    NEST refuses modules once there are nodes.

    Parameters
    ----------
    *names : str
        Plain names of neuron and synapse models.  A neuron brings the plastic synapses that its
        own plugin pairs with it; name another plugin's synapse in the same call.

    Raises
    ------
    UsageError
        No name, or something other than names.
    UnknownNameError
        No plugin registers a model of that name.
    ModelError
        A model cannot be compiled, or the kernel is in a state that refuses it.
    EnvironmentProblem
        This machine lacks something.

    Examples
    --------
    >>> import nest, neuromodels
    >>> neuromodels.install("pyramidal_burst_neuron")
    >>> cells = nest.Create("pyramidal_burst_neuron", 10)
    """
    from neuromodels.registry import registry

    if not names or not all(isinstance(name, str) for name in names):
        raise UsageError(
            f"install() takes names of models, not {', '.join(map(repr, names)) or 'nothing'}",
            code="NM244",
            fix='write neuromodels.install("one_model", "another_model")',
        )
    _hook()
    families: list[Family] = []
    clashes: list[Family] = []
    for family in resolve(names, registry()):
        known = _wanted.get(family.name)
        joined = known.joined(family) if known else family
        present = _loaded.get(family.name)
        if present is not None and set(joined.models) <= set(present[0].models):
            continue
        _wanted[family.name] = joined
        (clashes if present is not None else families).append(joined)
    if clashes:
        family = clashes[0]
        missing = sorted(set(family.models) - set(_loaded[family.name][0].models))
        raise ModelError(
            f"'{family.name}' is already loaded without {', '.join(missing)}, "
            "and a neuron is compiled together with its synapses",
            code="NM411",
            fix="call nest.ResetKernel(), after which they are loaded together, "
            "or name all models in one install()",
        )
    try:
        _load(families)
    except BaseException:
        for family in families:
            if family.name not in _loaded:
                _wanted.pop(family.name, None)
        raise


def installed() -> tuple[str, ...]:
    """Plain names of the models of ours that the kernel holds now."""
    return tuple(name for family, _ in _loaded.values() for name in family.models)


def uninstall() -> None:
    """Forget all models: the next ``nest.ResetKernel()`` gives a kernel without them."""
    _wanted.clear()


def entry_of(synapse: str) -> tuple[str, Entry] | None:
    """Registered name and module of a loaded synapse model, also of a copy; None if not ours."""
    original = guard.original(synapse)
    for family, entry in _loaded.values():
        if any(s.name == original for s in family.synapses):
            return original, entry
    return None


def neuron_entry_of(neuron: str) -> tuple[str, Entry] | None:
    """Registered name and module of a loaded neuron model, also of a copy; None if not ours."""
    original = guard.original(neuron)
    for family, entry in _loaded.values():
        if family.neuron is not None and family.neuron.name == original:
            return original, entry
    return None


def _load(families: list[Family]) -> None:
    if not families:
        return
    entries = build_families(families)
    kernel = _kernel()
    for family, entry in zip(families, entries, strict=True):
        _install_module(kernel, family, entry)
        _loaded[family.name] = (family, entry)
        guard.learn(family)


def _install_module(kernel: Any, family: Family, entry: Entry) -> None:
    try:
        kernel.llapi_install_module(str(entry.path))
    except kernel.NESTErrors.KernelException as error:
        text = str(error)
        if "Network elements have been created" in text:
            raise ModelError(
                f"the kernel already has nodes, so '{family.name}' cannot be loaded",
                code="NM411",
                fix="call neuromodels.install() before nest.Create(), or nest.ResetKernel() first",
            ) from error
        if "already exists" in text:
            raise ModelError(
                f"the kernel already has a model of one of the names {', '.join(family.models)}",
                code="NM411",
                fix="call nest.ResetKernel(), and load that other module afterwards or not at all",
            ) from error
        raise ModelError(
            f"NEST cannot load the module of '{family.name}': {' '.join(text.split())}",
            code="NM410",
            where=str(entry.path),
            fix=f"neuromodels models clean {family.name}",
        ) from error


def _kernel() -> Any:
    """NEST's low-level interface; importing NEST prints a banner and takes a second."""
    return import_nest().ll_api.nestkernel


def _hook() -> None:
    """Once per process: reload after a reset, and guard `Connect`.

    Both at the low-level interface, which every path through PyNEST takes, also for names that a
    script imported from ``nest`` earlier.
    """
    kernel = _kernel()
    if getattr(kernel, "_neuromodels_hooked", False):
        return
    reset = kernel.llapi_reset_kernel

    def reset_and_reload() -> None:
        reset()
        _loaded.clear()
        guard.forget()
        _load(list(_wanted.values()))

    kernel.llapi_reset_kernel = reset_and_reload
    guard.hook(kernel)
    kernel._neuromodels_hooked = True


def nest_is_imported() -> bool:
    """Whether this process has imported NEST."""
    return "nest" in sys.modules
