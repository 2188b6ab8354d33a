"""CPU and wall time per biological second of each experiment, next to the same equations in NumPy.

    python benchmarks/relevance.py [SECONDS] [CIRCUIT ...]

Each circuit runs at its published size with its published schedule cut to SECONDS (20) of training,
without recorders, with one thread and in a new process (in a kernel that has been reset memory is
in pieces); then, in the same process, the NumPy model of the tests runs as many steps of the same
setting, drawing its random numbers in the same loop: once with all inputs and weights (``NumPy``:
the equations as written) and once with the rows of inputs that spiked only (``NumPy, sparse``).
The simulations only, without construction.  Categorization comes without and with the classifier,
which learns in every step; the tests in between are left out on both sides.
"""

# ruff: noqa: E402 (threads are set before NumPy is imported)
from __future__ import annotations

import multiprocessing
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
from neuromodels_relevance.network import CYCLE

import neuromodels
from neuromodels.clock import Clock
from neuromodels.kernel.recording import KernelNetwork

VARIANTS = {
    "relevance/learning-to-ignore": ("x_I", "x_E", "I_E"),
    "relevance/blocking": ("x_I", "x_E", "I_E"),
}
CLASSIFIER = "relevance/categorization"
WARM_UP = 2.0


def clocks():
    return time.process_time(), time.perf_counter()


def since(begin, seconds):
    return [(now - then) / seconds for now, then in zip(clocks(), begin, strict=True)]


class Controlled(KernelNetwork):
    """A network whose control, which is of every cycle, is called here."""

    act = None

    def control(self, act, *, interval):
        assert self.act is None
        assert interval == CYCLE
        self.act = act

    def run(self, seconds, *, controlled):
        if not controlled:
            nest.Run(1000.0 * seconds)
            return
        for _ in range(round(1000.0 * seconds / CYCLE)):
            nest.Run(CYCLE)
            self.act()


def in_nest(circuit, seconds, *, classifier):
    nest.ResetKernel()
    neuromodels.install(*circuit.models)
    nest.set(resolution=circuit.resolution, local_num_threads=1, rng_seed=1)
    network = Controlled(nest, Clock(circuit.resolution), 1)
    circuit.build(network)
    nest.Prepare()
    network.run(WARM_UP + circuit.parameters.pretraining, controlled=classifier)
    begin = clocks()
    network.run(seconds, controlled=classifier)
    result = since(begin, seconds)
    nest.Cleanup()
    return result


def classified(circuit, base):
    """What the NumPy model asks the schedule for: the stimulus of a step, and the inputs' rates."""
    shown = np.full(circuit.schedule.n_cycles, -1)
    for k, name in enumerate(circuit.stimuli):
        shown[circuit.schedule.on(name)] = k

    def rates(step):
        given = base.copy()
        if shown[step] >= 0:
            units = circuit.units(circuit.stimuli[shown[step]])
            given[units] = circuit.parameters.rate_on
        return given

    return {"shown": lambda step: shown[step], "input_rates": rates}


def in_numpy(circuit, seconds, *, dense, classifier):
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
        classifier=classifier, **circuit.windows(),
    )  # fmt: skip
    if classifier:
        state.V, state.b_y = rng.random((len(circuit.stimuli), p.n_excitatory)), np.zeros(10)
        setting.alpha_y = p.output_rate
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
        **(classified(circuit, base) if classifier else {}),
    )  # fmt: skip
    return since(begin, seconds)


def compare(label, name, seconds, classifier, parameters):
    nest.verbosity = nest.VerbosityLevel.ERROR
    (kind,) = (kind for kind in neuromodels_circuits() if kind.name == name)
    circuit = kind(kind.Parameters(pretraining=2.0, **parameters))
    rows = [
        in_nest(circuit, seconds, classifier=classifier),
        in_numpy(circuit, seconds, dense=True, classifier=classifier),
        in_numpy(circuit, seconds, dense=False, classifier=classifier),
    ]
    cells = " ".join(f"{1000 * cpu:8.1f} ({1000 * wall:5.0f})" for cpu, wall in rows)
    print(f"{label:34s} {cells}  {rows[0][0] / rows[1][0]:.2f}", flush=True)


def in_a_new_process(label, name, seconds, *, classifier=False, **parameters):
    arguments = label, name, seconds, classifier, parameters
    process = multiprocessing.get_context("spawn").Process(target=compare, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"error: {label} has failed")


def main(seconds=20.0, names=()):
    print("CPU ms (wall ms) per biological second")
    print(f"{'circuit':34s} {'NEST':>16s} {'NumPy':>16s} {'NumPy, sparse':>16s}  NEST / NumPy")
    for kind in neuromodels_circuits():
        if names and kind.name not in names:
            continue
        for rule in VARIANTS.get(kind.name, ("x_I",)):
            in_a_new_process(f"{kind.name} {rule}", kind.name, seconds, rule=rule)
        if kind.name == CLASSIFIER:
            never = round(1000.0 * seconds)
            in_a_new_process(
                f"{kind.name} learns", kind.name, seconds, classifier=True, test_interval=never
            )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0, sys.argv[2:])
