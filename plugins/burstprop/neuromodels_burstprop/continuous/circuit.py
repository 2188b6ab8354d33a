"""The circuit ``burstprop/continuous``: ensembles in continuous time learn images one by one.

Every image is shown for a while, then its teacher steps in and weights learn from the difference of
burst probability and its moving average (`neuromodels_burstprop.continuous.equations`; Payeur et
al. 2021, Extended Data Fig. 4).  There is one hidden layer, and nothing is reset between images.

The model's time has no unit, and there are no spikes: an epoch, all images once in the order of the
data set, takes `EPOCH` of the protocol's time, so that the time of a signal in ms is the number of
epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Network, Phase, parameter
from neuromodels.errors import ParameterError
from neuromodels.images import ImageParameters, Labelled, load
from neuromodels_burstprop.continuous import equations
from neuromodels_burstprop.continuous.equations import Array, Constants, Weights

PAPER = "Payeur et al. 2021, Extended Data Fig. 4"
CODE = f"{PAPER}; authors' simulation code"

EPOCH = 1.0
"""Time of the protocol (ms) that stands for an epoch."""

_WEIGHTS = ("W1", "c1", "W2", "c2", "Y")
_STATE = ("z", "e", "p", "b", "E", "B")


class ContinuousParameters(ImageParameters):
    """Parameters of ``burstprop/continuous``; defaults are the published ones."""

    epochs: int = parameter(
        25, unit="", ge=0, doc="Times that all training images are shown", source=CODE
    )
    n_hidden: int = parameter(200, unit="", ge=1, doc="Hidden units", source=CODE)
    hidden_units: Literal["exp", "sigmoid"] = parameter(
        "exp", unit="", doc="Event rate of a hidden unit as a function of its potential",
        source=CODE,
    )  # fmt: skip
    feedback: Literal["fixed", "tied"] = parameter(
        "fixed", unit="", doc="Feedback weights: random, or those of the forward path", source=CODE
    )
    dt: float = parameter(0.1, unit="", gt=0, doc="Step", source=CODE)
    prediction: float = parameter(
        5.0, unit="", gt=0, doc="Time without teacher, for each image", source=CODE
    )
    teacher: float = parameter(0.5, unit="", gt=0, doc="Time with teacher", source=CODE)
    tau_z: float = parameter(0.1, unit="", gt=0, doc="Time constant of somata", source=CODE)
    tau_u: float = parameter(0.1, unit="", gt=0, doc="Time constant of dendrites", source=CODE)
    tau_average: float = parameter(
        5.0, unit="", gt=0, doc="Time constant of moving averages", source=CODE
    )
    tau_w: float = parameter(100.0, unit="", gt=0, doc="Time constant of learning", source=CODE)
    beta: float = parameter(
        1.0, unit="", gt=0, doc="Slope of the dendritic nonlinearity", source=CODE
    )
    decay: float = parameter(
        0.05,
        unit="",
        ge=0,
        doc="Heterosynaptic depression of hidden units above e_max",
        source=CODE,
    )
    e_max: float = parameter(5.0, unit="", gt=0, doc="Event rate above which it acts", source=CODE)


class Continuous(Circuit[ContinuousParameters]):
    """Prediction and teacher in continuous time (Extended Data Fig. 4)."""

    name = "burstprop/continuous"
    summary = "Ensembles in continuous time learn images, prediction and teacher in turn"
    Parameters = ContinuousParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"dataset": "digits", "n_hidden": 50, "n_train": 400, "epochs": 2, "tau_w": 2.0},
        "short": {"n_train": 5000, "epochs": 3},
        "paper": {},
    }
    default_preset = "short"
    # The published length takes days, and its images are the user's to get.
    reproduced = "smoke"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "random": {"feedback": "fixed"},
        "symmetric": {"feedback": "tied"},
    }
    analyses = ("burstprop/continuous",)
    resolution = EPOCH

    def __init__(self, parameters: ContinuousParameters) -> None:
        super().__init__(parameters)
        p = parameters
        self.constants = Constants(
            dt=p.dt, prediction=p.prediction, teacher=p.teacher, tau_z=p.tau_z, tau_u=p.tau_u,
            tau_average=p.tau_average, tau_w=p.tau_w, beta=p.beta, decay=p.decay, e_max=p.e_max,
            hidden=p.hidden_units, tied=p.feedback == "tied",
        )  # fmt: skip
        if min(self.constants.steps) < 1:
            raise ParameterError(
                f"prediction and teacher have {self.constants.steps} steps",
                where=f"{self.name}: dt",
                fix="give a step that is shorter than both",
            )
        self.images = load(p.dataset, p.data_dir).first(p.n_train, p.n_test)

    def protocol(self) -> Iterator[Phase]:
        """An epoch after the other."""
        for epoch in range(1, self.parameters.epochs + 1):
            yield Phase(f"epoch_{epoch}", EPOCH, self._learn, checkpoint=True)

    def _learn(self, network: Network) -> None:
        shared = network.nest.num_processes > 1

        def learn() -> Mapping[str, npt.ArrayLike]:
            self.train_error = self._train()
            self._measure()
            return self.state(network) if shared else {}

        # Nothing here is distributed: the first rank learns, the others get its network.
        learned = network.once(learn)
        if shared:
            self.restore(network, {name: np.asarray(value) for name, value in learned.items()})

    def _train(self) -> float:
        wrong = 0
        classes = np.arange(self.images.classes)
        for inputs, labels in _rows(self.images.train):
            for x, label in zip(inputs, labels, strict=True):
                wrong += self.net.show(x, (classes == label).astype(np.float64)) != label
        return 100.0 * wrong / len(self.images.train)

    def build(self, network: Network) -> None:
        """Draw the initial weights and test the network that has them."""
        n_input = int(np.prod(self.images.train.shape))
        weights = Weights.draw(
            n_input,
            self.parameters.n_hidden,
            self.images.classes,
            np.random.default_rng(self.seed),
        )
        self.net = equations.Network(weights, self.constants)
        self.train_error = np.nan
        self._measure()

        def scalar(name: str, unit: str, doc: str) -> None:
            network.signal(name, self._reader(name), interval=EPOCH, unit=unit, doc=doc)

        scalar("test_error", "%", "Test images that are classified wrongly after the epoch")
        scalar("train_error", "%", "Training images whose prediction was wrong when shown")
        scalar("feedback_angle", "deg", "Angle of the feedback to the forward weights")
        scalar("hidden_rate", "", "Mean event rate of hidden units after the last image")
        scalar("hidden_burst_probability", "", "Mean moving burst probability of hidden units")

    def _reader(self, name: str) -> Callable[[], float]:
        return lambda: float(getattr(self, name))

    def _measure(self) -> None:
        wrong = sum(
            int(np.sum(self.net.classify(inputs) != labels))
            for inputs, labels in _rows(self.images.test)
        )
        self.test_error = 100.0 * wrong / len(self.images.test)
        w = self.net.weights
        a, b = (v.ravel() / np.linalg.norm(v) for v in (self._feedback(), w.W2.T))
        half = np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))
        self.feedback_angle = float(np.degrees(2.0 * half))
        self.hidden_rate = float(self.net.hidden.e.mean())
        self.hidden_burst_probability = float(self.net.hidden.moving_p.mean())

    def _feedback(self) -> Array:
        w = self.net.weights
        return w.W2.T if self.constants.tied else w.Y

    # -- checkpoints --------------------------------------------------------------------------

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """Give weights, the state of all units, and what was measured last."""
        del network
        net = self.net
        state: dict[str, npt.ArrayLike] = {n: getattr(net.weights, n).copy() for n in _WEIGHTS}
        for layer in ("hidden", "output"):
            state |= {f"{layer}/{n}": getattr(getattr(net, layer), n).copy() for n in _STATE}
        return {**state, "u": net.u.copy(), "train_error": np.array(self.train_error)}

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put them back."""
        del network
        net = self.net
        for name in _WEIGHTS:
            getattr(net.weights, name)[...] = state[name]
        for layer in ("hidden", "output"):
            for name in _STATE:
                setattr(getattr(net, layer), name, np.array(state[f"{layer}/{name}"]))
        net.u = np.array(state["u"])
        self.train_error = float(state["train_error"])
        self._measure()


def _rows(images: Labelled) -> Iterator[tuple[Array, npt.NDArray[np.int64]]]:
    """Inputs between 0 and 1, an image a row, with their labels; some at a time."""
    for pixels, labels in images.in_order(1000):
        yield pixels.reshape(len(pixels), -1) / images.white, labels
