"""Circuits of NEST's own models for tests under MPI, and a command line that knows them.

``python ranked.py run ranked/net …`` is ``neuromodels run ranked/net …``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from neuromodels import (
    Analysis,
    Circuit,
    Metric,
    Network,
    Parameters,
    Phase,
    Result,
    hookimpl,
    parameter,
)


class RankedParameters(Parameters):
    n: int = parameter(20, unit="", ge=1, doc="Neurons")
    duration: float = parameter(200.0, unit="ms", gt=0, doc="Length of a phase")
    phases: int = parameter(2, unit="", ge=1, doc="Number of phases")
    fault: str = parameter("", unit="", doc="What one rank does wrong, and when")
    slow: float = parameter(0.0, unit="s", ge=0, doc="Wall time that each sample takes")


class Net(Circuit[RankedParameters]):
    """A random network whose rank 1 can be made to fail."""

    name = "ranked/net"
    summary = "A random network"
    Parameters = RankedParameters
    analyses = ("ranked/rate",)

    def _fail(self, network: Network, when: str) -> None:
        if self.parameters.fault == f"all-{when}" or (
            self.parameters.fault == when and network.nest.Rank() == 1
        ):
            raise ValueError(f"deliberate, in {when}")

    def build(self, network: Network) -> None:
        nest, p = network.nest, self.parameters
        self._fail(network, "build")
        if p.fault == "once":
            network.once(lambda: nest.biological_time)
        exc = nest.Create("iaf_psc_alpha", p.n)
        exc.V_m = network.rng.uniform(-70.0, -55.0, p.n)
        noise = nest.Create("poisson_generator", params={"rate": 9000.0})
        nest.Connect(noise, exc, syn_spec={"weight": 20.0, "delay": 1.5})
        rule = {"rule": "pairwise_bernoulli", "p": 0.3}
        nest.Connect(exc, exc, rule, {"weight": 10.0, "delay": 1.5})
        pairs = nest.Create("mip_generator", params={"rate": 500.0, "p_copy": 0.5})
        nest.Connect(pairs, exc, syn_spec={"weight": 30.0, "delay": 1.5})
        self._exc = network.population("exc", exc)
        if p.fault == "reads":
            sum(exc.V_m)
        network.traces("cells", exc[1:6], {"V_m": "mV"}, interval=0.7)
        network.traces("one", exc[:1], {"V_m": "mV"}, interval=1.0)
        network.traces("mean", exc[1:], {"V_m": "mV"}, interval=0.7, average=True)

        def clock() -> float:
            time.sleep(p.slow)
            now = float(nest.biological_time)
            if now > 100.0:
                self._fail(network, "recording")
                if p.fault == "differs":
                    return float(nest.Rank())
            if path := os.environ.get("RANKED_ALIVE"):
                Path(path, f"{nest.Rank()}-{os.getpid()}").touch()
            return now

        network.signal("clock", clock, interval=15.0, unit="ms")

    def protocol(self) -> Iterator[Phase]:
        for number in range(self.parameters.phases):
            yield Phase(f"phase_{number}", self.parameters.duration, self.enter, checkpoint=True)

    def enter(self, network: Network) -> None:
        self._fail(network, "protocol")
        if self.parameters.fault == "connects" and network.nest.biological_time > 0:
            network.nest.Connect(self._exc, self._exc, "one_to_one", {"delay": 1.5})
        if self.parameters.fault == "draws" and network.nest.Rank() == 1:
            network.rng.random()

    def state(self, network: Network):
        self._fail(network, "state")
        return {"draw": network.rng.random()}

    def restore(self, network: Network, state) -> None:
        assert 0.0 <= state["draw"] < 1.0


class Rate(Analysis):
    name = "ranked/rate"
    summary = "Mean rate"

    def __call__(self, run):
        return Result(metrics=[Metric("rate", run.spikes("exc").rate, "Hz", None, "mean rate")])


class Plugin:
    @hookimpl
    def neuromodels_circuits(self):
        return [Net]

    @hookimpl
    def neuromodels_analyses(self):
        return [Rate]


if __name__ == "__main__":
    from neuromodels import registry
    from neuromodels.cli.main import execute
    from neuromodels.running import simulation

    simulation.MIN_SECONDS = float(os.environ.get("RANKED_CHECKPOINTS", "60"))
    simulation.MAX_DRAIN = 100.0
    registry.registry().register(Plugin(), "ranked")
    sys.exit(execute())
