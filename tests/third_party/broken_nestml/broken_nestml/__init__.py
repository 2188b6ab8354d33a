"""A plugin whose NESTML source has a syntax error: found when it is built, not before."""

from collections.abc import Iterator
from importlib.resources import files

from neuromodels import Circuit, Network, NeuronModel, Parameters, Phase, hookimpl, parameter


class Size(Parameters):
    """One parameter."""

    n: int = parameter(1, unit="", doc="Number of neurons")


class Broken(Circuit[Size]):
    """Cannot be built."""

    name = "broken-nestml/circuit"
    summary = "Its neuron has a syntax error"
    Parameters = Size
    models = ("broken_neuron",)

    def build(self, network: Network) -> None:
        """Never reached."""
        network.population("cells", network.nest.Create("broken_neuron"))

    def protocol(self) -> Iterator[Phase]:
        """One short phase."""
        yield Phase("only", 1.0)


@hookimpl
def neuromodels_models() -> list[NeuronModel]:
    """The neuron with the error."""
    source = files(__package__) / "models" / "broken_neuron.nestml"
    return [NeuronModel(name="broken_neuron", source=source, summary="Has a syntax error")]


@hookimpl
def neuromodels_circuits() -> list[type[Circuit]]:
    """The circuit that needs it."""
    return [Broken]
