"""Comparisons: they read several runs (conditions, seeds) and judge what a paper claims.

Most of what a paper says is a difference between conditions: a lesion removes an effect, one rule
learns faster than another.  A comparison names the conditions that it needs, measures such
differences seed by seed, and lists the claims that rest on them.

The rule of a claim
-------------------
A claim says in which range the true mean of a measure lies: above 0 for "A is larger than B".  The
measure is taken once for each seed (both conditions of a difference have the same seed), so that
``k`` seeds give a mean ``d`` with standard deviation ``s`` and the two-sided 95 % interval
``d ± t(k - 1) s / sqrt(k)``.  The claim

* **holds** where the whole interval lies within the range;
* **fails** where the whole interval lies outside, or a value is not finite;
* **cannot be told** otherwise, or with a single seed; then the number of seeds is given that would
  decide if mean and standard deviation stayed as they are.

"There is no difference" is a claim with a range around 0: the interval must lie within it.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from neuromodels.errors import UnknownNameError
from neuromodels.verdict import Judgement, Reference, assess

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

CONFIDENCE = 0.95
"""Of the interval of a claim."""

_MOST_SEEDS = 100_000

Finding = Literal["holds", "fails", "cannot be told"]


@dataclass(frozen=True)
class Claim:
    """What a paper claims, as a range for a measure of a comparison.

    Parameters
    ----------
    measure : str
        Name of the measure (`Measure.name`) that it is about; one claim for each.
    sentence : str
        The claim, in one sentence.
    source : str
        Paper and figure.
    low, high : float
        The claim is that the true mean of the measure lies between.
    unit : str
        Of the measure.
    """

    measure: str
    sentence: str
    source: str
    low: float = 0.0
    high: float = math.inf
    unit: str = ""

    @property
    def range(self) -> str:
        """What it says of the measure, in symbols."""
        unit = f" {self.unit}" if self.unit else ""
        if math.isinf(self.high):
            return f"> {self.low:g}{unit}"
        if math.isinf(self.low):
            return f"< {self.high:g}{unit}"
        return f"{self.low:g} to {self.high:g}{unit}"


@dataclass(frozen=True)
class Measure:
    """A number that several runs give together, once for each seed.

    Parameters
    ----------
    name : str
        Identifier, unique within a comparison.
    values : mapping
        Seed -> value.
    unit : str
    reference : Reference, optional
    doc : str
        One line.
    """

    name: str
    values: Mapping[int, float]
    unit: str = ""
    reference: Reference | None = None
    doc: str = ""

    @property
    def mean(self) -> float:
        """Over seeds; NaN where there is none."""
        values = list(self.values.values())
        return math.fsum(values) / len(values) if values else math.nan

    @property
    def sd(self) -> float:
        """Standard deviation over seeds; NaN for fewer than two."""
        return _spread(list(self.values.values()))

    @property
    def judgement(self) -> Judgement:
        """Verdict of the reference on the mean over seeds."""
        if not self.values:
            return Judgement("missing", "no seed has all runs that it needs")
        return assess(list(self.values.values()), self.reference)


@dataclass(frozen=True)
class Ruling:
    """What became of a claim.

    Attributes
    ----------
    claim : Claim
    finding : {"holds", "fails", "cannot be told"}
    reason : str
        Why it cannot be told, or what is not finite.
    mean, low, high : float
        Mean over seeds and its 95 % interval; NaN where there is none.
    n : int
        Number of seeds.
    needed : int or None
        Number of seeds that would decide, where it cannot be told.
    """

    claim: Claim
    finding: Finding
    reason: str = ""
    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    needed: int | None = None

    @property
    def text(self) -> str:
        """What was measured: mean, interval and number of seeds."""
        unit = f" {self.claim.unit}" if self.claim.unit else ""
        if not self.n or math.isnan(self.mean):
            return ""
        if math.isnan(self.low):
            return f"{self.mean:.3g}{unit} (n = {self.n})"
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}]{unit} (n = {self.n})"


def rule(claim: Claim, values: Sequence[float]) -> Ruling:
    """Decide about a claim by the values of its measure, one for each seed (see the module)."""
    n = len(values)
    if not n:
        return Ruling(claim, "cannot be told", "there are no runs for it")
    if wrong := sum(not math.isfinite(value) for value in values):
        return Ruling(claim, "fails", f"not finite in {wrong} of {n} seeds", n=n)
    mean = math.fsum(values) / n
    if n == 1:
        return Ruling(claim, "cannot be told", "a single seed has no spread", mean, n=n, needed=2)
    sd = _spread(values)
    half = _half(sd, n)
    low, high = mean - half, mean + half
    if claim.low < low and high < claim.high:
        return Ruling(claim, "holds", "", mean, low, high, n)
    if high <= claim.low or low >= claim.high:
        return Ruling(claim, "fails", "", mean, low, high, n)
    distance = min(abs(mean - end) for end in (claim.low, claim.high))
    needed = _needed(sd, distance, n)
    reason = f"about {needed} seeds would decide" if needed else "no number of seeds would decide"
    return Ruling(claim, "cannot be told", reason, mean, low, high, n, needed)


def _spread(values: Sequence[float]) -> float:
    n = len(values)
    if n < 2 or not all(map(math.isfinite, values)):
        return math.nan
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))


def _half(sd: float, n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / math.sqrt(n)


def _needed(sd: float, distance: float, n: int) -> int | None:
    """Smallest number of seeds at which the interval is shorter than `distance` to each side."""
    if _half(sd, _MOST_SEEDS) > distance:
        return None
    few, enough = n, _MOST_SEEDS
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if _half(sd, middle) <= distance else (middle, enough)
    return enough


class RunSet:
    """Complete runs by circuit, condition and seed.

    Parameters
    ----------
    runs : mapping
        ``(circuit, condition, seed)`` -> run; the condition of a circuit without conditions is
        ``""``.
    """

    def __init__(self, runs: Mapping[tuple[str, str, int], Run]) -> None:
        self._runs = dict(runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        return iter(self._runs)

    def seeds(self, circuit: str, *conditions: str) -> list[int]:
        """Seeds for which a circuit was run at all of `conditions`, in order."""
        each = [
            {seed for name, label, seed in self._runs if (name, label) == (circuit, condition)}
            for condition in conditions or ("",)
        ]
        return sorted(set.intersection(*each))

    def run(self, circuit: str, condition: str, seed: int) -> Run:
        """Give one run.

        Raises
        ------
        UnknownNameError
            There is no such run.
        """
        try:
            return self._runs[circuit, condition, seed]
        except KeyError:
            raise UnknownNameError(
                f"no run of {circuit}, condition {condition!r}, seed {seed}", code="NM218"
            ) from None

    def metric(self, circuit: str, condition: str, name: str) -> dict[int, float]:
        """Give a metric for each seed; NaN where a run does not have it."""
        found = {}
        for seed in self.seeds(circuit, condition):
            metric = self.run(circuit, condition, seed).metrics.get(name)
            found[seed] = math.nan if metric is None else float(metric.value)
        return found

    def difference(self, circuit: str, first: str, second: str, name: str) -> dict[int, float]:
        """Give ``first - second`` of a metric between two conditions, for each seed of both."""
        a, b = self.metric(circuit, first, name), self.metric(circuit, second, name)
        return {seed: a[seed] - b[seed] for seed in a if seed in b}


@dataclass(frozen=True)
class Compared:
    """What a comparison gives back.

    Parameters
    ----------
    measures : sequence of Measure
        Of every claim, and others.
    figures : mapping
        Name -> figure, the main one first: the comparison is the picture.
    captions : mapping
        Name of a figure -> what is to be seen, in a sentence.
    """

    measures: Sequence[Measure] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)


class Comparison(abc.ABC):
    """Base class of comparisons; a comparison reads runs and never a kernel.

    Class attributes
    ----------------
    name : str
        ``study/thing``.
    summary : str
        One line.
    needs : mapping
        Circuit -> the conditions that it reads (``("",)`` for a circuit without conditions).  It is
        called with what there is of them; `RunSet` leaves out seeds that lack one.
    claims : sequence of Claim
        What the paper says about it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    needs: ClassVar[Mapping[str, Sequence[str]]]
    claims: ClassVar[Sequence[Claim]] = ()

    @abc.abstractmethod
    def __call__(self, runs: RunSet) -> Compared:
        """Compare `runs`."""


__all__ = [
    "CONFIDENCE", "Claim", "Compared", "Comparison", "Finding", "Measure", "RunSet", "Ruling",
    "rule",
]  # fmt: skip
