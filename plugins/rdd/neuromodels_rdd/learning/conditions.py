"""The learning networks of a run, one for each condition, and what is measured of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neuromodels.images import ImageSet
from neuromodels_rdd import measures
from neuromodels_rdd.learning.architecture import Architecture, initial_values
from neuromodels_rdd.learning.batches import training_batches

if TYPE_CHECKING:
    from neuromodels_rdd.learning.learner import Learner, Optimiser

RDD, FEEDBACK_ALIGNMENT, BACKPROP = "rdd", "feedback-alignment", "backprop"
CONDITIONS = (RDD, FEEDBACK_ALIGNMENT, BACKPROP)

PERFORMANCE = ("test_error", "test_loss", "train_error", "train_loss")
BEFORE, AFTER = "before training", "after training"
MOMENTS = (BEFORE, AFTER)
MEASURES = ("angle", "correlation", *measures.RECORDED)
"""Of alignment; kernels of convolutions have the first three only."""

# Streams of random numbers, told apart by their first number after the seed.
_VALUES, _BATCHES, _VECTORS = range(3)

Array = npt.NDArray[np.float64]


class Learners:
    """One learning network for each condition: same initial values, same batches.

    Parameters
    ----------
    conditions : sequence of str
        Of `CONDITIONS`.
    images : ImageSet
    architecture : Architecture
    optimiser : Optimiser
    batch, shift, mirror
        See `training_batches`.
    seed : int
        Of everything random here.
    threads : int
        PyTorch's.

    Attributes
    ----------
    performance : dict
        Measure -> value for each condition, shape (conditions,); NaN before the first training.
    measures : ndarray, shape (conditions, layers with feedback, `MOMENTS`, `MEASURES`)
        Of alignment, around the last training; NaN where there is no feedback.
    initial : dict
        Initial weights, biases and feedback of all, as `initial_values` gives them.
    """

    def __init__(
        self,
        conditions: Sequence[str],
        images: ImageSet,
        architecture: Architecture,
        optimiser: Optimiser,
        *,
        batch: int,
        shift: int,
        mirror: bool,
        seed: int,
        threads: int,
    ) -> None:
        from neuromodels_rdd.learning.learner import Learner

        self.conditions = tuple(conditions)
        self.layers = architecture.fed_back
        self._images = images
        self._full = architecture.full
        self._batch, self._shift, self._mirror, self._seed = batch, shift, mirror, seed
        self.initial = initial_values(architecture, [seed, _VALUES])
        self._learners = {
            condition: Learner(
                architecture,
                self.initial,
                optimiser,
                transported=condition == BACKPROP,
                threads=threads,
            )
            for condition in conditions
        }
        self.performance = {name: np.full(len(conditions), np.nan) for name in PERFORMANCE}
        shape = (len(conditions), len(self.layers), len(MOMENTS), len(MEASURES))
        self.measures = np.full(shape, np.nan)

    def __getitem__(self, condition: str) -> Learner:
        return self._learners[condition]

    def learn(self, condition: str, epoch: int) -> None:
        """Train on all images once, and measure before and after.

        Parameters
        ----------
        condition : str
        epoch : int
            From 1; the same epoch has the same batches under every condition.
        """
        learner = self._learners[condition]
        self._measure(condition, BEFORE, epoch)
        rng = self._generator(_BATCHES, epoch)
        learner.train(
            training_batches(
                self._images.train, self._batch, rng, shift=self._shift, mirror=self._mirror
            )
        )
        self._measure(condition, AFTER, epoch)
        row = self.conditions.index(condition)
        for part, images in (("test", self._images.test), ("train", self._images.train)):
            found = learner.evaluate(images)
            self.performance[f"{part}_error"][row] = found.error
            self.performance[f"{part}_loss"][row] = found.loss

    def _measure(self, condition: str, moment: str, epoch: int) -> None:
        learner, row = self._learners[condition], self.conditions.index(condition)
        column = MOMENTS.index(moment)
        rng = self._generator(_VECTORS, epoch, CONDITIONS.index(condition), column)
        for i, layer in enumerate(self.layers):
            feedback = learner.feedback(layer)
            if feedback is None:
                continue
            W, Y = learner.weight(layer), feedback.T
            found = {
                "angle": measures.angle(W, Y),
                "correlation": measures.correlation(W, Y),
                "correct": measures.sign_agreement(W, Y),
            }
            if layer in self._full:
                found |= measures.recorded(W, Y, rng.uniform(size=(W.shape[1],)))
            for name, value in found.items():
                self.measures[row, i, column, MEASURES.index(name)] = value

    def _generator(self, *stream: int) -> np.random.Generator:
        sequence = np.random.SeedSequence([self._seed, *stream])
        return np.random.Generator(np.random.PCG64(sequence))

    # -- checkpoints --------------------------------------------------------------------------

    def state(self) -> dict[str, npt.ArrayLike]:
        """All networks, and what was measured last."""
        state: dict[str, npt.ArrayLike] = {"measures": self.measures.copy()}
        state |= {f"performance/{name}": a.copy() for name, a in self.performance.items()}
        for condition, learner in self._learners.items():
            state |= {f"{condition}/{name}": array for name, array in learner.state().items()}
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put back what `state` gave."""
        self.measures[:] = state["measures"]
        for name, array in self.performance.items():
            array[:] = state[f"performance/{name}"]
        for condition, learner in self._learners.items():
            prefix = f"{condition}/"
            learner.restore(
                {
                    name.removeprefix(prefix): array
                    for name, array in state.items()
                    if name.startswith(prefix)
                }
            )


__all__ = [
    "AFTER", "BACKPROP", "BEFORE", "CONDITIONS", "FEEDBACK_ALIGNMENT", "MEASURES", "MOMENTS",
    "PERFORMANCE", "RDD", "Learners",
]  # fmt: skip
