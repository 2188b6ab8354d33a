"""The classifier of the categorization experiment: ten softmax units, trained by backpropagation.

Insel, Guerguiev & Richards (2018), Fig. 7C.  Its rule is the published one and not local: the
gradient at a synapse from input j to excitatory unit i takes the weights from i to all outputs, the
errors of all outputs and the rate of j, at every one of the 800 000 synapses in every time step.
So it is no part of the NEST network but computed from its rates and spikes, between time steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass
class Classifier:
    """Weights of the output layer, and how they and those below learn.

    Attributes
    ----------
    V : ndarray, shape (n_outputs, n_excitatory)
        Weights from excitatory to output units.
    b : ndarray, shape (n_outputs,)
        Biases.
    gain : float
        Sum of the outputs' rates (Hz), kappa.
    learning_rate : float
    """

    V: Array
    b: Array
    gain: float
    learning_rate: float

    def output(self, spikes: npt.ArrayLike) -> Array:
        """Rates of the outputs (Hz) for excitatory spikes, shape (..., n_excitatory)."""
        z = np.asarray(spikes, dtype=np.float64) @ self.V.T + self.b
        power = np.exp(z - z.max(axis=-1, keepdims=True))
        rates: Array = self.gain * power / power.sum(axis=-1, keepdims=True)
        return rates

    def loss(self, rates: Array, shown: int) -> float:
        """Loss plus kappa ln kappa, which is 0 for a right and certain answer.

        Parameters
        ----------
        rates : ndarray, shape (n_outputs,)
            Hz.
        shown : int
            Stimulus, from 0; -1: none, and then the loss itself is 0.
        """
        chance = self.gain * np.log(self.gain)
        return float(chance - (self.gain * np.log(rates[shown]) if shown >= 0 else 0.0))

    def learn(self, rates: Array, shown: int, excitatory_rates: Array) -> Array:
        """Change weights and biases by the published gradient, and pass it down.

        Parameters
        ----------
        rates : ndarray, shape (n_outputs,)
            Outputs (Hz).
        shown : int
            Stimulus, from 0; -1: none, the target is 0 everywhere.
        excitatory_rates : ndarray, shape (n_excitatory,)
            Hz.

        Returns
        -------
        ndarray, shape (n_excitatory,)
            By what an excitatory unit's input weights fall for each Hz of their input's rate.
        """
        target = np.zeros_like(rates)
        if shown >= 0:
            target[shown] = self.gain
        error = self.gain * (rates - target)
        gradient: Array = error @ self.V
        step = self.learning_rate * error
        self.V = np.maximum(0.0, self.V - np.outer(step, excitatory_rates))
        self.b = np.maximum(0.0, self.b - step)
        return self.learning_rate * gradient
