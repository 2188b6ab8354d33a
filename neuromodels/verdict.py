"""Metrics, their references, and the rule by which a metric agrees with its reference.

The rule
--------
A reference is the mean ``m`` and standard deviation ``s`` of ``n`` independent repetitions (seeds),
``s`` known with ``dof`` degrees of freedom.  Ours is the mean ``x`` over ``k`` seeds of our own
(``k = 1`` for a single run).  If both come from the same normal distribution, then ::

    (x - m) / (s * sqrt(1/n + 1/k))

follows Student's t distribution with ``dof`` degrees of freedom.  Ours **agrees** when ::

    |x - m| <= t(dof, 1 - alpha/2) * s * sqrt(1/n + 1/k)        with alpha = 0.01,

that is, when it lies in the reference's two-sided 99 % prediction interval; otherwise it
**differs**.  With no reference the verdict is **no reference**.

A faithful model is called different in one of a hundred metrics by chance: of ``N`` metrics expect
``N / 100`` false alarms, so that with 50 independent metrics about two of five reproductions show
at least one.  (Metrics of one run are correlated: that changes how alarms cluster, not how many to
expect.)  A single "differs" among many is therefore looked at again with other seeds; the same one
twice is not chance.  What the rule can see is limited by the reference's own spread: with three
seeds (``dof`` 2) the interval is 11.5 ``s`` wide to either side.  Pooling ``s`` over equivalent
measurements raises ``dof`` and narrows it.

A reference without spread (``sd = 0``: something deterministic) must be met to 1e-9 of its value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

ALPHA = 0.01
"""Probability with which one metric of a faithful model is called different."""

EXACT = 1e-9
"""Relative tolerance where the reference has no spread."""

Verdict = Literal["agrees", "differs", "no reference"]


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

    Raises
    ------
    ValueError
        A spread without degrees of freedom, a negative one, or no repetition at all.
    """

    mean: float
    sd: float
    n: int
    dof: int
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd >= 0):
            raise ValueError(f"reference {self.mean} ± {self.sd}: not finite, or negative spread")
        if self.n < 1:
            raise ValueError("a reference needs at least one repetition")
        if self.sd > 0 and self.dof < 1:
            raise ValueError(
                "a spread needs degrees of freedom: repeat the reference, or pool its spread"
            )


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

    def __float__(self) -> float:
        return float(self.value)

    @property
    def tolerance(self) -> float | None:
        """Largest difference from the reference that still agrees, for one run."""
        return None if self.reference is None else tolerance(self.reference)

    @property
    def verdict(self) -> Verdict:
        """Verdict on the value as that of one run."""
        return judge(self.value, self.reference)

    def as_dict(self) -> dict[str, Any]:
        """Metric, tolerance and verdict, as ``metrics.json`` has them."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "doc": self.doc,
            "reference": None if self.reference is None else asdict(self.reference),
            "tolerance": self.tolerance,
            "verdict": self.verdict,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Metric:
        """Read what `as_dict` wrote; a value that JSON cannot say comes back as NaN."""
        reference = content["reference"]
        value = content["value"]
        return cls(
            name=content["name"],
            value=math.nan if value is None else value,
            unit=content["unit"],
            reference=None if reference is None else Reference(**reference),
            doc=content["doc"],
        )


def tolerance(reference: Reference, n: int = 1, *, alpha: float = ALPHA) -> float:
    """Largest difference from `reference` that still agrees (see the module's text).

    Parameters
    ----------
    reference : Reference
    n : int
        Number of seeds that our mean is over.
    alpha : float
        Probability of a false alarm.

    Returns
    -------
    float
        In the metric's unit.

    Raises
    ------
    ValueError
        `n` is less than 1, or `alpha` not between 0 and 1.
    """
    if n < 1:
        raise ValueError(f"a mean over {n} seeds does not exist")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, not {alpha}")
    exact = EXACT * abs(reference.mean)
    if reference.sd == 0:
        return exact
    # Imported here: `neuromodels list` imports this module.
    from scipy.special import stdtrit

    quantile = float(stdtrit(reference.dof, 1 - alpha / 2))
    return max(exact, quantile * reference.sd * math.sqrt(1 / reference.n + 1 / n))


def judge(
    value: float, reference: Reference | None, n: int = 1, *, alpha: float = ALPHA
) -> Verdict:
    """Compare our value with a reference.

    Parameters
    ----------
    value : float
        Ours: of one run, or the mean over `n` seeds.
    reference : Reference or None
    n : int
        Number of our seeds.
    alpha : float
        Probability of a false alarm.

    Returns
    -------
    {"agrees", "differs", "no reference"}
        A value that is not a number differs.
    """
    if reference is None:
        return "no reference"
    near = abs(value - reference.mean) <= tolerance(reference, n, alpha=alpha)
    return "agrees" if near else "differs"


__all__ = ["ALPHA", "EXACT", "Metric", "Reference", "Verdict", "judge", "tolerance"]
