"""Runs every circuit of every study, small: FOLDER THREADS [CIRCUIT …]; a run in FOLDER each."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

import numpy as np

import neuromodels
from neuromodels.nestml import build
from neuromodels.ranks import launched, world
from neuromodels.registry import registry

RELEVANCE = {
    "pretraining": 1.0, "record_spikes": True, "record_interval": 0.5, "n_inputs": 300,
    "n_excitatory": 240,
}  # fmt: skip

STUDIES = ("burstprop", "relevance")
REFUSED = {"relevance/categorization"}  # its classifier needs all units in one process

#: Circuit -> parameters that differ from those of its preset ``smoke``.
SMALL: dict[str, dict[str, object]] = {
    "burstprop/learning-rule": {
        "n_pre": 150, "n_post": 40, "burn_in": 0.5, "segment": 0.3, "tau_average": 200.0,
        "background": "shared-pools", "bin": 0.1,
    },
    "burstprop/plasticity-protocols": {"duration": 1.0, "sequences": 2, "pause": 0.5},
    "burstprop/propagation": {
        "n_pyr": 120, "n_pv": 40, "n_som": 40, "burn_in": 0.1, "stimulation": 0.5,
    },
    "burstprop/single-cell": {"warm_up": 0.2, "duration": 0.5},
    "burstprop/xor": {
        "n": 80, "epochs": 1, "burn_in": 0.3, "test": 0.2, "settle": 0.3, "learn": 0.1, "bin": 0.1,
        "tau_average": 200.0, "record_spikes": True,
    },
    "relevance/learning-to-ignore": {**RELEVANCE, "duration": 3.0, "rule": "x_E"},
    "relevance/blocking": {
        **RELEVANCE, "rule": "I_E", "pause_min": 1.0, "pause_max": 1.5,
        "n_preexposure": 1, "n_conditioning": 1, "n_compound": 1, "n_test": 1,
    },
    "relevance/latent-inhibition": {**RELEVANCE, "n_conditioning": 1, "n_test": 1},
    "relevance/fear-expression": {
        **RELEVANCE, "n_pulses": 1, "pause_min": 0.2, "pause_max": 0.4,
    },
    "relevance/learned-irrelevance": {
        **RELEVANCE, "n_preexposure": 1, "n_paired": 1, "inhibition": "spiking",
    },
}  # fmt: skip


def all_weights() -> dict[str, np.ndarray]:
    """Weights and targets of every synapse of neuromodels in the kernel, model by model."""
    import nest

    found = {}
    for model in nest.synapse_models:
        with contextlib.suppress(neuromodels.errors.UnknownNameError):
            found[f"{model}/weights"], found[f"{model}/targets"] = neuromodels.weights(model)
    return found


if __name__ == "__main__":
    folder, threads, *names = sys.argv[1:]
    models = {m for name in names or SMALL for m in registry().circuit(name).models}
    # All at once, because several are compiled side by side.
    world().first(lambda: bool(build(sorted(models))))
    for name in names or SMALL:
        begin = time.perf_counter()
        run = neuromodels.run(
            name,
            preset="smoke",
            parameters=SMALL[name],
            threads=int(threads),
            out=Path(folder) / name.replace("/", "-"),
            analyze=False,
        )
        weights = all_weights()  # of all ranks, so on all ranks
        if launched()[0] == 0:
            np.savez(run.path / "weights.npz", **weights)
            print(f"{name}: {time.perf_counter() - begin:.1f} s", flush=True)
