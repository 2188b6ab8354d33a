"""CPU and wall time per biological second of each experiment, next to the same equations in NumPy.

    python benchmarks/relevance.py [SECONDS] [CIRCUIT ...]

Each circuit runs at its published size with its published schedule cut to SECONDS (20) of training,
without recorders, in this process and with one thread; then the NumPy model of the tests runs as
many steps of the same setting, drawing its random numbers in the same loop: once with all inputs
and weights (``NumPy``: the equations as written) and once with the rows of inputs that spiked only
(``NumPy, sparse``).  The simulations only, without construction.
"""

# ruff: noqa: E402 (threads are set before NumPy is imported)
from __future__ import annotations

import os
import sys
import time
from pathlib import Path

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ.setdefault("PYNEST_QUIET", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import exact_relevance as exact
import nest
import numpy as np
from neuromodels_relevance import neuromodels_circuits

import neuromodels
from neuromodels.clock import Clock
from neuromodels.recording import KernelNetwork

VARIANTS = {
    "relevance/learning-to-ignore": ("x_I", "x_E", "I_E"),
    "relevance/blocking": ("x_I", "x_E", "I_E"),
}
WARM_UP = 2.0


def clocks():
    return time.process_time(), time.perf_counter()


def since(begin, seconds):
    return [(now - then) / seconds for now, then in zip(clocks(), begin, strict=True)]


def in_nest(circuit, seconds):
    nest.ResetKernel()
    neuromodels.install(*circuit.models)
    nest.set(resolution=circuit.resolution, local_num_threads=1, rng_seed=1)
    circuit.build(KernelNetwork(nest, Clock(circuit.resolution), 1))
    nest.Prepare()
    nest.Run(1000.0 * (WARM_UP + circuit.parameters.pretraining))
    begin = clocks()
    nest.Run(1000.0 * seconds)
    result = since(begin, seconds)
    nest.Cleanup()
    return result


def in_numpy(circuit, seconds, *, dense):
    p, schedule = circuit.parameters, circuit.schedule
    rng = np.random.default_rng(1)
    W = circuit.input_weights(rng)
    output = getattr(circuit, "output_weights", None)
    state = exact.State(
        np.full(p.n_inputs, p.w_input_inhibitory), W, p.w_inhibitory_excitatory,
        None if output is None else output(rng),
    )  # fmt: skip
    setting = exact.Setting(
        rule=p.rule, alpha=circuit.learning_rate, amygdala=output is not None,
        **circuit.windows(),
    )  # fmt: skip
    n = round(seconds / exact.DT)
    base = exact.rates(rng, p.n_inputs)
    on = {
        int(circuit.units(name)[0]): schedule.on(name)
        for name in schedule.events
        if name.startswith("CS")
    }
    counts = exact.poisson_counts(rng, base, base, on, 50)
    begin = clocks()
    exact.simulate(
        state, setting, 50, n, counts=counts, spikes=exact.bernoulli(rng), us=schedule.on("US"),
        share_on=schedule.on("share"), scale_on=schedule.on("scale"), dense=dense, record=False,
    )  # fmt: skip
    return since(begin, seconds)


def main(seconds=20.0, names=()):
    nest.verbosity = nest.VerbosityLevel.ERROR
    print("CPU ms (wall ms) per biological second")
    print(f"{'circuit':34s} {'NEST':>16s} {'NumPy':>16s} {'NumPy, sparse':>16s}  NEST / NumPy")
    for kind in neuromodels_circuits():
        if names and kind.name not in names:
            continue
        for rule in VARIANTS.get(kind.name, ("x_I",)):
            circuit = kind(kind.Parameters(rule=rule, pretraining=2.0))
            rows = [
                in_nest(circuit, seconds),
                in_numpy(circuit, seconds, dense=True),
                in_numpy(circuit, seconds, dense=False),
            ]
            cells = " ".join(f"{1000 * cpu:8.1f} ({1000 * wall:5.0f})" for cpu, wall in rows)
            label = f"{kind.name} {rule}"
            print(f"{label:34s} {cells}  {rows[0][0] / rows[1][0]:.2f}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0, sys.argv[2:])
