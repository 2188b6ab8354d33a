"""What ``run.json`` says about a run: what was asked for, with what it is made, what it took."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neuromodels import registry
from neuromodels.disk.directory import STAGES
from neuromodels.machine import provenance
from neuromodels.running import fingerprint

if TYPE_CHECKING:
    from neuromodels.running.planning import Plan
    from neuromodels.running.simulation import Simulation


def opening(
    plan: Plan,
    ranks: int,
    before: Mapping[str, Any],
    *,
    resumed_at: int | None,
    analyze: bool,
    changed: Sequence[str] = (),
) -> dict[str, Any]:
    """Entries of ``run.json`` when a simulation begins.

    Parameters
    ----------
    plan : Plan
    ranks : int
        Number of MPI ranks.
    before : mapping
        What an earlier attempt in the same directory wrote.
    resumed_at : int, optional
        Step of the checkpoint that the simulation continues from.
    analyze : bool
        Whether the circuit's analyses were asked for.
    changed : sequence of str
        What has changed since the earlier attempt that the simulation continues.
    """
    circuit, kind = plan.circuit, type(plan.circuit)
    registered = registry.registry()
    plugins = [
        {"name": p.name, "distribution": p.distribution, "version": p.version}
        for p in registered.plugins.values()
        if p.status == "ok"
    ]
    entry = registered.circuits.get(plan.name)
    ms = plan.clock.ms
    walls = {p["name"]: p["wall"] for p in before.get("phases", [])}
    resumed = list(before.get("resumed", []))
    if resumed_at is not None:
        step = {"time": ms(resumed_at), "at": provenance.utc_now()}
        resumed.append({**step, "changed": list(changed)} if changed else step)
    made_by = fingerprint.of(kind, circuit.models, plan.threads * ranks)
    if mixed := [what for each in resumed for what in each.get("changed", ())]:
        made_by["mixed"] = mixed
    return {
        "status": "running",
        "stage": STAGES[0],
        "error": None,
        "circuit": {
            "name": plan.name,
            "class": f"{kind.__module__}:{kind.__qualname__}",
            "plugin": entry.plugin if entry and entry.object is kind else None,
        },
        "preset": plan.preset,
        "parameters": circuit.parameters.as_dict(),
        "seed": plan.seed,
        "threads": plan.threads,
        "ranks": ranks,
        "resolution": {"value": plan.clock.resolution, "unit": "ms"},
        "phases": [
            {"name": p.name, "start": ms(a), "stop": ms(b), "wall": walls.get(p.name)}
            for p, a, b in plan.spans
        ],
        "resumed": resumed,
        "analyze": analyze,
        "analyses": list(circuit.analyses),
        "owed": list(plan.owed),
        "models": {},
        "fingerprint": made_by,
        "plugins": plugins,
        "versions": provenance.versions(p["distribution"] for p in plugins if p["distribution"]),
        "machine": provenance.machine(),
        "process": os.getpid(),
        "started": provenance.utc_now(),
        "finished": None,
        "wall": {},
        "biological_time": 0.0 if resumed_at is None else ms(resumed_at),
    }


def simulated(info: dict[str, Any], plan: Plan, simulation: Simulation) -> None:
    """Write down how far the simulation got and what it took.

    Parameters
    ----------
    info : dict
        Content of ``run.json``; changed in place.
    plan : Plan
    simulation : Simulation
        Finished or stopped.
    """
    tally = simulation.tally
    for phase in info["phases"]:
        phase["wall"] = tally.phases.get(phase["name"], phase["wall"])
    info["wall"].update(
        prepare=tally.prepare,
        simulate=tally.simulate,
        record=tally.record,
        write=tally.write,
        enter=tally.enter,
    )
    info["cpu_time"] = tally.cpu
    info["biological_time"] = plan.clock.ms(tally.reached)
    info["peak_memory"] = provenance.peak_memory()
    seconds = plan.clock.ms(tally.reached - simulation.origin) / 1000.0
    if not seconds or not tally.simulate:
        return
    speed: dict[str, float] = {"real_time_factor": tally.simulate / seconds}
    cost = plan.circuit.cost()
    if cost is not None:
        speed["neuron_updates_per_second"] = cost.neuron_updates * seconds / tally.simulate
        speed["synaptic_events_per_second"] = cost.synaptic_events * seconds / tally.simulate
    info["speed"] = speed


__all__ = ["opening", "simulated"]
