"""Runs every circuit of every study, small: FOLDER THREADS [CIRCUIT …]; a run in FOLDER each."""

from __future__ import annotations

import contextlib
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import neuromodels
from neuromodels.machine.ranks import launched, world
from neuromodels.nestml.build import build
from neuromodels.registry import registry

RELEVANCE = {
    "pretraining": 1.0, "record_spikes": True, "record_interval": 0.5, "n_inputs": 300,
    "n_excitatory": 240,
}  # fmt: skip

STUDIES = ("burstprop", "rdd", "relevance")

#: Circuit, and what is special -> parameters that differ from those of its preset ``smoke``.
SMALL: dict[str, dict[str, object]] = {
    "burstprop/learning-rule": {
        "n_pre": 150, "n_post": 40, "burn_in": 0.5, "segment": 0.3, "tau_average": 200.0,
        "background": "shared-pools", "bin": 0.1,
    },
    "burstprop/plasticity-protocols": {"duration": 1.0, "sequences": 2, "pause": 0.5},
    "burstprop/deep": {"epochs": 2, "hidden": [10, 10]},
    "burstprop/images": {"examples": 3, "test_every": 3, "n_test": 4, "record_spikes": True},
    "burstprop/continuous": {"epochs": 1, "n_train": 50},
    "burstprop/propagation": {
        "n_pyr": 120, "n_pv": 40, "n_som": 40, "burn_in": 0.1, "stimulation": 0.5,
    },
    "burstprop/single-cell": {"warm_up": 0.2, "duration": 0.5},
    "burstprop/xor": {
        "n": 80, "epochs": 1, "burn_in": 0.3, "test": 0.2, "settle": 0.3, "learn": 0.1, "bin": 0.1,
        "tau_average": 200.0, "record_spikes": True,
    },
    "rdd/pair": {"duration": 1.0, "interval": 0.5},
    "rdd/many-inputs": {
        "trials": 3, "units": 20, "duration": 1.0, "interval": 0.5, "upper_noise": True,
    },
    "rdd/weight-alignment": {
        "sizes": [40, 30, 20, 10], "stage": 2.0, "write_interval": 1.0, "phases": 2,
    },
    "rdd/weight-alignment in synapses": {
        "sizes": [40, 30, 20, 10], "stage": 2.0, "write_interval": 1.0, "rule": "synapses",
    },
    "rdd/learning": {"epochs": 2, "stage": 1.0, "write_interval": 1.0, "hidden": [20, 15]},
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
    "relevance/categorization": {**RELEVANCE, "duration": 5.0, "test_interval": 50},
}  # fmt: skip

WITHOUT_NEURONS = {"burstprop/deep", "burstprop/continuous"}

if find_spec("torch") is None:
    del SMALL["rdd/learning"]


def circuit_of(study: str) -> str:
    """Circuit of a key of `SMALL`."""
    return study.split()[0]


def folder_of(study: str) -> str:
    """Name of the directory of its run."""
    return study.replace("/", "-").replace(" ", "-")


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
    models = {m for name in names or SMALL for m in registry().circuit(circuit_of(name)).models}
    # All at once, because several are compiled side by side.
    world().first(lambda: bool(build(sorted(models))))
    for name in names or SMALL:
        begin = time.perf_counter()
        run = neuromodels.run(
            circuit_of(name),
            preset="smoke",
            parameters=SMALL[name],
            threads=int(threads),
            out=Path(folder) / folder_of(name),
            analyze=False,
        )
        weights = all_weights()  # of all ranks, so on all ranks
        if launched()[0] == 0:
            np.savez(run.path / "weights.npz", **weights)
            print(f"{name}: {time.perf_counter() - begin:.1f} s", flush=True)
