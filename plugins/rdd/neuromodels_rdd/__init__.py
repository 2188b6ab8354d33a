"""Spike-based causal inference for weight alignment.

In the theory of Guerguiev, Kording & Richards (ICLR 2020), a neuron estimates its causal effect on
the feedback that it receives with a regression discontinuity design: it compares feedback after
moments at which it barely spiked with feedback after moments at which it barely did not.
Following that estimate, feedback weights come to have the signs of the forward weights, which
solves the weight transport problem of backpropagation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuromodels import Analysis, Circuit, hookimpl


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """The experiments of the paper."""
    from neuromodels_rdd.circuits.learning import Learning

    return [Learning]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """Their analyses."""
    from neuromodels_rdd.analyses.learning import LearningAnalysis

    return [LearningAnalysis]
