"""A network that learns to classify images, by backpropagation or feedback alignment.

Imports PyTorch: import this module only where a circuit needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from neuromodels.images import Labelled
from neuromodels.pytorch import reproducible
from neuromodels_rdd.learning.architecture import POOL, Architecture
from neuromodels_rdd.learning.batches import Scaled, scaled
from neuromodels_rdd.learning.feedback import Convolution, Linear

EVALUATION_BATCH = 100


@dataclass(frozen=True)
class Optimiser:
    """Stochastic gradient descent.

    Parameters
    ----------
    rate : float
        Learning rate.
    momentum : float
    weight_decay : float
        L2 penalty: adds this share of a weight to its gradient.
    feedback_decay : float
        Share that feedback weights lose after every batch.
    double_softmax : bool
        Whether the output, a softmax already, goes through the log-softmax of the cross entropy.
    """

    rate: float
    momentum: float
    weight_decay: float
    feedback_decay: float
    double_softmax: bool


@dataclass(frozen=True)
class Performance:
    """How a network does on a set of images.

    Parameters
    ----------
    error : float
        Wrongly classified (%).
    loss : float
        Mean of what training minimises.
    """

    error: float
    loss: float


class Learner:
    """The learning network under one condition.

    Parameters
    ----------
    architecture : Architecture
    values : mapping
        Initial weights, biases and feedback, as `architecture.initial_values` gives them.
    optimiser : Optimiser
    transported : bool
        Whether errors go down through the forward weights themselves (backpropagation).
    threads : int
        PyTorch's.
    dtype : torch.dtype
        Of all numbers.
    """

    def __init__(
        self,
        architecture: Architecture,
        values: Mapping[str, npt.NDArray[Any]],
        optimiser: Optimiser,
        *,
        transported: bool,
        threads: int = 1,
        dtype: Any = torch.float32,
    ) -> None:
        self.architecture = architecture
        self.optimiser = optimiser
        self.transported = transported
        self._threads = threads
        self._dtype = dtype
        self.net = self._network(values)
        self._sgd = torch.optim.SGD(
            self.net.parameters(),
            lr=optimiser.rate,
            momentum=optimiser.momentum,
            weight_decay=optimiser.weight_decay,
        )

    def _network(self, values: Mapping[str, npt.NDArray[Any]]) -> Any:
        nn, architecture = torch.nn, self.architecture
        modules: dict[str, Any] = {}
        convolutions = [name for name in architecture.shapes if name not in architecture.full]
        for name, maps in zip(convolutions, architecture.maps, strict=True):
            modules[name] = Convolution(
                self._tensor(values[f"{name}/weight"]), self._feedback(name, values)
            )
            modules[f"{name}_relu"] = nn.ReLU(inplace=True)
            modules[f"{name}_norm"] = nn.BatchNorm2d(maps)
            modules[f"{name}_pool"] = nn.MaxPool2d(POOL)
        modules["flatten"] = nn.Flatten()
        for name, units in zip(architecture.full, architecture.layers[1:], strict=True):
            modules[name] = Linear(
                self._tensor(values[f"{name}/weight"]),
                self._tensor(values[f"{name}/bias"]),
                self._feedback(name, values),
            )
            if name != architecture.full[-1]:
                modules[f"{name}_relu"] = nn.ReLU(inplace=True)
                modules[f"{name}_norm"] = nn.BatchNorm1d(units)
        net = nn.Sequential()
        for name, module in modules.items():
            net.add_module(name, module)
        # Channels last: convolutions on a CPU are twice as fast.
        return net.to(dtype=self._dtype, memory_format=torch.channels_last)

    def _feedback(self, name: str, values: Mapping[str, npt.NDArray[Any]]) -> Any | None:
        if self.transported or name not in self.architecture.fed_back:
            return None
        return self._tensor(values[f"{name}/feedback"])

    def _tensor(self, values: npt.NDArray[Any]) -> Any:
        return torch.tensor(np.asarray(values), dtype=self._dtype)

    # -- weights ------------------------------------------------------------------------------

    def weight(self, layer: str) -> npt.NDArray[np.float64]:
        """Forward weights of a layer, first axis its units."""
        return np.asarray(self._module(layer).weight.detach().numpy(), dtype=np.float64)

    def feedback(self, layer: str) -> npt.NDArray[np.float64] | None:
        """Feedback weights of a layer, in the shape of `weight`; None where it has none."""
        values = self._module(layer).feedback
        return None if values is None else np.asarray(values.numpy(), dtype=np.float64)

    def set_feedback(self, layer: str, values: npt.NDArray[Any]) -> None:
        """Replace the feedback weights of a layer that has some."""
        self._module(layer).feedback.copy_(self._tensor(values))

    def _module(self, layer: str) -> Any:
        return self.net.get_submodule(layer)

    # -- learning -----------------------------------------------------------------------------

    def train(self, batches: Iterable[tuple[Scaled, npt.NDArray[np.int64]]]) -> None:
        """Learn from each batch once."""
        self.net.train()
        with reproducible(self._threads):
            for pixels, labels in batches:
                self._sgd.zero_grad()
                self._loss(self._outputs(pixels), labels).backward()
                self._sgd.step()
                if self.optimiser.feedback_decay:
                    self._shrink_feedback()

    def _shrink_feedback(self) -> None:
        for layer in self.architecture.fed_back:
            feedback = self._module(layer).feedback
            if feedback is not None:
                feedback.mul_(1.0 - self.optimiser.feedback_decay)

    def evaluate(self, images: Labelled) -> Performance:
        """Classify images that are neither shifted nor mirrored, batch norm in evaluation mode."""
        self.net.eval()
        wrong, loss = 0, 0.0
        with reproducible(self._threads), torch.no_grad():
            for pixels, labels in images.in_order(EVALUATION_BATCH):
                outputs = self._outputs(scaled(pixels, images.white))
                loss += float(self._loss(outputs, labels)) * len(labels)
                wrong += int(np.sum(outputs.argmax(1).numpy() != labels))
        return Performance(100.0 * wrong / len(images), loss / len(images))

    def _outputs(self, pixels: Scaled) -> Any:
        x = torch.from_numpy(pixels).to(dtype=self._dtype, memory_format=torch.channels_last)
        return self.net(x)

    def _loss(self, outputs: Any, labels: npt.NDArray[np.int64]) -> Any:
        """Cross entropy, mean over the batch."""
        functional = torch.nn.functional
        if self.optimiser.double_softmax:
            outputs = functional.softmax(outputs, dim=1)
        return functional.cross_entropy(outputs, torch.from_numpy(labels))

    # -- checkpoints --------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All that learning changes: weights, batch norm, feedback, momentum."""
        state = {f"net/{name}": _array(values) for name, values in self.net.state_dict().items()}
        for name, parameter in self.net.named_parameters():
            buffer = self._sgd.state[parameter].get("momentum_buffer")
            if buffer is not None:
                state[f"momentum/{name}"] = _array(buffer)
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put back what `state` gave."""
        for name, values in self.net.state_dict().items():
            values.copy_(torch.from_numpy(np.asarray(state[f"net/{name}"])))
        for name, parameter in self.net.named_parameters():
            if f"momentum/{name}" in state:
                # In the memory layout of its weight, as PyTorch would have made it.
                buffer = torch.zeros_like(parameter)
                buffer.copy_(torch.from_numpy(np.asarray(state[f"momentum/{name}"])))
                self._sgd.state[parameter]["momentum_buffer"] = buffer


def _array(values: Any) -> npt.NDArray[Any]:
    return np.array(values.detach().numpy())


__all__ = ["Learner", "Optimiser", "Performance"]
