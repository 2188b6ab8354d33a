"""Sets of labelled images by name, read from files that the user has; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuromodels.errors import EnvironmentProblem, UsageError
from neuromodels.images.arrays import Images, ImageSet
from neuromodels.images.cifar import read_cifar_set
from neuromodels.images.files import given
from neuromodels.images.folders import read_folders
from neuromodels.images.idx import read_idx_set
from neuromodels.images.svhn import read_svhn_set
from neuromodels.images.voc import read_voc_set

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` puts it."""

DIGITS_TEST = 360
"""Digits for testing, a fifth: the last ones, which others wrote than the first ones."""


@dataclass(frozen=True)
class Source:
    """A set of images.

    Parameters
    ----------
    read : callable
        From a directory, or None where the set has a place of its own, and the rows and columns to
        which images of different sizes are scaled, to the set.
    mirrored : bool
        Whether its images mean the same when left and right are exchanged.
    mean, sd : sequence of float
        Of the pixels of its training images, white is 1, for each channel; empty where they are
        not known beforehand.
    size : int or None
        Rows and columns to which images are scaled if nothing is said; None where all have one
        size, and are not scaled.
    """

    read: Callable[[Path | None, int], ImageSet]
    mirrored: bool
    mean: Sequence[float] = ()
    sd: Sequence[float] = ()
    size: int | None = None


def load(name: str, directory: str | None = None, size: int | None = None) -> ImageSet:
    """Read a set of images.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    directory : path, optional
        Where its files are.
    size : int, optional
        Rows and columns to which images are scaled where those of the set have different sizes;
        without effect on other sets.

    Raises
    ------
    EnvironmentProblem
        The set has a place of its own and is not there, or a library that reads it is not.
    UsageError
        The directory is missing, or its files are, or are not what they should be.
    """
    source = SOURCES[name]
    folder = None if directory is None else Path(directory).expanduser()
    return source.read(folder, size or source.size or 0)


def _fashion_mnist(directory: Path | None, size: int) -> ImageSet:
    del size
    if directory is None and not FASHION_MNIST.is_dir():
        raise EnvironmentProblem(
            "Fashion-MNIST is not on this machine",
            code="NM300",
            where=str(FASHION_MNIST),
            fix="on Debian: apt-get install dataset-fashion-mnist; elsewhere set data_dir to the "
            "directory of its four IDX files",
        )
    return read_idx_set(FASHION_MNIST if directory is None else directory)


def _idx(directory: Path | None, size: int) -> ImageSet:
    del size
    return read_idx_set(given(directory, "the directory of its four IDX files"))


def _cifar_10(directory: Path | None, size: int) -> ImageSet:
    del size
    return read_cifar_set(given(directory, "the directory of data_batch_1.bin to data_batch_5.bin"))


def _svhn(directory: Path | None, size: int) -> ImageSet:
    del size
    return read_svhn_set(given(directory, "the directory of train_32x32.mat and test_32x32.mat"))


def _voc(directory: Path | None, size: int) -> ImageSet:
    return read_voc_set(given(directory, "the directory VOCdevkit, or one of its years"), size)


def _imagenet(directory: Path | None, size: int) -> ImageSet:
    what = "the directory of train and val, each with a folder for every class"
    return read_folders(given(directory, what), size)


def _digits(directory: Path | None, size: int) -> ImageSet:
    del size
    if directory is not None:
        raise UsageError(
            "the digits come with scikit-learn, not from a directory",
            code="NM240",
            where="data_dir",
            fix="leave data_dir out, or choose another set",
        )
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise EnvironmentProblem(
            "scikit-learn, which brings the digits, is not installed",
            code="NM350",
            fix="pip install scikit-learn",
        ) from error
    digits = load_digits()
    pixels = np.asarray(digits.images).astype(np.uint8)[:, np.newaxis]
    labels = np.asarray(digits.target, dtype=np.int64)
    split = len(labels) - DIGITS_TEST
    return ImageSet(
        Images(pixels[:split], labels[:split], white=16),
        Images(pixels[split:], labels[split:], white=16),
    )


SOURCES: Mapping[str, Source] = {
    "fashion-mnist": Source(_fashion_mnist, mirrored=True, mean=(0.286,), sd=(0.353,)),
    "mnist": Source(_idx, mirrored=False, mean=(0.131,), sd=(0.308,)),
    "cifar-10": Source(
        _cifar_10, mirrored=True, mean=(0.491, 0.482, 0.447), sd=(0.247, 0.243, 0.262)
    ),
    "svhn": Source(_svhn, mirrored=False, mean=(0.438, 0.444, 0.473), sd=(0.198, 0.201, 0.197)),
    "voc": Source(_voc, mirrored=True, size=32),
    "imagenet": Source(
        _imagenet, mirrored=True, mean=(0.485, 0.456, 0.406), sd=(0.229, 0.224, 0.225), size=224
    ),
    "digits": Source(_digits, mirrored=False, mean=(0.305,), sd=(0.376,)),
    "idx": Source(_idx, mirrored=False),
}


__all__ = ["DIGITS_TEST", "FASHION_MNIST", "SOURCES", "Source", "load"]
