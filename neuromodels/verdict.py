"""Metrics, their references, and the rules by which a metric agrees with its reference.

Ours is the mean ``x`` of a metric over ``k`` runs with different seeds (``k = 1`` for a single
run), with standard deviation ``s_x`` between them.  It **agrees** where it lies in the interval
that the kind of the reference gives, and **differs** otherwise; a value that is not finite differs
whatever the reference is.  All intervals are two-sided with ``alpha = 0.01``: a faithful model is
called different in one of a hundred metrics by chance.

Repeated seeds (`Reference`)
    Mean ``m`` and standard deviation ``s`` of ``n`` independent repetitions, ``s`` known with
    ``dof`` degrees of freedom.  If both come from the same normal distribution, then
    ``(x - m) / (s sqrt(1/n + 1/k))`` follows Student's t distribution with ``dof`` degrees of
    freedom, so that ours agrees when ::

        |x - m| <= t(dof, 1 - alpha/2) * s * sqrt(1/n + 1/k)

    Runs of ours must be as long as the repetitions are.
Data of an experiment (`Reference.measured`)
    Mean ``m`` with standard error ``e`` over ``n`` subjects or cells.  Runs of a model are no
    repetitions of these, so ours has a standard error ``e_x`` of its own (see below), and Welch's
    test decides: ``|x - m| <= t(nu, 1 - alpha/2) * sqrt(e**2 + e_x**2)`` with Satterthwaite's
    degrees of freedom ``nu``.
An exact value (`Reference.exact`)
    From theory, or from something deterministic, known up to a numerical tolerance ``d``:
    ``|x - m| <= d + t * e_x``.
A share of independent trials (`Reference.share`)
    Of ``n`` trials of the reference a share ``m`` succeeded.  The number of successes among the
    trials of our runs follows a beta-binomial distribution (Jeffreys' prior); ours agrees where its
    number lies between the quantiles ``alpha/2`` and ``1 - alpha/2``.

The standard error ``e_x`` of ours is ``s_x / sqrt(k)`` with ``k - 1`` degrees of freedom, or what
the metrics say of their own uncertainty (`Metric.uncertainty`, taken as exactly known) where that
is larger.  A single run without an uncertainty has ``e_x = 0``.

What a check can see is limited by its interval.  Its **power** is said by the error that it
notices with a probability of 90 %: the bias of our mean at which nine of ten repetitions would
differ.  For three of our seeds against three (``dof`` 2) that is 12 ``s``; pooling ``s`` over
equivalent measurements raises ``dof`` and lowers it: to 3.7 ``s`` for 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

ALPHA = 0.01
"""Probability with which one metric of a faithful model is called different."""

EXACT = 1e-9
"""Relative tolerance of an exact value that has no other."""

POWER = 0.9
"""Probability with which the error that a check is said to notice is noticed."""

_MOST_TRIALS = 10_000_000

Verdict = Literal["agrees", "differs", "missing", "no reference"]
Kind = Literal["seeds", "measured", "exact", "share"]


@dataclass(frozen=True)
class Reference:
    """An independent value of a metric, by default from repeated seeds.

    `measured`, `exact` and `share` make the other kinds.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation over the reference's independent repetitions.
    n : int
        Number of repetitions (subjects, trials) behind `mean`.
    dof : int
        Degrees of freedom behind `sd` (``n - 1``, or more where the spread is pooled over
        equivalent measurements).
    source : str
        Table, paper and figure it comes from.
    kind : {"seeds", "measured", "exact", "share"}
        Which rule of the module's text applies.
    tolerance : float
        Numerical tolerance of an exact value, in the metric's unit.
    trials : int
        Trials behind a share in one run of ours.
    whole : float
        What a share of all trials is: 1, or 100 for a metric in percent.

    Raises
    ------
    ValueError
        A spread without degrees of freedom, a negative one, no repetition at all, or several
        repetitions without any spread.
    """

    mean: float
    sd: float
    n: int
    dof: int
    source: str
    kind: Kind = "seeds"
    tolerance: float = 0.0
    trials: int = 0
    whole: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd >= 0):
            raise ValueError(f"reference {self.mean} ± {self.sd}: not finite, or negative spread")
        if self.kind not in _RULES or not 0 <= self.trials <= _MOST_TRIALS:
            raise ValueError(
                f"there is no kind {self.kind!r} of reference with {self.trials} trials"
            )
        if not (math.isfinite(self.tolerance) and math.isfinite(self.whole) and self.whole > 0):
            raise ValueError("a tolerance or the whole of a share is no number")
        if self.n < 1:
            raise ValueError("a reference needs at least one repetition")
        if self.sd > 0 and self.dof < 1 and self.kind != "share":
            raise ValueError(
                "a spread needs degrees of freedom: repeat the reference, or pool its spread"
            )
        if self.sd == 0 and self.n > 1 and self.kind == "seeds":
            raise ValueError(
                f"{self.n} repetitions without any spread do not say how far others may lie: "
                "give an exact value with a tolerance (Reference.exact), or a share of trials "
                "(Reference.share)"
            )

    @classmethod
    def measured(cls, mean: float, sem: float, n: int, source: str) -> Reference:
        """Mean and standard error of the mean over `n` subjects or cells of an experiment."""
        if n < 2 or not sem > 0:
            raise ValueError("data of an experiment need a standard error over at least two")
        return cls(mean, sem * math.sqrt(n), n, n - 1, source, "measured")

    @classmethod
    def exact(cls, value: float, tolerance: float, source: str) -> Reference:
        """Give a value from theory, known up to a numerical tolerance in the metric's unit."""
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"{tolerance} is no numerical tolerance")
        return cls(value, 0.0, 1, 0, source, "exact", tolerance=tolerance)

    @classmethod
    def share(
        cls, successes: float, n: int, trials: int, source: str, *, whole: float = 1.0
    ) -> Reference:
        """Give a share of independent trials.

        Parameters
        ----------
        successes : float
            Of the reference; a fraction where ties count half.
        n : int
            Trials of the reference.
        trials : int
            Trials in one run of ours.
        source : str
        whole : float
            1, or 100 for a metric in percent.
        """
        if not (0 <= successes <= n and trials >= 1):
            raise ValueError(f"{successes} of {n} trials, {trials} in ours: no share of trials")
        p = (successes + 0.5) / (n + 1)
        sd = whole * math.sqrt(p * (1 - p) / trials)
        return cls(whole * successes / n, sd, n, 0, source, "share", trials=trials, whole=whole)

    @property
    def text(self) -> str:
        """What it is, without the unit: mean and what is known of its spread."""
        mean = f"{self.mean:.4g}"
        if self.kind == "measured":
            return f"{mean} ± {self.sd / math.sqrt(self.n):.2g} s.e.m. (n = {self.n})"
        if self.kind == "share":
            return f"{mean} (of {self.n} trials)"
        if self.sd == 0:
            return f"{mean} ± {self.tolerance:.2g} (exact)" if self.tolerance else f"{mean} (exact)"
        return f"{mean} ± {self.sd:.2g} (n = {self.n})"


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
    uncertainty : float, optional
        Standard error of `value` itself, where one run says how well it knows it (a fit, a mean
        over independent trials).  It counts for references that are no repeated seeds.
    """

    name: str
    value: float
    unit: str
    reference: Reference | None = None
    doc: str = ""
    uncertainty: float | None = None

    def __float__(self) -> float:
        return float(self.value)

    @property
    def judgement(self) -> Judgement:
        """Verdict on the value as that of one run, its reason and its power."""
        return assess([self.value], self.reference, [self.uncertainty])

    @property
    def tolerance(self) -> float | None:
        """Half the width of the interval that agrees, for one run."""
        return None if self.reference is None else self.judgement.tolerance

    @property
    def verdict(self) -> Verdict:
        """Verdict on the value as that of one run."""
        return self.judgement.verdict

    def as_dict(self) -> dict[str, Any]:
        """Metric, tolerance and verdict, as ``metrics.json`` has them."""
        judged = self.judgement
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "doc": self.doc,
            "uncertainty": self.uncertainty,
            "reference": None if self.reference is None else asdict(self.reference),
            "tolerance": judged.tolerance,
            "noticed": judged.noticed,
            "verdict": judged.verdict,
            "reason": judged.reason,
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
            uncertainty=content.get("uncertainty"),
        )


@dataclass(frozen=True)
class Judgement:
    """A verdict, and what it rests on.

    Attributes
    ----------
    verdict : {"agrees", "differs", "missing", "no reference"}
    reason : str
        Why it differs, where the number alone does not say it.
    low, high : float or None
        Interval that agrees; None without a reference.
    noticed : float or None
        Bias of our mean that is noticed with a probability of 90 %; infinite where none is.
    """

    verdict: Verdict
    reason: str = ""
    low: float | None = None
    high: float | None = None
    noticed: float | None = None

    @property
    def tolerance(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def assess(
    values: Sequence[float],
    reference: Reference | None,
    uncertainties: Sequence[float | None] = (),
    *,
    alpha: float = ALPHA,
) -> Judgement:
    """Compare our values with a reference, by the rule of its kind (see the module's text).

    Parameters
    ----------
    values : sequence of float
        Of our runs, one for each seed.
    reference : Reference or None
    uncertainties : sequence of float or None
        Standard error of each value, where it has one.
    alpha : float
        Probability of a false alarm.

    Raises
    ------
    ValueError
        There is no value, or `alpha` is not between 0 and 1.
    """
    k = len(values)
    if k < 1:
        raise ValueError("a mean over 0 seeds does not exist")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, not {alpha}")
    wrong = sum(not math.isfinite(value) for value in values)
    reason = "" if not wrong else "not finite" + (f" in {wrong} of {k} runs" if k > 1 else "")
    if reference is None:
        return Judgement("no reference", reason)
    finite = [value for value in values if math.isfinite(value)] or [reference.mean]
    known = [u for u in uncertainties if u is not None and math.isfinite(u)]
    low, high, noticed = _RULES[reference.kind](reference, finite, known, alpha)
    agrees = not wrong and low <= math.fsum(values) / k <= high
    return Judgement("agrees" if agrees else "differs", reason, low, high, noticed)


_Rule = Callable[[Reference, Sequence[float], Sequence[float], float], tuple[float, float, float]]


def _seeds(
    reference: Reference, values: Sequence[float], _known: Sequence[float], alpha: float
) -> tuple[float, float, float]:
    error = reference.sd * math.sqrt(1 / reference.n + 1 / len(values))
    return _student(reference.mean, EXACT * abs(reference.mean), error, reference.dof, alpha)


def _measured(
    reference: Reference, values: Sequence[float], known: Sequence[float], alpha: float
) -> tuple[float, float, float]:
    theirs = reference.sd**2 / reference.n
    error, dof = _own_error(values, known)
    ours = error**2
    together = theirs + ours
    nu = together**2 / (theirs**2 / reference.dof + (ours**2 / dof if math.isfinite(dof) else 0.0))
    return _student(reference.mean, 0.0, math.sqrt(together), nu, alpha)


def _exact(
    reference: Reference, values: Sequence[float], known: Sequence[float], alpha: float
) -> tuple[float, float, float]:
    slack = max(reference.tolerance, EXACT * abs(reference.mean))
    error, dof = _own_error(values, known)
    low, high, noticed = _student(reference.mean, 0.0, error, dof, alpha)
    return low - slack, high + slack, noticed + slack


def _share(
    reference: Reference, values: Sequence[float], _known: Sequence[float], alpha: float
) -> tuple[float, float, float]:
    import numpy as np
    from scipy.special import bdtr, betaln, gammaln

    trials = reference.trials * len(values)
    successes = reference.mean / reference.whole * reference.n
    a, b = successes + 0.5, reference.n - successes + 0.5
    count = np.arange(trials + 1)
    ways = gammaln(trials + 1) - gammaln(count + 1) - gammaln(trials - count + 1)
    below = np.cumsum(np.exp(ways + betaln(count + a, trials - count + b) - betaln(a, b)))
    least, most = (int(np.searchsorted(below, q)) for q in (alpha / 2, 1 - alpha / 2))
    most = min(most, trials)

    def seen(p: float) -> bool:
        inside = bdtr(most, trials, p) - (bdtr(least - 1, trials, p) if least else 0.0)
        return float(inside) <= 1 - POWER

    share = successes / reference.n
    found = []
    for end in (0.0, 1.0):
        if not seen(end):
            continue
        hidden, noticed = share, end
        for _ in range(40):
            middle = (hidden + noticed) / 2
            hidden, noticed = (hidden, middle) if seen(middle) else (middle, noticed)
        found.append(abs(noticed - share))
    unit = reference.whole / trials
    # Half a trial to either side: the mean of our shares is a whole number of trials but for
    # rounding.
    low, high = (least - 0.5) * unit, (most + 0.5) * unit
    return low, high, max(found, default=math.inf) * reference.whole


_RULES: Mapping[str, _Rule] = {
    "seeds": _seeds,
    "measured": _measured,
    "exact": _exact,
    "share": _share,
}


def _own_error(values: Sequence[float], known: Sequence[float]) -> tuple[float, float]:
    """Standard error of our mean, and its degrees of freedom."""
    k = len(values)
    between, dof = 0.0, math.inf
    if k > 1:
        mean = math.fsum(values) / k
        between = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (k - 1) / k)
        dof = k - 1.0
    within = math.sqrt(math.fsum(u**2 for u in known)) / k if len(known) == k else 0.0
    return (between, dof) if between >= within else (within, math.inf)


def _student(
    mean: float, least: float, error: float, dof: float, alpha: float
) -> tuple[float, float, float]:
    """Interval around `mean`, and the bias noticed; at least `least` to either side."""
    if error == 0:
        return mean - least, mean + least, least
    # Imported here: `neuromodels list` imports this module.
    from scipy.special import nctdtrinc, stdtrit

    dof = min(dof, 1e6)
    quantile = float(stdtrit(dof, 1 - alpha / 2))
    half = max(least, quantile * error)
    # The other tail adds less than a thousandth to this probability.
    noticed = float(nctdtrinc(dof, 1 - POWER, quantile)) * error
    return mean - half, mean + half, max(least, noticed)


def tolerance(reference: Reference, n: int = 1, *, alpha: float = ALPHA) -> float:
    """Half the width of the interval that agrees, for a mean over `n` seeds without spread.

    Raises
    ------
    ValueError
        `n` is less than 1, or `alpha` not between 0 and 1.
    """
    found = assess([reference.mean] * n, reference, alpha=alpha).tolerance
    assert found is not None
    return found


def judge(
    value: float, reference: Reference | None, n: int = 1, *, alpha: float = ALPHA
) -> Verdict:
    """Compare a mean over `n` seeds with a reference, its own spread left aside.

    `assess` takes the values themselves, and says more.
    """
    return assess([value] * n, reference, alpha=alpha).verdict


__all__ = [
    "ALPHA", "EXACT", "POWER", "Judgement", "Metric", "Reference", "Verdict", "assess", "judge",
    "tolerance",
]  # fmt: skip
