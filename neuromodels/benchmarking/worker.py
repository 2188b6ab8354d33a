"""One measurement: ``python -m neuromodels.benchmarking.worker CASE FOLDER``, on one rank or more.

Writes what was found to ``result.json`` in FOLDER.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.errors import NeuromodelsError
from neuromodels.machine.threads import let_threads_sleep

if TYPE_CHECKING:
    from neuromodels.benchmarking.cases import Case


def main(arguments: list[str]) -> int:
    """Measure; the code with which the process ends."""
    let_threads_sleep()
    from neuromodels.benchmarking.cases import RESULT, Case
    from neuromodels.machine import ranks

    case, folder = Case(**json.loads(arguments[0])), Path(arguments[1])
    try:
        found = _measured(case, folder)
        crew = ranks.world()
    except NeuromodelsError as error:
        if ranks.launched()[0] == 0:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    if crew.leads:
        (folder / RESULT).write_text(json.dumps(found), encoding="utf-8")
    return 0


def _measured(case: Case, folder: Path) -> dict[str, Any]:
    from neuromodels.machine import provenance, ranks
    from neuromodels.running import runner

    circuit = case.circuit()
    run = runner.run(
        circuit, threads=case.threads, out=folder / "run", analyze=False, progress=False
    )
    import nest

    crew = ranks.world()
    memory = crew.everyone(provenance.peak_memory())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = sum(crew.everyone(usage.ru_utime + usage.ru_stime))
    synapses = sum(crew.everyone(int(nest.num_connections)))
    wall, cost = run.info["wall"], circuit.cost()
    populations = run.info["recordings"]["populations"].values()
    neurons = sum(population["size"] for population in populations)
    if cost is not None:
        neurons = round(cost.neuron_updates * circuit.resolution / 1000.0)
    return {
        "neurons": neurons,
        "synapses": synapses,
        "seconds": run.info["biological_time"] / 1000.0,
        "build": wall["construct"] - wall["connect"],
        "connect": wall["connect"] + wall["prepare"],
        "simulate": wall["simulate"] + wall["enter"],
        "record": wall["record"],
        "write": wall["write"] + wall["assemble"],
        "cpu": cpu,
        "cpu_loop": run.info["cpu_time"],
        "memory": sum(memory),
        "memory_largest": max(memory),
        "updates": None if cost is None else cost.neuron_updates,
        "events": None if cost is None else cost.synaptic_events,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
