"""Analyses of the experiments: what the published figures show, and steadier summaries of the same.

Names are those of the reference's table (``golden/relevance_scalars.csv``).  A *window* of a
stimulus is all its cycles; ``phiE`` is the mean rate of the excitatory population (Hz), ``I`` the
inhibition (Hz), ``S`` the relevance signal.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels import Analysis, Metric, Result
from neuromodels_relevance.analyses import reference
from neuromodels_relevance.analyses.meaning import meaning
from neuromodels_relevance.analyses.measured import Array, Measured, measure, state
from neuromodels_relevance.circuits.blocking import Blocking
from neuromodels_relevance.circuits.categorization import Categorization
from neuromodels_relevance.circuits.fear_expression import FearExpression
from neuromodels_relevance.circuits.latent_inhibition import LatentInhibition
from neuromodels_relevance.circuits.learned_irrelevance import LearnedIrrelevance
from neuromodels_relevance.circuits.learning_to_ignore import LearningToIgnore
from neuromodels_relevance.circuits.network import CYCLE
from neuromodels_relevance.schedules import N_STIMULI, SCALE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.runs import Run

QUANTITIES = {"phiE": "Hz", "I": "Hz", "S": ""}
OUTPUTS = {"maxy": "", "yraw": "", "pact": "", "S": "", "phiE": "Hz", "I": "Hz"}
UNITS = {**QUANTITIES, **OUTPUTS}
NEAR = 10
"""Cycles around a window in which another event makes it unclean."""


class ExperimentAnalysis(Analysis):
    """Metrics of one trial, with references where the run has a published condition.

    Class attributes
    ----------------
    circuit : circuit class
    experiment : str
        Name in the reference's table.
    """

    circuit: ClassVar[Any]
    experiment: ClassVar[str]

    def __call__(self, run: Run) -> Result:
        """Analyse a complete run."""
        measured = measure(run)
        condition = self.condition(run)
        values = {**self.values(measured, run), **state(measured)}
        metrics = [
            Metric(
                name,
                value,
                self.unit(name),
                reference.reference(self.experiment, condition, name),
                meaning(name),
            )
            for name, value in values.items()
            if np.isfinite(value)
        ]
        return Result(metrics, self.figures(measured, condition))

    def condition(self, run: Run) -> str | None:
        """Published condition of a run, or None."""
        return reference.condition_of(
            run.parameters, self.circuit.Parameters, self.circuit.conditions
        )

    def unit(self, metric: str) -> str:
        """Unit of a metric, by its name."""
        quantity = metric.split(".")[-1].removeprefix("pre_").split("_")[0]
        return UNITS.get(quantity, "Hz" if quantity in {"rateE", "mphi"} else "")

    @abc.abstractmethod
    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Metrics of the experiment."""

    def figures(self, measured: Measured, condition: str | None) -> dict[str, Figure]:
        """Figures of the experiment."""
        # Imported here: `neuromodels list` imports this module, and matplotlib takes a second.
        from neuromodels_relevance.analyses import figures as draw

        return {
            "presentations": draw.presentations(measured, self.experiment, condition),
            "traces": draw.traces(measured),
            "weights": draw.weights(measured),
        }


def mean(values: Array) -> float:
    """Mean of what is there; NaN if nothing is."""
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else float("nan")


def clean(measured: Measured, stimulus: str, others: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether no event of `others`, or other one of the stimulus, is within `NEAR` cycles."""
    spans = measured.schedule.events.get(stimulus, np.zeros((0, 2), np.int64))
    result = np.ones(len(spans), dtype=bool)
    for name in (stimulus, *others):
        for index, (start, stop) in enumerate(measured.schedule.events.get(name, ())):
            near = (spans[:, 0] - NEAR < stop) & (spans[:, 1] + NEAR > start)
            if name == stimulus:
                near[index] = False
            result &= ~near
    return result


class LearningToIgnoreAnalysis(ExperimentAnalysis):
    """Rates, inhibition and relevance of CS1, CS2 and no stimulus, early and late (Fig. 2)."""

    name = "relevance/learning-to-ignore"
    summary = "Responses to a relevant and an irrelevant stimulus, early and late (Fig. 2)"
    circuit = LearningToIgnore
    experiment = "learning_to_ignore"

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:  # noqa: ARG002
        """Metrics by presentation: first, first five, last twenty, last."""
        found: dict[str, float] = {}
        # CS1 always comes with the US; CS2 may meet either.
        unmixed = {
            "CS1": clean(measured, "CS1", ("CS2",)),
            "CS2": clean(measured, "CS2", ("CS1", "US")),
        }
        for quantity in QUANTITIES:
            windows = {
                "CS1": measured.windows(quantity, "CS1"),
                "CS2": measured.windows(quantity, "CS2"),
                "no": measured.after(quantity, "CS1", 10, 11),
            }
            for name, values in windows.items():
                found[f"first1.{quantity}_{name}"] = mean(values[:1])
                found[f"early5.{quantity}_{name}"] = mean(values[:5])
                found[f"late20.{quantity}_{name}"] = mean(values[-20:])
            for name, kept in unmixed.items():
                late = windows[name][-20:][kept[-20:]]
                found[f"late20clean.{quantity}_{name}"] = mean(late)
            found[f"late20.{quantity}_CS1_minus_CS2clean"] = (
                found[f"late20clean.{quantity}_CS1"] - found[f"late20clean.{quantity}_CS2"]
            )
            if quantity == "phiE":
                for name in ("CS1", "CS2"):
                    found[f"fig2D.phiE_last_{name}"] = mean(windows[name][-1:])
                found["fig2D.phiE_last_CS1_minus_CS2"] = (
                    found["fig2D.phiE_last_CS1"] - found["fig2D.phiE_last_CS2"]
                )
        return found


class BlockingAnalysis(ExperimentAnalysis):
    """Rates, inhibition and relevance of CS1 and CS2 in the four phases (Fig. 3)."""

    name = "relevance/blocking"
    summary = "Responses to the blocking and the blocked stimulus in every phase (Fig. 3)"
    circuit = Blocking
    experiment = "blocking"

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Metrics by phase: its first five and its last ten presentations."""
        n = [
            int(run.parameters[f"n_{phase}"])
            for phase in ("preexposure", "conditioning", "compound", "test")
        ]
        found: dict[str, float] = {}
        for quantity in QUANTITIES:
            one, two = measured.windows(quantity, "CS1"), measured.windows(quantity, "CS2")
            begins = np.cumsum([0, *n])
            parts = {
                "CS1": dict(
                    zip(
                        ("preexp", "cond", "compound", "test"),
                        np.split(one, begins[1:-1]),
                        strict=True,
                    )
                ),
                "CS2": dict(
                    zip(
                        ("preexp", "compound", "test"),
                        np.split(two, [n[0], n[0] + n[2]]),
                        strict=True,
                    )
                ),
            }
            for name, phases in parts.items():
                for phase in ("preexp", "cond", "compound"):
                    if phase in phases:
                        found[f"{phase}_first5.{quantity}_{name}"] = mean(phases[phase][:5])
                        found[f"{phase}_last10.{quantity}_{name}"] = mean(phases[phase][-10:])
                found[f"test10.{quantity}_{name}"] = mean(phases["test"][:10])
            for number in (3, 10):
                found[f"test{number}.{quantity}_CS1_minus_CS2"] = mean(
                    parts["CS1"]["test"][:number]
                ) - mean(parts["CS2"]["test"][:number])
            found[f"all.{quantity}_no"] = mean(measured.after(quantity, "CS1", 20, 11))
            if quantity == "phiE":
                found["fig3D.phiE_last_CS1"] = mean(one[-1:])
                found["fig3D.phiE_last_CS2"] = mean(two[-1:])
                found["fig3D.phiE_last_CS1_minus_CS2"] = mean(one[-1:]) - mean(two[-1:])
        return found


class AmygdalaAnalysis(ExperimentAnalysis):
    """Output, relevance and rates in groups of presentations of CS1."""

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:
        """Yield the name of a group and its presentations of CS1."""
        raise NotImplementedError

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Mean over windows of each group."""
        return {
            f"{name}.{quantity}": mean(measured.windows(quantity, "CS1")[kept])
            for name, kept in self.groups(measured, run)
            for quantity in OUTPUTS
        }


class LatentInhibitionAnalysis(AmygdalaAnalysis):
    """Output and relevance in conditioning and test (Fig. 5)."""

    name = "relevance/latent-inhibition"
    summary = "Conditioned and tested output after pre-exposure or none (Fig. 5)"
    circuit = LatentInhibition
    experiment = "latent_inhibition"

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """Pre-exposure, conditioning, test; Fig. 5B is ``test.maxy``."""
        p = run.parameters
        shown = p["n_preexposure"] if p["preexposure"] else 0
        conditioned = shown + p["n_conditioning"]
        if shown:
            yield "preexposure", slice(0, shown)
        yield "conditioning", slice(shown, conditioned)
        yield "test", slice(conditioned, None)


class FearExpressionAnalysis(AmygdalaAnalysis):
    """Output and relevance from habituation to retrieval (Fig. 6)."""

    name = "relevance/fear-expression"
    summary = "Output in habituation, conditioning, extinction and retrieval (Fig. 6)"
    circuit = FearExpression
    experiment = "fear_expression"

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """As in Fig. 6B, presentations counted from 1."""
        names: Sequence[tuple[str, int, int]]
        if run.parameters["manipulation"] == "inhibition":
            names = (
                ("habituation", 1, 4), ("conditioning", 5, 9), ("extinction_early", 10, 13),
                ("extinction_mid", 14, 17), ("extinction_late", 18, 21), ("retrieval_I2E0.8", 22,
                25),
            )  # fmt: skip
        else:
            names = (
                ("habituation", 1, 4), ("conditioning", 5, 9), ("postFC", 10, 13),
                ("postFC_I2E1.1", 14, 17),
            )  # fmt: skip
        for name, first, last in names:
            yield f"{name}(CS1 {first}-{last})", slice(first - 1, last)

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """Groups of CS1, and pulses of reduced inhibition with what came before each."""
        found = dict(super().values(measured, run))
        if run.parameters["manipulation"] == "inhibition":
            pulses = measured.schedule.starts(SCALE)[:-1]
            if pulses.size:
                for quantity in OUTPUTS:
                    before = np.stack([pulses - 43, pulses], axis=1)
                    during = np.stack([pulses, pulses + 13], axis=1)
                    found[f"base_preFC.{quantity}"] = mean(measured.means(quantity, before))
                    found[f"stim_preFC_I2E0.8.{quantity}"] = mean(measured.means(quantity, during))
        return found


class LearnedIrrelevanceAnalysis(AmygdalaAnalysis):
    """Relevance of CS1 while it is paired with the US."""

    name = "relevance/learned-irrelevance"
    summary = "Relevance of a stimulus in pairing, after random pairs or none"
    circuit = LearnedIrrelevance
    experiment = "learned_irrelevance"

    def groups(self, measured: Measured, run: Run) -> Iterator[tuple[str, slice]]:  # noqa: ARG002
        """Pre-exposure, and groups of pairs counted from 1."""
        p = run.parameters
        shown = p["n_preexposure"] if p["preexposure"] else 0
        if shown:
            yield "preexposure_first5", slice(0, min(5, shown))
            yield "preexposure_last20", slice(max(0, shown - 20), shown)
        for first, last in ((1, 5), (6, 20), (81, 100)):
            yield f"paired{first}-{last}", slice(shown + first - 1, shown + last)


def classification(measured: Measured, interval: int) -> dict[str, float]:
    """Right answers in tests (%), and loss, in stretches of training (Fig. 7C).

    Parameters
    ----------
    measured : Measured
    interval : int
        Cycles between tests.
    """
    # A test is at the end of the last cycle of its interval.
    right = 100.0 * measured.signals["accuracy"][interval - 1 :: interval]
    time = CYCLE / 1000.0 * interval * np.arange(1, right.size + 1)
    loss = measured.signals["loss"]
    found: dict[str, float] = {}
    ends = (0, 5, 10, 15, 20, *range(30, 101, 10))
    for first, last in pairwise(ends):
        found[f"acc.{first}-{last}s"] = mean(right[(time > first + 1e-9) & (time < last + 1e-9)])
    # A running mean is that of the last five tests.  The table does not say so, but its mean over
    # trials (7.83 s) must be before the time at which its mean curve does it: 8.2 s, and 7.8 s if
    # the mean belonged to the third of five.
    smooth = np.convolve(right, np.full(5, 0.2), mode="valid")
    good = np.flatnonzero(smooth >= 90.0 - 1e-9)
    found["acc.time_to_90pct(5-test running mean)"] = (
        float(time[good[0] + 4]) if good.size else float("nan")
    )
    found["acc.final10s"] = mean(right[time > time[-1] - 10.0 + 1e-9])
    found["acc.n_tests_100pct_of_500"] = float(np.count_nonzero(right > 99.9))
    for first, last in ((0, 2), (2, 5), (5, 10), (10, 20), (20, 30), (40, 50), (90, 100)):
        kept = slice(*(round(1000.0 * second / CYCLE) for second in (first, last)))
        found[f"loss.{first}-{last}s"] = mean(loss[kept])
    found["loss.nonfinite_steps"] = float(np.count_nonzero(~np.isfinite(loss)))
    return found


class CategorizationAnalysis(ExperimentAnalysis):
    """Relevance of rewarded and unrewarded stimuli, and right answers (Fig. 7)."""

    name = "relevance/categorization"
    summary = "Relevance of rewarded and unrewarded stimuli, and the classifier (Fig. 7)"
    circuit = Categorization
    experiment = "categorization"

    def figures(self, measured: Measured, condition: str | None) -> dict[str, Figure]:
        """Those of all experiments, and how well the classifier does."""
        from neuromodels_relevance.analyses import figures as draw

        return {
            **super().figures(measured, condition),
            "classification": draw.classification(measured, condition),
        }

    def values(self, measured: Measured, run: Run) -> Mapping[str, float]:
        """First, first five, and presentations 40 to 49.

        ``S_fig`` is over 11 cycles that begin one before the stimulus, as in the published figure,
        ``S_on`` over the stimulus alone.
        """
        rewarded = int(run.parameters["n_rewarded"])
        names = [f"CS{k}" for k in range(1, N_STIMULI + 1)]
        found: dict[str, float] = {}
        for label, quantity, first, n in (
            ("S_fig", "S", -1, 11), ("S_on", "S", 0, 10), ("I_on", "I", 0, 10),
            ("phiE_on", "phiE", 0, 10),
        ):  # fmt: skip
            each = [measured.after(quantity, name, first, n) for name in names]
            shown = min(len(values) for values in each)
            table = np.array([values[:shown] for values in each])
            for part, kept in (
                ("first1", slice(0, 1)), ("first5", slice(0, 5)), ("last10", slice(-10, None))
            ):  # fmt: skip
                with_us, without = table[:rewarded, kept], table[rewarded:, kept]
                found[f"{part}.{label}_rewarded"] = mean(with_us.ravel())
                found[f"{part}.{label}_unrewarded_mean"] = mean(without.ravel())
                if label == "S_fig":
                    found[f"{part}.{label}_rewarded_minus_unrewarded"] = (
                        found[f"{part}.{label}_rewarded"] - found[f"{part}.{label}_unrewarded_mean"]
                    )
        weights = measured.weights
        if rewarded == 1:
            found["state.w_rewarded_block"] = weights["w_CS1"]
            found["state.w_unrewarded_blocks"] = (weights["w_CS2"] + 8 * weights["w_other"]) / 9
        found["state.W_x2E_mean"] = (
            weights["W_CS1"] + weights["W_CS2"] + 8 * weights["W_other"]
        ) / N_STIMULI
        found["state.W_E2y_mean"], found["state.b_y_mean"] = weights["V"], weights["b_y"]
        found.update(classification(measured, int(run.parameters["test_interval"])))
        return found
