"""IDX, the layout of MNIST and of sets made to replace it (LeCun, Cortes & Burges).

Two zero bytes, the type of the numbers, the number of dimensions, each dimension as a big-endian
32-bit number, then the numbers, the last dimension fastest.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np

from neuromodels.errors import UsageError
from neuromodels.images.arrays import Images, ImageSet, Pixels
from neuromodels.images.files import content, damaged, entries

_UNSIGNED_BYTE = 0x08
_PARTS = {"train": "train", "test": "(?:t10k|test)"}


def read_idx_set(directory: Path) -> ImageSet:
    """Read ``train-images-idx3-ubyte``, its labels, and the ``t10k`` (or ``test``) pair.

    Each may be compressed (``.gz``), have a prefix, and a dot instead of its last hyphen but one.

    Raises
    ------
    UsageError
        A file is missing or there are two of it, or they do not belong together.
    """
    return ImageSet(**{part: _pair(directory, name) for part, name in _PARTS.items()})


def read_idx(path: Path, dimensions: int) -> Pixels:
    """Read an IDX file of unsigned bytes, compressed where its name ends with ``.gz``.

    Parameters
    ----------
    path : Path
    dimensions : int
        That it must have.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    UsageError
        It cannot be read, is no such file, or has not the length that it says.
    """
    found = content(path)
    header = 4 + 4 * dimensions
    if found[:4] != bytes((0, 0, _UNSIGNED_BYTE, dimensions)):
        raise damaged(path, f"no IDX file of bytes in {dimensions} dimensions")
    if len(found) < header:
        raise damaged(path, "ends within its header")
    shape = struct.unpack(f">{dimensions}I", found[4:header])
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(found) != expected:
        raise damaged(path, f"has {len(found)} bytes, its header says {expected}")
    return np.frombuffer(found, np.uint8, offset=header).reshape(shape)


def _pair(directory: Path, part: str) -> Images:
    images = _only(directory, rf".*{part}-images[.-]idx3-ubyte(\.gz)?")
    labels = _only(directory, rf".*{part}-labels[.-]idx1-ubyte(\.gz)?")
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes):
        raise UsageError(
            f"{len(classes)} labels for the {len(pixels)} images in {images.name}",
            code="NM232",
            where=str(labels),
            fix="put the two files of one set there",
        )
    if not len(pixels):
        raise UsageError("holds no images", code="NM232", where=str(images))
    return Images(pixels[:, np.newaxis], classes.astype(np.int64))


def _only(directory: Path, pattern: str) -> Path:
    found = [path for path in entries(directory) if re.fullmatch(pattern, path.name)]
    if len(found) == 1:
        return found[0]
    what = pattern.removeprefix(".*").replace("[.-]", "-").replace(r"(\.gz)?", "[.gz]")
    what = what.replace("(?:t10k|test)", "t10k")
    if found:
        names = " and ".join(path.name for path in found[:2])
        raise UsageError(
            f"both {names}", code="NM232", where=str(directory), fix="keep one of them there"
        )
    raise UsageError(
        f"no file {what}", code="NM230", where=str(directory), fix="give a directory that has it"
    )


__all__ = ["read_idx", "read_idx_set"]
