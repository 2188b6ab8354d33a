"""A run of the study as arrays over the cycles of its training, and what windows of them hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuromodels.errors import RunError
from neuromodels_relevance.network import CYCLE, GROUPS, PRETRAINING, READOUT
from neuromodels_relevance.schedules import Schedule

if TYPE_CHECKING:
    from neuromodels.runs import Run

Array = npt.NDArray[np.float64]
TEN_SECONDS = 500
"""Cycles."""


@dataclass(frozen=True)
class Measured:
    """What is measured in a run.

    Attributes
    ----------
    schedule : Schedule
    signals : dict
        ``phiE`` mean rate of the excitatory units (Hz), ``I`` inhibition (Hz), ``S`` relevance
        signal, ``beta`` error; with an output layer ``yraw``, ``maxy`` and ``pact`` (whether
        yraw > 0); with a classifier ``loss`` and ``accuracy`` (share of right answers in the last
        test).
        Shape (n_cycles,), over training.
    before : dict
        ``I`` and ``S`` before training.
    bias : float
        Learnt inhibitory bias at the end of pre-training.
    weights : dict
        Name -> mean weight at the end.
    weight_time : ndarray
        Times of samples of mean weights (s from the beginning of training).
    weight_course : dict
        Name -> samples.
    n_excitatory : int
    set_point : float
    """

    schedule: Schedule
    signals: Mapping[str, Array]
    before: Mapping[str, Array]
    bias: float
    weights: Mapping[str, float]
    weight_time: Array
    weight_course: Mapping[str, Array]
    n_excitatory: int
    set_point: float

    def windows(self, quantity: str, stimulus: str) -> Array:
        """Mean of a signal over each presentation of a stimulus, shape (n,)."""
        return self.means(quantity, self.schedule.events.get(stimulus, np.zeros((0, 2), np.int64)))

    def after(self, quantity: str, stimulus: str, first: int, n: int) -> Array:
        """Mean over `n` cycles that begin `first` cycles after each start of a stimulus."""
        start = self.schedule.starts(stimulus) + first
        return self.means(quantity, np.stack([start, start + n], axis=1))

    def means(self, quantity: str, spans: npt.NDArray[np.int64]) -> Array:
        """Mean of a signal in spans of cycles; NaN where a span has none."""
        signal = self.signals[quantity]
        total = np.concatenate([[0.0], np.cumsum(signal)])
        first, last = np.clip(spans, 0, signal.size).T
        with np.errstate(invalid="ignore"):
            mean: Array = (total[last] - total[first]) / (last - first)
        return mean


def measure(run: Run) -> Measured:
    """Read a run.

    Raises
    ------
    RunError
        It was interrupted: windows of its schedule are missing.
    """
    phases = {phase.name: phase for phase in run.phases}
    n_pre = round(phases[PRETRAINING].stop / CYCLE)
    n_end = round(phases[READOUT].start / CYCLE)
    if run.t_stop < phases[READOUT].stop - CYCLE / 2:
        raise RunError("the run did not reach its end", where=str(run.path), fix="resume it")
    unit = {k: v.values[:, 0].astype(np.float64) for k, v in run.traces["inhibitory"].items()}
    course = run.signals
    # The classifier sees all excitatory units; the sample at time 0 is before the first cycle.
    classifier = None
    if "output" in course:
        classifier = course["output"].sel(quantity=["loss", "accuracy", "phi"]).values[1:]
    if classifier is None:
        phi = run.traces["excitatory"]["phi"]
        # Older runs have columns, of the probe or of some of the units.
        rates = (phi.mean("neuron") if "neuron" in phi.dims else phi).values
    else:
        rates = classifier[:, 2]
    # In a cycle the inhibitory unit knows the spikes, and so the error, of the cycle before.
    now, later = slice(n_pre, n_end), slice(n_pre + 1, n_end + 1)
    signals = {
        "phiE": rates[now],
        "I": unit["I_rate"][now],
        "S": unit["S"][later],
        "beta": unit["td_error"][later],
    }
    if classifier is not None:
        signals["loss"], signals["accuracy"] = classifier[now, 0], classifier[now, 1]
    if "output" in run.traces:
        output = run.traces["output"]
        signals["yraw"] = output["y"].values[later, 0]
        signals["maxy"] = output["max_y"].values[later, 0]
        signals["pact"] = (signals["yraw"] > 0).astype(np.float64)
    names = [*(f"w_{g}" for g in GROUPS), *(f"W_{g}" for g in GROUPS), "q"]
    time = np.asarray(course["w_CS1"][course["w_CS1"].dims[0]], dtype=np.float64)
    return Measured(
        schedule=Schedule.of_rows(course["schedule"].values[0], n_end - n_pre),
        signals=signals,
        before={"I": unit["I_rate"][:n_pre], "S": unit["S"][1 : n_pre + 1]},
        bias=float(unit["bias"][n_pre]),
        weights={
            name: float(course[name].values[-1])
            for name in [*names, *(n for n in ("V", "b_y") if n in course)]
        },
        weight_time=time / 1000.0 - n_pre * CYCLE / 1000.0,
        weight_course={name: np.asarray(course[name].values, dtype=np.float64) for name in names},
        n_excitatory=int(run.parameters["n_excitatory"]),
        set_point=float(run.parameters["set_point"]),
    )


def state(measured: Measured) -> dict[str, float]:
    """State of the network, the same for all experiments; names as in the reference's table."""
    signals, before = measured.signals, measured.before
    spikes = (signals["S"] + measured.set_point) ** 2
    last = slice(-10 * TEN_SECONDS, None)
    return {
        "state.b_I_pre": measured.bias,
        "state.pre_I_last10": float(before["I"][-TEN_SECONDS:].mean()),
        "state.pre_S_last10": float(before["S"][-TEN_SECONDS:].mean()),
        "state.S_first10": float(signals["S"][:TEN_SECONDS].mean()),
        "state.I_first10": float(signals["I"][:TEN_SECONDS].mean()),
        "state.S_mean": float(signals["S"].mean()),
        "state.S_sd": float(signals["S"].std(ddof=1)),
        "state.beta_sd": float(signals["beta"].std(ddof=1)),
        "state.S_last100": float(signals["S"][last].mean()),
        "state.I_last100": float(signals["I"][last].mean()),
        "state.mphi_last100": float(signals["phiE"][last].mean()),
        "state.rateE_last100": float(
            spikes[last].mean() / measured.n_excitatory / (CYCLE / 1000.0)
        ),
        **{f"state.{name}": value for name, value in measured.weights.items()},
    }
