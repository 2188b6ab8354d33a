"""Sizes of a network's layers, and the initial values of its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromodels.errors import ParameterError
from neuromodels_burstprop.deep.layers import Convolution, Dense, Layer


@dataclass(frozen=True)
class Initial:
    """How weights are drawn.

    Parameters
    ----------
    gain : float or None
        Forward weights are normal with the standard deviation ``gain sqrt(2 / (in + out))``, in
        and out the numbers of inputs and of outputs of a unit (Glorot & Bengio 2010).  None:
        ``sqrt(2 / out)`` (He et al. 2015), and 0.01 in the output.
    feedback : float
        Standard deviation of feedback weights, normal.
    recurrent : float
        Recurrent weights are uniform between plus and minus this.
    """

    gain: float | None = 1.0
    feedback: float = 1.0
    recurrent: float = 0.01


def layers(
    images: tuple[int, int, int],
    maps: Sequence[int],
    kernels: Sequence[int],
    strides: Sequence[int],
    hidden: Sequence[int],
    classes: int,
) -> list[Layer]:
    """Convolutions from the image up, then fully connected layers.

    Parameters
    ----------
    images : tuple of int
        Channels, rows and columns.
    maps, kernels, strides : sequence of int
        Of each convolution: maps, rows and columns of its kernels, pixels between their positions.
    hidden : sequence of int
        Units of each hidden fully connected layer.
    classes : int
        Units of the output.

    Raises
    ------
    ParameterError
        Images are too small, or not square, or the lists have different lengths.
    """
    channels, size, columns = images
    if not len(maps) == len(kernels) == len(strides):
        raise ParameterError(
            f"{len(maps)} numbers of maps, {len(kernels)} kernels, {len(strides)} strides",
            where="maps",
            fix="give one of each for every convolution",
        )
    if maps and size != columns:
        raise ParameterError(
            f"images of {size} x {columns} pixels are not square",
            where="maps",
            fix="leave it empty",
        )
    found: list[Layer] = []
    for number, (count, kernel, stride) in enumerate(
        zip(maps, kernels, strides, strict=True), start=1
    ):
        size = (size - kernel) // stride + 1
        if size < 1:
            raise ParameterError(
                f"nothing of images of {columns} x {columns} pixels is left for convolution "
                f"{number}",
                where="kernels",
                fix="give fewer convolutions, smaller kernels or strides, or larger images",
            )
        found.append(Convolution(count, channels, kernel, stride, size))
        channels = count
    below = channels * size * (size if maps else columns)
    for units in (*hidden, classes):
        found.append(Dense(units, below))
        below = units
    return found


def draw(
    network: Sequence[Layer], initial: Initial, rng: np.random.Generator
) -> dict[str, list[npt.NDArray[np.float64] | None]]:
    """Draw all weights: first W of all layers, then Y of all, then Z of hidden ones.

    Returns
    -------
    dict
        ``W``, ``Y`` (the same shapes), ``c`` (zeros), ``Z`` (None but for hidden fully connected
        layers): an array for each layer.
    """
    drawn: dict[str, list[npt.NDArray[np.float64] | None]] = {"W": [], "Y": [], "Z": []}
    for layer in network:
        area = int(np.prod(layer.shape[2:]))
        outputs, inputs = layer.shape[0] * area, layer.shape[1] * area
        if initial.gain is not None:
            sd = initial.gain * np.sqrt(2.0 / (inputs + outputs))
        else:
            sd = 0.01 if layer is network[-1] else np.sqrt(2.0 / outputs)
        drawn["W"].append(sd * rng.standard_normal(layer.shape))
    for layer in network:
        drawn["Y"].append(initial.feedback * rng.standard_normal(layer.shape))
    for layer in network:
        if isinstance(layer, Dense) and layer is not network[-1]:
            limit = initial.recurrent
            drawn["Z"].append(rng.uniform(-limit, limit, (layer.units, layer.units)))
        else:
            drawn["Z"].append(None)
    drawn["c"] = [np.zeros(layer.shape[0]) for layer in network]
    return drawn


__all__ = ["Initial", "draw", "layers"]
