"""What a run or a sweep has written, by name and checksum, so that nothing else is touched.

A file is replaced or removed only where its name is in the record of what was written earlier, and
its content is still that.  What somebody else put in its place, or edited, is kept under another
name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from neuromodels.disk.files import beside, disk_errors, opened, own_folder, sync
from neuromodels.errors import RunError

Record = Mapping[str, Mapping[str, Any]]
"""Name of a file below its directory -> its ``sha256`` and ``size``; empty where not known."""


def describe(path: Path) -> dict[str, Any]:
    """Checksum and size of a file, as a record keeps them.

    Raises
    ------
    RunError
        It cannot be read.
    """
    with opened(path) as file:
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        return {"sha256": _digest(str(path), (*identity, status.st_ctime_ns)), "size": identity[2]}


@lru_cache(maxsize=4096)
def _digest(path: str, _identity: tuple[int, ...]) -> str:
    """SHA-256 of a file, read once for as long as it is not written to."""
    with opened(Path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, recorded: Mapping[str, Any] | None) -> None:
    """Compare a file with what was recorded of it; nothing was of a run of before.

    Raises
    ------
    RunError
        It is missing, or not as it was written.
    """
    found = describe(path)
    if not recorded:
        return
    if found["size"] != recorded.get("size"):
        what = f"has {found['size']} bytes instead of {recorded.get('size')}"
    elif found["sha256"] != recorded.get("sha256"):
        what = "is damaged: its checksum is not the one with which it was written"
    else:
        return
    raise RunError(
        what, code="NM617", where=str(path), fix="restore it from a copy, or run it again"
    )


class Batch:
    """Files that replace those of an earlier time together.

    Use it as a context: files are written under temporary names by `put`; `publish` gives them
    their own.  The record of what is written (`record`) must be on the disk in between, so that it
    always names every file that is ours.

    Parameters
    ----------
    folder : Path
        Directory of the run or the sweep.
    earlier : mapping
        Record of what it has written before.
    """

    def __init__(self, folder: Path, earlier: Record) -> None:
        self._folder = folder
        self._earlier = earlier
        self._new: dict[str, tuple[Path, dict[str, Any]]] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def put(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file; `write` gets the temporary path."""
        path = self._folder / name
        if path.parent != self._folder:
            own_folder(path.parent)
        with disk_errors(path):
            temporary = self._stack.enter_context(beside(path))
            write(temporary)
            sync(temporary)
        self._new[name] = temporary, describe(temporary)

    def record(self, kept: Callable[[str], bool] = lambda _: False) -> dict[str, dict[str, Any]]:
        """What is ours after `publish`: the new files, and earlier ones that are `kept`."""
        earlier = {name: dict(entry) for name, entry in self._earlier.items() if kept(name)}
        return {**earlier, **{name: entry for name, (_, entry) in self._new.items()}}

    def publish(self, kept: Callable[[str], bool] = lambda _: False) -> None:
        """Give the new files their names, and remove earlier ones that are not `kept`."""
        for name, (temporary, _) in self._new.items():
            path = self._folder / name
            with disk_errors(path):
                if os.path.lexists(path) and not is_ours(path, self._earlier.get(name)):
                    _set_aside(path)
                temporary.replace(path)
        with disk_errors(self._folder):
            for name in self._earlier:
                if name not in self._new and not kept(name):
                    remove(self._folder / name, self._earlier[name])
            for folder in {(self._folder / name).parent for name in self._new}:
                sync(folder)


def is_ours(path: Path, recorded: Mapping[str, Any] | None) -> bool:
    """Whether a file is in the record of what was written, and as it was written."""
    if recorded is None or path.is_symlink() or not path.is_file():
        return False
    return not recorded or describe(path)["sha256"] == recorded.get("sha256")


def remove(path: Path, recorded: Mapping[str, Any] | None) -> None:
    """Remove a file that was written earlier, unless somebody has changed it since."""
    if path.parent.is_symlink():
        return
    if is_ours(path, recorded):
        path.unlink(missing_ok=True)


def _set_aside(path: Path) -> None:
    """Rename what lies in the way of a file of ours."""
    number = 1
    while os.path.lexists(other := path.with_name(f"{path.stem}.kept-{number}{path.suffix}")):
        number += 1
    path.rename(other)
    warnings.warn(f"{path} is not as it was written; it is now {other.name}", stacklevel=4)


__all__ = ["Batch", "Record", "check", "describe", "is_ours", "remove"]
