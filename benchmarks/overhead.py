"""What the framework costs: circuits against bare NEST scripts of the same networks.

    python benchmarks/overhead.py [--repeat N] [--threads N] [--circuit NAME …] [--json FILE]

The scripts in ``benchmarks/bare`` are written by hand: the same models, connections, noise, seed,
threads and recordings as ``neuromodels.run``, without its directory, progress, checks and
interruption.  They save what it saves, as NumPy arrays; their spikes are counted, and must be as
many as the circuit's.  Where plain PyNEST would be slow (reading weights, variables of many
neurons) they use neuromodels' quick calls: the comparison is with the best that a script can do.

Each is a process of its own, and the two take turns, each going first in every other one.
``simulate`` is the time in which biological time passes, with NEST's preparation, signals, and
fetching the spikes from NEST; ``total`` that of the whole process from the start of Python to the
files on the disk, without analyses.  Both are given as wall and as CPU time, which other work
disturbs less, and the ratios are medians over the turns, each of two processes that ran one after
the other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BARE = Path(__file__).parent / "bare"
# Circuit -> script, quarter (s), and the parameters that make the circuit the same.
CIRCUITS: dict[str, tuple[str, float, Any]] = {
    "burstprop/learning-rule": (
        "learning_rule.py",
        2.0,
        lambda q: {"burn_in": q, "segment": q, "bin": q, "drive_factors": [1.0, 1.5, 1.0]},
    ),
    "burstprop/propagation": (
        "propagation.py",
        0.1,
        lambda q: {"burn_in": q, "stimulation": 3 * q, "bin": 10.0},
    ),
    "rdd/pair": (
        "pair.py",
        5.0,
        lambda q: {"trials": 1000, "duration": 4 * q, "interval": q},
    ),
}
FRAMEWORK = """
import json, sys, time
import neuromodels, neuromodels.running.simulation
kind, cpu = neuromodels.running.simulation.Simulation, {}
def timed(self, run=kind.run):
    begin = time.process_time()
    finished = run(self)
    cpu["simulate"] = time.process_time() - begin
    return finished
kind.run = timed
run = neuromodels.run(**json.loads(sys.argv[1]), analyze=False, progress=False)
wall = run.info["wall"]
stages = {
    "install": wall["build"],
    "construct": wall["construct"],
    "simulate": sum(wall[k] for k in ("prepare", "simulate", "record", "enter")),
    "write": wall["write"] + wall["assemble"],
}
print(json.dumps({"wall": stages, "cpu": cpu}))
"""
#: What is compared: stage, and whether wall or CPU time.
COMPARED = [(stage, kind) for stage in ("simulate", "total") for kind in ("wall", "cpu")]


def measured(command: list[str], threads: int) -> dict[str, Any]:
    """Run one process; times of its stages and in total, wall and CPU."""
    environ = {
        **os.environ, "PYNEST_QUIET": "1",
        "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
    }  # fmt: skip
    # A user's Python keeps what it compiles of modules.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    total, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["wall"]["total"] = total
    found["cpu"]["total"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found


def pair(circuit: str, seed: int, threads: int, scale: float, *, first: bool) -> dict[str, Any]:
    """Both ways once; `first`: the bare script before the other."""
    from neuromodels import load_run

    script, quarter, parameters = CIRCUITS[circuit]
    quarter *= scale
    with tempfile.TemporaryDirectory() as folder:
        bare = [sys.executable, str(BARE / script), str(seed), str(threads), str(quarter)]
        given = {
            "circuit": circuit, "preset": "paper", "parameters": parameters(quarter),
            "seed": seed, "threads": threads, "out": f"{folder}/run",
        }  # fmt: skip
        commands = {
            "bare": [*bare, f"{folder}/bare.npz"],
            "neuromodels": [sys.executable, "-c", FRAMEWORK, json.dumps(given)],
        }
        order = list(commands) if first else list(commands)[::-1]
        found = {way: measured(commands[way], threads) for way in order}
        run = load_run(f"{folder}/run")
        spikes = {name: len(run.spikes(name)) for name in found["bare"]["spikes"]}
    if found["bare"]["spikes"] != spikes:
        sys.exit(f"{circuit}: not the same network: {found['bare']['spikes']}, {spikes}")
    return found


def summary(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of both ways over the turns; ratios of each turn, in order of size."""
    result: dict[str, Any] = {"turns": len(turns), "spikes": turns[0]["bare"]["spikes"]}
    for stage, kind in COMPARED:
        times = {way: [turn[way][kind][stage] for turn in turns] for way in ("bare", "neuromodels")}
        pairs = list(zip(times["neuromodels"], times["bare"], strict=True))
        result[f"{stage}_{kind}"] = {
            **{way: statistics.median(values) for way, values in times.items()},
            "adds": statistics.median(ours - bare for ours, bare in pairs),
            "ratios": sorted(ours / bare for ours, bare in pairs),
        }
    return result


def page(results: dict[str, dict[str, Any]]) -> str:
    """Give the results as a table in Markdown."""
    headers = [
        "", "biological s", "turns", "simulate: bare (s)", "ratio, wall", "ratio, CPU",
        "whole process: bare (s)", "ratio, wall", "ratio, CPU", "adds (CPU s)",
    ]  # fmt: skip
    rows = []
    for name, found in results.items():

        def ratio(what: str, found: dict[str, Any] = found) -> str:
            each = found[what]["ratios"]
            return f"{statistics.median(each):.3f} ({each[0]:.3f}–{each[-1]:.3f})"

        rows.append(
            [
                f"`{name}`",
                f"{found['seconds']:g}",
                f"{found['turns']}",
                f"{found['simulate_cpu']['bare']:.2f}",
                ratio("simulate_wall"),
                ratio("simulate_cpu"),
                f"{found['total_cpu']['bare']:.2f}",
                ratio("total_wall"),
                ratio("total_cpu"),
                f"{found['total_cpu']['adds']:.2f}",
            ]
        )
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def compare(
    circuits: list[str], repeat: int, threads: int, scale: float = 1.0
) -> dict[str, dict[str, Any]]:
    """Measure, in turns."""
    # Not counted: here Python compiles the modules, if it has not yet, and the disk's cache fills.
    pair("rdd/pair", 1, threads, 0.02, first=True)
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in circuits}
    for turn in range(repeat):
        for name in circuits:
            turns[name].append(pair(name, 1, threads, scale, first=turn % 2 == 0))
    return {
        name: {"seconds": 4 * scale * CIRCUITS[name][1], "threads": threads, **summary(found)}
        for name, found in turns.items()
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--circuit", nargs="*", default=list(CIRCUITS), choices=list(CIRCUITS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on biological times")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = compare(options.circuit, options.repeat, options.threads, options.scale)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(page(results))


if __name__ == "__main__":
    main()
