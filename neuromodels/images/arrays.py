"""Labelled images in memory, and the batches that a network sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from neuromodels.errors import UsageError

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


class Labelled(Protocol):
    """Images with their classes, in memory or in files that are read when they are shown."""

    @property
    def labels(self) -> Labels:
        """Class of each image, from 0."""

    @property
    def white(self) -> int:
        """Value of a white pixel; a black one is 0."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows, columns."""

    def __len__(self) -> int: ...

    def first(self, n: int | None) -> Labelled:
        """The first `n` images; all without `n`."""

    def padded(self, size: int | None) -> Labelled:
        """With `size` rows and columns, zeros around smaller ones; as they are without `size`."""

    def in_order(self, size: int) -> Iterator[tuple[Pixels, Labels]]:
        """Yield all images once, `size` at a time, as they are tested."""

    def shuffled(
        self, size: int, rng: np.random.Generator, *, shift: int, mirror: bool
    ) -> Iterator[tuple[Pixels, Labels]]:
        """Yield all images once, in random order, changed at random as they are learned from."""


@dataclass(frozen=True)
class Images:
    """Images in memory, and their classes.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (images, channels, rows, columns)
    labels : ndarray of int, shape (images,)
        Classes, from 0.
    white : int
        Value of a white pixel; a black one is 0.
    """

    pixels: Pixels
    labels: Labels
    white: int = 255

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows, columns."""
        channels, rows, columns = self.pixels.shape[1:]
        return channels, rows, columns

    def first(self, n: int | None) -> Images:
        """The first `n` images; all without `n`.

        Raises
        ------
        UsageError
            There are fewer.
        """
        if n is None:
            return self
        check_number(n, len(self))
        return replace(self, pixels=self.pixels[:n], labels=self.labels[:n])

    def padded(self, size: int | None) -> Images:
        """With zeros around them, so that they have `size` rows and columns.

        Raises
        ------
        UsageError
            They are larger.
        """
        _, rows, columns = self.shape
        if size is None or (rows, columns) == (size, size):
            return self
        if max(rows, columns) > size:
            raise UsageError(
                f"images of {rows} x {columns} pixels do not fit into {size} x {size}",
                code="NM222",
                where="image_size",
                fix=f"give {max(rows, columns)} or more, or none",
            )
        top, left = (size - rows) // 2, (size - columns) // 2
        edges = ((0, 0), (0, 0), (top, size - rows - top), (left, size - columns - left))
        return replace(self, pixels=np.pad(self.pixels, edges))

    def in_order(self, size: int) -> Iterator[tuple[Pixels, Labels]]:
        """Yield all images once, `size` at a time.

        Yields
        ------
        pixels : ndarray of uint8, shape (batch, channels, rows, columns)
        labels : ndarray of int, shape (batch,)
        """
        for start in range(0, len(self), size):
            at = slice(start, start + size)
            yield self.pixels[at], self.labels[at]

    def shuffled(
        self, size: int, rng: np.random.Generator, *, shift: int, mirror: bool
    ) -> Iterator[tuple[Pixels, Labels]]:
        """Yield all images once, in random order, shifted and mirrored at random.

        All random numbers are drawn before the first batch, so that a generator in the same state
        gives the same batches whatever is done between them; with neither shifts nor mirrors these
        are the numbers of one permutation.

        Parameters
        ----------
        size : int
            Images in a batch; the last batch has the rest.
        rng : numpy.random.Generator
        shift : int
            Largest shift in each direction (pixels); zeros move in.
        mirror : bool
            Whether left and right are exchanged with probability 1/2.

        Yields
        ------
        pixels : ndarray of uint8, shape (batch, channels, rows, columns)
        labels : ndarray of int, shape (batch,)
        """
        n = len(self)
        _, rows, columns = self.shape
        order = rng.permutation(n)
        if not (shift or mirror):
            for start in range(0, n, size):
                chosen = order[start : start + size]
                yield self.pixels[chosen], self.labels[chosen]
            return
        offsets = rng.integers(0, 2 * shift + 1, (n, 2))
        mirrored = rng.random(n) < (0.5 if mirror else 0.0)
        edges = ((0, 0), (0, 0), (shift, shift), (shift, shift))
        for start in range(0, n, size):
            chosen = order[start : start + size]
            at = slice(start, start + len(chosen))
            y = offsets[at, 0, np.newaxis] + np.arange(rows)
            x = offsets[at, 1, np.newaxis] + np.arange(columns)
            x = np.where(mirrored[at, np.newaxis], x[:, ::-1], x)
            padded = np.pad(self.pixels[chosen], edges)
            index = np.arange(len(chosen))[:, np.newaxis, np.newaxis]
            # Advanced indices around a slice: their axes come first.
            cut = padded[index, :, y[:, :, np.newaxis], x[:, np.newaxis, :]]
            yield cut.transpose(0, 3, 1, 2), self.labels[chosen]


@dataclass(frozen=True)
class ImageSet:
    """A set for training and one for testing.

    Parameters
    ----------
    train, test : Images, or other `Labelled`
        Of the same shape.
    """

    train: Labelled
    test: Labelled

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(max(self.train.labels.max(), self.test.labels.max())) + 1

    def first(self, n_train: int | None, n_test: int | None) -> ImageSet:
        """The first images of each; all without a number."""
        return ImageSet(self.train.first(n_train), self.test.first(n_test))

    def padded(self, size: int | None) -> ImageSet:
        """With `size` rows and columns, zeros around smaller images; as they are without `size`."""
        return ImageSet(self.train.padded(size), self.test.padded(size))


def check_number(n: int, there: int) -> None:
    """Refuse a number of images that a set does not have."""
    if n > there:
        raise UsageError(
            f"{n} images are asked for, the set has {there}",
            code="NM222",
            fix=f"give {there} or fewer, or none for all",
        )


__all__ = ["ImageSet", "Images", "Labelled", "Labels", "Pixels", "check_number"]
