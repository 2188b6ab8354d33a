"""Analyses read a run and give metrics and figures; the rule of the verdict is here, once."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run


@dataclass(frozen=True)
class Reference:
    """An independent value of a metric.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation over the reference's independent repetitions (seeds).
    n : int
        Number of repetitions behind `mean`.
    dof : int
        Degrees of freedom behind `sd` (``n - 1``, or more where the spread is pooled over
        equivalent measurements).
    source : str
        Table, paper and figure it comes from.
    """

    mean: float
    sd: float
    n: int
    dof: int
    source: str


@dataclass(frozen=True)
class Metric:
    """A number that a run gives.

    Parameters
    ----------
    name : str
        Identifier, unique within a run.
    value : float
    unit : str
        NEST/field unit, ``""`` for a pure number, ``"%"`` for percent.
    reference : Reference, optional
    doc : str
        One line.
    """

    name: str
    value: float
    unit: str
    reference: Reference | None = None
    doc: str = ""


@dataclass(frozen=True)
class Result:
    """What an analysis gives back: metrics, and figures by name."""

    metrics: Sequence[Metric] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)


class Analysis(abc.ABC):
    """Base class of analyses; an analysis reads a run and never a kernel."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @abc.abstractmethod
    def __call__(self, run: Run) -> Result:
        """Analyse `run`."""


__all__ = ["Analysis", "Metric", "Reference", "Result"]
