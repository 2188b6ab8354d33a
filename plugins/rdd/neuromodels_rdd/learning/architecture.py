"""The layers of the learning network, and their initial values.

As Guerguiev et al. (2020): convolutions, each followed by ReLU, batch norm and max pooling; then
fully connected layers, each but the last followed by ReLU and batch norm (which comes after the
non-linearity).  Weights, biases and feedback are drawn from U(-1/sqrt(n), 1/sqrt(n)), n the number
of inputs of a unit; feedback has the shape and the n of the weights that it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neuromodels.errors import ParameterError

Array = npt.NDArray[np.float64]

POOL = 2
"""Side of the squares of pixels of which max pooling keeps the largest."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of all layers.

    Parameters
    ----------
    channels : int
        Of an image.
    size : int
        Rows and columns of an image.
    maps : sequence of int
        Maps of each convolution; empty for a fully connected network.
    kernel : int
        Rows and columns of their kernels.
    hidden : sequence of int
        Units of each hidden fully connected layer.
    classes : int
        Units of the output.

    Raises
    ------
    ParameterError
        Images are too small for the convolutions.
    """

    channels: int
    size: int
    maps: Sequence[int]
    kernel: int
    hidden: Sequence[int]
    classes: int

    def __post_init__(self) -> None:
        if self.feature_size < 1:
            raise ParameterError(
                f"{len(self.maps)} convolutions of {self.kernel} x {self.kernel} pixels leave "
                f"nothing of images of {self.size} x {self.size}",
                where="maps",
                fix="give fewer, a smaller kernel, or a larger image_size",
            )

    @property
    def feature_size(self) -> int:
        """Rows and columns of the maps that the fully connected layers see."""
        size = self.size
        for _ in self.maps:
            size = (size - self.kernel + 1) // POOL
        return size

    @property
    def layers(self) -> tuple[int, ...]:
        """Units of the fully connected layers, from their input to the output."""
        channels = self.maps[-1] if self.maps else self.channels
        return (channels * self.feature_size**2, *self.hidden, self.classes)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Layer -> shape of its weights: (maps, channels, kernel, kernel) or (outputs, inputs)."""
        convolutions = {
            f"conv{number}": (post, pre, self.kernel, self.kernel)
            for number, (pre, post) in enumerate(pairwise((self.channels, *self.maps)), start=1)
        }
        full = {
            f"fc{number}": (post, pre)
            for number, (pre, post) in enumerate(pairwise(self.layers), start=1)
        }
        return {**convolutions, **full}

    @property
    def full(self) -> list[str]:
        """Names of the fully connected layers."""
        return [f"fc{number}" for number in range(1, len(self.layers))]

    @property
    def fed_back(self) -> list[str]:
        """Layers that send errors down: all but the first."""
        return list(self.shapes)[1:]


def initial_values(architecture: Architecture, seed: Sequence[int]) -> dict[str, Array]:
    """Draw all weights, biases and feedback weights.

    Parameters
    ----------
    architecture : Architecture
    seed : sequence of int

    Returns
    -------
    dict
        ``layer/weight``, ``layer/feedback`` (same shape), and ``layer/bias`` of fully connected
        layers.  Every kind has a generator of its own.
    """
    drawn: dict[str, Array] = {}
    kinds = ("weight", "bias", "feedback")
    for kind, child in zip(kinds, np.random.SeedSequence(seed).spawn(len(kinds)), strict=True):
        rng = np.random.Generator(np.random.PCG64(child))
        for name, shape in architecture.shapes.items():
            limit = 1.0 / np.sqrt(np.prod(shape[1:]))
            if kind != "bias":
                drawn[f"{name}/{kind}"] = rng.uniform(-limit, limit, shape)
            elif name in architecture.full:
                drawn[f"{name}/bias"] = rng.uniform(-limit, limit, shape[0])
    return drawn


__all__ = ["Architecture", "initial_values"]
