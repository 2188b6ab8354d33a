"""Files that are either whole or absent, and errors of the disk in plain words.

Whatever a run writes goes through `replacing`: the content is written beside its destination,
forced to the disk, and renamed.  A crash at any moment leaves the old file or the new one.

A directory may come from somebody else.  What is read from it goes through `opened`, which follows
no link and waits for no pipe; what is written has a name that nobody could know beforehand.

JSON files hold a checksum of their own content, which `read_json` compares.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neuromodels.errors import EnvironmentProblem, NeuromodelsError, RunError, reason

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_disk_full(error: BaseException) -> bool:
    """Tell whether `error`, or what caused it, says that there is no space left.

    HDF5 passes on only the text of the system's error.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        text = str(seen)
        if isinstance(seen, (OSError, RuntimeError)) and (
            os.strerror(errno.ENOSPC) in text or f"errno = {errno.ENOSPC}," in text
        ):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextlib.contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn what the disk refuses inside the block into one clear error about `where`.

    Raises
    ------
    EnvironmentProblem
        The disk is full, or refuses for another reason.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if is_disk_full(error):
            raise EnvironmentProblem(
                "no space left on the disk; what was recorded before is kept",
                code="NM320",
                where=str(where),
                fix="free some space, then resume the run or start it in another directory",
            ) from error
        if isinstance(error, OSError) and error.errno is not None:
            raise EnvironmentProblem(
                "cannot be written: " + (error.strerror or str(error)),
                code="NM321",
                where=str(where),
                fix="choose another directory",
            ) from error
        raise


def sync(path: Path) -> None:
    """Force a file, or the names in a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def opened(path: Path) -> io.BufferedReader:
    """Open a file of a run for reading: a regular one, and not one that a link points to.

    Raises
    ------
    RunError
        There is none, it is something else, or it cannot be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise RunError(
                "is a link; the files of a run are read only where they are",
                code="NM618",
                where=str(path),
                fix="put the file itself there, if you trust it",
            ) from None
        raise RunError(
            f"cannot be read: {error.strerror or error}", code="NM612", where=str(path)
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RunError("is not an ordinary file", code="NM618", where=str(path))
    return os.fdopen(descriptor, "rb")


def own_folder(path: Path) -> None:
    """Make a folder of a run unless it is there, and refuse a link in its place.

    Raises
    ------
    RunError
        Something else has its name.
    EnvironmentProblem
        It cannot be made.
    """
    with disk_errors(path):
        path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise RunError(
            "is a link; a run writes into its own directory only",
            code="NM618",
            where=str(path),
            fix="remove the link",
        )


@contextlib.contextmanager
def reading(path: Path, what: str = "", fix: str | None = None) -> Iterator[None]:
    """Turn whatever a library raises of the file `path` into one clear error.

    Raises
    ------
    RunError
        The block raised.
    """
    try:
        yield
    except NeuromodelsError:
        raise
    except Exception as error:
        text = f"{what} cannot be read: {reason(error)}".lstrip()
        raise RunError(text, code="NM612", where=str(path), fix=fix) from error


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Make an empty file with a temporary name in the folder of `path`; removed at the end."""
    temporary = path.with_name(f".{path.name[:200]}.tmp-{secrets.token_hex(8)}")
    # Made here and by nobody else: a link that lies there already is not written through.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    os.close(os.open(temporary, flags, 0o666))
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to; on success it replaces `path`, on failure it is removed.

    The content is on the disk before the name is, and the name before this returns.
    """
    with disk_errors(path):
        with beside(path) as temporary:
            yield temporary
            sync(temporary)
            temporary.replace(path)
        sync(path.parent)


class _Unfailing(io.FileIO):
    """A file that takes whatever is written; the first refusal of the disk is kept in `refusal`."""

    refusal: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of `data`, or nothing more once the disk has refused."""
        rest = memoryview(data).cast("B")
        length = len(rest)
        while rest and self.refusal is None:
            try:
                rest = rest[super().write(rest) :]
            except OSError as error:
                self.refusal = error
        return length

    def truncate(self, size: int | None = None) -> int:
        """Change the length, unless the disk has refused."""
        if self.refusal is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.refusal = error
        return size or 0


@contextlib.contextmanager
def for_hdf5(path: Path) -> Iterator[io.FileIO]:
    """Open a file for HDF5 to write to; what the disk refuses is raised at the end.

    HDF5 itself must not see it: a file that it cannot close ends the process later, with a
    segmentation fault, when the file is collected.
    """
    with _Unfailing(path, "w+") as file:
        try:
            yield file
        except Exception as error:
            if file.refusal is not None:
                raise file.refusal from error
            raise
    if file.refusal is not None:
        raise file.refusal


def plain(value: Any) -> Any:
    """Turn `value` into what JSON can say: NumPy numbers into numbers, NaN into null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` to `path` as indented JSON with its checksum, whole or not at all."""
    said = plain(content)
    said[_CHECKSUM] = _content_checksum(said)
    text = json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that `write_json` wrote.

    Raises
    ------
    RunError
        There is no such file, it holds something else, or it was changed since.
    """
    try:
        with opened(path) as file:
            content = json.loads(file.read().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"is not valid JSON: {error}", code="NM612", where=str(path)) from error
    except (OSError, MemoryError) as error:
        raise RunError(f"cannot be read: {reason(error)}", code="NM612", where=str(path)) from error
    if not isinstance(content, dict):
        raise RunError("does not hold a JSON object", code="NM612", where=str(path))
    written = content.pop(_CHECKSUM, None)
    if written is not None and written != _content_checksum(content):
        raise RunError(
            "was changed or damaged since neuromodels wrote it: its checksum is another",
            code="NM617",
            where=str(path),
            fix=f'restore it from a copy; or, after an edit of your own, remove "{_CHECKSUM}"',
        )
    return content


_CHECKSUM = "checksum"


def _content_checksum(content: Mapping[str, Any]) -> str:
    """Checksum of what a JSON file says, however it is laid out."""
    said = {key: value for key, value in content.items() if key != _CHECKSUM}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


__all__ = [
    "beside",
    "disk_errors",
    "for_hdf5",
    "is_disk_full",
    "opened",
    "own_folder",
    "plain",
    "read_json",
    "reading",
    "replacing",
    "sync",
    "write_json",
]
