"""PASCAL VOC (Everingham et al. 2010): photographs in which one kind of object is to be seen.

``VOCdevkit/VOC2012``, or another year: ``ImageSets/Main/CLASS_train.txt`` and ``CLASS_val.txt`` say
of every photograph whether it shows objects of a class (1), none (-1), or only such as are hard to
recognise (0); photographs are in ``JPEGImages``.  Used are those that show exactly one class and
none that is hard to recognise; classes are numbered in alphabetical order.  ``train`` is for
training, ``val`` for testing: labels of the test set of 2012 were never published.  The whole
photograph is scaled to a square, without regard to its proportions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuromodels.errors import UsageError
from neuromodels.images.arrays import Images, ImageSet
from neuromodels.images.files import content, damaged, entries
from neuromodels.images.pictures import scaled_picture

_PARTS = {"train": "train", "test": "val"}
_PRESENT, _HARD, _ABSENT = 1, 0, -1


def read_voc_set(directory: Path, size: int) -> ImageSet:
    """Read the photographs that show one class.

    Parameters
    ----------
    directory : Path
        ``VOCdevkit``, if it has one year, or the directory of a year.
    size : int
        Rows and columns to which photographs are scaled.

    Raises
    ------
    UsageError
        Something is missing or damaged.
    """
    year = _year(directory)
    lists = year / "ImageSets" / "Main"
    classes = sorted(
        path.name.removesuffix("_train.txt")
        for path in entries(lists)
        if path.name.endswith("_train.txt")
    )
    if len(classes) < 2:
        raise UsageError(
            "no lists CLASS_train.txt of at least two classes",
            code="NM232",
            where=str(lists),
            fix="set data_dir to VOCdevkit or to one of its years",
        )
    return ImageSet(**{part: _part(year, classes, name, size) for part, name in _PARTS.items()})


def _year(directory: Path) -> Path:
    if (directory / "ImageSets").is_dir():
        return directory
    years = [path for path in entries(directory) if (path / "ImageSets").is_dir()]
    if len(years) == 1:
        return years[0]
    if years:
        names = ", ".join(path.name for path in years)
        raise UsageError(
            f"has {names}", code="NM232", where=str(directory), fix="set data_dir to one of them"
        )
    raise UsageError(
        "no directory ImageSets in it, nor in one of its directories",
        code="NM230",
        where=str(directory),
        fix="set data_dir to VOCdevkit or to one of its years",
    )


def _part(year: Path, classes: list[str], part: str, size: int) -> Images:
    shown: dict[str, list[int]] = {}
    hard: set[str] = set()
    for label, name in enumerate(classes):
        for photograph, what in _list(year / "ImageSets" / "Main" / f"{name}_{part}.txt"):
            if what == _PRESENT:
                shown.setdefault(photograph, []).append(label)
            elif what == _HARD:
                hard.add(photograph)
    chosen = {
        name: labels[0]
        for name, labels in sorted(shown.items())
        if len(labels) == 1 and name not in hard
    }
    if not chosen:
        raise UsageError(
            f"no photograph of {part} shows one class",
            code="NM232",
            where=str(year / "ImageSets" / "Main"),
            fix="get the data set again",
        )
    folder = year / "JPEGImages"
    pixels = np.stack([scaled_picture(folder / f"{name}.jpg", None, size) for name in chosen])
    return Images(pixels, np.array(list(chosen.values()), dtype=np.int64))


def _list(path: Path) -> list[tuple[str, int]]:
    """Photographs and what is said of each."""
    found = []
    for number, line in enumerate(content(path).decode("latin-1").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in {"1", "0", "-1"}:
            raise damaged(path, f"line {number}: {line.strip()[:40]!r} is no name with 1, 0 or -1")
        found.append((words[0], int(words[1])))
    return found


__all__ = ["read_voc_set"]
