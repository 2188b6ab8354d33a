"""What the framework costs: circuits against bare NEST scripts of the same networks.

    python benchmarks/overhead.py [--repeat N] [--threads N] [--circuit NAME …] [--json FILE]

The scripts in ``benchmarks/bare`` are written by hand: the same models, connections, noise, seed,
threads and recordings as ``neuromodels.run``, without its directory, progress, checks and
interruption; their spikes are counted, and must be as many as the circuit's.  Where plain PyNEST
would be slow (reading weights, variables of many neurons) they use neuromodels' quick calls: the
comparison is with the best that a script can do.

Each is a process of its own, and the two take turns.  ``simulate`` is the time in which biological
time passes, with NEST's preparation, signals and recording; ``total`` that of the whole process
from the start of Python to the files on the disk, without analyses.  Ratios are those of the best
of the turns; the CPU time of the processes, which other work disturbs less, is given beside.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
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
import json, sys
import neuromodels
given = json.loads(sys.argv[1])
run = neuromodels.run(**given, analyze=False, progress=False)
wall = run.info["wall"]
print(json.dumps({
    "install": wall["build"],
    "construct": wall["construct"],
    "simulate": sum(wall[k] for k in ("prepare", "simulate", "record", "enter")),
    "write": wall["write"] + wall["assemble"],
    "spikes": {name: len(run.spikes(name).times) for name in sys.argv[2].split(",")},
}))
"""


def measured(command: list[str], threads: int) -> dict[str, Any]:
    """Run one process; its own times, and total wall and CPU time."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environ = {
        **os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYNEST_QUIET": "1",
        "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
    }  # fmt: skip
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    total, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**found, "total": total, "cpu": cpu}


def pair(circuit: str, seed: int, threads: int, scale: float, *, first: bool) -> dict[str, Any]:
    """Both ways once; `first`: the bare script before the other."""
    script, quarter, parameters = CIRCUITS[circuit]
    quarter *= scale
    with tempfile.TemporaryDirectory() as folder:
        bare = [sys.executable, str(BARE / script), str(seed), str(threads), str(quarter)]
        bare.append(f"{folder}/bare.npz")
        given = {
            "circuit": circuit, "preset": "paper", "parameters": parameters(quarter),
            "seed": seed, "threads": threads, "out": f"{folder}/run",
        }  # fmt: skip
        found = {}
        if first:
            found["bare"] = measured(bare, threads)
        # Populations by name; those that a script records are those of the circuit.
        names = {"learning_rule.py": "pre,post", "propagation.py": "pyr1,pyr2,pv,som",
                 "pair.py": "lower,upper"}[script]  # fmt: skip
        ours = [sys.executable, "-c", FRAMEWORK, json.dumps(given), names]
        found["neuromodels"] = measured(ours, threads)
        if not first:
            found["bare"] = measured(bare, threads)
    if found["bare"]["spikes"] != found["neuromodels"]["spikes"]:
        sys.exit(f"{circuit}: not the same network: {found}")
    return found


def best(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Best of the turns of both ways, and their ratios."""
    result: dict[str, Any] = {"turns": len(turns), "spikes": turns[0]["bare"]["spikes"]}
    for way in ("bare", "neuromodels"):
        result[way] = {
            name: min(turn[way][name] for turn in turns)
            for name in ("construct", "simulate", "write", "total", "cpu")
        }
    for name in ("construct", "simulate", "total", "cpu"):
        ratios = sorted(turn["neuromodels"][name] / turn["bare"][name] for turn in turns)
        result[f"ratio_{name}"] = result["neuromodels"][name] / result["bare"][name]
        result[f"ratios_{name}"] = ratios
    return result


def page(results: dict[str, dict[str, Any]]) -> str:
    """Give the results as a table in Markdown."""
    headers = (
        "", "biological s", "simulate: bare (s)", "neuromodels", "ratio (turns)",
        "whole process: bare (s)", "neuromodels", "adds (s)", "CPU ratio",
    )  # fmt: skip
    rows = []
    for name, found in results.items():
        bare, ours = found["bare"], found["neuromodels"]
        each = f"{found['ratios_simulate'][0]:.3f}–{found['ratios_simulate'][-1]:.3f}"
        rows.append(
            (
                f"`{name}`",
                f"{found['seconds']:g}",
                f"{bare['simulate']:.2f}",
                f"{ours['simulate']:.2f}",
                f"{found['ratio_simulate']:.3f} ({each})",
                f"{bare['total']:.2f}",
                f"{ours['total']:.2f}",
                f"{ours['total'] - bare['total']:.2f}",
                f"{found['ratio_cpu']:.3f}",
            )
        )
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def compare(
    circuits: list[str], repeat: int, threads: int, scale: float = 1.0
) -> dict[str, dict[str, Any]]:
    """Measure, in turns."""
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in circuits}
    for turn in range(repeat):
        for name in circuits:
            turns[name].append(pair(name, 1, threads, scale, first=turn % 2 == 0))
    return {
        name: {"seconds": 4 * scale * CIRCUITS[name][1], "threads": threads, **best(found)}
        for name, found in turns.items()
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--circuit", nargs="*", default=list(CIRCUITS), choices=list(CIRCUITS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on biological times")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = compare(options.circuit, options.repeat, options.threads, options.scale)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(page(results))


if __name__ == "__main__":
    main()
