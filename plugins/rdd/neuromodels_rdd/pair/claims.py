"""What the paper claims of estimates of causal effects (Fig. 2, 3)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_SOURCE = "Guerguiev et al. 2020, pairs of neurons"
_OWN, _SHARED, _ALL = "alpha 1", "alpha 0.25", "alpha 0"
_NAIVE, _RDD = "naive_spiketrig", "rdd_lsq"


class PairClaims(ContrastComparison):
    """Shared input confounds what spikes seem to do; regression discontinuity is not confounded.

    The share of right signs says how often an estimate knows whether a unit excites or inhibits;
    the intercept is what an estimate says of a unit that does nothing.
    """

    name = "rdd/pair-claims"
    summary = "Naive estimates and regression discontinuity under more and more shared input"
    circuit = "rdd/pair"
    contrasts = (
        Contrast(
            "naive_works", (_OWN, f"{_NAIVE}/sign"), None,
            "Without shared input, naive estimates know the sign of an effect (above 90 %)",
            _SOURCE, low=90.0, high=100.1, unit="%",
        ),
        Contrast(
            "naive_confounded", (_OWN, f"{_NAIVE}/sign"), (_SHARED, f"{_NAIVE}/sign"),
            "Shared input takes the sign from naive estimates", _SOURCE, unit="%",
        ),
        Contrast(
            "naive_biased", (_SHARED, f"{_NAIVE}/intercept"), (_OWN, f"{_NAIVE}/intercept"),
            "Shared input makes units without effect look as if they had one", _SOURCE,
        ),
        Contrast(
            "rdd_unconfounded", (_SHARED, f"{_RDD}/sign"), (_OWN, f"{_RDD}/sign"),
            "Shared input does not take the sign from regression discontinuity (less than 10 %)",
            _SOURCE, low=-10.0, unit="%",
        ),
        Contrast(
            "rdd_better", (_SHARED, f"{_RDD}/sign"), (_SHARED, f"{_NAIVE}/sign"),
            "Under shared input, regression discontinuity knows more signs than naive estimates",
            _SOURCE, unit="%",
        ),
        Contrast(
            "rdd_less_biased",
            (_SHARED, f"{_NAIVE}/intercept"), (_SHARED, f"{_RDD}/intercept"),
            "Its estimate for a unit without effect is nearer to 0", _SOURCE,
        ),
        Contrast(
            "rdd_proportional", (_SHARED, f"{_RDD}/r"), None,
            "It is correlated with the true weight (r above 0.4)", _SOURCE, low=0.4, high=1.0,
        ),
        Contrast(
            "nothing_helps", (_SHARED, f"{_RDD}/sign"), (_ALL, f"{_RDD}/sign"),
            "Where all input is shared, it fails too", _SOURCE, unit="%",
        ),
    )  # fmt: skip
    panels = tuple(
        Panel(
            title,
            label,
            tuple(
                (f"{name}, {text}", condition, f"{estimator}/{quantity}")
                for estimator, name in ((_NAIVE, "naive"), (_RDD, "RDD"))
                for condition, text in ((_OWN, "own"), (_SHARED, "shared"), (_ALL, "all shared"))
            ),
        )
        for title, label, quantity in (
            ("Signs", "right signs (%)", "sign"),
            ("Bias", "estimate without effect", "intercept"),
        )
    )
    caption = (
        "a: pairs whose estimated effect has the right sign, for naive estimates (after spikes) "
        "and regression discontinuity (RDD), with noise of the units' own, with mostly shared "
        "noise, and with shared noise only. b: estimate for a unit without effect."
    )
