"""What the circuits of ``burstprop`` cost at the published size, and where the time goes.

Every variant of a circuit is a process of its own; all are taken in turns, and the best of the
turns is reported, because what else runs on a machine only ever adds time:

``run``
    the whole thing through `neuromodels.run`, with its recordings;
``network``
    the same network and protocol, simulated by a bare ``nest.Simulate`` without any recording;
``no plasticity``
    plastic synapses, where there are any, replaced by those that transmit the same spikes with a
    fixed weight;
``noise``
    neurons and their noise, without any synapse;
``neurons``
    neurons alone.

Shares follow by difference: neuron update = neurons; noise = noise - neurons; plasticity = network
- no plasticity; delivery = no plasticity - noise (and what input does to a neuron's update); and
recording = run - network.  Without synapses fewer neurons spike, so the first two are a little low.

    python benchmarks/burstprop.py [--circuit NAME] [--threads 1 2] [--repeat 3] [--seconds 4]
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

#: Circuit -> shortened protocol that has all its phases, and models that replace plastic synapses.
CIRCUITS = {
    "burstprop/learning-rule": (
        lambda s: {"burn_in": s / 4, "segment": s / 4, "bin": s / 4, "drive_factors": [1, 1.5, 1]},
        {"learning_rule_plastic": "event_synapse"},
    ),
    # Its synapses have short-term plasticity, and NEST's static one takes three times as long.
    "burstprop/propagation": (lambda _: {}, {}),
    "burstprop/xor": (
        lambda s: {"epochs": 0, "burn_in": s / 5, "test": s / 5, "bin": s / 5},
        {"xor_": "event_synapse"},
    ),
}
VARIANTS = ("run", "network", "no plasticity", "noise", "neurons")


def measure(circuit: str, variant: str, threads: int, seconds: float) -> dict[str, float]:
    """Simulate one variant in this process; CPU and wall time (s) per biological second."""
    parameters = CIRCUITS[circuit][0](seconds)
    if variant == "run":
        import neuromodels

        with tempfile.TemporaryDirectory() as out:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            run = neuromodels.run(
                circuit, preset="paper", parameters=parameters, threads=threads,
                out=Path(out) / "run", analyze=False,
            )  # fmt: skip
            wall = sum(run.info["wall"][k] for k in ("simulate", "record", "write", "enter"))
            cpu = _cpu(resource.getrusage(resource.RUSAGE_SELF)) - _cpu(usage)
            others = run.info["wall"]["total"] - wall  # building and writing: on one thread
            biological, cost = run.t_stop / 1000.0, run.info.get("speed", {})
            return {
                "wall": wall / biological,
                "cpu": max(0.0, cpu - others) / biological,
                "memory": run.info["peak_memory"] / 2**20,
                "updates": cost.get("neuron_updates_per_second", 0.0),
                "events": cost.get("synaptic_events_per_second", 0.0),
            }
    return _bare(circuit, variant, threads, parameters)


class Altered:
    """The ``nest`` module, but for what a variant leaves out of ``Connect``."""

    def __init__(self, nest: Any, variant: str, replaced: dict[str, str]) -> None:
        self._nest, self._variant, self._replaced = nest, variant, replaced
        self.delays: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nest, name)

    def Connect(  # noqa: N802  NEST's names
        self, pre: Any, post: Any, conn_spec: Any = None, syn_spec: Any = None, **others: Any
    ):
        if isinstance(syn_spec, dict) and "delay" in syn_spec:
            self.delays.append(syn_spec["delay"])
        if self._variant in {"noise", "neurons"}:
            return
        if self._variant == "no plasticity" and isinstance(syn_spec, dict):
            model = syn_spec.get("synapse_model", "")
            new = next((new for old, new in self._replaced.items() if old in model), None)
            if new:
                syn_spec = {**syn_spec, "synapse_model": new}
        self._nest.Connect(pre, post, conn_spec, syn_spec, **others)


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _bare(circuit: str, variant: str, threads: int, parameters: dict) -> dict[str, float]:
    """The circuit's own network, without the framework's recordings."""
    import nest

    import neuromodels
    from neuromodels.kernel.recording import KernelNetwork
    from neuromodels.running.planning import make_plan

    nest.verbosity = nest.VerbosityLevel.ERROR
    plan = make_plan(circuit, parameters, "paper", 1, threads)
    nest.ResetKernel()
    neuromodels.install(*dict.fromkeys([*plan.circuit.models, "event_synapse"]))
    nest.set(resolution=plan.clock.resolution, local_num_threads=threads, rng_seed=1)
    network = KernelNetwork(nest, plan.clock, 1)
    populations = []
    name_population = network.population
    network.population = lambda name, nodes, **_: (  # type: ignore[method-assign]
        populations.append(nodes) or name_population(name, nodes, spikes=False)
    )
    altered = Altered(nest, variant, CIRCUITS[circuit][1])
    network.nest = altered
    plan.circuit.build(network)
    network.nest = nest
    if variant in {"noise", "neurons"}:  # the same slices as the network has
        parrots = nest.Create("parrot_neuron", 2)
        nest.Connect(parrots[0], parrots[1], syn_spec={"delay": min(altered.delays)})
    if variant == "neurons":
        for nodes in populations:
            rates = [k for k in nest.GetDefaults(str(nodes[0].model)) if k.startswith("rate_")]
            nodes.set(dict.fromkeys(rates, 0.0))
    nest.Simulate(80.0)  # what happens once
    cpu, wall = time.process_time(), time.perf_counter()
    for phase, first, last in plan.spans:
        if phase.enter is not None:
            cpu_enter, wall_enter = time.process_time(), time.perf_counter()
            network.continue_from(first - network.now + network._origin)
            phase.enter(network)
            cpu += time.process_time() - cpu_enter
            wall += time.perf_counter() - wall_enter
        nest.Simulate(plan.clock.ms(last - first))
    biological = plan.clock.ms(plan.spans[-1][2]) / 1000.0
    return {
        "wall": (time.perf_counter() - wall) / biological,
        "cpu": (time.process_time() - cpu) / biological,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }


def main() -> None:
    """Print a table for every circuit and number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--circuit", nargs="*", default=list(CIRCUITS))
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="biological time, about")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        circuit, variant, threads = options.child
        print(json.dumps(measure(circuit, variant, int(threads), options.seconds)))
        return
    for circuit in options.circuit:
        for threads in options.threads:
            best: dict[str, dict[str, float]] = {}
            for _ in range(options.repeat):
                for variant in VARIANTS:
                    if variant == "no plasticity" and not CIRCUITS[circuit][1]:
                        continue
                    found = _child(circuit, variant, threads, options.seconds)
                    if variant not in best or found["cpu"] < best[variant]["cpu"]:
                        best[variant] = found
            _print(circuit, threads, best)


def _child(circuit: str, variant: str, threads: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, __file__, "--seconds", str(seconds)]
    command += ["--child", circuit, variant, str(threads)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYNEST_QUIET": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _print(circuit: str, threads: int, best: dict[str, dict[str, float]]) -> None:
    print(f"\n{circuit}, {threads} thread{'s' * (threads > 1)}")
    print(f"{'variant':15s} {'CPU s/s':>9s} {'wall s/s':>9s} {'peak MiB':>9s}")
    for variant, found in best.items():
        print(f"{variant:15s} {found['cpu']:9.3f} {found['wall']:9.3f} {found['memory']:9.0f}")
    cpu = {variant: found["cpu"] for variant, found in best.items()}
    shares = {"neuron update": cpu["neurons"], "noise": cpu["noise"] - cpu["neurons"]}
    if "no plasticity" in cpu:
        shares["delivery"] = cpu["no plasticity"] - cpu["noise"]
        shares["plasticity"] = cpu["network"] - cpu["no plasticity"]
    else:
        shares["delivery and plasticity"] = cpu["network"] - cpu["noise"]
    shares["recording"] = cpu["run"] - cpu["network"]
    total = cpu["run"]
    print(", ".join(f"{name} {100 * value / total:.0f} %" for name, value in shares.items()))
    run = best["run"]
    print(
        f"{run['updates'] / 1e6:.1f} M neuron updates/s and {run['events'] / 1e6:.1f} M synaptic "
        f"events/s of wall time, framework / bare: {cpu['run'] / cpu['network']:.3f}"
    )


if __name__ == "__main__":
    main()
