"""The circuit ``relevance/categorization``: ten stimuli in turn, some of them rewarded (Fig. 7).

Two things learn at once: the relevance rule, which comes to ignore the stimuli that are not
rewarded, and a classifier (`neuromodels_relevance.categorization.classifier`), which trains the
weights from the input too.  After every ten time steps it is tested with weights that stay as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels import Network, get_values, parameter, set_values, weights
from neuromodels.errors import ParameterError
from neuromodels_relevance import schedules
from neuromodels_relevance.categorization.classifier import Classifier
from neuromodels_relevance.network import (
    CYCLE,
    DRIVE,
    GROUPS,
    TO_INHIBITORY,
    Array,
    RelevanceCircuit,
)
from neuromodels_relevance.parameters import CODE, PAPER, NetworkParameters
from neuromodels_relevance.schedules import US

QUANTITIES = ("loss", "accuracy", "phi")
"""What is recorded in every time step."""


class CategorizationParameters(NetworkParameters):
    """Parameters of ``relevance/categorization``."""

    duration: float = parameter(100.0, unit="s", ge=5, doc="Of training", source=PAPER)
    n_rewarded: int = parameter(
        1,
        unit="",
        ge=0,
        le=10,
        doc="The first so many of the ten stimuli bring the US",
        source=CODE,
    )
    output_rate: float = parameter(
        1e-5,
        unit="",
        ge=0,
        doc="Learning rate of the classifier; 0: it does not learn",
        source=CODE,
    )
    output_gain: float = parameter(
        20.0, unit="Hz", gt=0, doc="Sum of the rates of the output units", source=CODE
    )
    test_interval: int = parameter(
        10, unit="", ge=1, doc="Time steps of training between two tests", source=CODE
    )
    test_steps: int = parameter(
        10, unit="", ge=1, doc="Time steps for which a test shows each stimulus", source=CODE
    )


class Categorization(RelevanceCircuit[CategorizationParameters]):
    """Ten stimuli in turn without pause; they are told apart, and those without reward ignored."""

    name = "relevance/categorization"
    summary = "Ten stimuli in turn, one rewarded, and a classifier (Fig. 7)"
    Parameters = CategorizationParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"pretraining": 10.0, "duration": 22.2, "test_interval": 50},
        "paper": {},
    }
    analyses = ("relevance/categorization",)
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "main": {},
        "no_relevance": {"learning_rate": 0.0},
        "no_categorization": {"output_rate": 0.0},
    }
    stimuli = tuple(f"CS{k}" for k in range(1, schedules.N_STIMULI + 1))

    def __init__(self, parameters: CategorizationParameters) -> None:
        super().__init__(parameters)
        if parameters.rule == "x_E" and parameters.output_rate > 0:
            raise ParameterError(
                "both the rule and the classifier would change the weights onto excitatory units",
                where=f"{self.name}: rule",
                fix="choose another rule, or set output_rate=0",
            )

    def owed(self) -> Sequence[str]:
        """What the published figures show."""
        return ["acc.final10s", "last10.S_fig_rewarded_minus_unrewarded", "state.S_mean"]

    def make_schedule(self, rng: np.random.Generator) -> schedules.Schedule:  # noqa: ARG002
        """Nothing is random in it."""
        p = self.parameters
        return schedules.categorization(self.timing, duration=p.duration, rewarded=p.n_rewarded)

    @property
    def inputs_learn(self) -> bool:
        """By either rule."""
        return super().inputs_learn or self.parameters.output_rate > 0

    def build_output(self, network: Network) -> None:
        """Create the classifier, which acts between time steps."""
        p = self.parameters
        shape = len(self.stimuli), p.n_excitatory
        self.classifier = Classifier(
            network.rng.random(shape), np.zeros(shape[0]), p.output_gain, p.output_rate
        )
        (self._test_rng,) = network.rng.spawn(1)
        self._shown = np.full(self.schedule.n_cycles, -1)
        for k, name in enumerate(self.stimuli):
            if name in self.schedule.events:
                self._shown[self.schedule.on(name)] = k
        self._us = self.schedule.on(US)
        self._cycle = -self.n_pre
        self._relevance = 0.0
        self._latest = dict.fromkeys(QUANTITIES, 0.0)
        self._place: npt.NDArray[np.int64] | None = None
        network.control(self._step, interval=CYCLE)
        network.signal(
            "output",
            lambda: [self._latest[name] for name in QUANTITIES],
            interval=CYCLE,
            unit="",
            dims=("quantity",),
            coords={"quantity": list(QUANTITIES)},
            doc="Loss, share of right answers in the last test, mean excitatory rate (Hz)",
        )
        for name, read, doc in (
            ("V", lambda: self.classifier.V.mean(), "Mean weight from excitatory to output units"),
            ("b_y", lambda: self.classifier.b.mean(), "Mean bias of output units"),
        ):
            network.signal(name, read, interval=1000.0 * p.record_interval, unit="", doc=doc)

    def _step(self) -> None:
        """Let the classifier see the time step that has just ended."""
        t, p = self._cycle, self.parameters
        self._cycle += 1
        rates = get_values(self.excitatory, "phi")
        self._latest["phi"] = float(rates.mean())
        if not 0 <= t < self.schedule.n_cycles:
            return
        spikes = get_values(self.excitatory, "spiked")
        shown = int(self._shown[t])
        outputs = self.classifier.output(spikes)
        self._latest["loss"] = self.classifier.loss(outputs, shown)
        if p.output_rate > 0:
            self._change_inputs(self.classifier.learn(outputs, shown, rates), shown)
        last, self._relevance = self._relevance, np.sqrt(spikes.sum()) - p.set_point
        if (t + 1) % p.test_interval == 0:
            error = p.reward * self._us[t - 1] + p.discount * self._relevance - last
            self._latest["accuracy"] = self._test(error if t else 0.0)

    def _change_inputs(self, fall: Array, shown: int) -> None:
        """Change the weights of all inputs by their rates times `fall` (1/Hz)."""
        from scipy.linalg.blas import dger

        rates = self.rates_off
        if shown >= 0:
            rates = rates.copy()
            rates[self.units(self.stimuli[shown])] = self.parameters.rate_on
        dger(-1.0, fall, rates, a=self.W.T, overwrite_a=1)  # W -= rates x fall, in one pass
        np.maximum(self.W, 0.0, out=self.W)
        if self._place is None:
            self._place = self._order()
        # The kernel sorts connections by source; in which order a source has them it does not say.
        changed = np.take(self.W, self._place) if self._place.size else self.W
        set_values(DRIVE, "w", changed.ravel())

    def _order(self) -> npt.NDArray[np.int64]:
        """Index in `W` of every connection of the kernel; empty if they are the same."""
        n_excitatory = self.parameters.n_excitatory
        _, targets = weights(DRIVE)
        row = np.repeat(np.arange(self.parameters.n_inputs), n_excitatory)
        place = row * n_excitatory + targets - int(self.excitatory[0].global_id)
        return place if np.any(np.diff(place) != 1) else np.empty(0, dtype=np.int64)

    def _test(self, error: float) -> float:
        """Share of right answers, by the network as it is, with noise of its own.

        Every time step has new rates without stimulus, as published.

        Parameters
        ----------
        error : float
            Temporal-difference error of the last time step, which the inhibitory weights have not
            learnt yet.
        """
        p, rng, n = self.parameters, self._test_rng, len(self.stimuli)
        rates = rng.gamma(p.rate_off_shape, p.rate_off_scale, (n, p.test_steps, p.n_inputs))
        for k, name in enumerate(self.stimuli):
            rates[k, :, self.units(name)] = p.rate_on
        seconds = CYCLE / 1000.0
        x = rng.poisson(rates * seconds).reshape(n * p.test_steps, p.n_inputs).astype(np.float64)
        inhibition = seconds * x @ self._inhibitory_weights(error)
        phi = (x @ self.W) / (p.w_inhibitory_excitatory * inhibition[:, None] + p.inhibition_floor)
        spikes = rng.random(phi.shape) < -np.expm1(-phi * seconds)
        outputs = self.classifier.output(spikes).reshape(n, p.test_steps, -1).mean(axis=1)
        return float(np.mean(outputs.argmax(axis=1) == np.arange(n)))

    def _inhibitory_weights(self, error: float) -> Array:
        """Weights from inputs to the inhibitory unit, as they will be in the next time step."""
        unit = int(self.unit.global_id)
        found = np.empty(self.parameters.n_inputs)
        for group in GROUPS:
            values, targets = weights(f"{TO_INHIBITORY}_{group}")
            found[self.units(group)] = values[targets == unit]
        credited = get_values(self.collaterals, "to_credit")
        rate = self.learning_rate if self.parameters.rule == "x_I" else 0.0
        return np.maximum(0.0, found - rate * error * credited)


__all__ = ["Categorization", "CategorizationParameters"]
