"""Files that are either whole or absent, and errors of the disk in plain words.

Whatever a run writes goes through `replacing`: the content is written beside its destination,
forced to the disk, and renamed.  A crash at any moment leaves the old file or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neuromodels.errors import EnvironmentProblem, RunError

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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to; on success it replaces `path`, on failure it is removed.

    The content is on the disk before the name is, and the name before this returns.
    """
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    with disk_errors(path):
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)


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


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` as indented JSON, whole or not at all."""
    text = json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that `write_json` wrote.

    Raises
    ------
    RunError
        There is no such file, or it holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(
            f"cannot be read: {error.strerror or error}", code="NM612", where=str(path)
        ) from error
    except ValueError as error:
        raise RunError(f"is not valid JSON: {error}", code="NM612", where=str(path)) from error
    if not isinstance(content, dict):
        raise RunError("does not hold a JSON object", code="NM612", where=str(path))
    return content


__all__ = [
    "disk_errors",
    "for_hdf5",
    "is_disk_full",
    "plain",
    "read_json",
    "replacing",
    "write_json",
]
