"""The circuit ``burstprop/deep``: deep networks of neuronal ensembles learn from images.

A network of ensembles, each described by its event rate and its burst probability, classifies
images; its weights learn from what a teacher at the output changes in the burst rates of all layers
(`neuromodels_burstprop.deep.equations`; Payeur et al. 2021, Figs. 5 and 6).  The conditions compare
burst-dependent learning, with feedback weights that are tied to the forward ones, fixed or learned,
with backpropagation and feedback alignment in the same network, from the same initial weights and
with the same images in the same order.

No spikes, and no biological time: an epoch takes `EPOCH` of the protocol's time, so that the time
of a signal in ms is the number of epochs.  Fully connected networks are calculated with NumPy,
networks with convolutions, and those on a GPU, with PyTorch.

A run is the same to rounding for any number of threads.  A run that is continued from a checkpoint
gives what it would have given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Network, Phase, parameter, pytorch
from neuromodels.errors import ParameterError
from neuromodels.images import SOURCES, ImageParameters, ImageSet, load
from neuromodels_burstprop.deep import architecture
from neuromodels_burstprop.deep.equations import Rule
from neuromodels_burstprop.deep.learner import Arithmetic, Learner, Training, standardisation
from neuromodels_burstprop.deep.measures import MEASURES
from neuromodels_burstprop.deep.optimiser import Rates
from neuromodels_burstprop.deep.rates import rates

PAPER = "Payeur et al. 2021, Figs. 5 and 6"
CODE = f"{PAPER}; authors' simulation code"
GREEDY = "Greedy et al. 2022"

EPOCH = 1.0
"""Time of the protocol (ms) that stands for an epoch."""

EXTRA = "neuromodels-burstprop[learning]"
_ORDER = 1000
"""Added to the seed for the order of images."""


class DeepParameters(ImageParameters):
    """Parameters of ``burstprop/deep``; defaults are the published ones for MNIST."""

    image_size: int | None = parameter(
        None,
        unit="",
        ge=1,
        doc="Rows and columns: images of different sizes are scaled to it, smaller ones get zeros "
        "around them; none: as they are, or what is usual for the data set",
    )
    shift: int = parameter(
        0, unit="", ge=0, doc="Largest random shift of training images (pixels); published: 4 for "
        "CIFAR-10", source=CODE,
    )  # fmt: skip
    mirror: bool = parameter(
        False, unit="", doc="Whether half of the training images are mirrored; published: yes for "
        "CIFAR-10 and ImageNet", source=CODE,
    )  # fmt: skip

    signal: Literal["bursts", "gradient"] = parameter(
        "bursts",
        unit="",
        doc="What weights learn from: changes of burst rates by the teacher, or the gradient of "
        "half the summed squared error",
        source=PAPER,
    )
    feedback: Literal["tied", "fixed", "learned"] = parameter(
        "learned",
        unit="",
        doc="Feedback weights: those of the forward path; random; random at first, with the same "
        "updates as the forward ones",
        source=PAPER,
    )
    recurrent: bool = parameter(
        True,
        unit="",
        doc="Whether hidden fully connected layers have recurrent weights, which learn to keep "
        "dendrites at rest without teacher",
        source=PAPER,
    )
    hidden_plasticity: bool = parameter(True, unit="", doc="Whether hidden layers learn")
    event_feedback: float = parameter(
        0.0,
        unit="",
        ge=0,
        le=1,
        doc="Strength of a second feedback pathway, in which events inhibit what bursts at rest "
        "excite",
        source=f"{GREEDY}: 1",
    )
    units: Literal["sigmoid", "softmax"] = parameter(
        "sigmoid",
        unit="",
        doc="Sigmoid units; or rectified ones and a softmax output, published for ImageNet",
        source=CODE,
    )
    p_b: float = parameter(
        0.2, unit="", gt=0, lt=1, doc="Burst probability of the output without teacher", source=CODE
    )
    dendritic_slope: float = parameter(
        1.0, unit="", gt=0, doc="Slope of the dendritic nonlinearity", source=CODE
    )

    maps: tuple[int, ...] = parameter(
        (), unit="", ge=1, doc="Maps of each convolution", source=CODE
    )
    kernels: tuple[int, ...] = parameter(
        (), unit="", ge=1, doc="Rows and columns of the kernels of each convolution", source=CODE
    )
    strides: tuple[int, ...] = parameter(
        (), unit="", ge=1, doc="Pixels between positions of the kernels", source=CODE
    )
    hidden: tuple[int, ...] = parameter(
        (500, 500, 500),
        unit="",
        ge=1,
        doc="Units of each hidden fully connected layer",
        source=CODE,
    )
    weight_gain: float | None = parameter(
        1.0,
        unit="",
        gt=0,
        doc="Gain of the initial forward weights (Glorot & Bengio 2010, normal); none: as He et "
        "al. 2015, published for ImageNet",
        source=CODE,
    )
    feedback_sd: float = parameter(
        1.0, unit="", gt=0, doc="Standard deviation of the initial feedback weights", source=CODE
    )
    recurrent_max: float = parameter(
        0.01, unit="", ge=0, doc="Largest initial recurrent weight", source=CODE
    )

    epochs: int = parameter(
        500, unit="", ge=0, doc="Times that all training images are shown", source=CODE
    )
    batch: int = parameter(32, unit="", ge=1, doc="Images in a batch", source=CODE)
    rate_hidden: float | None = parameter(
        None,
        unit="",
        gt=0,
        doc="Learning rate of hidden layers; none: the one that was found for data set and "
        "condition (neuromodels_burstprop.deep.rates)",
        source=f"{CODE}: 0.1 for MNIST, 0.01 otherwise",
    )
    rate_output: float | None = parameter(
        None, unit="", gt=0, doc="Learning rate of the output; none: likewise",
        source=f"{CODE}: 0.01",
    )  # fmt: skip
    rate_recurrent: float = parameter(
        1e-4, unit="", ge=0, doc="Learning rate of recurrent weights", source=CODE
    )
    rate_step: int = parameter(
        0,
        unit="",
        ge=0,
        doc="Epochs after which learning rates fall to a tenth, again and again; 0: never; "
        "published: 30 for ImageNet",
        source=CODE,
    )
    momentum: float = parameter(
        0.8, unit="", ge=0, lt=1, doc="Momentum; published: 0.9 for CIFAR-10 and ImageNet",
        source=CODE,
    )  # fmt: skip
    weight_decay: float = parameter(
        1e-6, unit="", ge=0, lt=1, doc="Share of all forward and learned feedback weights that is "
        "lost in every update", source=CODE,
    )  # fmt: skip

    n_measured: int = parameter(
        200, unit="", ge=1, doc="Training images, the first ones, on which angles are measured"
    )
    precision: Literal["single", "double"] = parameter(
        "single", unit="", doc="Of all numbers", source=CODE
    )
    device: str = parameter(
        "cpu", unit="", doc="Where PyTorch calculates: cpu, or a GPU such as cuda", source=CODE
    )


_BURSTS = {"signal": "bursts", "recurrent": True}

_CONVOLUTIONAL = {
    "maps": (64, 128, 256), "kernels": (5, 5, 3), "strides": (2, 2, 1), "hidden": (1024,),
    "weight_gain": 3.6, "momentum": 0.9,
}  # fmt: skip


class Deep(Circuit[DeepParameters]):
    """Burst-dependent learning of images, and what it is compared with (Figs. 5 and 6)."""

    name = "burstprop/deep"
    summary = "Deep networks of ensembles learn images from bursts, and from the gradient"
    Parameters = DeepParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "dataset": "digits", "hidden": (100, 100), "epochs": 5, "precision": "double",
        },
        "digits": {
            "dataset": "digits", "hidden": (100, 100), "epochs": 30, "precision": "double",
        },
        "short": {"hidden": (200, 200, 200), "n_train": 30000, "epochs": 10},
        "convolutional": {
            "maps": (16, 32), "kernels": (5, 5), "strides": (2, 2), "hidden": (128,),
            "weight_gain": 3.6, "momentum": 0.9, "n_train": 10000, "epochs": 5,
        },
        "paper": {},
        "mnist": {"dataset": "mnist"},
        "cifar-10": {
            **_CONVOLUTIONAL, "dataset": "cifar-10", "shift": 4, "mirror": True,
        },
        "imagenet": {
            "dataset": "imagenet", "mirror": True, "units": "softmax", "recurrent": False,
            "maps": (48, 48, 96, 96, 192, 192, 384), "kernels": (9, 3, 5, 3, 3, 3, 3),
            "strides": (4, 2, 1, 2, 1, 2, 1), "hidden": (), "weight_gain": None,
            "feedback_sd": 0.01, "momentum": 0.9, "weight_decay": 1e-4, "batch": 128,
            "epochs": 50, "rate_step": 30, "n_measured": 50,
        },
    }  # fmt: skip
    default_preset = "short"
    # The published length takes days, and its images are the user's to get.
    reproduced = "digits"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "bp": {"signal": "gradient", "feedback": "tied", "recurrent": False},
        "burst-tied": {**_BURSTS, "feedback": "tied"},
        "burst-fa": {**_BURSTS, "feedback": "fixed"},
        "burst-kp": {**_BURSTS, "feedback": "learned"},
        "burst-fa-norec": {**_BURSTS, "feedback": "fixed", "recurrent": False},
        "burst-kp-norec": {**_BURSTS, "feedback": "learned", "recurrent": False},
        "burst-ccn": {
            **_BURSTS, "feedback": "learned", "recurrent": False, "event_feedback": 1.0,
        },
        "fa": {"signal": "gradient", "feedback": "fixed", "recurrent": False},
        "out": {
            "signal": "gradient", "feedback": "fixed", "recurrent": False,
            "hidden_plasticity": False,
        },
    }  # fmt: skip
    analyses = ("burstprop/deep",)
    resolution = EPOCH

    def __init__(self, parameters: DeepParameters) -> None:
        super().__init__(parameters)
        p = parameters
        self.rule = Rule(
            signal=p.signal,
            feedback=p.feedback,
            recurrent=p.recurrent,
            hidden=p.hidden_plasticity,
            event_feedback=p.event_feedback,
            units=p.units,
            p_b=p.p_b,
            beta=p.dendritic_slope,
        )
        self._check_rule()
        self.torch = bool(p.maps) or p.device != "cpu"
        if self.torch:
            pytorch.require(self.name, EXTRA)
        if p.device != "cpu":
            pytorch.check_device(p.device, f"{self.name}: device")
        self.images = self._load()
        self.layers = architecture.layers(
            self.images.train.shape, p.maps, p.kernels, p.strides, p.hidden, self.images.classes
        )
        if len(self.images.train) < p.batch:
            raise ParameterError(
                f"{len(self.images.train)} training images make no batch of {p.batch}",
                where=f"{self.name}: batch",
                fix="give a smaller one, or more images",
            )
        known = rates(p.dataset, self.rule)
        hidden = p.rate_hidden if p.rate_hidden is not None else known and known[0]
        output = p.rate_output if p.rate_output is not None else known and known[1]
        if hidden is None or output is None:
            raise ParameterError(
                f"no learning rates are known for {p.dataset}",
                where=f"{self.name}: rate_hidden, rate_output",
                fix="give both",
            )
        self.rates = Rates(
            [hidden] * (len(self.layers) - 1) + [output],
            p.rate_recurrent,
            p.momentum,
            p.weight_decay,
        )

    def _check_rule(self) -> None:
        p = self.parameters
        if p.units == "softmax" and p.recurrent and p.signal == "bursts":
            raise ParameterError(
                "rectified units have no recurrent weights",
                where=f"{self.name}: recurrent",
                fix="set it to false, or units to sigmoid",
            )
        if p.feedback == "learned" and p.signal == "gradient":
            raise ParameterError(
                "feedback weights learn from bursts only",
                where=f"{self.name}: feedback",
                fix="set it to tied (backpropagation) or fixed (feedback alignment)",
            )

    def _load(self) -> ImageSet:
        p = self.parameters
        found = load(p.dataset, p.data_dir, p.image_size)
        return found.first(p.n_train, p.n_test).padded(p.image_size)

    # -- protocol -----------------------------------------------------------------------------

    def protocol(self) -> Iterator[Phase]:
        """An epoch after the other."""
        for epoch in range(1, self.parameters.epochs + 1):
            yield Phase(f"epoch_{epoch}", EPOCH, self._learn, checkpoint=True)

    def _learn(self, network: Network) -> None:
        shared = network.nest.num_processes > 1

        def learn() -> Mapping[str, npt.ArrayLike]:
            with self._threads():
                self.train_error = self.learner.train(self.images.train)
                self._measure()
            return self.state(network) if shared else {}

        # Nothing here is distributed: the first rank learns, the others get its network.
        learned = network.once(learn)
        if shared:
            self.restore(network, {name: np.asarray(value) for name, value in learned.items()})

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Draw the initial weights and test the network that has them."""
        p = self.parameters
        if self.torch:
            pytorch.share_threads(int(network.nest.local_num_threads))
        self._n_threads = int(network.nest.total_num_virtual_procs)
        source = SOURCES[p.dataset]
        mean, sd = np.array(source.mean), np.array(source.sd)
        if not mean.size:
            mean, sd = standardisation(self.images)
        initial = architecture.Initial(p.weight_gain, p.feedback_sd, p.recurrent_max)
        self.learner = Learner(
            self.layers,
            architecture.draw(self.layers, initial, np.random.default_rng(self.seed)),
            self.rule,
            self.rates,
            Training(mean, sd, p.batch, p.shift, p.mirror, p.rate_step),
            Arithmetic(self.torch, p.precision == "single", p.device),
            np.random.default_rng(_ORDER + self.seed),
        )
        self.measured = self.images.train.first(min(p.n_measured, len(self.images.train)))
        self.train_error = np.nan
        with self._threads():
            self._measure()
        self._record(network)

    def _threads(self) -> Any:
        from contextlib import nullcontext

        return pytorch.reproducible(self._n_threads) if self.torch else nullcontext()

    def _measure(self) -> None:
        self.test_error, self.test_loss = self.learner.evaluate(self.images.test)
        self.measures = self.learner.measure(self.measured)

    def _record(self, network: Network) -> None:
        def scalar(name: str, unit: str, doc: str) -> None:
            network.signal(name, self._reader(name), interval=EPOCH, unit=unit, doc=doc)

        scalar("test_error", "%", "Test images that are classified wrongly after the epoch")
        scalar("test_loss", "", "Mean squared error of the output, or cross entropy of a softmax")
        scalar("train_error", "%", "Training images that were classified wrongly when shown")
        network.signal(
            "measures",
            lambda: self.measures.copy(),
            interval=EPOCH,
            unit="",
            dims=("layer", "measure"),
            coords={
                "layer": [f"layer_{number}" for number in range(1, len(self.layers) + 1)],
                "measure": list(MEASURES),
            },
            doc="Of every layer after the epoch: angles in degrees",
        )

    def _reader(self, name: str) -> Callable[[], float]:
        return lambda: float(getattr(self, name))

    # -- checkpoints --------------------------------------------------------------------------

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """Give the network, and what was measured of it last."""
        del network
        scalars = (self.train_error, self.test_error, self.test_loss)
        return {
            **self.learner.state(), "scalars": np.array(scalars), "measures": self.measures.copy()
        }  # fmt: skip

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put it into one that was built anew."""
        del network
        self.learner.restore(state)
        self.train_error, self.test_error, self.test_loss = map(float, state["scalars"])
        self.measures = np.array(state["measures"], dtype=np.float64)
