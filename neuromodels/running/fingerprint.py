"""What made a run: by this, a finished run is used again only where it would come out the same.

A fingerprint holds everything that decides about the spikes of a run besides its parameters and
seed: the sources of its models and the generator that compiles them, the code of its circuit, the
part of the core that simulates, NEST, NESTML, the resolution, and the number of virtual processes
(threads times ranks).  The code of an analysis is kept apart (`analysis_code`): where only that has
changed, the simulation is still valid and the analysis is repeated.

Code is compared by its meaning: comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neuromodels
from neuromodels import registry
from neuromodels.circuit import Circuit
from neuromodels.errors import EnvironmentProblem, NeuromodelsError, UnknownNameError
from neuromodels.machine import installation, provenance, toolchain

if TYPE_CHECKING:
    from neuromodels.models import Model
    from neuromodels.runs import Run

_OWN = "neuromodels"
_SIMULATING = ("kernel", "running/simulation.py", "running/planning.py", "circuit.py")
"""Of the core, what has a say in the spikes of a run that uses nothing else of it."""
_HARMLESS = {"errors", "hookspecs", "style"}
"""Of the public modules of neuromodels, what changes no number."""
_NO_DATA = {".py", ".pyc", ".pyi", ".nestml", ".md", ".typed"}

Fingerprint = Mapping[str, Any]


def of(
    circuit: type[Circuit[Any]], models: Collection[str], virtual_processes: int
) -> dict[str, Any]:
    """Fingerprint of runs of `circuit`, as they would be made now.

    Parameters
    ----------
    circuit : Circuit class
    models : collection of str
        Plain names of the models that it uses with its parameters.
    virtual_processes : int
        Threads times MPI ranks.

    Returns
    -------
    dict
        What ``run.json`` has as ``fingerprint``.
    """
    found: dict[str, Any] = {
        "code": _code(circuit),
        "core": _core(),
        "nest": _nest(),
        "resolution": circuit.resolution,
        "virtual_processes": virtual_processes,
    }
    if models:
        from neuromodels.nestml import cache

        found["nestml"] = toolchain.find_nestml()
        found["generator"] = cache.generator_revision()
        found["models"] = _models(models)
    return found


def analysis_code(name: str) -> str:
    """Digest of the code of a registered analysis, and of the data that its package brings."""
    kind = registry.registry().analysis(name)
    digest = hashlib.sha256()
    for module, each in sorted(_code(kind).items()):
        digest.update(f"{module} {each}\n".encode())
    for file in _data_of(kind):
        digest.update(f"{file.name} {_file_digest(file)}\n".encode())
    return digest.hexdigest()[:16]


def differences(then: Fingerprint | None, now: Fingerprint) -> list[str]:
    """Say in words what made a run that would be another now.

    Parameters
    ----------
    then : mapping or None
        Fingerprint in the ``run.json``; None for a run of an earlier neuromodels.
    now : mapping
        As `of` gives it.
    """
    if not isinstance(then, Mapping):  # none, or damaged
        return ["the run does not say what code made it"]
    mixed = then.get("mixed") or []
    found = [f"continued after a change: {what}" for what in mixed if isinstance(what, str)]
    for key, text in (("code", "code of"), ("models", "model")):
        before, after = _table(then, key), _table(now, key)
        names = sorted(n for n in {*before, *after} if before.get(n) != after.get(n))
        found += [f"{text} {name}" for name in names]
    for key, text in (("core", "simulation code of neuromodels"), ("generator", "code generator")):
        if then.get(key) != now.get(key):
            found.append(text)
    for key, text in (
        ("nest", "NEST"),
        ("nestml", "NESTML"),
        ("resolution", "resolution"),
        ("virtual_processes", "threads times ranks"),
    ):
        if then.get(key) != now.get(key):
            found.append(f"{text} {then.get(key)} (now {now.get(key)})")
    return found


def _table(made_by: Fingerprint, key: str) -> Mapping[str, Any]:
    """A part of a fingerprint that has an entry for each name."""
    part = made_by.get(key)
    return part if isinstance(part, Mapping) else {}


class Now:
    """What would make runs of a circuit now; each question is answered from the code once.

    Parameters
    ----------
    circuit : Circuit class
    """

    def __init__(self, circuit: type[Circuit[Any]]) -> None:
        self._circuit = circuit
        self._found: dict[tuple[tuple[str, ...], int], Fingerprint] = {}
        self._analyses: dict[str, str] = {}

    def differences(self, info: Mapping[str, Any]) -> list[str]:
        """Say in words what made the run of an ``info`` that would be another now.

        The number of threads and ranks is taken to stay.
        """
        then = info.get("fingerprint")
        if not isinstance(then, Mapping):
            return differences(None, {})
        names = tuple(sorted(_table(then, "models")))
        key = names, int(info["threads"]) * int(info.get("ranks", 1))
        try:
            if key not in self._found:
                self._found[key] = of(self._circuit, *key)
        except UnknownNameError as error:
            return [error.what]
        return differences(then, self._found[key])

    def other_analyses(self, run: Run) -> list[str]:
        """Names of the analyses of a run that were made by other code, or failed."""
        return [
            name
            for name, entry in run.analyses.items()
            if entry["status"] != "ok" or entry.get("code") != self._analysis(name)
        ]

    def _analysis(self, name: str) -> str | None:
        if name not in self._analyses:
            try:
                self._analyses[name] = analysis_code(name)
            except NeuromodelsError:
                return None
        return self._analyses[name]


def _nest() -> str:
    """Version of NEST; without headers, which only a circuit with NESTML models needs, as well."""
    try:
        return installation.find_nest().version
    except EnvironmentProblem:
        return provenance.versions().get("nest-simulator", "unknown")


def _models(names: Iterable[str]) -> dict[str, str]:
    """Digest of every model that is compiled with those of the circuit."""
    from neuromodels.nestml.family import resolve

    found = {}
    for family in resolve(names, registry.registry()):
        members: list[Model] = [*([family.neuron] if family.neuron else []), *family.synapses]
        for model in members:
            said = {
                f.name: getattr(model, f.name)
                for f in fields(model)
                if f.name not in ("source", "summary")
            }
            text = f"{sorted(said.items(), key=lambda item: item[0])!r}\n"
            found[model.name] = _digest(text + family.sources[model.name].text)
    return found


def _code(kind: type) -> dict[str, str]:
    """Module -> digest of its code: those of a class and its bases, and what they import.

    Followed are modules of the same packages, and those that lie beside a module of no package.
    Of neuromodels itself count the public modules that are imported, without what they import.
    """
    found: dict[str, str] = {}
    for base in kind.__mro__:
        module = sys.modules.get(base.__module__)
        root = base.__module__.partition(".")[0]
        if module is None or root == _OWN or root in sys.stdlib_module_names - {"__main__"}:
            continue
        file = getattr(module, "__file__", None)
        if file is None or not Path(file).is_file():  # a notebook, an interactive session
            found[base.__module__] = _digest(_source(base))
        else:
            _follow(base.__module__, Path(file), found)
    return found


def _source(kind: type) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return kind.__qualname__


def _follow(name: str, file: Path, found: dict[str, str]) -> None:
    """Add a module and all that it imports."""
    waiting = [(name, file)]
    while waiting:
        module, path = waiting.pop()
        if module in found:
            continue
        found[module] = _code_digest(path)
        if module.partition(".")[0] != _OWN:
            for names in _imports(path, module):
                places = ((name, _place(name, path, module)) for name in names)
                first = next(((name, place) for name, place in places if place), None)
                if first is not None:
                    waiting.append(first)


def _imports(path: Path, module: str) -> Iterator[Sequence[str]]:
    """Absolute names of what a file imports, the first that is a module: ``a.b`` or else ``a``."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node in _executed(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ([alias.name] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from ([f"{base}.{alias.name}", base] for alias in node.names)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker sees."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield from _executed(child)


def _place(name: str, importer: Path, module: str) -> Path | None:
    """File of a module that counts; None for any other, and for what is no module."""
    root, _, rest = name.partition(".")
    if root == _OWN:
        # Folders of neuromodels are private: what a study imports lies directly below it.
        file = Path(str(files(neuromodels))) / f"{rest}.py"
        counts = rest and "." not in rest and rest not in _HARMLESS
        return file if counts and file.is_file() else None
    if root == module.partition(".")[0]:
        folders = _folders(root)
        if not folders:
            return None
    elif "." not in module:
        folders, rest = [importer.parent], name
    else:
        return None
    for folder in folders:
        base = folder.joinpath(*rest.split(".")) if rest else folder
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return file
    return None


def _data_of(kind: type) -> list[Path]:
    """Files of the package of an analysis that are no code: tables of references."""
    root = kind.__module__.partition(".")[0]
    folders = [] if root in ("__main__", _OWN) else _folders(root)
    return sorted(
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in _NO_DATA
    )


def _folders(package: str) -> list[Path]:
    """Where the modules of a package lie; nothing for what is no package."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # a module that was put into sys.modules by hand
        return []
    found = None if spec is None else spec.submodule_search_locations
    return [Path(folder) for folder in found or ()]


def _core() -> str:
    """Digest of what simulates."""
    folder = Path(str(files(neuromodels)))
    parts: list[Path] = []
    for name in _SIMULATING:
        place = folder / name
        parts += sorted(place.glob("*.py")) if place.is_dir() else [place]
    return _digest("".join(f"{part.name} {_code_digest(part)}\n" for part in parts))


def _code_digest(path: Path) -> str:
    return _cached_digest(path, *_state(path))


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=1024)
def _cached_digest(path: Path, _changed: int, _size: int) -> str:
    try:
        tree = _tree(path)
    except SyntaxError:
        return _file_digest(path)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = _without_docstring(node.body)
    return _digest(ast.dump(tree))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return list(body[1:])
    return list(body)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


__all__ = ["Fingerprint", "Now", "analysis_code", "differences", "of"]
