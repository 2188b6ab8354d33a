"""Batches of images for training, scaled as published.

Guerguiev et al. (2020) train on crops of 32 x 32 pixels from images with four zeros added at each
edge, half of them mirrored, and scale pixels to [-1, 1].
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from neuromodels.images import Labelled, Pixels

Scaled = npt.NDArray[np.float32]


def scaled(pixels: Pixels, white: int) -> Scaled:
    """Pixels as numbers from -1 (0) to 1 (`white`)."""
    return pixels.astype(np.float32) / np.float32(white / 2.0) - np.float32(1.0)


def training_batches(
    images: Labelled, size: int, rng: np.random.Generator, *, shift: int, mirror: bool
) -> Iterator[tuple[Scaled, npt.NDArray[np.int64]]]:
    """Yield all images once, in random order (`Labelled.shuffled`).

    The last batch has the rest, unless that is a single image, with which batch normalisation has
    nothing to compare: it is left out.

    Yields
    ------
    ndarray of float32, shape (batch, channels, rows, columns)
        Pixels from -1 to 1.
    ndarray of int, shape (batch,)
        Their labels.
    """
    for pixels, labels in images.shuffled(size, rng, shift=shift, mirror=mirror):
        if len(labels) == 1 and len(images) > 1:
            return
        yield scaled(pixels, images.white), labels


__all__ = ["Scaled", "scaled", "training_batches"]
