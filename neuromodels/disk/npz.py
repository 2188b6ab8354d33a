"""Arrays in ``.npz`` files, whose members carry checksums of their own (CRC-32)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from neuromodels.disk.files import opened, reading


class Arrays(Mapping[str, npt.NDArray[Any]]):
    """The arrays of one file, read when they are asked for; use it as a context, or `close` it.

    Parameters
    ----------
    path : Path
    what : str
        What the file is, for the message of an error.
    fix : str, optional
        What to do about a damaged one.

    Raises
    ------
    RunError
        The file is missing or damaged; also later, when an array is.
    """

    def __init__(self, path: Path, what: str, fix: str | None = None) -> None:
        self._path, self._what, self._fix = path, what, fix
        self._file = opened(path)
        try:
            with self._reading():
                self._arrays: Any = np.lib.npyio.NpzFile(self._file, allow_pickle=False)
                self._names = frozenset(self._arrays.files)
        except BaseException:
            self._file.close()
            raise

    def _reading(self) -> Any:
        return reading(self._path, self._what, self._fix)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        with self._reading():
            array: npt.NDArray[Any] = self._arrays[name]
            return array

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays.files)

    def __len__(self) -> int:
        return len(self._names)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


__all__ = ["Arrays"]
