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

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from neuromodels import Analysis, Metric, Reference, Result
from neuromodels.analysis import is_published
from neuromodels_rdd.pair import reference
from neuromodels_rdd.pair.circuit import SINGLE, ManyInputsParameters, PairParameters
from neuromodels_rdd.pair.measured import Measured, measure

if TYPE_CHECKING:
    from neuromodels.runs import Run

FREE = frozenset({"alpha", "interval"})
"""Parameters of ``rdd/pair`` that may differ without losing references."""
_Known = Callable[[float, str, str], Reference | None]
UNITS = {"r": "", "slope": "", "intercept": "", "sign": "%", "sign_centred": "%"}


def metrics(
    measured: Measured, estimators: Mapping[str, str], known: _Known | None
) -> Iterator[Metric]:
    """Yield how each estimate depends on the weight: the mean over batches of trials.

    Parameters
    ----------
    measured : Measured
    estimators : mapping
        Estimator -> what it is.
    known : callable, optional
        Gives the reference for alpha, estimator and quantity; None where there is no table.
    """
    for name, text in estimators.items():
        found = reference.batches(measured.weight, measured.estimates[name])
        for quantity, unit in UNITS.items():
            yield Metric(
                f"{name}/{quantity}",
                float(found[quantity].mean()),
                unit,
                None if known is None else known(measured.alpha, name, quantity),
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

    def known(self, run: Run) -> _Known | None:
        """References of the published experiment that a run is."""
        raise NotImplementedError

    def __call__(self, run: Run) -> Result:
        """Analyse a run of the circuit, complete or interrupted."""
        measured, known = measure(run), self.known(run)
        from neuromodels_rdd.pair import figures as draw

        return Result(
            metrics=list(metrics(measured, ESTIMATORS, known)),
            figures={
                "estimates": draw.estimates(measured, ESTIMATORS),
                "convergence": draw.convergence(measured, published=known is reference.of),
            },
        )


class PairAnalysis(_EffectAnalysis):
    """Estimators of ``rdd/pair``."""

    name = "rdd/pair"
    summary = "Estimates of effects against true weights: regression discontinuity, and all spikes"

    def known(self, run: Run) -> _Known | None:
        """Those of two units a trial, or of one."""
        if is_published(run, PairParameters, FREE):
            return reference.of
        single = is_published(run, PairParameters, FREE | SINGLE.keys())
        one = all(run.parameters[name] == value for name, value in SINGLE.items())
        return reference.of_single if single and one else None


class ManyInputsAnalysis(_EffectAnalysis):
    """Estimators of ``rdd/many-inputs``."""

    name = "rdd/many-inputs"
    summary = "The same for many inputs to one unit"

    def known(self, run: Run) -> _Known | None:
        """Those of 200 units."""
        return reference.of_many_inputs if is_published(run, ManyInputsParameters, FREE) else None
