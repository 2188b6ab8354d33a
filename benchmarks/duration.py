"""What a long simulation costs: CPU time and memory, second by second of biological time.

    python benchmarks/duration.py [--seconds N] [--delay MS] [--neurons N] [--json FILE]

A small network of NEST's own neurons with noise, spikes and a signal recorded, is run as any other
circuit, in ten phases of the same length.  A cost that grows with the time that has been simulated
shows as phases that take ever longer, or as memory that rises.  With the shortest delay there are
most communication slices, of which NEST keeps a log.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

import neuromodels
from neuromodels import Circuit, Network, Parameters, Phase, parameter
from neuromodels.registry import registry

PHASES = 10


class Settings(Parameters):
    n_neurons: int = parameter(20, unit="", ge=1, doc="Number of neurons")
    delay: float = parameter(1.0, unit="ms", gt=0, doc="Delay of all connections")
    duration: float = parameter(3600.0, unit="s", gt=0, doc="Biological time")


class Long(Circuit[Settings]):
    """A few neurons in noise, for a long time."""

    name = "benchmark/long"
    summary = "A few neurons in noise"
    Parameters = Settings
    presets: ClassVar = {"smoke": {}, "paper": {}}

    def build(self, network: Network) -> None:
        nest, p = network.nest, self.parameters
        cells = nest.Create("iaf_psc_exp", p.n_neurons)
        noise = nest.Create("poisson_generator", params={"rate": 4000.0})
        nest.Connect(noise, cells, syn_spec={"weight": 40.0, "delay": p.delay})
        rule = {"rule": "fixed_indegree", "indegree": min(5, p.n_neurons)}
        nest.Connect(cells, cells, rule, {"weight": 50.0, "delay": p.delay})
        network.population("cells", cells)
        network.signal("V", lambda: float(np.mean(cells.V_m)), interval=1000.0, unit="mV")

    def protocol(self) -> Iterator[Phase]:
        for number in range(PHASES):
            yield Phase(f"phase_{number}", 1000.0 * self.parameters.duration / PHASES)


class Watch:
    """Notes CPU time and memory at the end of each phase."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float]] = []

    @neuromodels.hookimpl
    def neuromodels_circuits(self) -> list[type[Circuit]]:
        return [Long]

    @neuromodels.hookimpl
    def neuromodels_before_build(self) -> None:
        self.rows.append((time.process_time(), memory()))

    @neuromodels.hookimpl
    def neuromodels_after_phase(self) -> None:
        self.rows.append((time.process_time(), memory()))


def memory() -> float:
    """Resident memory of this process (MiB)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> int:
    """Run the network, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3600.0, help="biological time")
    parser.add_argument("--delay", type=float, default=1.0, help="delay of all connections (ms)")
    parser.add_argument("--neurons", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    watch = Watch()
    registry().register(watch, "benchmark")
    with tempfile.TemporaryDirectory() as folder:
        run = neuromodels.run(
            "benchmark/long",
            parameters={
                "duration": options.seconds,
                "delay": options.delay,
                "n_neurons": options.neurons,
            },
            out=Path(folder) / "run",
            progress=False,
        )
        spikes = int(run.spikes("cells").times.size)
    end = (time.process_time(), memory())
    each = options.seconds / PHASES
    rows = [
        {
            "until": each * (i + 1),
            "cpu_per_second": (b[0] - a[0]) / each,
            "memory": b[1],
        }
        for i, (a, b) in enumerate(zip(watch.rows, watch.rows[1:], strict=False))
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("until (s)  CPU (ms/s)  memory (MiB)")
    for row in rows:
        print(f"{row['until']:9.0f}  {1000 * row['cpu_per_second']:10.2f}  {row['memory']:12.0f}")
    print(f"after the last phase: {end[0] - watch.rows[-1][0]:.1f} CPU-s; peak {peak:.0f} MiB")
    print(f"{spikes} spikes")
    if options.json:
        content = {"phases": rows, "spikes": spikes, "peak": peak, "delay": options.delay}
        options.json.write_text(json.dumps(content, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
