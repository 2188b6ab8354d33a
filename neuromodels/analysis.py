"""Analyses: they read a run and give metrics and figures."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from neuromodels.verdict import Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.parameters import Parameters
    from neuromodels.runs import Run


@dataclass(frozen=True)
class Result:
    """What an analysis gives back.

    Parameters
    ----------
    metrics : sequence of Metric
    figures : mapping
        Name -> figure, the main one first.
    captions : mapping
        Name of a figure -> what is to be seen in it, in a sentence or two; reports print it below.
    """

    metrics: Sequence[Metric] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)


class Analysis(abc.ABC):
    """Base class of analyses; an analysis reads a run and never a kernel.

    Class attributes
    ----------------
    name : str
        ``study/thing``.
    summary : str
        One line.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @abc.abstractmethod
    def __call__(self, run: Run) -> Result:
        """Analyse `run`."""


def is_published(run: Run, schema: type[Parameters], free: AbstractSet[str] = frozenset()) -> bool:
    """Whether `run` has the defaults of `schema`, where these are the published values.

    Parameters
    ----------
    run : Run
    schema : type[Parameters]
        Of the run's circuit.
    free : set of str
        Parameters that may differ, for instance because they concern the numerics only.
    """
    return all(
        run.parameters.get(name) == entry["value"]
        for name, entry in schema().as_dict().items()
        if name not in free
    )


__all__ = ["Analysis", "Result", "is_published"]
