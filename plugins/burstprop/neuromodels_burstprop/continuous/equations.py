"""An ensemble network in continuous time, learning from one image after the other.

Input x, hidden units with event rates ``e_1``, outputs with event rates ``e_2``; every step of
length dt, from the values of the step before (Payeur et al. 2021, Extended Data Fig. 4):

======================  =======================================================================
somata                  tau_z dz_1/dt = -z_1 + W_1 x + c_1,  e_1 = exp(z_1), or s(z_1)
                        tau_z dz_2/dt = -z_2 + W_2 e_1 + c_2,  e_2 = softmax(z_2)
dendrites               tau_u du/dt = -u + beta h (Y b_2),  h = 1, or 1 - e_1 for s
burst probabilities     p_1 = s(u);  p_2 = 1/2, or with teacher t
                        p_2 = 1/2 (1 + tanh((t - E_2) / (E_2 + 1e-8)))
burst rates             b = p e
moving averages         tau de/dt: E of e, B of b, and their ratio P = B / E
======================  =======================================================================

While there is a teacher, and only then, weights follow::

    tau_w dW/dt = (p - P) e (rates below),    minus  lambda (1 - e_max / e_1) x  for W_1 where
                                              e_1 is above e_max

and biases the same with 1 in the place of the rates below.  Nothing is reset between images, and
layers are a step late: ``e_2`` follows the ``e_1`` of the step before, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SMALL = 1e-8
_REST = 0.5


@dataclass(frozen=True)
class Constants:
    """Of `Network`; times in the model's own unit."""

    dt: float = 0.1
    prediction: float = 5.0
    teacher: float = 0.5
    tau_z: float = 0.1
    tau_u: float = 0.1
    tau_average: float = 5.0
    tau_w: float = 100.0
    beta: float = 1.0
    decay: float = 0.05
    e_max: float = 5.0
    hidden: Literal["exp", "sigmoid"] = "exp"
    tied: bool = False

    @property
    def steps(self) -> tuple[int, int]:
        """Of prediction and of teacher."""
        return round(self.prediction / self.dt), round(self.teacher / self.dt)


@dataclass
class Weights:
    """All that is learned, and the feedback weights Y, shape (hidden, outputs)."""

    W1: Array
    c1: Array
    W2: Array
    c2: Array
    Y: Array

    @classmethod
    def draw(cls, n_input: int, n_hidden: int, n_output: int, rng: np.random.Generator) -> Weights:
        """Normal, with the standard deviation ``sqrt(2 / (in + out))``; a tenth of it for Y."""
        sd = np.sqrt(2.0 / (n_input + n_hidden)), np.sqrt(2.0 / (n_hidden + n_output))
        return cls(
            W1=sd[0] * rng.standard_normal((n_hidden, n_input)),
            c1=np.zeros(n_hidden),
            W2=sd[1] * rng.standard_normal((n_output, n_hidden)),
            c2=np.zeros(n_output),
            Y=0.1 * sd[1] * rng.standard_normal((n_hidden, n_output)),
        )


@dataclass
class Layer:
    """State of the units of a layer."""

    n: int
    z: Array = field(init=False)
    e: Array = field(init=False)
    p: Array = field(init=False)
    b: Array = field(init=False)
    E: Array = field(init=False)
    B: Array = field(init=False)

    def __post_init__(self) -> None:
        self.z, self.e, self.b, self.E, self.B = (np.zeros(self.n) for _ in range(5))
        self.p = np.full(self.n, _REST)

    @property
    def moving_p(self) -> Array:
        """Moving burst probability; that at rest before the first event."""
        P: Array = np.divide(self.B, self.E, out=np.full(self.n, _REST), where=self.E > 0)
        return P


class Network:
    """The network and its state.

    Parameters
    ----------
    weights : Weights
        Changed by `show`.
    constants : Constants
    """

    def __init__(self, weights: Weights, constants: Constants) -> None:
        self.weights, self.constants = weights, constants
        self.hidden = Layer(len(weights.c1))
        self.output = Layer(len(weights.c2))
        self.u = np.zeros(len(weights.c1))

    def show(self, x: Array, target: Array) -> int:
        """Show an image, then its teacher too, and learn.

        Parameters
        ----------
        x : ndarray, shape (inputs,)
        target : ndarray, shape (outputs,)
            1 for the right class, else 0.

        Returns
        -------
        int
            Output with the largest event rate at the end of the prediction.
        """
        prediction, teacher = self.constants.steps
        drive = self.weights.W1 @ x + self.weights.c1
        for _ in range(prediction):
            self._step(drive, None)
        predicted = int(self.output.e.argmax())
        for _ in range(teacher):
            self._step(self.weights.W1 @ x + self.weights.c1, target, x)
        return predicted

    def _step(self, drive: Array, target: Array | None, x: Array | None = None) -> None:
        k, w, hidden, output = self.constants, self.weights, self.hidden, self.output
        e1, b1, e2, b2 = hidden.e, hidden.b, output.e, output.b
        p1, p2, P1, P2 = hidden.p, output.p, hidden.moving_p, output.moving_p
        Y = w.W2.T if k.tied else w.Y

        if target is None:
            output.p = np.full(output.n, _REST)
        else:
            wanted = np.tanh((target - output.E) / (output.E + _SMALL))
            output.p = _REST * (1.0 + wanted)
        hidden.z = hidden.z + k.dt / k.tau_z * (drive - hidden.z)
        output.z = output.z + k.dt / k.tau_z * (w.W2 @ e1 + w.c2 - output.z)
        hidden.e = np.exp(hidden.z) if k.hidden == "exp" else _sigmoid(hidden.z)
        output.e = _softmax(output.z)
        output.b = output.p * output.e
        h = 1.0 if k.hidden == "exp" else 1.0 - e1
        self.u = self.u + k.dt / k.tau_u * (k.beta * h * (Y @ b2) - self.u)
        hidden.p = _sigmoid(self.u)
        hidden.b = hidden.p * hidden.e
        for layer, e, b in ((hidden, e1, b1), (output, e2, b2)):
            layer.E = layer.E + k.dt / k.tau_average * (e - layer.E)
            layer.B = layer.B + k.dt / k.tau_average * (b - layer.B)

        if x is not None:
            rate = k.dt / k.tau_w
            d1, d2 = (p1 - P1) * e1, (p2 - P2) * e2
            high = np.maximum(0.0, 1.0 - k.e_max / (hidden.e + _SMALL))
            w.c1 += rate * d1
            w.c2 += rate * d2
            w.W1 += rate * np.outer(d1 - k.decay * high, x)
            w.W2 += rate * np.outer(d2, e1)

    def classify(self, images: Array) -> npt.NDArray[np.int64]:
        """Outputs with the largest rate when all have come to rest; images one a row."""
        z = images @ self.weights.W1.T + self.weights.c1
        e = np.exp(z) if self.constants.hidden == "exp" else _sigmoid(z)
        return np.asarray((e @ self.weights.W2.T + self.weights.c2).argmax(1), dtype=np.int64)


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max())
    return np.asarray(e / e.sum())


__all__ = ["Array", "Constants", "Layer", "Network", "Weights"]
