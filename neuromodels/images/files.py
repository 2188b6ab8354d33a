"""Files of images, and what is said of those that are missing or damaged."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from neuromodels.errors import NeuromodelsError, UsageError


def given(directory: Path | None, what: str) -> Path:
    """The directory that the user has named.

    Parameters
    ----------
    directory : Path or None
    what : str
        What it should be, for the error.

    Raises
    ------
    UsageError
        None is named.
    """
    if directory is None:
        raise UsageError(
            "no directory of images is given",
            code="NM240",
            where="data_dir",
            fix=f"set it to {what}",
        )
    return directory


def entries(directory: Path) -> list[Path]:
    """What is in a directory, sorted.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    try:
        return sorted(directory.iterdir())
    except OSError as error:
        raise unreadable(directory, error, "set data_dir to a directory of images") from error


def content(path: Path) -> bytes:
    """All bytes of a file, decompressed where its name ends with ``.gz``.

    Raises
    ------
    UsageError
        It cannot be read or decompressed.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, f"cannot be decompressed: {error}") from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(
    path: Path, error: OSError, fix: str = "set data_dir to a directory that has it"
) -> NeuromodelsError:
    """Error for a file that the system refuses."""
    return UsageError(
        f"cannot be read: {error.strerror or error}", code="NM230", where=str(path), fix=fix
    )


def damaged(path: Path, what: str) -> NeuromodelsError:
    """Error for a file that is not what it should be."""
    return UsageError(what, code="NM232", where=str(path), fix="get the file again")


__all__ = ["content", "damaged", "entries", "given", "unreadable"]
