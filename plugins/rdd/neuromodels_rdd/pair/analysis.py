"""The analyses ``rdd/pair`` and ``rdd/many-inputs``: estimates of effects against true weights.

Estimators, in the names of the tables:

* ``rdd_grad``: the published online estimate at the end of the run.
* ``rdd_grad_net``: the same of R minus ``window`` times what came from above in the step in which
  the window opened, as in the network; in ``rdd/many-inputs`` next to the published running mean.
* ``rdd_lsq``: least-squares lines through the same windows.
* ``meandiff``: mean R of windows with a spike minus mean R of windows without.
* ``naive_20ms``, ``naive_spiketrig``: all spikes (`neuromodels_rdd.pair.naive`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from neuromodels import Analysis, Metric, Result
from neuromodels.analysis import is_published
from neuromodels_rdd.pair import reference
from neuromodels_rdd.pair.circuit import PairParameters
from neuromodels_rdd.pair.measured import Measured, measure

if TYPE_CHECKING:
    from neuromodels.runs import Run

FREE = frozenset({"alpha", "interval"})
"""Parameters of ``rdd/pair`` that may differ without losing references."""
UNITS = {"r": "", "slope": "", "intercept": "", "sign": "%", "sign_centred": "%"}


def metrics(measured: Measured, estimators: Mapping[str, str]) -> Iterator[Metric]:
    """Yield how each estimate depends on the weight: the mean over batches of trials."""
    comparable = measured.alpha is not None
    for name, text in estimators.items():
        found = reference.batches(measured.weight, measured.estimates[name])
        for quantity, unit in UNITS.items():
            yield Metric(
                f"{name}/{quantity}",
                float(found[quantity].mean()),
                unit,
                reference.of(float(measured.alpha or 0.0), name, quantity) if comparable else None,
                f"{text}: {_DOCS[quantity]}",
            )
    for population, rate in measured.rates.items():
        yield Metric(f"rate_{population}", rate, "Hz", None, f"mean rate of {population} units")
    for side, kind in (("upper", "with"), ("lower", "without")):
        yield Metric(
            f"windows_{side}", measured.windows[side], "", None, f"windows {kind} a spike per unit"
        )


_DOCS = {
    "r": "correlation with the true weight",
    "slope": "slope of its regression on the true weight",
    "intercept": "intercept of this regression",
    "sign": "pairs with the right sign",
    "sign_centred": "the same without the intercept",
}

ESTIMATORS = {
    "rdd_grad": "published online RDD",
    "rdd_grad_net": "online RDD with a baseline",
    "rdd_lsq": "least-squares RDD",
    "meandiff": "difference of window means",
    "naive_20ms": "naive, bins of 20 ms",
    "naive_spiketrig": "naive, after spikes",
}


class _EffectAnalysis(Analysis):
    """What both analyses do."""

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        published = (
            run.circuit == "rdd/pair"
            and is_published(run, PairParameters, FREE)
        )  # fmt: skip
        measured = measure(run, published=published)
        from neuromodels_rdd.pair import figures as draw

        return Result(
            metrics=list(metrics(measured, ESTIMATORS)),
            figures={
                "estimates": draw.estimates(measured, ESTIMATORS),
                "convergence": draw.convergence(measured),
            },
        )


class PairAnalysis(_EffectAnalysis):
    """Estimators of ``rdd/pair``."""

    name = "rdd/pair"
    summary = "Estimates of effects against true weights: regression discontinuity, and all spikes"


class ManyInputsAnalysis(_EffectAnalysis):
    """Estimators of ``rdd/many-inputs``."""

    name = "rdd/many-inputs"
    summary = "The same for many inputs to one unit"
