"""A plugin that claims ``good/drive``, which good-plugin has."""

from collections.abc import Iterator

from neuromodels import Circuit, Network, Parameters, Phase, hookimpl, parameter


class Size(Parameters):
    """One parameter."""

    n: int = parameter(1, unit="", doc="Number of neurons")


class Drive(Circuit[Size]):
    """Does nothing."""

    name = "good/drive"
    summary = "Not the real one"
    Parameters = Size

    def build(self, network: Network) -> None:
        """Build nothing."""

    def protocol(self) -> Iterator[Phase]:
        """One short phase."""
        yield Phase("only", 1.0)


class Other(Drive):
    """Would work alone, but goes with its plugin."""

    name = "zz/other"


@hookimpl
def neuromodels_circuits() -> list[type[Circuit]]:
    """Both."""
    return [Drive, Other]
