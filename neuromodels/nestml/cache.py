"""Compiled modules on disk, one directory each, named by a hash of everything that matters.

A directory appears by one rename, complete; a lock per hash lets one process build while others
wait; `kill -9` at any moment leaves at most a directory under ``building/`` that the next build
removes.  Every load compares the shared object with the checksum in its manifest.  `stores` says
which directories are looked through.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.errors import EnvironmentProblem, ModelError, UnknownNameError
from neuromodels.machine import installation, toolchain
from neuromodels.nestml import engine
from neuromodels.nestml.family import Family
from neuromodels.nestml.stores import MODULES, VARIABLE, Store, protect, stores

if TYPE_CHECKING:
    from filelock import BaseFileLock

_MANIFEST = "manifest.json"
CHECKS = "checks"
"""Folder of what was found wrong with sources."""
_KEY = re.compile(r"[0-9a-f]{16}")
_BYSTANDERS = (
    "build.py",
    "cache.py",
    "checking.py",
    "declarations.py",
    "given.py",
    "pairing.py",
    "stores.py",
)
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
    engine : str
        That has written its C++: ``fast``, or ``plain``.
    reason : str
        Why it was not the fast one; empty if it was.
    """

    models: tuple[str, ...]
    key: str
    size: int
    built: datetime
    path: Path
    complete: bool
    engine: str
    reason: str


@dataclass(frozen=True)
class Built:
    """A shared object that has just been built, and what `Entry` says about it."""

    path: Path
    engine: str
    reason: str


def directory() -> Path:
    """The first directory that is looked through, which is the user's own unless told otherwise."""
    return stores()[0].path


def _generator(folder: Traversable) -> Iterator[Traversable]:
    """The files below a folder that have a say in the C++, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _generator(entry)
        elif entry.name.endswith((".py", ".h", ".jinja2")) and entry.name not in _BYSTANDERS:
            yield entry


@lru_cache(maxsize=1)
def generator_revision() -> str:
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
        "toolchain": generator_revision(),
        "nest": nest.identity,
        "nestml": toolchain.find_nestml(),
        "compiler": [compiler.command, compiler.version],
        "flags": toolchain.compile_flags(),
        "boost": toolchain.boost_version(toolchain.find_boost()),
        "machine": platform.machine(),
    }
    text = json.dumps(described, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def revision(described: Any) -> str:
    """Hash of something that NESTML and our checks are to look at."""
    text = json.dumps([described, generator_revision(), toolchain.find_nestml()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(folder: Path) -> Entry | None:
    """The entry in `folder`; None where there is no readable manifest."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        # A name in the entry and nothing else: a path could lead to what somebody else can write.
        path = folder / Path(manifest["file"]).name
        complete = path.is_file() and _checksum(path) == manifest["sha256"]
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        built = datetime.fromisoformat(manifest["built"])
        return Entry(
            models=tuple(manifest["models"]),
            key=folder.name,
            size=size,
            built=built,
            path=path,
            complete=complete,
            engine=str(manifest["engine"]),
            reason=str(manifest["reason"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lookup(wanted: str) -> Entry | None:
    """The intact entry of key `wanted`; None if there is none to be trusted, or it is damaged."""
    for store in stores():
        if store.distrust(wanted) is None:
            entry = _read(store.entry(wanted))
            if entry is not None and entry.complete:
                return entry
    return None


def _place(wanted: str) -> Store:
    """Where the entry `wanted` is to be built.

    Raises
    ------
    EnvironmentProblem
        Nowhere; the message says why not.
    """
    why = []
    for store in stores():
        distrusted = store.distrust(wanted)
        if distrusted is not None:
            why.append(f"not used because {distrusted}")
        elif not store.writable:
            why.append(f"{store.path} cannot be written")
        else:
            return store
    raise EnvironmentProblem(
        f"there is no model cache to build in: {'; '.join(why)}",
        code="NM325",
        fix=f"mend that, or let {VARIABLE} begin with a directory of your own",
    )


def get_or_build(family: Family, wanted: str, build: Callable[[Path], Built]) -> Entry:
    """The entry of key `wanted`, built by `build` unless it is there.

    Parameters
    ----------
    family : Family
    wanted : str
    build : callable
        Called with an empty directory, returns what it put there.

    Raises
    ------
    EnvironmentProblem
        No cache can be written, or none is to be trusted.
    """
    entry = lookup(wanted)
    if entry is not None:
        return entry
    store = _place(wanted)
    root = store.path
    try:
        store.prepare()
        with _lock(store, wanted):
            entry = lookup(wanted)  # another process may have built it while this one waited
            if entry is not None:
                return entry
            for left in (root / "building").glob(f"{wanted}-*"):  # of a build that was killed
                shutil.rmtree(left, ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=f"{wanted}-", dir=root / "building"))
            try:
                _finish(family, work, build(work))
                final = store.entry(wanted)
                if final.exists():  # damaged, or lookup() would have found it
                    # First out of the way: it may be another user's, and then cannot be emptied.
                    aside = final.with_name(f"{work.name}-damaged")
                    final.rename(aside)
                    shutil.rmtree(aside, ignore_errors=True)
                final.parent.mkdir(exist_ok=True)  # `models clean` may have removed it meanwhile
                work.rename(final)
            except ModelError as error:
                raise _kept(store, work, wanted, error) from error.__cause__
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
            where=str(store.entry(wanted)),
            fix="check the disk, or point NEUROMODELS_CACHE to another directory",
        )
    return entry


def _lock(store: Store, wanted: str) -> BaseFileLock:
    from filelock import FileLock  # 40 ms that a warm cache need not pay

    return FileLock(store.path / "locks" / f"{wanted}.lock", mode=store.lock_mode)


def _kept(store: Store, work: Path, wanted: str, error: ModelError) -> ModelError:
    """Keep the C++ of a model that does not compile, so that the user can look at it."""
    kept = store.path / "failed" / wanted
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(exist_ok=True)
    work.rename(kept)
    where = error.where.replace(str(work), str(kept)) if error.where else str(kept)
    return ModelError(
        error.what.replace(str(work), str(kept)), code=error.code, where=where, fix=error.fix
    )


def _finish(family: Family, work: Path, built: Built) -> None:
    """Write the manifest and flush everything to disk before the directory gets its final name."""
    nest = installation.find_nest()
    manifest = {
        "models": list(family.models),
        "file": built.path.name,
        "sha256": _checksum(built.path),
        "engine": built.engine,
        "reason": built.reason,
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "nest": nest.version,
        "nestml": toolchain.find_nestml(),
        "compiler": toolchain.find_compiler().version,
        "flags": list(toolchain.compile_flags()),
    }
    (work / _MANIFEST).write_text(json.dumps(manifest, indent=2))
    protect(work)
    for file in (built.path, work / _MANIFEST):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def entries(store: Store | None = None) -> list[Entry]:
    """Everything in the cache, or in one directory of it, newest first."""
    found = [
        entry
        for place in (stores() if store is None else [store])
        for folder in (place.path / MODULES).glob("*")
        if place.distrust(folder.name) is None and (entry := _read(folder)) is not None
    ]
    return sorted(found, key=lambda entry: entry.built, reverse=True)


def left_to_plain(model: str) -> str:
    """Why the last build of a model was left to the plain engine; empty if it was not.

    Reads manifests only, and checks no shared object.
    """
    found = []
    for path in (p for s in stores() for p in (s.path / MODULES).glob(f"*/{_MANIFEST}")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            manifest = json.loads(path.read_text())
            if model in manifest["models"]:
                found.append((str(manifest["built"]), str(manifest["reason"])))
    return max(found)[1] if found else ""


def clean(names: Sequence[str] = ()) -> list[Entry]:
    """Remove the entries that hold any of the models `names` (all of them if empty).

    Only directories of the cache that can be written are looked at.  A module that a running
    process has loaded stays loaded there.

    Raises
    ------
    UnknownNameError
        No entry holds a model of that name.
    """
    places = [store for store in stores() if store.distrust() is None and store.writable]
    present = [(store, entry) for store in places for entry in entries(store)]
    for name in names:
        if not any(name in entry.models for _, entry in present):
            raise UnknownNameError(
                f"there is no compiled model '{name}' in the cache",
                code="NM216",
                fix="see: neuromodels models list",
            )
    removed = []
    for _, entry in present:
        if not names or any(name in entry.models for name in names):
            shutil.rmtree(entry.path.parent, ignore_errors=True)
            removed.append(entry)
    if not names:
        for store in places:
            _sweep(store)
    return removed


def _sweep(store: Store) -> None:
    """Remove what is damaged beyond reading, and what killed and failed builds left.

    By its name only: the directory may hold other things, which are somebody's.
    """
    from filelock import Timeout

    for folder in (MODULES, "failed", "building"):
        for left in (store.path / folder).glob("*"):
            key = left.name.partition("-")[0]
            if not _KEY.fullmatch(key) or left.is_symlink() or not left.is_dir():
                continue
            lock = _lock(store, key)
            with contextlib.suppress(Timeout, OSError), lock.acquire(timeout=0):
                shutil.rmtree(left, ignore_errors=True)  # a running build would hold the lock
    for left in (store.path / CHECKS).glob("*.json"):
        if _KEY.fullmatch(left.stem):
            left.unlink(missing_ok=True)
