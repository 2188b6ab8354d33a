"""A plugin with a circuit of NEST's own neurons, one analysis that works and one that raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from neuromodels import Run


class Size(Parameters):
    """One parameter."""

    n: int = parameter(3, unit="", ge=1, doc="Number of neurons")


class Quiet(Circuit[Size]):
    """Neurons without input."""

    name = "broken-analysis/quiet"
    summary = "Neurons without input"
    Parameters = Size
    analyses = ("broken-analysis/raises", "broken-analysis/works")

    def build(self, network: Network) -> None:
        """Create neurons of NEST itself."""
        network.population("cells", network.nest.Create("iaf_psc_exp", self.parameters.n))

    def protocol(self) -> Iterator[Phase]:
        """One short phase."""
        yield Phase("only", 10.0)


class Raises(Analysis):
    """Divides by the number of spikes, which is 0."""

    name = "broken-analysis/raises"
    summary = "Raises ZeroDivisionError"

    def __call__(self, run: Run) -> Result:
        """Raise."""
        return Result(metrics=[Metric("inverse", 1 / len(run.spikes("cells")), "")])


class Works(Analysis):
    """Counts spikes."""

    name = "broken-analysis/works"
    summary = "Counts spikes"

    def __call__(self, run: Run) -> Result:
        """Give the number of spikes."""
        return Result(metrics=[Metric("n_spikes", float(len(run.spikes("cells"))), "")])


@hookimpl
def neuromodels_circuits() -> list[type[Circuit[Any]]]:
    """The circuit."""
    return [Quiet]


@hookimpl
def neuromodels_analyses() -> list[type[Analysis]]:
    """One that raises and one that works."""
    return [Raises, Works]
