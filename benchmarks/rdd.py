"""What ``rdd/weight-alignment`` costs per biological second, next to the same equations in NumPy.

    python benchmarks/rdd.py [--sizes full small] [--threads 1 2] [--seconds 3] [--repeat 3]

Every row is a process of its own; all are taken in turns, and the best of the turns is reported,
because what else runs on a machine only ever adds time.  Each simulates a whole RDD phase whose
three stages are shortened to a third of SECONDS each, with everything that a long one does:

``windows``
    NEST with forward spikes; the regression for all windows of some seconds at once;
``synapses``
    NEST with a plastic synapse for every pair of units (small network only: at full size it is
    10^8 deliveries per second);
``numpy``
    the plain dense model of the tests, ``tests/support/exact_rdd.py``; a tenth of the time.

The simulations only, without construction.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

SIZES = {"full": (1600, 384, 192, 10), "small": (200, 100, 50, 10)}
VARIANTS = {"full": ("windows", "numpy"), "small": ("windows", "synapses", "numpy")}


def in_nest(size: str, rule: str, threads: int, seconds: float) -> tuple[float, float]:
    """CPU and wall time (s) per biological second."""
    import nest
    from neuromodels_rdd.alignment_network import HARVEST
    from neuromodels_rdd.weight_alignment.circuit import WeightAlignment

    import neuromodels
    from neuromodels.clock import Clock
    from neuromodels.kernel.recording import KernelNetwork

    nest.verbosity = nest.VerbosityLevel.ERROR
    circuit = WeightAlignment(
        WeightAlignment.Parameters(
            sizes=SIZES[size], stage=seconds / 3, write_interval=seconds / 3, rule=rule
        )
    )
    nest.ResetKernel()
    neuromodels.install(*circuit.models)
    nest.set(resolution=circuit.resolution, local_num_threads=threads, rng_seed=1)
    network = KernelNetwork(nest, Clock(circuit.resolution), 1)
    circuit.build(network)
    alignment = circuit.network
    first = True
    for phase in circuit.protocol():
        phase.enter(network)
        if first:  # what happens once: connections are sorted, threads and memory made
            nest.Prepare()
            nest.Cleanup()
            cpu, wall, first = time.process_time(), time.perf_counter(), False
        left = phase.duration
        nest.Prepare()
        while left > 0:
            nest.Run(min(left, HARVEST))
            left -= HARVEST
            alignment.harvest()
        nest.Cleanup()
    alignment.finish()
    return (time.process_time() - cpu) / seconds, (time.perf_counter() - wall) / seconds


def in_numpy(size: str, seconds: float) -> tuple[float, float]:
    """The same of the dense model."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    import exact_rdd as exact
    import numpy as np

    rng, sizes = np.random.default_rng(1), SIZES[size]
    weights = []
    for pre, post in itertools.pairwise(sizes):
        W = rng.uniform(-1, 1, (post, pre))
        weights.append(0.2 * pre * W / W.std())
    network = exact.Network(weights)
    steps = round(1000 * seconds / 3)
    cpu, wall = time.process_time(), time.perf_counter()
    for layer in range(3):
        drive = exact.Drive(rng, sizes[layer])
        network.switch(layer)
        for t in range(steps):
            network.step(layer, drive.counts(t))
    return (time.process_time() - cpu) / seconds, (time.perf_counter() - wall) / seconds


def child(size: str, variant: str, threads: int, seconds: float) -> dict[str, float]:
    """Measure in this process."""
    if variant == "numpy":
        cpu, wall = in_numpy(size, seconds / 10)
    else:
        cpu, wall = in_nest(size, variant, threads, seconds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return {"cpu": cpu, "wall": wall, "memory": memory}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=3.0, help="biological time")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        size, variant, threads = options.child
        print(json.dumps(child(size, variant, int(threads), options.seconds)))
        return
    rows = [(s, v, t) for s in options.sizes for v in VARIANTS[s] for t in options.threads]
    best: dict[tuple[str, str, int], dict[str, float]] = {}
    for _ in range(options.repeat):
        for row in rows:
            found = measured(*row, options.seconds)
            kept = best.setdefault(row, found)
            best[row] = {key: min(kept[key], found[key]) for key in found}
    print(f"{'size':6s} {'variant':9s} threads {'CPU s/s':>9s} {'wall s/s':>9s} {'peak MiB':>9s}")
    for (size, variant, threads), found in best.items():
        plain = best[size, "numpy", threads]
        print(
            f"{size:6s} {variant:9s} {threads:7d} {found['cpu']:9.3f} {found['wall']:9.3f} "
            f"{found['memory']:9.0f}  wall of NumPy / this: {plain['wall'] / found['wall']:.1f}"
        )


def measured(size: str, variant: str, threads: int, seconds: float) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--seconds", str(seconds)]
    command += ["--child", size, variant, str(threads)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYNEST_QUIET": "1"}
    blas = str(threads if variant == "numpy" else 1)
    environment |= {"OPENBLAS_NUM_THREADS": blas, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
