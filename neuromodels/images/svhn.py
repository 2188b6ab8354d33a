"""Street View House Numbers, cropped digits (Netzer et al. 2011).

Files of Matlab: ``X`` of shape 32 x 32 x 3 x n (rows, columns, colours, images), ``y`` of shape
n x 1, the label 10 for the digit 0.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np

from neuromodels.images.arrays import Images, ImageSet
from neuromodels.images.files import content, damaged

_SIDE = 32
_ZERO = 10
"""Label of the digit 0."""


def read_svhn_set(directory: Path) -> ImageSet:
    """Read ``train_32x32.mat`` and ``test_32x32.mat``."""
    return ImageSet(*(read_svhn(directory / f"{part}_32x32.mat") for part in ("train", "test")))


def read_svhn(path: Path) -> Images:
    """Read one file.

    Raises
    ------
    UsageError
        It cannot be read, is no file of Matlab, or does not hold such images.
    """
    from scipy.io import loadmat

    file = BytesIO(content(path))
    try:
        found = loadmat(file, variable_names=["X", "y"])
    except Exception as error:  # SciPy raises whatever a damaged file makes of its parser.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise damaged(path, f"is no file of Matlab that can be read: {reason}") from error
    if missing := [name for name in ("X", "y") if name not in found]:
        raise damaged(path, f"has no variable {' and no '.join(missing)}")
    pixels, labels = np.asarray(found["X"]), np.asarray(found["y"]).ravel()
    if pixels.ndim == 3:  # Matlab drops the last axis of a single image.
        pixels = pixels[..., np.newaxis]
    if pixels.dtype != np.uint8 or pixels.shape[:3] != (_SIDE, _SIDE, 3):
        shape = " x ".join(map(str, pixels.shape))
        raise damaged(path, f"has X of {shape} numbers ({pixels.dtype}), not 32 x 32 x 3 x n bytes")
    if len(labels) != pixels.shape[3]:
        raise damaged(path, f"has {len(labels)} labels for {pixels.shape[3]} images")
    if not len(labels):
        raise damaged(path, "holds no images")
    if not np.isin(labels, np.arange(1, _ZERO + 1)).all():
        raise damaged(path, "has labels that are not 1 to 10")
    return Images(
        np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), labels.astype(np.int64) % _ZERO
    )


__all__ = ["read_svhn", "read_svhn_set"]
