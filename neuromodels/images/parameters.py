"""Parameters of circuits that learn from images: which ones."""

from __future__ import annotations

from neuromodels.images.sources import SOURCES
from neuromodels.parameters import Parameters, parameter


class ImageParameters(Parameters):
    """Which images a circuit learns from; a circuit's own schema derives from it."""

    dataset: str = parameter(
        "fashion-mnist",
        unit="",
        choices=tuple(SOURCES),
        doc="Images: fashion-mnist (installed by Debian's package dataset-fashion-mnist, or in "
        "data_dir), mnist and any other IDX files (idx), cifar-10 (binary version), svhn (cropped "
        "digits), voc (PASCAL VOC), imagenet (a folder for each class), all in data_dir; or the "
        "digits of scikit-learn",
    )
    data_dir: str | None = parameter(None, unit="", doc="Directory of the image files")
    n_train: int | None = parameter(
        None, unit="", ge=2, doc="Training images that are used, the first ones of the set"
    )
    n_test: int | None = parameter(
        None, unit="", ge=1, doc="Test images that are used, the first ones of the set"
    )


__all__ = ["ImageParameters"]
