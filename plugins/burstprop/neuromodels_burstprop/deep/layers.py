"""The linear maps of a layer: forward through W, back through Y, and the gradient of W.

Arrays are NumPy's or PyTorch's; convolutions are PyTorch's, which is imported where one is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
"""An array of NumPy or a tensor of PyTorch."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer.

    Parameters
    ----------
    units, inputs : int
        Its units, and those of the layer below.
    """

    units: int
    inputs: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its weights: (units, inputs)."""
        return (self.units, self.inputs)

    @property
    def output(self) -> tuple[int, ...]:
        """Of its rates for one image: (units,)."""
        return (self.units,)

    def forward(self, below: Array, W: Array, c: Array) -> Array:
        """Input of the units from the rates below: shape (batch, units)."""
        return below.reshape(len(below), -1) @ W.T + c

    def back(self, rates: Array, Y: Array, below: Array) -> Array:
        """Rates of the units through the feedback weights: shape of `below`, the rates there."""
        return (rates @ Y).reshape(below.shape)

    def gradient(self, d: Array, below: Array) -> tuple[Array, Array]:
        """Gradients of W and bias, sums over the batch."""
        return d.T @ below.reshape(len(below), -1), d.sum(0)


@dataclass(frozen=True)
class Convolution:
    """A convolution without padding.

    Parameters
    ----------
    maps, channels : int
        Its maps, and those of the layer below.
    kernel : int
        Rows and columns of its kernels.
    stride : int
        Pixels from one position of the kernel to the next.
    size : int
        Rows and columns of its maps.
    """

    maps: int
    channels: int
    kernel: int
    stride: int
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its weights: (maps, channels, kernel, kernel)."""
        return (self.maps, self.channels, self.kernel, self.kernel)

    @property
    def output(self) -> tuple[int, ...]:
        """Of its rates for one image: (maps, size, size)."""
        return (self.maps, self.size, self.size)

    def forward(self, below: Array, W: Array, c: Array) -> Array:
        """Input of the units: shape (batch, maps, size, size)."""
        import torch

        return torch.nn.functional.conv2d(below, W, c, stride=self.stride)

    def back(self, rates: Array, Y: Array, below: Array) -> Array:
        """Transposed convolution of the rates with the feedback kernels: shape of `below`."""
        import torch

        return torch.nn.grad.conv2d_input(below.shape, Y, rates, stride=self.stride)

    def gradient(self, d: Array, below: Array) -> tuple[Array, Array]:
        """Gradients of W and bias, sums over batch and positions."""
        import torch

        weight = torch.nn.grad.conv2d_weight(below, self.shape, d, stride=self.stride)
        return weight, d.sum((0, 2, 3))


Layer = Dense | Convolution


def library(array: Array) -> Any:
    """NumPy or PyTorch, whichever the array belongs to."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``, as a hyperbolic tangent: that has no overflow in either library."""
    return 0.5 * (1.0 + library(x).tanh(0.5 * x))


def softmax(x: Array) -> Array:
    """Along the last axis."""
    xp = library(x)
    e = xp.exp(x - xp.amax(x, axis=-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


__all__ = ["Array", "Convolution", "Dense", "Layer", "library", "sigmoid", "softmax"]
