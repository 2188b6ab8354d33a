"""A plugin with a circuit that has conditions and references, and one that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from neuromodels import (
    Analysis,
    Circuit,
    Claim,
    Compared,
    Comparison,
    Measure,
    Metric,
    Network,
    Parameters,
    Phase,
    Reference,
    Result,
    hookimpl,
    parameter,
)
from neuromodels.errors import EnvironmentProblem

SOURCE = "a table that nobody wrote"


class RatesParameters(Parameters):
    rate: float = parameter(9000.0, unit="Hz", ge=0, doc="Background rate")


class Rates(Circuit[RatesParameters]):
    """Independent neurons under Poisson noise."""

    name = "published/rates"
    summary = "Neurons under noise"
    Parameters = RatesParameters
    conditions = {"slow": {"rate": 1000.0}, "fast": {"rate": 12000.0}}
    analyses = ("published/rates",)

    def build(self, network: Network) -> None:
        nest = network.nest
        cells = nest.Create("iaf_psc_alpha", 20)
        noise = nest.Create("poisson_generator", params={"rate": self.parameters.rate})
        nest.Connect(noise, cells, syn_spec={"weight": 20.0, "delay": 1.0})
        network.population("cells", cells)

    def protocol(self) -> Iterator[Phase]:
        yield Phase("all", 50.0)


class Fails(Rates):
    """Fails when it is built."""

    name = "published/fails"
    conditions = {}

    def build(self, network: Network) -> None:
        raise ValueError("as asked for")


class Lacks(Rates):
    """Needs what is not installed."""

    name = "published/lacks"

    def __init__(self, parameters: RatesParameters) -> None:
        raise EnvironmentProblem("nothing like it is installed", fix="pip install it")


class RatesAnalysis(Analysis):
    name = "published/rates"
    summary = "Mean rate"

    def __call__(self, run):
        from matplotlib.figure import Figure

        # So wide that the slow condition lies inside, so narrow that the fast one cannot.
        reference = Reference(mean=0.0, sd=25.0, n=10, dof=9, source=SOURCE)
        rate = run.spikes("cells").rate
        figure = Figure()
        figure.subplots().plot([0, 1])
        return Result(
            [Metric("rate", rate, "Hz", reference), Metric("free", 1.0, "")], {"rates": figure}
        )


class Speed(Comparison):
    """The drive decides the rate."""

    name = "published/speed"
    summary = "Rate at both conditions"
    needs = {"published/rates": ("slow", "fast")}
    claims = (
        Claim("fast - slow", "More drive gives more spikes", "Fig. 1", unit="Hz"),
        Claim("seed", "The seed is larger than one and a half", "Fig. 2", low=1.5),
    )

    def __call__(self, runs):
        from matplotlib.figure import Figure

        difference = runs.difference("published/rates", "fast", "slow", "rate")
        figure = Figure()
        figure.subplots().plot(list(difference.values()))
        return Compared(
            [
                Measure("fast - slow", difference, "Hz"),
                Measure("seed", {seed: float(seed) for seed in difference}),
                Measure(
                    "free",
                    runs.metric("published/rates", "slow", "free"),
                    reference=Reference.exact(1.0, 1e-9, SOURCE),
                ),
            ],
            {"speed": figure},
            {"speed": "More drive, more spikes."},
        )


class Plugin:
    @hookimpl
    def neuromodels_comparisons(self):
        return [Speed]

    @hookimpl
    def neuromodels_circuits(self):
        return [Rates, Lacks, Fails]

    @hookimpl
    def neuromodels_analyses(self):
        return [RatesAnalysis]


plugin = Plugin()


def install(folder: Path) -> None:
    """Make `folder`, on the path of a process, a place where the plugin is installed."""
    import installed_plugin  # here, because those processes do not have it

    installed_plugin.install(folder, Path(__file__), "published")
