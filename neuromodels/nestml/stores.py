"""The directories that compiled modules are looked for in, and whom they are trusted from.

``NEUROMODELS_CACHE`` names one or several, as PATH does: modules are taken from the first that has
them, and built into the first that can be written.  Without it these are the user's cache directory
and, where it exists, that of the system (``/var/cache/neuromodels`` on Linux).

A shared object runs with the rights of whoever loads it.  So a directory, an entry in it and the
files of that must belong to this user, to root, or to somebody whom ``NEUROMODELS_CACHE_OWNERS``
names (``alice,bob``), and must not be writable by everybody; an entry not even by its group.
"""

from __future__ import annotations

import functools
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from neuromodels.errors import UsageError

VARIABLE = "NEUROMODELS_CACHE"
OWNERS = "NEUROMODELS_CACHE_OWNERS"

MODULES = "modules"
_FOLDERS = (MODULES, "building", "locks", "failed")


@dataclass(frozen=True)
class Store:
    """One directory of compiled modules.

    Attributes
    ----------
    path : Path
    """

    path: Path

    def entry(self, key: str) -> Path:
        """Directory of the entry `key`."""
        return self.path / MODULES / key

    def distrust(self, key: str | None = None) -> str | None:
        """Why the directory, or its entry `key`, must not be loaded from; None if it may.

        What does not exist harms nobody.
        """
        found = _fault(self.path, links=True) or _fault(self.path / MODULES, links=True)
        if found is not None or key is None:
            return found
        folder = self.entry(key)
        found = _fault(folder, group=True)
        if found is None and folder.is_dir():
            for path in folder.iterdir():
                found = found or _fault(path, group=True)
        return found

    @property
    def writable(self) -> bool:
        """Whether modules can be built here; the directory may have to be made first."""
        path = self.path
        while not path.exists():
            if path.is_symlink() or path == path.parent:
                return False
            path = path.parent
        if path == self.path:
            folders = [self.path, *(self.path / name for name in _FOLDERS)]
            return all(os.access(f, os.W_OK | os.X_OK) for f in folders if f.exists())
        return path.is_dir() and os.access(path, os.W_OK | os.X_OK)

    @property
    def shared(self) -> bool:
        """Whether the group may build here too."""
        return self.path.exists() and bool(self.path.stat().st_mode & stat.S_IWGRP)

    def prepare(self) -> None:
        """Make the directory and its folders; where the group may write, in all of them."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name in _FOLDERS:
            folder = self.path / name
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            if self.shared:
                folder.chmod(stat.S_IMODE(self.path.stat().st_mode))

    @property
    def lock_mode(self) -> int:
        """Mode of a lock file: whoever may build must be able to open it."""
        return 0o664 if self.shared else 0o644


def stores() -> list[Store]:
    """All directories, in the order in which they are looked through.

    Raises
    ------
    UsageError
        ``NEUROMODELS_CACHE_OWNERS`` names somebody who does not exist.
    """
    _owners()
    chosen = os.environ.get(VARIABLE)
    if chosen:
        # Absolute: the generator works in another directory.
        names = [name for name in chosen.split(os.pathsep) if name]
        return [Store(Path(name).expanduser().absolute()) for name in dict.fromkeys(names)]
    from platformdirs import site_cache_path, user_cache_path

    site = Store(site_cache_path("neuromodels"))
    return [Store(user_cache_path("neuromodels")), *([site] if site.path.is_dir() else [])]


def protect(folder: Path) -> None:
    """Let others read a new entry, as far as the umask allows, and nobody else change it."""
    mask = _umask()
    folder.chmod(0o755 & ~mask | 0o700)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod((0o755 if path.is_dir() else 0o644) & ~mask | 0o600)


def _fault(path: Path, *, links: bool = False, group: bool = False) -> str | None:
    """What is wrong with one file or directory; links are followed where they are allowed."""
    try:
        found = path.stat() if links else path.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return f"{path} is a link"
    if found.st_uid not in _owners():
        return f"{path} belongs to {_name(found.st_uid)} (add to {OWNERS} whom you trust)"
    sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & stat.S_IWOTH and not sticky:
        return f"{path} can be written by everybody (chmod o-w)"
    if group and found.st_mode & stat.S_IWGRP:
        return f"{path} can be written by its group (chmod g-w)"
    return None


def _owners() -> frozenset[int]:
    return _ids(os.environ.get(OWNERS, "")) | {os.geteuid(), 0}


@functools.cache
def _ids(names: str) -> frozenset[int]:
    import pwd

    found = set()
    for name in filter(None, (name.strip() for name in names.split(","))):
        try:
            found.add(int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise UsageError(
                f"there is no user {name!r}",
                code="NM241",
                where=OWNERS,
                fix="write names of users: alice,bob",
            ) from None
    return frozenset(found)


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


__all__ = ["OWNERS", "VARIABLE", "Store", "protect", "stores"]
