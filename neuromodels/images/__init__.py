"""Sets of labelled images for networks that learn to classify them, from the user's own files.

`load` reads a set by name: IDX files (MNIST, Fashion-MNIST), CIFAR-10, SVHN, PASCAL VOC, ImageNet
as a folder of classes, the digits of scikit-learn.  `Labelled.shuffled` gives batches for training,
`Labelled.in_order` for tests, as bytes; how these become rates is the network's affair.
"""

from __future__ import annotations

from neuromodels.images.arrays import Images, ImageSet, Labelled, Labels, Pixels
from neuromodels.images.parameters import ImageParameters
from neuromodels.images.sources import DIGITS_TEST, FASHION_MNIST, SOURCES, Source, load

__all__ = [
    "DIGITS_TEST", "FASHION_MNIST", "SOURCES", "ImageParameters", "ImageSet", "Images", "Labelled",
    "Labels", "Pixels", "Source", "load",
]  # fmt: skip
