"""Loads compiled modules into the running NEST kernel, and again after ``nest.ResetKernel()``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuromodels.errors import ModelError, UsageError
from neuromodels.kernel import defaults, guard, prepared
from neuromodels.kernel.settings import is_unused, reset_keeping_settings
from neuromodels.machine.importing import import_nest
from neuromodels.nestml import cache, given
from neuromodels.nestml.build import build_families
from neuromodels.nestml.cache import Entry
from neuromodels.nestml.family import Family, resolve
from neuromodels.nestml.given import Given

#: Families that the user asked for in this process, by family name.
_wanted: dict[str, Family] = {}
#: What the kernel holds now: family name -> (family, module in the cache).
_loaded: dict[str, tuple[Family, Entry]] = {}


def install(
    *models: Given,
    pairs: Mapping[str, str] | None = None,
    codegen_opts: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Make NESTML models available in the running NEST kernel, under their plain names.

    Compiled on first use, then taken from the cache.  Models survive ``nest.ResetKernel()``, which
    unloads every module: they are loaded again at its end, as they were when they were installed.
    Call it before ``nest.Create``, because NEST refuses modules once there are nodes.  Installed
    again, a file that has been edited is built anew and takes the place of the earlier model.

    Parameters
    ----------
    *models : str, path, NeuronModel or SynapseModel
        Each is one of

        * the plain name of a registered model (``neuromodels list models``).  A neuron brings the
          plastic synapses that its own plugin pairs with it; name another plugin's synapse in the
          same call;
        * the path of a NESTML file: a `pathlib.Path`, or a string that ends in ``.nestml`` or has a
          slash in it.  Every model in the file is installed, under its name in the file;
        * NESTML source, a string of more than one line;
        * a `NeuronModel` or `SynapseModel`, which says everything that can be said.
    pairs : mapping, optional
        Synapse in a file -> plain name of the neuron whose spikes it sees.  A synapse that sees
        postsynaptic spikes needs none where the call has one neuron.  An input port for values
        reads the neuron's state variable of the same name.
    codegen_opts : mapping, optional
        NESTML's own options: ``neuron_synapse_pairs``, ``synapse_models``, ``weight_variable``,
        ``delay_variable`` and ``numeric_solver`` for the models in files.  Without them ``w`` or
        ``weight`` is the weight of a synapse, and ``d`` or ``delay`` (in ms) its delay.

    Returns
    -------
    tuple of str
        Plain names of the models of the call.

    Raises
    ------
    UsageError
        Something else is given, or it is not clear how a synapse is paired.
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

    >>> neuromodels.install("my_neuron.nestml", "my_synapse.nestml")
    """
    from neuromodels.registry import registry

    if not models:
        raise UsageError(
            "install() takes models, not nothing",
            code="NM244",
            fix='write neuromodels.install("one_model", "my_neuron.nestml")',
        )
    attach()
    request = given.read(
        models,
        registry(),
        pairs=pairs,
        codegen_opts=codegen_opts,
        installed={m.name: m for family in _wanted.values() for m in family.members},
    )
    before = dict(_wanted)
    _want(resolve(request.names, request))
    try:
        missing = [family for family in _wanted.values() if not _is_loaded(family)]
        entries = build_families(missing)  # finds what is wrong before the kernel is touched
        names = {name for family in missing for name in family.models}
        stale = [name for name, (family, _) in _loaded.items() if names.intersection(family.models)]
        if not stale:
            _load(missing, entries)
        elif is_unused([str(e.path) for _, e in _loaded.values()]) and not guard.altered():
            reset_keeping_settings()
    except BaseException:
        _wanted.clear()
        _wanted.update(before)
        raise
    if any(not _is_loaded(family) for family in missing):
        raise _in_use(stale[0])
    return tuple(dict.fromkeys(request.names))


def _want(families: Iterable[Family]) -> None:
    """Add families to those that are wanted; a name stands for one model, the one said last."""
    for family in families:
        known = _wanted.pop(family.name, None)
        joined = known.joined(family) if known else family
        for name, other in list(_wanted.items()):
            left = other.without(joined.models)
            if left is None:
                del _wanted[name]
            elif left != other:
                _wanted[name] = left
        _wanted[family.name] = joined


def _is_loaded(family: Family) -> bool:
    """Whether the kernel has what would be loaded now."""
    present = _loaded.get(family.name)
    return present is not None and present[1].key == cache.key(family)


def _in_use(name: str) -> ModelError:
    """A family has to be loaded in another form than it is."""
    family, loaded = _wanted.get(name), _loaded[name][0]
    missing = sorted(set(family.models) - set(loaded.models)) if family is not None else []
    how = f"without {', '.join(missing)}" if missing else "as it was before"
    return ModelError(
        f"'{name}' is already loaded {how}, and the kernel is in use",
        code="NM411",
        fix="call nest.ResetKernel(), which loads what was asked for last",
    )


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


def _constants(model: str) -> frozenset[str]:
    """Names of the constants of a model; none of what is not our neuron."""
    name = guard.original(model)
    family = next((f for f, _ in _loaded.values() if f.neuron and f.neuron.name == name), None)
    return defaults.internals(family) if family is not None else frozenset()


def _load(families: Sequence[Family], entries: Sequence[Entry]) -> None:
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


def attach() -> None:
    """Once per process: reload after a reset, guard `Connect`, let changes between runs count.

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
        prepared.forget()
        families = list(_wanted.values())
        _load(families, build_families(families))

    kernel.llapi_reset_kernel = reset_and_reload
    guard.hook(kernel)
    defaults.hook(kernel, _constants)
    prepared.hook(kernel, lambda model: neuron_entry_of(model) is not None)
    kernel._neuromodels_hooked = True


def nest_is_imported() -> bool:
    """Whether this process has imported NEST."""
    return "nest" in sys.modules
