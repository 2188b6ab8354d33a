"""What HDF5 files from somebody else must not do."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from neuromodels.disk.files import opened
from neuromodels.errors import RunError


def refuse_external(path: Path) -> None:
    """Refuse a file that takes its content from other files, which HDF5 would open.

    Raises
    ------
    RunError
        It is no ordinary file, or has external links, external or virtual datasets.
    OSError
        It is no HDF5 file.
    """
    with opened(path) as file:
        status = os.fstat(file.fileno())
    found = _once(str(path), (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
    if found:
        raise RunError(f"takes {found[0]} from another file", code="NM618", where=str(path))


@lru_cache(maxsize=1024)
def _once(path: str, _identity: tuple[int, ...]) -> list[str]:
    """Names of what lies in other files, looked up once for as long as a file is not written to."""
    import h5py

    with h5py.File(path, "r") as file:
        return _external(file, h5py)


def _external(group: Any, h5py: Any) -> list[str]:
    """Names of what lies in other files, in a group and those below it."""
    found = []
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            found.append(f"{group.name}/{name}")
            continue
        item = group[name]
        if isinstance(item, h5py.Group):
            found += _external(item, h5py)
        elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            found.append(item.name)
    return found


__all__ = ["refuse_external"]
