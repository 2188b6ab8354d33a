"""The circuit ``rdd/learning``: feedback weights found by spiking neurons teach a network images.

Two networks take turns (Guerguiev et al. 2020).  Before an epoch of learning, the fully connected
layers live as layers of spiking neurons in NEST, their forward weights scaled, without images: one
after the other is driven at random, and its neurons estimate their causal effect on the layer above
by regression discontinuity (`neuromodels_rdd.circuits.weight_alignment`).  The estimates become the
feedback weights of the learning network, which then sees all images once in PyTorch, its errors sent
down through them.  Nothing else is exchanged: forward weights one way, feedback weights the other.

Conditions, all of them with the same initial weights and the same batches:

* ``rdd``: as described; feedback of convolutions stays as it was drawn;
* ``feedback-alignment``: all feedback stays as it was drawn;
* ``backprop``: errors go through the forward weights.

Learning takes no biological time in the original.  Here it is what happens at the beginning of a
second in which the spiking network rests: `LEARNING` for every epoch and condition.  A phase of
regression discontinuity starts afresh anyway.

Checkpoints are taken at the end of epochs.  They hold the learning networks with momentum and batch
norm, and the fits of the spiking network: all that outlives an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Cost, Network, Parameters, Phase, parameter
from neuromodels.errors import EnvironmentProblem, ParameterError
from neuromodels_rdd import alignment
from neuromodels_rdd.learning import images
from neuromodels_rdd.learning.architecture import Architecture
from neuromodels_rdd.learning.conditions import (
    CONDITIONS,
    MOMENTS,
    PERFORMANCE,
    RDD,
    Learners,
)

PAPER = "Guerguiev et al. 2020"
CODE = f"{PAPER}; authors' learning script"

LEARNING = 1000.0
"""Biological time (ms) in which the spiking network rests while one condition learns."""

_PERFORMANCE = {
    "test_error": ("%", "Share of test images that are classified wrongly"),
    "test_loss": ("", "Mean loss on the test images"),
    "train_error": ("%", "Share of training images that are classified wrongly"),
    "train_loss": ("", "Mean loss on the training images"),
}

Array = npt.NDArray[np.float64]


class LearningParameters(Parameters):
    """Parameters of ``rdd/learning``; defaults are the published ones."""

    conditions: tuple[str, ...] = parameter(
        CONDITIONS,
        unit="",
        choices=CONDITIONS,
        doc="How errors are sent down: each condition trains a network of its own",
        source=CODE,
    )

    data: str = parameter(
        "fashion-mnist",
        unit="",
        choices=tuple(images.SOURCES),
        doc="Images: fashion-mnist (installed by Debian's package dataset-fashion-mnist, or in "
        "data_dir), cifar-10 (binary version) or any set of IDX files in data_dir, or the digits "
        "of scikit-learn",
        source=f"{PAPER}, abstract; their code has CIFAR-10 only",
    )
    data_dir: str | None = parameter(None, unit="", doc="Directory of the image files")
    n_train: int | None = parameter(
        None, unit="", ge=2, doc="Training images that are used, the first ones of the set"
    )
    n_test: int | None = parameter(
        None, unit="", ge=1, doc="Test images that are used, the first ones of the set"
    )
    image_size: int | None = parameter(
        32,
        unit="",
        ge=1,
        doc="Rows and columns of images, zeros are put around smaller ones; none: as they are",
        source=CODE,
    )
    shift: int = parameter(
        4, unit="", ge=0, doc="Largest random shift of training images (pixels)", source=CODE
    )
    mirror: bool | None = parameter(
        None,
        unit="",
        doc="Whether half of the training images are mirrored; none: those of fashion-mnist and "
        "cifar-10, not digits and other IDX files",
        source=CODE,
    )

    maps: tuple[int, ...] = parameter(
        (64, 64),
        unit="",
        ge=1,
        doc="Maps of each convolution; an empty list makes a fully connected network",
        source=CODE,
    )
    kernel: int = parameter(
        5, unit="", ge=1, doc="Rows and columns of the convolutions' kernels", source=CODE
    )
    hidden: tuple[int, ...] = parameter(
        (384, 192), unit="", ge=1, doc="Units of each hidden fully connected layer", source=CODE
    )
    double_softmax: bool = parameter(
        True,
        unit="",
        doc="Whether the output, a softmax, goes through the log-softmax of the loss once more",
        source=f"{CODE}; an oddity",
    )

    epochs: int = parameter(
        100, unit="", ge=0, doc="Times that all training images are shown", source=CODE
    )
    batch: int = parameter(32, unit="", ge=2, doc="Images in a batch", source=CODE)
    rate: float = parameter(0.01, unit="", gt=0, doc="Learning rate", source=CODE)
    momentum: float = parameter(0.9, unit="", ge=0, lt=1, doc="Momentum", source=CODE)
    weight_decay: float = parameter(
        0.0,
        unit="",
        ge=0,
        lt=1,
        doc="Weight decay; feedback weights lose this share after every batch",
        source=CODE,
    )
    slow_feedback_decay: bool = parameter(
        False,
        unit="",
        doc="Whether the decay of feedback weights is multiplied by the learning rate, as that of "
        "forward weights is; in the published code it is not",
    )

    rdd_every: int = parameter(
        1,
        unit="",
        ge=0,
        doc="Epochs from one phase of regression discontinuity to the next; 0: only before the "
        "first epoch",
        source=CODE,
    )


class Estimator(Protocol):
    """Finds feedback weights for the fully connected layers in phases of biological time."""

    def build(self, network: Network) -> None:
        """Create what it needs in the kernel."""

    def phases(self, name: str) -> Iterator[Phase]:
        """Yield its phases, which last whole seconds together; names begin with `name`."""

    def load(self, network: Network, forward: Sequence[Array]) -> None:
        """Take over forward weights, (units above, units below) each, before its phases."""

    def feedback(self) -> Sequence[Array]:
        """Give the feedback weights that were found, in the shape of the forward ones."""

    def state(self) -> Mapping[str, npt.ArrayLike]:
        """Give what outlives its phases."""

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put back what `state` gave."""


class Learning(Circuit[LearningParameters]):
    """Feedback weights of spiking neurons, feedback alignment and backpropagation on images."""

    name = "rdd/learning"
    summary = "Image recognition with feedback weights that spiking neurons find, and without"
    Parameters = LearningParameters
    models = ()
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "data": "digits",
            "image_size": None,
            "shift": 0,
            "maps": (),
            "hidden": (50, 30),
            "epochs": 3,
        },
        "short": {"n_train": 10000, "epochs": 6},
        "paper": {},
    }
    default_preset = "short"
    analyses = ("rdd/learning",)
    resolution = 1.0

    def __init__(self, parameters: LearningParameters) -> None:
        super().__init__(parameters)
        p = parameters
        if not p.conditions or len(set(p.conditions)) < len(p.conditions):
            raise ParameterError(
                f"{len(p.conditions)} conditions, {len(set(p.conditions))} different ones",
                where=f"{self.name}: conditions",
                fix=f"name each once: {', '.join(CONDITIONS)}",
            )
        if find_spec("torch") is None:
            raise EnvironmentProblem(
                "PyTorch, in which the network learns, is not installed",
                where=self.name,
                fix="pip install 'neuromodels-rdd[learning]'",
            )
        self._images: images.ImageSet | None = None

    # -- protocol -----------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """Every epoch: a phase of regression discontinuity where due, then each condition learns."""
        p = self.parameters
        for epoch in range(1, p.epochs + 1):
            name = f"epoch_{epoch}"
            if RDD in p.conditions and self.rdd_before(epoch):
                phases = self._estimator.phases(f"{name}_rdd")
                first = next(phases)
                yield replace(first, enter=self._hand_down(first.enter))
                yield from phases
            for condition in p.conditions:
                yield Phase(
                    f"{name}_learn_{condition}",
                    LEARNING,
                    self._learn(condition, epoch),
                    checkpoint=condition == p.conditions[-1],
                )

    def rdd_before(self, epoch: int) -> bool:
        """Whether a phase of regression discontinuity comes before an epoch (from 1)."""
        every = self.parameters.rdd_every
        return epoch == 1 if every == 0 else (epoch - 1) % every == 0

    def _hand_down(self, enter: Callable[[Network], None] | None) -> Callable[[Network], None]:
        """Give the forward weights to the spiking network, and then what `enter` does."""

        def handed(network: Network) -> None:
            learner = self.learners[RDD]
            self._estimator.load(network, [learner.weight(layer) for layer in self._full])
            if enter is not None:
                enter(network)

        return handed

    def _learn(self, condition: str, epoch: int) -> Callable[[Network], None]:
        def enter(_network: Network) -> None:
            if condition == RDD and self.rdd_before(epoch):
                for layer, values in zip(self._full, self._estimator.feedback(), strict=True):
                    if layer in self.learners.layers:
                        self.learners[RDD].set_feedback(layer, values)
            self.learners.learn(condition, epoch)

        return enter

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Read the images, make the learning networks and the spiking one."""
        from neuromodels_rdd.learning.learner import Optimiser

        p = self.parameters
        found = images.load(p.data, p.data_dir)
        found = images.ImageSet(
            found.train.first(p.n_train).padded(p.image_size),
            found.test.first(p.n_test).padded(p.image_size),
        )
        channels, rows, columns = found.train.pixels.shape[1:]
        if rows != columns:
            raise ParameterError(
                f"images of {rows} x {columns} pixels are not square",
                where=f"{self.name}: image_size",
                fix=f"give {max(rows, columns)} or more",
            )
        architecture = Architecture(channels, rows, p.maps, p.kernel, p.hidden, found.classes)
        self._full = architecture.full
        self.learners = Learners(
            p.conditions,
            found,
            architecture,
            Optimiser(
                rate=p.rate,
                momentum=p.momentum,
                weight_decay=p.weight_decay,
                feedback_decay=p.weight_decay * (p.rate if p.slow_feedback_decay else 1.0),
                double_softmax=p.double_softmax,
            ),
            batch=p.batch,
            shift=p.shift,
            mirror=images.SOURCES[p.data].mirrored if p.mirror is None else p.mirror,
            seed=int(network.rng.integers(2**63)),
            threads=int(network.nest.local_num_threads),
        )
        if RDD in p.conditions:
            self._estimator.build(network)
        self._record(network)

    def _record(self, network: Network) -> None:
        conditions = list(self.parameters.conditions)
        for name in PERFORMANCE:
            unit, doc = _PERFORMANCE[name]
            network.signal(
                name,
                self.learners.performance[name].copy,
                interval=LEARNING,
                unit=unit,
                dims=("condition",),
                coords={"condition": conditions},
                doc=f"{doc}, after the last epoch",
            )
        for name, (unit, _, doc) in (*alignment.OF_ANY_WEIGHTS.items(), *alignment.OF_MATRICES.items()):
            network.signal(
                name,
                self.learners.measures[name].copy,
                interval=LEARNING,
                unit=unit,
                dims=("condition", "layer", "moment"),
                coords={
                    "condition": conditions,
                    "layer": list(self.learners.layers),
                    "moment": list(MOMENTS),
                },
                doc=f"{doc}; before and after the last epoch of learning",
            )

    # -- checkpoints --------------------------------------------------------------------------

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """The learning networks, and what the spiking one remembers between phases."""
        del network
        state = {f"learners/{name}": values for name, values in self.learners.state().items()}
        if RDD in self.parameters.conditions:
            state |= {f"spiking/{name}": v for name, v in self._estimator.state().items()}
        return state

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put it into networks that were built anew."""

        def part(name: str) -> dict[str, npt.NDArray[Any]]:
            prefix = f"{name}/"
            return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

        self.learners.restore(part("learners"))
        if RDD in self.parameters.conditions:
            self._estimator.restore(network, part("spiking"))

    def cost(self) -> Cost | None:
        """Of the spiking network; learning costs no biological time."""
        return None
