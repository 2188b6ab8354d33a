"""Batches of images in random order, shifted and mirrored at random.

Guerguiev et al. (2020) train on crops of 32 x 32 pixels from images with four zeros added at each
edge, half of them mirrored, and scale pixels to [-1, 1].
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from neuromodels_rdd.learning.images import Images, Pixels

Scaled = npt.NDArray[np.float32]


def scaled(pixels: Pixels) -> Scaled:
    """Pixels as numbers from -1 (0) to 1 (255)."""
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def training_batches(
    images: Images, size: int, rng: np.random.Generator, *, shift: int, mirror: bool
) -> Iterator[tuple[Scaled, npt.NDArray[np.int64]]]:
    """Yield all images once, in random order.

    All random numbers are drawn before the first batch, so that a generator in the same state gives
    the same batches whatever is done between them.

    Parameters
    ----------
    images : Images
    size : int
        Images in a batch.  The last batch has the rest, unless that is a single image, with which
        batch normalisation has nothing to compare: it is left out.
    rng : numpy.random.Generator
    shift : int
        Largest shift in each direction (pixels); zeros move in.
    mirror : bool
        Whether left and right are exchanged with probability 1/2.

    Yields
    ------
    ndarray of float32, shape (batch, channels, rows, columns)
        Pixels from -1 to 1.
    ndarray of int, shape (batch,)
        Their labels.
    """
    n = len(images)
    rows, columns = images.pixels.shape[2:]
    order = rng.permutation(n)
    offsets = rng.integers(0, 2 * shift + 1, (n, 2))
    mirrored = rng.random(n) < (0.5 if mirror else 0.0)
    edges = ((0, 0), (0, 0), (shift, shift), (shift, shift))
    for start in range(0, n, size):
        chosen = order[start : start + size]
        if len(chosen) == 1 and n > 1:
            return
        at = slice(start, start + len(chosen))
        y = offsets[at, 0, np.newaxis] + np.arange(rows)
        x = offsets[at, 1, np.newaxis] + np.arange(columns)
        x = np.where(mirrored[at, np.newaxis], x[:, ::-1], x)
        padded = np.pad(images.pixels[chosen], edges)
        index = np.arange(len(chosen))[:, np.newaxis, np.newaxis]
        # Advanced indices around a slice: their axes come first.
        cut = padded[index, :, y[:, :, np.newaxis], x[:, np.newaxis, :]]
        yield scaled(cut.transpose(0, 3, 1, 2)), images.labels[chosen]


__all__ = ["Scaled", "scaled", "training_batches"]
