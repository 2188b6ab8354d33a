"""CIFAR-10 in its binary version (Krizhevsky 2009).

Records of 3073 bytes: the label, then the red, green and blue planes of 32 rows of 32 pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuromodels.images.arrays import Images, ImageSet
from neuromodels.images.files import content, damaged

_RECORD = 1 + 3 * 32 * 32
_FILES = {
    "train": [f"data_batch_{number}.bin" for number in range(1, 6)],
    "test": ["test_batch.bin"],
}


def read_cifar_set(directory: Path) -> ImageSet:
    """Read ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin``."""
    parts = {}
    for part, names in _FILES.items():
        batches = [read_cifar_batch(directory / name) for name in names]
        parts[part] = Images(
            np.concatenate([batch.pixels for batch in batches]),
            np.concatenate([batch.labels for batch in batches]),
        )
    return ImageSet(**parts)


def read_cifar_batch(path: Path) -> Images:
    """Read one file.

    Raises
    ------
    UsageError
        It cannot be read, or is no such file.
    """
    found = content(path)
    if not found or len(found) % _RECORD:
        raise damaged(path, f"has {len(found)} bytes, no multiple of {_RECORD}")
    records = np.frombuffer(found, np.uint8).reshape(-1, _RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        raise damaged(path, f"has the label {labels.max()}, CIFAR-10 has none above 9")
    return Images(records[:, 1:].reshape(-1, 3, 32, 32), labels)


__all__ = ["read_cifar_batch", "read_cifar_set"]
