"""A folder of image files for each class, as ImageNet is kept (Russakovsky et al. 2015).

``train/CLASS/…`` and ``val/CLASS/…``, classes numbered in alphabetical order.  Files are decoded
when they are shown: such sets do not fit into memory.  As networks for ImageNet are trained: a part
of random size (8 to 100 % of the area) and proportions (3:4 to 4:3) is cut out at random and scaled
to the network's size; a test image is the centre square of 7/8 of the shorter side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuromodels.errors import UsageError
from neuromodels.images.arrays import ImageSet, Labels, Pixels, check_number
from neuromodels.images.files import entries
from neuromodels.images.pictures import proportions, scaled_picture

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp"}
_AREA = (0.08, 1.0)
_PROPORTIONS = (3 / 4, 4 / 3)
_CENTRE = 224 / 256


@dataclass(frozen=True)
class ImageFiles:
    """Image files and their classes, decoded when they are shown.

    Parameters
    ----------
    paths : sequence of Path
    labels : ndarray of int, shape (images,)
    size : int
        Rows and columns to which what is shown of an image is scaled.
    """

    paths: tuple[Path, ...]
    labels: Labels
    size: int
    white: int = 255

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows, columns."""
        return 3, self.size, self.size

    def first(self, n: int | None) -> ImageFiles:
        """The first `n` images, as many of each class as possible; all without `n`."""
        if n is None:
            return self
        check_number(n, len(self))
        return ImageFiles(self.paths[:n], self.labels[:n], self.size)

    def padded(self, size: int | None) -> ImageFiles:
        """Scaled to `size` instead; as they are without it."""
        return self if size is None else ImageFiles(self.paths, self.labels, size)

    def in_order(self, size: int) -> Iterator[tuple[Pixels, Labels]]:
        """Yield the centres of all images once, `size` at a time."""
        for start in range(0, len(self), size):
            at = slice(start, start + size)
            pixels = [scaled_picture(path, _centre(path), self.size) for path in self.paths[at]]
            yield np.stack(pixels), self.labels[at]

    def shuffled(
        self, size: int, rng: np.random.Generator, *, shift: int, mirror: bool
    ) -> Iterator[tuple[Pixels, Labels]]:
        """Yield random parts of all images once, in random order; `shift` is not used."""
        del shift
        n = len(self)
        order = rng.permutation(n)
        drawn = rng.random((n, 4))
        mirrored = rng.random(n) < (0.5 if mirror else 0.0)
        for start in range(0, n, size):
            chosen = order[start : start + size]
            pixels = []
            for i, image in enumerate(chosen, start=start):
                path = self.paths[image]
                cut = scaled_picture(path, _random_part(path, drawn[i]), self.size)
                pixels.append(cut[..., ::-1] if mirrored[i] else cut)
            yield np.stack(pixels), self.labels[chosen]


def read_folders(directory: Path, size: int) -> ImageSet:
    """Find the files of ``train`` and ``val``, without reading them.

    Parameters
    ----------
    directory : Path
    size : int
        Rows and columns to which images are scaled.

    Raises
    ------
    UsageError
        A folder is missing, or has no images, or the two have other classes.
    """
    parts = {name: _classes(directory / name) for name in ("train", "val")}
    classes = list(parts["train"])
    if classes != list(parts["val"]):
        other = sorted(set(classes) ^ set(parts["val"]))[0]
        raise UsageError(
            f"train and val have different classes: only one of them has {other}",
            code="NM232",
            where=str(directory),
            fix="give both a folder for each class",
        )
    return ImageSet(*(_files(part, size) for part in parts.values()))


def _classes(folder: Path) -> dict[str, list[Path]]:
    found = {}
    for entry in entries(folder):
        if entry.is_dir():
            paths = [path for path in entries(entry) if path.suffix.lower() in ENDINGS]
            if not paths:
                raise UsageError(
                    "has no images",
                    code="NM232",
                    where=str(entry),
                    fix="put some there, or remove the folder",
                )
            found[entry.name] = paths
    if len(found) < 2:
        raise UsageError(
            f"has folders of {len(found)} classes",
            code="NM232",
            where=str(folder),
            fix="give a folder for each class, with its images",
        )
    return found


def _files(classes: dict[str, list[Path]], size: int) -> ImageFiles:
    """The first file of every class, the second of every class, and so on."""
    found = [
        (path, label)
        for row in zip_longest(*classes.values())
        for label, path in enumerate(row)
        if path is not None
    ]
    paths, labels = zip(*found, strict=True)
    return ImageFiles(tuple(paths), np.array(labels, dtype=np.int64), size)


def _centre(path: Path) -> tuple[float, float, float, float]:
    ratio = proportions(path)
    width, height = min(1.0, 1.0 / ratio) * _CENTRE, min(1.0, ratio) * _CENTRE
    return (1 - width) / 2, (1 - height) / 2, (1 + width) / 2, (1 + height) / 2


def _random_part(path: Path, drawn: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Box from four numbers between 0 and 1: area, proportions, and place."""
    ratio = proportions(path)
    area = _AREA[0] + (_AREA[1] - _AREA[0]) * drawn[0]
    low, high = np.log(_PROPORTIONS)
    # Width and height as shares of the picture's; a part that would not fit is cut to it.
    wanted = np.exp(low + (high - low) * drawn[1]) / ratio
    width, height = min(1.0, np.sqrt(area * wanted)), min(1.0, np.sqrt(area / wanted))
    left, top = (1 - width) * drawn[2], (1 - height) * drawn[3]
    return float(left), float(top), float(left + width), float(top + height)


__all__ = ["ENDINGS", "ImageFiles", "read_folders"]
