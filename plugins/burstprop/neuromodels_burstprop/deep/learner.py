"""A network that learns from images, batch by batch, in NumPy or in PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels.images import Images, ImageSet, Labelled
from neuromodels_burstprop.deep import equations
from neuromodels_burstprop.deep.equations import Rule, Values
from neuromodels_burstprop.deep.layers import Array, Convolution, Layer
from neuromodels_burstprop.deep.measures import Numbers, measure, numbers
from neuromodels_burstprop.deep.optimiser import Optimiser, Rates

EVALUATION_BATCH = 500

_NAMES = ("W", "c", "Y", "Z")


@dataclass(frozen=True)
class Arithmetic:
    """Where numbers live.

    Parameters
    ----------
    torch : bool
        Whether they are tensors of PyTorch; else arrays of NumPy.
    single : bool
        Whether in single precision.
    device : str
        PyTorch's: ``cpu``, ``cuda``, ...
    """

    torch: bool
    single: bool
    device: str = "cpu"

    def __call__(self, values: npt.ArrayLike) -> Array:
        """A copy of numbers there."""
        dtype = np.float32 if self.single else np.float64
        array = np.array(values, dtype=dtype)
        if not self.torch:
            return array
        import torch

        return torch.from_numpy(array).to(self.device)


@dataclass(frozen=True)
class Training:
    """How images become input, and how they are shown.

    Parameters
    ----------
    mean, sd : ndarray, shape (channels,)
        Of pixels (white is 1): inputs are ``(x - mean) / sd``.
    batch : int
        Images in a batch; a rest of fewer images is left out, another one in every epoch.
    shift : int
        Largest random shift (pixels).
    mirror : bool
        Whether half of the images are mirrored.
    step : int
        Epochs after which learning rates are multiplied with `factor`; 0: never.
    factor : float
    """

    mean: Numbers
    sd: Numbers
    batch: int
    shift: int = 0
    mirror: bool = False
    step: int = 0
    factor: float = 0.1


class Learner:
    """A network and its progress.

    Parameters
    ----------
    layers : sequence of Layer
    drawn : mapping
        Initial values, as `architecture.draw` gives them.
    rule : Rule
    rates : Rates
    training : Training
    arithmetic : Arithmetic
    order : numpy.random.Generator
        For the order of images, their shifts and mirrors.

    Attributes
    ----------
    values : Values
    epochs : int
        Completed.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        drawn: Mapping[str, Sequence[Numbers | None]],
        rule: Rule,
        rates: Rates,
        training: Training,
        arithmetic: Arithmetic,
        order: np.random.Generator,
    ) -> None:
        self.layers, self.rule, self.training = layers, rule, training
        self._rates, self._made, self._order = rates, arithmetic, order
        self.values = Values(
            **{
                name: [None if array is None else arithmetic(array) for array in drawn[name]]
                for name in _NAMES
            }
        )
        self._optimiser = Optimiser(layers, self.values, rule, rates)
        self._flat = not isinstance(layers[0], Convolution)
        self.epochs = 0

    # -- learning -----------------------------------------------------------------------------

    def train(self, images: Labelled) -> float:
        """Learn from all images once; the share (%) that was classified wrongly when shown."""
        how = self.training
        if how.step:
            factor = how.factor ** (self.epochs // how.step)
            rates = [factor * rate for rate in self._rates.layers]
            self._optimiser.rates = replace(self._rates, layers=rates)
        wrong = shown = 0
        for pixels, labels in images.shuffled(
            how.batch, self._order, shift=how.shift, mirror=how.mirror
        ):
            if len(labels) < how.batch:
                break
            signals = equations.forward(
                self.layers, self.values, self.inputs(pixels, images.white), self.rule
            )
            equations.errors(self.layers, self.values, signals, self.targets(labels), self.rule)
            self._optimiser.update(signals)
            wrong += self._wrong(signals.e[-1], labels)
            shown += len(labels)
        self.epochs += 1
        return 100.0 * wrong / shown

    def evaluate(self, images: Labelled) -> tuple[float, float]:
        """Classify all images.

        Returns
        -------
        error : float
            Share that is classified wrongly (%).
        loss : float
            Mean squared error over outputs and images; cross entropy where the output is a softmax.
        """
        wrong, loss = 0, 0.0
        for pixels, labels in images.in_order(EVALUATION_BATCH):
            signals = equations.forward(
                self.layers, self.values, self.inputs(pixels, images.white), self.rule
            )
            e, t = numbers(signals.e[-1]), numbers(self.targets(labels))
            wrong += self._wrong(signals.e[-1], labels)
            if self.rule.units == "sigmoid":
                loss += float(np.mean((e - t) ** 2, axis=1).sum())
            else:
                loss -= float(np.log(np.maximum(e[t > 0], np.finfo(np.float64).tiny)).sum())
        return 100.0 * wrong / len(images), loss / len(images)

    def measure(self, images: Labelled) -> Numbers:
        """`measures.measure` on all of some images, in one batch."""
        pixels, labels = next(images.in_order(len(images)))
        shown = self.inputs(pixels, images.white)
        return measure(self.layers, self.values, shown, self.targets(labels), self.rule)

    # -- images -------------------------------------------------------------------------------

    def inputs(self, pixels: npt.NDArray[np.uint8], white: int) -> Array:
        """Standardised pixels."""
        how = self.training
        x = (pixels / white - how.mean[:, np.newaxis, np.newaxis]) / how.sd[
            :, np.newaxis, np.newaxis
        ]
        return self._made(x.reshape(len(x), -1) if self._flat else x)

    def targets(self, labels: npt.NDArray[np.int64]) -> Array:
        """1 for the class of an image, else 0: shape (batch, classes)."""
        return self._made(labels[:, np.newaxis] == np.arange(self.layers[-1].shape[0]))

    def _wrong(self, outputs: Array, labels: npt.NDArray[np.int64]) -> int:
        return int(np.sum(numbers(outputs).argmax(1) != labels))

    # -- checkpoints --------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All that learning changes."""
        order = json.dumps(self._order.bit_generator.state).encode()
        state: dict[str, npt.NDArray[Any]] = {
            "order": np.frombuffer(order, np.uint8),
            "epochs": np.array(self.epochs),
        }
        return state | {name: numbers(array) for name, array in self._learned().items()}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put back what `state` gave."""
        self._order.bit_generator.state = json.loads(
            np.asarray(state["order"], dtype=np.uint8).tobytes()
        )
        self.epochs = int(state["epochs"])
        for name, array in self._learned().items():
            array[...] = self._made(state[name])

    def _learned(self) -> dict[str, Array]:
        found = {}
        for name in _NAMES:
            for i, array in enumerate(getattr(self.values, name), start=1):
                if array is not None:
                    found[f"{name}{i}"] = array
        for name, arrays in self._optimiser.momentum.items():
            found |= {f"momentum/{name}{i}": array for i, array in enumerate(arrays, start=1)}
        return found


def standardisation(images: ImageSet) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of the pixels of training images in memory, by channel."""
    assert isinstance(images.train, Images)
    x = images.train.pixels / images.train.white
    return x.mean(axis=(0, 2, 3)), np.maximum(x.std(axis=(0, 2, 3)), 1e-6)


__all__ = ["EVALUATION_BATCH", "Arithmetic", "Learner", "Training", "standardisation"]
