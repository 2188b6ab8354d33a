"""The circuit ``rdd/learning``: feedback weights found by spiking neurons teach a network images.

Two networks take turns (Guerguiev et al. 2020).  Before an epoch of learning, the fully connected
layers live as layers of spiking neurons in NEST, their forward weights scaled, without images:
one after the other is driven at random, and its neurons estimate their causal effect on the layer
above by regression discontinuity (`neuromodels_rdd.alignment_network`).  The estimates become the
feedback weights of the learning network, which then sees all images once in PyTorch, its errors
sent down through them.  Nothing else is exchanged: forward weights one way, feedback weights the
other.

Conditions, all of them with the same initial weights and the same batches:

* ``rdd``: as described; feedback of convolutions stays as it was drawn;
* ``feedback-alignment``: all feedback stays as it was drawn;
* ``backprop``: errors go through the forward weights.

Learning takes no biological time in the original.  Here it is what happens at the beginning of a
rest of the spiking network: `LEARNING` for every epoch and condition, the first a little longer, so
that epochs are a multiple of it.  A phase of regression discontinuity starts afresh anyway.

Checkpoints hold the learning networks with momentum and batch norm, and what the spiking network
has learned.  In a run that is continued from one, conditions without spiking neurons give exactly
what they would have given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Network, Phase, images, parameter, pytorch
from neuromodels.errors import ParameterError
from neuromodels_rdd.alignment_network import HARVEST, LAG, RESOLUTION, AlignmentNetwork
from neuromodels_rdd.learning.architecture import Architecture
from neuromodels_rdd.learning.conditions import (
    CONDITIONS,
    MEASURES,
    MOMENTS,
    PERFORMANCE,
    RDD,
    Learners,
)
from neuromodels_rdd.parameters import CODE, AlignmentParameters

LEARNING = 40.0 * LAG
"""Biological time (ms) in which the spiking network rests while one condition learns, a second or
so: a multiple of the minimal delay."""

_PERFORMANCE = {
    "test_error": ("%", "Share of test images that are classified wrongly"),
    "test_loss": ("", "Mean loss on the test images"),
    "train_error": ("%", "Share of training images that are classified wrongly"),
    "train_loss": ("", "Mean loss on the training images"),
}

Array = npt.NDArray[np.float64]


class LearningParameters(AlignmentParameters, images.ImageParameters):
    """Parameters of ``rdd/learning``; defaults are the published ones."""

    conditions: tuple[str, ...] = parameter(
        CONDITIONS,
        unit="",
        choices=CONDITIONS,
        doc="How errors are sent down: each condition trains a network of its own",
        source=CODE,
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


class Learning(Circuit[LearningParameters]):
    """Feedback weights of spiking neurons, feedback alignment and backpropagation on images."""

    name = "rdd/learning"
    summary = "Image recognition with feedback weights that spiking neurons find, and without"
    Parameters = LearningParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "dataset": "digits",
            "image_size": None,
            "shift": 0,
            "maps": (),
            "hidden": (50, 30),
            "epochs": 3,
            "stage": 3.0,
            "write_interval": 3.0,
        },
        # The spiking network and its phases are the published ones; a sixth of the images, a tenth
        # of the epochs, a quarter of the first convolution's maps.
        "short": {"maps": (16, 64), "n_train": 10000, "epochs": 10},
        "paper": {},
    }
    default_preset = "short"
    reproduced = "short"
    analyses = ("rdd/learning",)
    resolution = RESOLUTION

    def __init__(self, parameters: LearningParameters) -> None:
        super().__init__(parameters)
        p = parameters
        if not p.conditions or len(set(p.conditions)) < len(p.conditions):
            raise ParameterError(
                f"{len(p.conditions)} conditions, {len(set(p.conditions))} different ones",
                where=f"{self.name}: conditions",
                fix=f"name each once: {', '.join(CONDITIONS)}",
            )
        pytorch.require(self.name, "neuromodels-rdd[learning]")
        found = images.load(p.dataset, p.data_dir, p.image_size)
        self.images = found.first(p.n_train, p.n_test).padded(p.image_size)
        channels, rows, columns = self.images.train.shape
        if rows != columns:
            raise ParameterError(
                f"images of {rows} x {columns} pixels are not square",
                where=f"{self.name}: image_size",
                fix=f"give {max(rows, columns)} or more",
            )
        self.architecture = Architecture(
            channels, rows, p.maps, p.kernel, p.hidden, self.images.classes
        )
        self.spiking: AlignmentNetwork | None = None
        if RDD in p.conditions:
            self.spiking = AlignmentNetwork(self.architecture.layers, p, where=self.name)
            self.models = self.spiking.models  # type: ignore[misc]

    def other_time(self) -> float:
        """Learning in PyTorch: 12 s an epoch of 10 000 images of 32 x 32 with 16 and 64 maps."""
        p = self.parameters
        images = len(self.images.train.labels) / 10_000
        maps = 0.4 + 0.6 * math.prod(p.maps) / (16 * 64) if p.maps else 0.01
        return 12.0 * p.epochs * len(p.conditions) * images * maps

    # -- protocol -----------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """Every epoch: a phase of regression discontinuity if due, then each condition learns."""
        p = self.parameters
        for epoch in range(1, p.epochs + 1):
            name, rest = f"epoch_{epoch}", LEARNING
            if self.spiking is not None and self.rdd_before(epoch):
                yield from self.spiking.phase(f"{name}_rdd", self._hand_down)
                rest += -self.spiking.duration % LEARNING
            for condition in p.conditions:
                last = condition == p.conditions[-1]
                learn = self._learn(condition, epoch)
                yield Phase(f"{name}_learn_{condition}", rest, learn, checkpoint=last)
                rest = LEARNING

    def rdd_before(self, epoch: int) -> bool:
        """Whether a phase of regression discontinuity comes before an epoch (from 1)."""
        every = self.parameters.rdd_every
        return epoch == 1 if every == 0 else (epoch - 1) % every == 0

    def _hand_down(self) -> list[Array]:
        """Forward weights for the spiking network; and feedback weights, which may have decayed."""
        assert self.spiking is not None
        learner, full = self.learners[RDD], self.architecture.full
        for i, feedback in enumerate(map(learner.feedback, full)):
            if feedback is not None:
                self.spiking.feedback[i] = feedback.T
        return [learner.weight(layer) for layer in full]

    def _learn(self, condition: str, epoch: int) -> Callable[[Network], None]:
        def enter(network: Network) -> None:
            if self.spiking is not None and condition == RDD and self.rdd_before(epoch):
                self.spiking.finish()
                for layer, Y in zip(self.architecture.full, self.spiking.feedback, strict=True):
                    if layer in self.learners.layers:
                        self.learners[RDD].set_feedback(layer, Y.T)

            shared = network.nest.num_processes > 1

            def learn() -> Mapping[str, npt.ArrayLike]:
                self.learners.learn(condition, epoch)
                return self.learners.state() if shared else {}

            # PyTorch knows nothing of MPI: the first rank learns, the others get its networks.
            learned = network.once(learn)
            if shared:
                self.learners.restore({name: np.asarray(value) for name, value in learned.items()})

        return enter

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Make the learning networks and the spiking one."""
        from neuromodels_rdd.learning.learner import Optimiser

        pytorch.share_threads(int(network.nest.local_num_threads))
        p = self.parameters
        self.learners = Learners(
            p.conditions,
            self.images,
            self.architecture,
            Optimiser(
                rate=p.rate,
                momentum=p.momentum,
                weight_decay=p.weight_decay,
                feedback_decay=p.weight_decay * (p.rate if p.slow_feedback_decay else 1.0),
                double_softmax=p.double_softmax,
            ),
            batch=p.batch,
            shift=p.shift,
            mirror=images.SOURCES[p.dataset].mirrored if p.mirror is None else p.mirror,
            seed=int(network.rng.integers(2**63)),
            threads=int(network.nest.total_num_virtual_procs),
        )
        if self.spiking is not None:
            # The first layer of all sends no errors down, but has drawn feedback all the same.
            self.spiking.feedback = [
                self.learners.initial[f"{layer}/feedback"].T for layer in self.architecture.full
            ]
            self.spiking.build(network)
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
        network.signal(
            "alignment",
            self.learners.measures.copy,
            interval=LEARNING,
            unit="",
            dims=("condition", "layer", "moment", "measure"),
            coords={
                "condition": conditions,
                "layer": list(self.learners.layers),
                "moment": list(MOMENTS),
                "measure": list(MEASURES),
            },
            doc="Alignment of feedback with forward weights around the last epoch of learning: "
            "angle in degrees, correct in percent",
        )
        if self.spiking is not None and self.parameters.rule == "windows":
            network.signal(
                "windows",
                self.spiking.harvest,
                interval=float(HARVEST),
                unit="",
                doc="Windows that have ended in driven layers",
            )

    # -- checkpoints --------------------------------------------------------------------------

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """The learning networks, and what the spiking one remembers between phases."""
        del network
        state = {f"learners/{name}": values for name, values in self.learners.state().items()}
        if self.spiking is not None:
            state |= {f"spiking/{name}": v for name, v in self.spiking.state().items()}
        return state

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put it into networks that were built anew."""
        del network

        def part(name: str) -> dict[str, npt.NDArray[Any]]:
            prefix = f"{name}/"
            return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

        self.learners.restore(part("learners"))
        if self.spiking is not None:
            self.spiking.restore(part("spiking"))
