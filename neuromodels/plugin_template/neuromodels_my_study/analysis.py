"""my-study/pairing: the weights that NEST gives, against an exact calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from neuromodels import Analysis, Metric, Reference, Result
from neuromodels.style import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from neuromodels import Run

Array = npt.NDArray[np.float64]


class PairingAnalysis(Analysis):
    """Weight change of every synapse, and what the rule gives for the same spikes."""

    name = "my-study/pairing"
    summary = "Weight change against postsynaptic rate; exact for the recorded spikes"

    def __call__(self, run: Run) -> Result:
        """Give the largest changes in both directions, and one figure."""
        rates, changes, exact = weight_changes(run)
        source = "the rule, spike by spike in NumPy, for the recorded spikes"
        metrics = [
            Metric(
                name=name,
                value=float(changes[neuron]),
                unit="pA",
                # Nothing random is left once the spikes are given: no spread, one value.
                reference=Reference(float(exact[neuron]), 0.0, n=1, dof=0, source=source),
                doc=doc,
            )
            for name, neuron, doc in (
                ("smallest_change", np.argmin(exact), "Strongest depression of a synapse"),
                ("largest_change", np.argmax(exact), "Strongest potentiation of a synapse"),
            )
        ]
        metrics.append(Metric("mean_rate", float(rates.mean()), "Hz", doc="Mean postsynaptic rate"))
        return Result(metrics=metrics, figures={"weight_change": draw(run, rates, changes, exact)})


def weight_changes(run: Run) -> tuple[Array, Array, Array]:
    """Postsynaptic rates (Hz), weight changes (pA) in NEST, and exact ones; each per neuron.

    Parameters
    ----------
    run : Run

    Returns
    -------
    rates, changes, exact : ndarray, shape (n_neurons,)
    """
    p = run.parameters
    phase = run.phase("pairing")
    neurons, inputs = run.spikes("neurons"), run.spikes("inputs")
    counts = np.bincount(
        neurons.between(phase.start, phase.stop).node_ids, minlength=p["n_neurons"]
    )
    rates = np.asarray(counts * 1000.0 / (phase.stop - phase.start), dtype=np.float64)
    weight = run.signals["weight"].to_numpy()
    changes: Array = weight[-1] - weight[0]
    exact = [
        exact_weight(
            inputs.of(neuron),
            neurons.of(neuron),
            weight=p["weight"],
            eta=p["eta"],
            theta=p["theta"],
            tau_pre=p["tau_pre"],
            tau_rate=p["tau_rate"],
        )
        - p["weight"]
        for neuron in range(p["n_neurons"])
    ]
    return rates, changes, np.array(exact)


def exact_weight(
    pre: Array,
    post: Array,
    *,
    weight: float,
    eta: float,
    theta: float,
    tau_pre: float,
    tau_rate: float,
    delay: float = 1.0,
) -> float:
    """Weight after two spike trains, by the equations of the models and nothing of NEST.

    Parameters
    ----------
    pre, post : ndarray
        Spike times (ms), sorted.
    weight, eta, theta, tau_pre, tau_rate : float
        As in the circuit.
    delay : float
        Of the connection (ms): a postsynaptic spike gets to the synapse that much later.

    Returns
    -------
    float
        Weight (pA) as of the last presynaptic spike, as NEST has it.
    """
    # Each event is (time at the synapse in steps of 0.1 ms, 0 post | 1 pre, modulation).
    events = [(round(10 * time), 1, 0.0) for time in pre]
    rate, last = 0.0, 0.0
    for time in post:
        rate *= np.exp(-(time - last) / tau_rate)
        events.append((round(10 * (time + delay)), 0, rate - theta))
        rate, last = rate + 1000.0 / tau_rate, time

    trace, previous = 0.0, 0
    final = round(10 * pre[-1]) if pre.size else -1
    for step, is_pre, modulation in sorted(events):
        if step > final:
            break
        trace *= np.exp(-(step - previous) / 10 / tau_pre)
        previous = step
        if is_pre:
            trace += 1.0
        else:
            weight = max(0.0, weight + eta * modulation * trace)
    return weight


def draw(run: Run, rates: Array, changes: Array, exact: Array) -> Figure:
    """Draw weight change against rate, and the weights over time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.axhline(0.0, color="0.8", lw=0.8)
    left.axvline(run.parameters["theta"], color="0.8", lw=0.8, ls="--")
    left.plot(rates, exact, "-", color=ORANGE, label="exact")
    left.plot(rates, changes, "o", ms=4, color=BLUE, label="NEST")
    left.set(xlabel="postsynaptic rate (Hz)", ylabel="weight change (pA)")
    left.legend()

    weight = run.signals["weight"]
    right.plot(weight["time"] / 1000.0, weight, color=BLUE, lw=0.8, alpha=0.5)
    right.set(xlabel="time (s)", ylabel="weight (pA)")
    return figure
