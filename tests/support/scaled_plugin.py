"""A plugin that other processes find by its entry point: circuits with sizes and without."""

from __future__ import annotations

from collections.abc import Iterator

from neuromodels import Circuit, Cost, Network, Parameters, Phase, hookimpl, parameter


class NetParameters(Parameters):
    n: int = parameter(100, unit="", ge=1, doc="Neurons")
    in_degree: int = parameter(10, unit="", ge=1, doc="Synapses of each")
    duration: float = parameter(3600.0, unit="s", gt=0, doc="Length of each of two phases")
    broken: bool = parameter(False, unit="", doc="Whether it cannot be built")


class Fixed(Circuit[NetParameters]):
    """A random network that lasts two hours."""

    name = "scaled/fixed"
    summary = "A network of one size"
    Parameters = NetParameters

    def build(self, network: Network) -> None:
        nest, p = network.nest, self.parameters
        if p.broken:
            raise ValueError("too large by far")
        cells = network.population("cells", nest.Create("iaf_psc_alpha", p.n))
        noise = nest.Create("poisson_generator", params={"rate": 9000.0})
        nest.Connect(noise, cells, syn_spec={"weight": 20.0, "delay": 1.0})
        rule = {"rule": "fixed_indegree", "indegree": p.in_degree}
        nest.Connect(cells, cells, rule, {"weight": 1.0, "delay": 1.0})

    def protocol(self) -> Iterator[Phase]:
        for name in ("first", "second"):
            yield Phase(name, 1000.0 * self.parameters.duration)

    def cost(self) -> Cost:
        p = self.parameters
        return Cost(neuron_updates=1e4 * p.n, synaptic_events=30.0 * p.n * p.in_degree)


class Net(Fixed):
    """The same in any size but the largest."""

    name = "scaled/net"
    summary = "A network of any size"

    @classmethod
    def scaled(cls, size: float, seconds: float):
        n = round(size * cls.Parameters().n)
        return {"n": n, "duration": seconds / 2.0, "broken": size > 9}


class Plugin:
    @hookimpl
    def neuromodels_circuits(self):
        return [Net, Fixed]


plugin = Plugin()
