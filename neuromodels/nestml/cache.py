"""Compiled modules on disk, one directory each, named by a hash of everything that matters.

A directory appears by one rename, complete; a lock per hash lets one process build while others
wait; `kill -9` at any moment leaves at most a directory under ``building/`` that the next build
removes.  Every load compares the shared object with the checksum in its manifest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from neuromodels.errors import EnvironmentProblem, ModelError, UnknownNameError
from neuromodels.machine import installation, toolchain
from neuromodels.nestml import engine
from neuromodels.nestml.family import Family

_MANIFEST = "manifest.json"
_BYSTANDERS = ("build.py", "cache.py", "declarations.py")
"""Of this package, what has no say in the C++ of a model."""


@dataclass(frozen=True)
class Entry:
    """A compiled module in the cache.

    Attributes
    ----------
    models : tuple of str
        Plain names of the models inside, the neuron first.
    key : str
        Hash of everything that changes the binary.
    size : int
        Bytes on disk.
    built : datetime
        When it was built (UTC).
    path : Path
        The shared object.
    complete : bool
        Whether the shared object is the one that was built.
    """

    models: tuple[str, ...]
    key: str
    size: int
    built: datetime
    path: Path
    complete: bool


def directory() -> Path:
    """The cache's directory: ``NEUROMODELS_CACHE``, else the user's cache directory."""
    chosen = os.environ.get("NEUROMODELS_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()  # the generator works in another directory
    from platformdirs import user_cache_path

    return user_cache_path("neuromodels")


def _generator(folder: Traversable) -> Iterator[Traversable]:
    """The files below a folder that have a say in the C++, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _generator(entry)
        elif entry.name.endswith((".py", ".h", ".jinja2")) and entry.name not in _BYSTANDERS:
            yield entry


@lru_cache(maxsize=1)
def _toolchain_revision() -> str:
    """Hash of our own generator: what it writes changes the binary too."""
    digest = hashlib.sha256()
    for file in _generator(files("neuromodels.nestml")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def key(family: Family) -> str:
    """Hash of everything that changes the binary of `family`."""
    nest = installation.find_nest()
    compiler = toolchain.find_compiler()
    models: list[Any] = [*([family.neuron] if family.neuron else []), *family.synapses]
    described = {
        "models": [
            {
                **{k: v for k, v in vars(m).items() if k not in ("source", "summary")},
                "third_factors": dict(getattr(m, "third_factors", {})),
                "text": family.sources[m.name].text,
            }
            for m in models
        ],
        "engine": engine.chosen(),
        "toolchain": _toolchain_revision(),
        "nest": nest.identity,
        "nestml": toolchain.find_nestml(),
        "compiler": [compiler.command, compiler.version],
        "flags": toolchain.compile_flags(),
        "boost": toolchain.boost_version(toolchain.find_boost()),
        "machine": platform.machine(),
    }
    text = json.dumps(described, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(folder: Path) -> Entry | None:
    """The entry in `folder`; None where there is no readable manifest."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        path = folder / manifest["file"]
        complete = path.exists() and _checksum(path) == manifest["sha256"]
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        built = datetime.fromisoformat(manifest["built"])
        return Entry(tuple(manifest["models"]), folder.name, size, built, path, complete)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lookup(wanted: str) -> Entry | None:
    """The intact entry of key `wanted`; None if there is none, or it is damaged."""
    entry = _read(directory() / "modules" / wanted)
    return entry if entry is not None and entry.complete else None


def get_or_build(family: Family, wanted: str, build: Callable[[Path], Path]) -> Entry:
    """The entry of key `wanted`, built by `build` unless it is there.

    Parameters
    ----------
    family : Family
    wanted : str
    build : callable
        Called with an empty directory, returns the shared object that it put there.

    Raises
    ------
    EnvironmentProblem
        The cache cannot be written.
    """
    entry = lookup(wanted)
    if entry is not None:
        return entry
    from filelock import FileLock  # 40 ms that a warm cache need not pay

    root = directory()
    try:
        for name in ("modules", "building", "locks"):
            (root / name).mkdir(parents=True, exist_ok=True)
        with FileLock(root / "locks" / f"{wanted}.lock"):
            entry = lookup(wanted)  # another process may have built it while this one waited
            if entry is not None:
                return entry
            for left in (root / "building").glob(f"{wanted}-*"):  # of a build that was killed
                shutil.rmtree(left, ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=f"{wanted}-", dir=root / "building"))
            try:
                path = build(work)
                _finish(family, work, path)
                final = root / "modules" / wanted
                if final.exists():  # damaged, or lookup() would have found it
                    shutil.rmtree(final)
                final.parent.mkdir(exist_ok=True)  # `models clean` may have removed it meanwhile
                work.rename(final)
            except ModelError as error:
                raise _kept(work, wanted, error) from error.__cause__
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
    except OSError as error:
        raise EnvironmentProblem(
            f"the model cache cannot be written: {error.strerror or error}",
            code="NM321",
            where=str(root),
            fix="free some space, or point NEUROMODELS_CACHE to another directory",
        ) from error
    entry = lookup(wanted)
    if entry is None:
        raise EnvironmentProblem(
            "a module that was just built cannot be read back",
            code="NM323",
            where=str(root / "modules" / wanted),
            fix="check the disk, or point NEUROMODELS_CACHE to another directory",
        )
    return entry


def _kept(work: Path, wanted: str, error: ModelError) -> ModelError:
    """Keep the C++ of a model that does not compile, so that the user can look at it."""
    kept = directory() / "failed" / wanted
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(exist_ok=True)
    work.rename(kept)
    where = error.where.replace(str(work), str(kept)) if error.where else str(kept)
    return ModelError(
        error.what.replace(str(work), str(kept)), code=error.code, where=where, fix=error.fix
    )


def _finish(family: Family, work: Path, path: Path) -> None:
    """Write the manifest and flush everything to disk before the directory gets its final name."""
    nest = installation.find_nest()
    manifest = {
        "models": list(family.models),
        "file": path.name,
        "sha256": _checksum(path),
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "nest": nest.version,
        "nestml": toolchain.find_nestml(),
        "compiler": toolchain.find_compiler().version,
        "flags": list(toolchain.compile_flags()),
    }
    (work / _MANIFEST).write_text(json.dumps(manifest, indent=2))
    for file in (path, work / _MANIFEST):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def entries() -> list[Entry]:
    """Everything in the cache, newest first."""
    folders = (directory() / "modules").glob("*")
    found = [entry for folder in folders if (entry := _read(folder)) is not None]
    return sorted(found, key=lambda entry: entry.built, reverse=True)


def clean(names: Sequence[str] = ()) -> list[Entry]:
    """Remove the entries that hold any of the models `names` (all of them if empty).

    A module that a running process has loaded stays loaded there.

    Raises
    ------
    UnknownNameError
        No entry holds a model of that name.
    """
    from filelock import FileLock, Timeout

    present = entries()
    for name in names:
        if not any(name in entry.models for entry in present):
            raise UnknownNameError(
                f"there is no compiled model '{name}' in the cache",
                code="NM216",
                fix="see: neuromodels models list",
            )
    removed = [e for e in present if not names or any(name in e.models for name in names)]
    for entry in removed:
        shutil.rmtree(entry.path.parent, ignore_errors=True)
    if not names:  # also what is damaged beyond reading, and what killed and failed builds left
        for name in ("modules", "failed"):
            shutil.rmtree(directory() / name, ignore_errors=True)
        for left in (directory() / "building").glob("*-*"):
            lock = FileLock(directory() / "locks" / f"{left.name.split('-')[0]}.lock", timeout=0)
            with contextlib.suppress(Timeout), lock:  # a running build holds it
                shutil.rmtree(left, ignore_errors=True)
    return removed
