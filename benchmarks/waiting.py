"""How idle threads and ranks should wait: wall time beside a program that never sleeps.

    python benchmarks/waiting.py [--repeat N] [--ranks] [--spinners N]

For each way of waiting the same network is simulated on one thread and on two (with ``--ranks``, on
two ranks of one thread, which needs a NEST with MPI), alone and beside `spinners` processes that
use all of a core.  Printed are wall times of the simulation loop (s), the smallest and the median
of N, and two threads relative to one.  The machine should be idle otherwise; where it is not, read
the column that says so.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

CHILD = """
import json, os, sys
if os.environ.pop("NEST_FIRST", None):
    import nest
import neuromodels, warnings
from neuromodels.ranks import launched
warnings.simplefilter("ignore")
run = neuromodels.run(
    "burstprop/learning-rule", preset="smoke", threads=int(sys.argv[1]), out=sys.argv[2],
    parameters={"burn_in": 0.5, "segment": 0.5, "n_pre": 800, "n_post": 200}, analyze=False,
)
if launched()[0] == 0:
    print(json.dumps(run.info["wall"]["simulate"]))
"""


def spin() -> None:
    while True:
        pass


@contextmanager
def spinning(n: int) -> Iterator[None]:
    processes = [multiprocessing.Process(target=spin, daemon=True) for _ in range(n)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def simulate(threads: int, ranks: int, environment: dict[str, str | None]) -> float:
    """Wall time (s) of the simulation loop."""
    environ = {**os.environ, "PYNEST_QUIET": "1"}
    for name, value in environment.items():
        environ.pop(name, None)
        if value is not None:
            environ[name] = value
    command = [sys.executable, "-c", CHILD, str(threads)]
    if ranks > 1:
        launcher = ["mpirun", "-q", "--bind-to", "none", "--oversubscribe", "-n", str(ranks)]
        command = [*launcher, *command]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, f"{folder}/run"], env=environ, capture_output=True, text=True, check=True
        )
    return float(json.loads(done.stdout.splitlines()[-1]))


WAYS: dict[str, tuple[int, int, dict[str, str | None]]] = {
    "1 thread": (1, 1, {}),
    "2 threads, asleep (what neuromodels sets)": (2, 1, {"OMP_WAIT_POLICY": "PASSIVE"}),
    "2 threads, OpenMP's default": (2, 1, {"OMP_WAIT_POLICY": None, "NEST_FIRST": "1"}),
    "2 threads, spinning": (2, 1, {"OMP_WAIT_POLICY": "ACTIVE"}),
}
RANKS: dict[str, tuple[int, int, dict[str, str | None]]] = {
    "1 thread": (1, 1, {}),
    "2 ranks, yielding (what neuromodels sets)": (1, 2, {"OMPI_MCA_mpi_yield_when_idle": "1"}),
    "2 ranks, spinning": (1, 2, {"OMPI_MCA_mpi_yield_when_idle": "0"}),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--spinners", type=int, default=os.cpu_count())
    parser.add_argument("--ranks", action="store_true")
    given = parser.parse_args()
    ways = RANKS if given.ranks else WAYS
    for spinners in (0, given.spinners):
        # Interleaved, so that what else the machine does meets all of them.
        times: dict[str, list[float]] = {way: [] for way in ways}
        with spinning(spinners):
            for _ in range(given.repeat):
                for way, (threads, ranks, environment) in ways.items():
                    times[way].append(simulate(threads, ranks, environment))
        one = statistics.median(times["1 thread"])
        print(f"{spinners} spinning processes; load average {os.getloadavg()[0]:.1f}")
        for way, walls in times.items():
            middle = statistics.median(walls)
            print(f"  {way:45s} {min(walls):7.2f} {middle:7.2f}   {middle / one:5.2f}")


if __name__ == "__main__":
    main()
