"""Decoding of single image files (JPEG, PNG, ...) with Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuromodels.images.arrays import Pixels
from neuromodels.images.files import damaged, unreadable


def scaled_picture(path: Path, box: tuple[float, float, float, float] | None, size: int) -> Pixels:
    """Part of a picture, in red, green and blue, scaled bilinearly.

    Parameters
    ----------
    path : Path
    box : tuple of float, optional
        Left, top, right and lower edge of the part, as shares of width and height; the whole
        picture by default.
    size : int
        Rows and columns to which the part is scaled, whatever its proportions.

    Returns
    -------
    ndarray of uint8, shape (3, size, size)

    Raises
    ------
    UsageError
        It cannot be read or decoded.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            colours = picture.convert("RGB")
    except UnidentifiedImageError as error:
        raise damaged(path, "is no image") from error
    except OSError as error:
        if error.errno is not None:
            raise unreadable(path, error) from error
        raise damaged(path, f"cannot be decoded: {error}") from error
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise damaged(path, f"cannot be decoded: {error}") from error
    if box is not None:
        width, height = colours.size
        box = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    small = colours.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(small, dtype=np.uint8).transpose(2, 0, 1)


def proportions(path: Path) -> float:
    """Width of a picture divided by its height; reads its header only.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except UnidentifiedImageError as error:
        raise damaged(path, "is no image") from error
    except OSError as error:
        raise unreadable(path, error) from error
    return float(width / height)


__all__ = ["proportions", "scaled_picture"]
