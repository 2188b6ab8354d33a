"""Circuits and analyses of NEST's own models, small enough to run in a moment."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuromodels import (
    Analysis,
    Circuit,
    Cost,
    Metric,
    Network,
    Parameters,
    Phase,
    Reference,
    Result,
    hookimpl,
    parameter,
)


class TinyParameters(Parameters):
    n_neurons: int = parameter(20, unit="", ge=1, doc="Size of the excitatory population")
    rate: float = parameter(9000.0, unit="Hz", ge=0, doc="Background rate")
    duration: float = parameter(200.0, unit="ms", gt=0, doc="Length of each phase")
    slow: float = parameter(0.0, unit="s", ge=0, doc="Wall time that each sample takes")


class Tiny(Circuit[TinyParameters]):
    """Random network with an inhibitory population, two phases of different drive."""

    name = "tiny/net"
    summary = "A random network of NEST's own neurons"
    Parameters = TinyParameters
    presets = {"smoke": {"duration": 50.0}, "paper": {}}
    analyses = ("tiny/rates",)

    def build(self, network: Network) -> None:
        nest, p = network.nest, self.parameters
        exc = nest.Create("iaf_psc_alpha", p.n_neurons)
        exc.V_m = network.rng.uniform(-70.0, -55.0, p.n_neurons)
        inh = nest.Create("iaf_psc_alpha", 5)
        self.noise = nest.Create("poisson_generator", params={"rate": p.rate})
        nest.Connect(self.noise, exc + inh, syn_spec={"weight": 20.0, "delay": 1.5})
        # A second source of random numbers: their order within a slice then matters.
        more_noise = nest.Create("poisson_generator", params={"rate": 500.0})
        nest.Connect(more_noise, inh, syn_spec={"weight": 20.0, "delay": 1.5})
        rule = {"rule": "pairwise_bernoulli", "p": 0.3}
        nest.Connect(exc, exc + inh, rule, {"weight": 10.0, "delay": 1.5})
        nest.Connect(inh, exc, rule, {"weight": -50.0, "delay": 1.7})
        network.population("exc", exc)
        network.population("inh", inh)
        network.population("quiet", exc, spikes=False)

        def mean() -> float:
            time.sleep(p.slow)
            return float(np.mean(exc.V_m))

        network.signal("v_mean", mean, interval=5.0, unit="mV", doc="mean potential")
        network.signal(
            "v_each", lambda: exc[:3].V_m, interval=2.3, unit="mV", dims=["cell"],
            coords={"cell": ["a", "b", "c"]},
        )  # fmt: skip
        network.signal("clock", lambda: round(nest.biological_time * 10), interval=5.0, unit="")
        network.traces("cells", exc[1:3], {"V_m": "mV"}, interval=0.7)
        network.traces("mean", exc[1:3], {"V_m": "mV"}, interval=0.7, average=True)

    def protocol(self) -> Iterator[Phase]:
        yield Phase("low", self.parameters.duration)
        yield Phase("high", self.parameters.duration, self.more)

    def more(self, network: Network) -> None:
        self.noise.rate = 1.5 * self.parameters.rate

    def cost(self) -> Cost:
        return Cost(neuron_updates=10000.0 * (self.parameters.n_neurons + 5), synaptic_events=1e5)


class Shared(Tiny):
    """Draws from the generator that all of NEST's ranks share."""

    name = "tiny/shared"

    def build(self, network: Network) -> None:
        super().build(network)
        nest = network.nest
        source = nest.Create("mip_generator", params={"rate": 2000.0, "p_copy": 0.5})
        nest.Connect(
            source, nest.NodeCollection(range(1, 26)), syn_spec={"weight": 30.0, "delay": 1.5}
        )


class RaisesInPhase(Tiny):
    """Asks NEST for something impossible in the second phase."""

    name = "tiny/raises-in-phase"

    def more(self, network: Network) -> None:
        network.nest.Create("no_such_model")


class RaisesInBuild(Tiny):
    name = "tiny/raises-in-build"

    def build(self, network: Network) -> None:
        raise ValueError("two\nlines")


class Endless(Tiny):
    """Takes many seconds of wall time, and says when it is on its way."""

    name = "tiny/endless"

    def build(self, network: Network) -> None:
        super().build(network)
        network.signal("alive", self.alive, interval=50.0, unit="")

    def alive(self) -> float:
        if path := os.environ.get("TINY_ALIVE"):
            with Path(path).open("a") as file:
                file.write(".")
        time.sleep(0.02)
        return 0.0


class Stepwise(Endless):
    """Many phases, each of which it can be continued from."""

    name = "tiny/stepwise"

    def protocol(self) -> Iterator[Phase]:
        for number in range(int(self.parameters.duration / 100.0)):
            yield Phase(f"part_{number}", 100.0, checkpoint=True)

    def build(self, network: Network) -> None:
        super().build(network)
        self.exc = network.nest.NodeCollection(range(1, self.parameters.n_neurons + 1))
        network.signal("total", lambda: network.now, interval=50.0, unit="")

    def state(self, network: Network):
        return {"V_m": self.exc.V_m, "draw": network.rng.random()}

    def restore(self, network: Network, state) -> None:
        assert network.nest.biological_time == 0.0
        assert network.origin > 0.0
        self.exc.V_m = state["V_m"]


class Unable(Stepwise):
    """Says that it has checkpoints, but has none."""

    name = "tiny/unable"
    state = Circuit.state


class BadAnalysis(Tiny):
    """Its first analysis raises; the second one does not."""

    name = "tiny/bad-analysis"
    analyses = ("tiny/raises", "tiny/rates")


class Rates(Analysis):
    name = "tiny/rates"
    summary = "Mean rates"

    def __call__(self, run):
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().plot(run.signals["v_mean"])
        reference = Reference(mean=30.0, sd=5.0, n=3, dof=2, source="nowhere")
        return Result(
            metrics=[
                Metric("rate_exc", run.spikes("exc").rate, "Hz", reference, "mean rate"),
                Metric("nothing", float("nan"), ""),
            ],
            figures={"potential": figure},
        )


class Raises(Analysis):
    name = "tiny/raises"
    summary = "Raises"

    def __call__(self, run):
        raise KeyError("deliberate")


class Plugin:
    """Registers all of the above; remembers what it observed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def neuromodels_circuits(self):
        return [
            Tiny, Shared, RaisesInPhase, RaisesInBuild, Endless, Stepwise, Unable, BadAnalysis,
        ]  # fmt: skip

    @hookimpl
    def neuromodels_analyses(self):
        return [Rates, Raises]

    @hookimpl
    def neuromodels_before_build(self, circuit, network):
        self.seen.append(f"before {circuit.name} at {network.nest.biological_time}")

    @hookimpl
    def neuromodels_after_phase(self, circuit, network, phase):
        self.seen.append(f"after {phase.name} at {network.nest.biological_time}")

    @hookimpl
    def neuromodels_after_run(self, run):
        self.seen.append(f"run {run.status}")
