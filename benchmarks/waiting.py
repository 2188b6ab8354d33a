"""How idle threads and ranks should wait: small and large networks, alone and beside other work.

    python benchmarks/waiting.py [--network NAME …] [--way NAME …] [--repeat N] [--spinners N]
                                 [--ranks]

NEST's threads wait for one another twice in each communication slice.  For each network and each
way of waiting there is a process that has the network in memory; they simulate a stretch of it in
turns, on one thread and on two (with ``--ranks``, on two ranks of one thread, which needs a NEST
with MPI), alone and beside `spinners` processes that use all of a core.  Printed are the wall time
of a slice (us, smallest and median of the turns), the CPU time of all threads, and the wall time
relative to one thread in the same turn.  The machine should be idle otherwise; where it is not,
read what is beside spinning processes only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

# Name -> circuit, size relative to the published one, and biological time of a stretch (ms).
NETWORKS: dict[str, tuple[str, float, float]] = {
    "many-inputs 0.03": ("rdd/many-inputs", 0.03, 1000.0),
    "learning-to-ignore 0.3": ("relevance/learning-to-ignore", 0.3, 5000.0),
    "learning-rule 0.1": ("burstprop/learning-rule", 0.1, 800.0),
    "learning-rule 1": ("burstprop/learning-rule", 1.0, 160.0),
    "learning-rule 3": ("burstprop/learning-rule", 3.0, 64.0),
    "xor 3": ("burstprop/xor", 3.0, 400.0),
    "propagation 0.3": ("burstprop/propagation", 0.3, 80.0),
    "propagation 1": ("burstprop/propagation", 1.0, 80.0),
}
CHILD = """
import os, sys, tempfile, time, warnings
if os.environ.pop("NEST_FIRST", None):
    import nest
warnings.simplefilter("ignore")
import neuromodels
from neuromodels.machine.ranks import world
from neuromodels.benchmarking.cases import Case
from neuromodels.machine.threads import set_passive_wait_policy
set_passive_wait_policy()
case = Case("circuit", sys.argv[1], float(sys.argv[2]), seconds=0.4)
neuromodels.run(
    case.circuit(), threads=int(sys.argv[3]), out=sys.argv[4], analyze=False, progress=False
)
import nest
ranks = world()
say = print if ranks.is_first else (lambda *_, **__: None)
say("ready", nest.min_delay, flush=True)
while stretch := ranks.first(sys.stdin.readline):
    wall, cpu = time.perf_counter(), time.process_time()
    nest.Simulate(float(stretch))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    say("took", wall, sum(ranks.allgather(cpu)), flush=True)
"""

Way = tuple[int, int, Mapping[str, str | None]]
"""Threads, ranks, and what the environment says."""


def spinning_for(count: int) -> Mapping[str, str | None]:
    """Threads that spin so many times, then sleep."""
    return {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": str(count)}


DEFAULT: Mapping[str, str | None] = {"OMP_WAIT_POLICY": None, "GOMP_SPINCOUNT": None}
WAYS: dict[str, Way] = {
    "1 thread": (1, 1, {}),
    "2 threads, as neuromodels sets it": (2, 1, DEFAULT),
    "2 threads, asleep at once": (2, 1, spinning_for(0)),
    **{f"2 threads, {n} spins": (2, 1, spinning_for(n)) for n in (300, 1000, 3000, 10000, 30000)},
    "2 threads, OpenMP's default": (2, 1, {**DEFAULT, "NEST_FIRST": "1"}),
    "2 threads, spinning": (2, 1, {**DEFAULT, "OMP_WAIT_POLICY": "ACTIVE"}),
}
RANKS: dict[str, Way] = {
    "1 thread": (1, 1, {}),
    "2 ranks, yielding (what neuromodels sets)": (1, 2, {"OMPI_MCA_mpi_yield_when_idle": "1"}),
    "2 ranks, spinning": (1, 2, {"OMPI_MCA_mpi_yield_when_idle": "0"}),
}


def spin() -> None:
    """Use all of a core."""
    while True:
        pass


@contextmanager
def spinning(n: int) -> Iterator[None]:
    """Run so many processes that spin."""
    processes = [multiprocessing.Process(target=spin, daemon=True) for _ in range(n)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


class Network:
    """A process that has a network in memory and simulates stretches of it.

    Parameters
    ----------
    name : str
        Of `NETWORKS`.
    way : Way
    folder : str
        Directory that its run goes to; it does not exist yet.

    Attributes
    ----------
    slice : float
        Biological time of a communication slice (ms).
    """

    def __init__(self, name: str, way: Way, folder: str) -> None:
        circuit, size, self.stretch = NETWORKS[name]
        threads, ranks, environment = way
        environ = {**os.environ, "PYNEST_QUIET": "1"}
        for key, value in environment.items():
            environ.pop(key, None)
            if value is not None:
                environ[key] = value
        command = [sys.executable, "-c", CHILD, circuit, str(size), str(threads), folder]
        if ranks > 1:
            launcher = ["mpirun", "-q", "--bind-to", "none", "--oversubscribe", "-n", str(ranks)]
            command = [*launcher, *command]
        self.process = subprocess.Popen(
            command, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        (self.slice,) = self._heard("ready")
        self._alone = ranks == 1
        self._stop()

    def simulate(self) -> tuple[float, float]:
        """Simulate a stretch; wall and CPU time of a communication slice (us)."""
        assert self.process.stdin is not None
        if self._alone:
            self.process.send_signal(signal.SIGCONT)
        print(self.stretch, file=self.process.stdin, flush=True)
        wall, cpu = self._heard("took")
        self._stop()
        slices = self.stretch / self.slice
        return 1e6 * wall / slices, 1e6 * cpu / slices

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()

    def _stop(self) -> None:
        """Between its turns a process does nothing, even where idle threads go on spinning."""
        if self._alone:
            self.process.send_signal(signal.SIGSTOP)

    def _heard(self, word: str) -> list[float]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            first, *rest = line.split() or [""]
            if first == word:
                return [float(number) for number in rest]
        sys.exit(f"a process ended with code {self.process.wait()}")


def started(
    names: list[str], ways: Mapping[str, Way], folder: str
) -> dict[tuple[str, str], Network]:
    """Start a process for each network and each way of waiting."""
    return {
        (name, way): Network(name, ways[way], f"{folder}/{i}-{j}")
        for i, name in enumerate(names)
        for j, way in enumerate(ways)
    }


Measured = dict[tuple[str, str], list[tuple[float, float]]]


def turns(networks: Mapping[tuple[str, str], Network], repeat: int) -> Measured:
    """Let all of them simulate a stretch in turn, so often; the first one is not counted."""
    found: Measured = {key: [] for key in networks}
    for turn in range(repeat + 1):
        for key, network in networks.items():
            took = network.simulate()
            if turn:
                found[key].append(took)
    return found


def table(found: Measured) -> str:
    """Give what was measured as text."""
    lines = []
    for name in dict.fromkeys(name for name, _ in found):
        lines.append(f"  {name:34s}   least  median     CPU   relative to 1 thread")
        ones = [wall for wall, _ in found[name, "1 thread"]]
        for key, way in found:
            if key != name:
                continue
            walls, cpus = zip(*found[key, way], strict=True)
            relative = sorted(wall / one for wall, one in zip(walls, ones, strict=True))
            lines.append(
                f"    {way:34s} {min(walls):7.1f} {statistics.median(walls):7.1f} "
                f"{statistics.median(cpus):7.1f}   {statistics.median(relative):5.2f} "
                f"({relative[0]:.2f}-{relative[-1]:.2f})"
            )
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--network", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--way", nargs="*", help="beside '1 thread'; by default all")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--spinners", type=int, default=os.cpu_count())
    parser.add_argument("--ranks", action="store_true")
    parser.add_argument("--json", type=Path, help="file for all that was measured")
    given = parser.parse_args()
    ways = RANKS if given.ranks else WAYS
    if given.way is not None:
        if unknown := set(given.way).difference(ways):
            parser.error(f"no such way of waiting: {min(unknown)}; there are {', '.join(ways)}")
        ways = {name: ways[name] for name in ("1 thread", *given.way)}
    content = {}
    for name in given.network:
        with ExitStack() as stack:
            networks = started([name], ways, stack.enter_context(tempfile.TemporaryDirectory()))
            for network in networks.values():
                stack.callback(network.close)
            for spinners in (0, given.spinners):
                with spinning(spinners):
                    found = turns(networks, given.repeat)
                load = os.getloadavg()[0]
                print(f"{spinners} spinning processes; load average {load:.1f}")
                print(table(found), flush=True)
                content[f"{name}, {spinners} spinning"] = {way: f for (_, way), f in found.items()}
    if given.json:
        given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
