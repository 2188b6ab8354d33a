"""Sets of labelled images, read from files that the user has.

Nothing is downloaded.  IDX is the layout of MNIST and of sets made to replace it (LeCun, Cortes &
Burges, "The MNIST database"): two zero bytes, the type of the numbers, the number of dimensions,
each dimension as a big-endian 32-bit number, then the numbers, the last dimension fastest.
CIFAR-10 in its binary version (Krizhevsky 2009) is records of 3073 bytes: the label, then the red,
green and blue planes of 32 rows of 32 pixels.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromodels.errors import EnvironmentProblem, NeuromodelsError, UsageError

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` puts it."""

_UNSIGNED_BYTE = 0x08
_CIFAR_RECORD = 1 + 3 * 32 * 32
_CIFAR_FILES = {
    "train": [f"data_batch_{number}.bin" for number in range(1, 6)],
    "test": ["test_batch.bin"],
}
_IDX_PARTS = {"train": "train", "test": "(?:t10k|test)"}

DIGITS_TEST = 360
"""Digits for testing, a fifth: the last ones, which others wrote than the first ones."""

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Images:
    """Images and their classes.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (images, channels, rows, columns)
    labels : ndarray of int, shape (images,)
        Classes, from 0.
    """

    pixels: Pixels
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, n: int | None) -> Images:
        """The first `n` images; all without `n`.

        Raises
        ------
        UsageError
            There are fewer.
        """
        if n is None:
            return self
        if n > len(self):
            raise UsageError(
                f"{n} images are asked for, the set has {len(self)}",
                fix=f"give {len(self)} or fewer, or none for all",
            )
        return Images(self.pixels[:n], self.labels[:n])

    def padded(self, size: int | None) -> Images:
        """With zeros around them, so that they have `size` rows and columns.

        Raises
        ------
        UsageError
            They are larger.
        """
        rows, columns = self.pixels.shape[2:]
        if size is None or (rows, columns) == (size, size):
            return self
        if max(rows, columns) > size:
            raise UsageError(
                f"images of {rows} x {columns} pixels do not fit into {size} x {size}",
                where="image_size",
                fix=f"give {max(rows, columns)} or more, or none",
            )
        top, left = (size - rows) // 2, (size - columns) // 2
        edges = ((0, 0), (0, 0), (top, size - rows - top), (left, size - columns - left))
        return Images(np.pad(self.pixels, edges), self.labels)


@dataclass(frozen=True)
class ImageSet:
    """A set for training and one for testing.

    Parameters
    ----------
    train, test : Images
        Of the same shape.
    """

    train: Images
    test: Images

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(max(self.train.labels.max(), self.test.labels.max())) + 1


# -- sets by name ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """Where a set comes from.

    Parameters
    ----------
    read : callable
        From a directory, or None where the set has a place of its own, to the set.
    mirrored : bool
        Whether its images mean the same when left and right are exchanged.
    """

    read: Callable[[Path | None], ImageSet]
    mirrored: bool


def load(name: str, directory: str | None = None) -> ImageSet:
    """Read a set of images.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    directory : path, optional
        Where its files are.

    Raises
    ------
    EnvironmentProblem
        The set has a place of its own and is not there.
    UsageError
        The directory is missing, or its files are, or are not what they should be.
    """
    return SOURCES[name].read(None if directory is None else Path(directory).expanduser())


def _fashion_mnist(directory: Path | None) -> ImageSet:
    if directory is None and not FASHION_MNIST.is_dir():
        raise EnvironmentProblem(
            "Fashion-MNIST is not on this machine",
            where=str(FASHION_MNIST),
            fix="on Debian: apt-get install dataset-fashion-mnist; elsewhere set data_dir to the "
            "directory of its four IDX files",
        )
    return read_idx_set(FASHION_MNIST if directory is None else directory)


def _idx(directory: Path | None) -> ImageSet:
    return read_idx_set(_given(directory, "the directory of its four IDX files"))


def _cifar_10(directory: Path | None) -> ImageSet:
    folder = _given(directory, "the directory of data_batch_1.bin to data_batch_5.bin")
    parts = {}
    for part, names in _CIFAR_FILES.items():
        batches = [read_cifar_batch(folder / name) for name in names]
        parts[part] = Images(
            np.concatenate([batch.pixels for batch in batches]),
            np.concatenate([batch.labels for batch in batches]),
        )
    return ImageSet(**parts)


def _digits(directory: Path | None) -> ImageSet:
    if directory is not None:
        raise UsageError(
            "the digits come with scikit-learn, not from a directory",
            where="data_dir",
            fix="leave data_dir out, or choose another set with data",
        )
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise EnvironmentProblem(
            "scikit-learn, which brings the digits, is not installed",
            fix="pip install 'neuromodels-rdd[learning]'",
        ) from error
    digits = load_digits()
    pixels = np.round(np.asarray(digits.images) * (255.0 / 16.0)).astype(np.uint8)[:, np.newaxis]
    labels = np.asarray(digits.target, dtype=np.int64)
    split = len(labels) - DIGITS_TEST
    return ImageSet(Images(pixels[:split], labels[:split]), Images(pixels[split:], labels[split:]))


SOURCES: Mapping[str, Source] = {
    "fashion-mnist": Source(_fashion_mnist, mirrored=True),
    "cifar-10": Source(_cifar_10, mirrored=True),
    "digits": Source(_digits, mirrored=False),
    "idx": Source(_idx, mirrored=False),
}


def _given(directory: Path | None, what: str) -> Path:
    if directory is None:
        raise UsageError(
            "no directory of images is given", where="data_dir", fix=f"set it to {what}"
        )
    return directory


# -- IDX ------------------------------------------------------------------------------------------


def read_idx_set(directory: Path) -> ImageSet:
    """Read ``train-images-idx3-ubyte``, its labels, and the ``t10k`` (or ``test``) pair.

    Each may be compressed (``.gz``), have a prefix, and a dot instead of its last hyphen but one.

    Raises
    ------
    UsageError
        A file is missing or there are two of it, or they do not belong together.
    """
    return ImageSet(**{part: _idx_pair(directory, name) for part, name in _IDX_PARTS.items()})


def _idx_pair(directory: Path, part: str) -> Images:
    images = _only(directory, rf".*{part}-images[.-]idx3-ubyte(\.gz)?")
    labels = _only(directory, rf".*{part}-labels[.-]idx1-ubyte(\.gz)?")
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes):
        raise UsageError(
            f"{len(classes)} labels for the {len(pixels)} images in {images.name}",
            where=str(labels),
            fix="put the two files of one set there",
        )
    if not len(pixels):
        raise UsageError("holds no images", where=str(images))
    return Images(pixels[:, np.newaxis], classes.astype(np.int64))


def _only(directory: Path, pattern: str) -> Path:
    found = [path for path in _files(directory) if re.fullmatch(pattern, path.name)]
    if len(found) == 1:
        return found[0]
    what = pattern.removeprefix(".*").replace("[.-]", "-").replace(r"(\.gz)?", "[.gz]")
    what = what.replace("(?:t10k|test)", "t10k")
    if found:
        names = " and ".join(path.name for path in found[:2])
        raise UsageError(f"both {names}", where=str(directory), fix="keep one of them there")
    raise UsageError(f"no file {what}", where=str(directory), fix="give a directory that has it")


def _files(directory: Path) -> Iterable[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(directory),
            fix="set data_dir to a directory of images",
        ) from error


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
    content = _content(path)
    header = 4 + 4 * dimensions
    if content[:4] != bytes((0, 0, _UNSIGNED_BYTE, dimensions)):
        raise _broken(path, f"no IDX file of bytes in {dimensions} dimensions")
    if len(content) < header:
        raise _broken(path, "ends within its header")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise _broken(path, f"has {len(content)} bytes, its header says {expected}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


# -- CIFAR-10 -------------------------------------------------------------------------------------


def read_cifar_batch(path: Path) -> Images:
    """Read a file of the binary version of CIFAR-10.

    Raises
    ------
    UsageError
        It cannot be read, or is no such file.
    """
    content = _content(path)
    if not content or len(content) % _CIFAR_RECORD:
        raise _broken(path, f"has {len(content)} bytes, no multiple of {_CIFAR_RECORD}")
    records = np.frombuffer(content, np.uint8).reshape(-1, _CIFAR_RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        raise _broken(path, f"has the label {labels.max()}, CIFAR-10 has none above 9")
    return Images(records[:, 1:].reshape(-1, 3, 32, 32), labels)


# -- helpers --------------------------------------------------------------------------------------


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken(path, f"cannot be decompressed: {error}") from error
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            fix="set data_dir to a directory that has it",
        ) from error


def _broken(path: Path, what: str) -> NeuromodelsError:
    return UsageError(what, where=str(path), fix="get the file again")


__all__ = ["FASHION_MNIST", "SOURCES", "ImageSet", "Images", "load", "read_cifar_batch", "read_idx"]
