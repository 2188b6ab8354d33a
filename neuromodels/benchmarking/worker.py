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
from neuromodels.machine.threads import set_passive_wait_policy

if TYPE_CHECKING:
    from neuromodels.benchmarking.cases import Case


def main(arguments: list[str]) -> int:
    """Measure; the code with which the process ends."""
    set_passive_wait_policy()
    from neuromodels.benchmarking.cases import RESULT, Case
    from neuromodels.machine.ranks import launched, world

    case, folder = Case(**json.loads(arguments[0])), Path(arguments[1])
    try:
        found = _measured(case, folder)
        ranks = world()
    except NeuromodelsError as error:
        if launched()[0] == 0:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    if ranks.is_first:
        (folder / RESULT).write_text(json.dumps(found), encoding="utf-8")
    return 0


def _measured(case: Case, folder: Path) -> dict[str, Any]:
    from neuromodels.machine import provenance
    from neuromodels.machine.ranks import world
    from neuromodels.running import runner

    circuit = case.circuit()
    run = runner.run(
        circuit, threads=case.threads, out=folder / "run", analyze=False, progress=False
    )
    import nest

    ranks = world()
    memory = ranks.allgather(provenance.peak_memory())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = sum(ranks.allgather(usage.ru_utime + usage.ru_stime))
    synapses = sum(ranks.allgather(int(nest.num_connections)))
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
