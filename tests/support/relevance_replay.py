"""Recomputes a run of the study in NumPy from its input counts and excitatory spikes alone."""

from __future__ import annotations

import exact_relevance as exact
import numpy as np

CYCLE, STEP = 20.0, 5.0


def table(spikes, n, n_cycles, phase):
    """Counts, shape (n_cycles, n), of the spikes sent in a phase of each cycle."""
    steps = np.round(spikes.times / STEP).astype(np.int64) - 1
    kept = steps % 4 == phase
    counts = np.zeros((n_cycles, n))
    np.add.at(counts, (steps[kept] // 4, spikes.node_ids[kept]), 1.0)
    return counts


def replay(run, circuit, state, setting, **classifier):
    """(recomputed, measured): names -> arrays over cycles; `state` becomes the final one."""
    n_pre, n_train = circuit.n_pre, circuit.schedule.n_cycles
    total = circuit.n_total
    x = table(run.spikes("input"), run.populations["input"], total, 0)
    E = table(run.spikes("excitatory"), run.populations["excitatory"], total, 3)
    schedule = circuit.schedule
    result = exact.simulate(
        state, setting, n_pre, n_train,
        counts=lambda t: x[t],
        spikes=lambda t, _phi: E[t],
        us=schedule.on("US"), share_on=schedule.on("share"), scale_on=schedule.on("scale"),
        **classifier,
    )  # fmt: skip
    unit = {name: values.values[:, 0] for name, values in run.traces["inhibitory"].items()}
    n = n_pre + n_train
    measured = {
        "I": unit["I_rate"][:n],
        "S": unit["S"][1 : n + 1],
        "beta": unit["td_error"][1 : n + 1],
        "b": unit["bias"][:n_pre],
        "phi": run.traces["excitatory"]["phi"].values[:n],
    }
    result["b"] = result["b"][:n_pre]
    if setting.classifier:
        measured["loss"] = run.signals["output"].values[n_pre + 1 : n + 1, 0]
        np.testing.assert_allclose(run.signals["output"].values[1 : n + 1, 2], measured["phi"])
    if "output" in run.traces:
        output = run.traces["output"]
        measured["y"] = output["y"].values[n_pre + 1 : n + 1, 0]
        measured["max_y"] = output["max_y"].values[n_pre + 1 : n + 1, 0]
    return result, measured
