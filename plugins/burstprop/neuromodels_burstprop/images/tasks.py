"""What a network of spiking neurons is asked about images.

* ``xor``: two images side by side, each of one of two classes: are the classes different?  The
  truth table of the exclusive or, with pictures for inputs: no single pixel, and no weighted sum of
  pixels, says anything.
* ``parity``: is the number of the class odd?
* ``classes``: which class is it?

Images that are tested are those of the test set, and none of the training set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromodels.errors import ParameterError
from neuromodels.images import ImageSet, Labelled

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

TASKS = ("xor", "parity", "classes")


@dataclass(frozen=True)
class Examples:
    """Images as a network gets them.

    Attributes
    ----------
    x : ndarray, shape (examples, pixels)
        Between 0 (black) and 1 (white).
    answers : ndarray of int, shape (examples,)
    cases : ndarray of int, shape (examples,)
        Classes of the images: twice the place of the left one in the pair plus that of the right
        one in ``xor``.
    """

    x: Array
    answers: Labels
    cases: Labels

    def __len__(self) -> int:
        return len(self.answers)


@dataclass(frozen=True)
class Task:
    """A task with its examples.

    Attributes
    ----------
    train, test : Examples
    answers : int
        Number of different answers.
    shape : tuple of int
        Rows and columns of an example.
    """

    train: Examples
    test: Examples
    answers: int
    shape: tuple[int, int]


def make(
    name: str,
    images: ImageSet,
    *,
    pair: tuple[int, int],
    n_train: int,
    n_test: int,
    pool: int,
    rng: np.random.Generator,
) -> Task:
    """Make a task.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    images : ImageSet
        With one channel.
    pair : tuple of int
        Classes that ``xor`` is about.
    n_train, n_test : int
        Pairs of images for ``xor``, which are drawn, as many for each of its four cases; of other
        tasks the first images.
    pool : int
        Side of the squares of pixels that are averaged.
    rng : numpy.random.Generator

    Raises
    ------
    ParameterError
        The images will not do.
    """
    channels, rows, columns = images.train.shape
    if channels != 1 or rows % pool or columns % pool:
        raise ParameterError(
            f"images of {channels} channels and {rows} x {columns} pixels",
            where="dataset, pool",
            fix="choose grey images whose sides are multiples of pool",
        )
    sets = []
    for part, n in ((images.train, n_train), (images.test, n_test)):
        found = _pooled(part, pool)
        if name == "xor":
            sets.append(_pairs(found, pair, n, rng))
        else:
            classes = found.cases[:n]
            sets.append(
                Examples(found.x[:n], classes % 2 if name == "parity" else classes, classes)
            )
    width = columns // pool * (2 if name == "xor" else 1)
    n_answers = images.classes if name == "classes" else 2
    return Task(sets[0], sets[1], n_answers, (rows // pool, width))


def _pooled(images: Labelled, pool: int) -> Examples:
    """All images, rows one after the other, squares of pixels averaged."""
    pixels = np.concatenate([p for p, _ in images.in_order(1000)])[:, 0] / images.white
    n, rows, columns = pixels.shape
    blocks = pixels.reshape(n, rows // pool, pool, columns // pool, pool)
    return Examples(blocks.mean(axis=(2, 4)).reshape(n, -1), images.labels, images.labels)


def _pairs(images: Examples, pair: tuple[int, int], n: int, rng: np.random.Generator) -> Examples:
    """Pairs of images, side by side: as many for each case, in random order."""
    of = [np.flatnonzero(images.answers == label) for label in pair]
    if not all(found.size for found in of) or pair[0] == pair[1]:
        raise ParameterError(
            f"the images have no two classes {pair[0]} and {pair[1]}",
            where="pair",
            fix="give two different classes of the data set",
        )
    side = round(np.sqrt(images.x.shape[1]))
    x, cases = [], []
    for number in range(n):
        left, right = number % 4 // 2, number % 2
        chosen = [images.x[rng.choice(of[which])].reshape(side, -1) for which in (left, right)]
        x.append(np.concatenate(chosen, axis=1).ravel())
        cases.append(2 * left + right)
    order = rng.permutation(n)
    shown = np.array(cases, dtype=np.int64)[order]
    return Examples(np.array(x)[order], shown // 2 ^ shown % 2, shown)


__all__ = ["TASKS", "Examples", "Task", "make"]
