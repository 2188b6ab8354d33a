"""Spike-based causal inference for weight alignment.

In the theory of Guerguiev, Kording & Richards (ICLR 2020), a neuron estimates its causal effect on
the feedback that it receives with a regression discontinuity design: it compares feedback after
moments at which it barely spiked with feedback after moments at which it barely did not.
Following that estimate, feedback weights come to have the signs of the forward weights, which
solves the weight transport problem of backpropagation.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from neuromodels import Analysis, Circuit, Comparison, hookimpl
from neuromodels.models import Model, NeuronModel, SynapseModel


@hookimpl
def neuromodels_models() -> Sequence[Model]:
    """Units that watch for moments at which they barely spike, and their synapses."""
    sources = files("neuromodels_rdd") / "models"
    return [
        NeuronModel(
            name="rdd_neuron",
            source=sources / "rdd_neuron.nestml",
            summary="Unit that watches for moments at which it barely spikes",
        ),
        # The same unit for synapses that learn: one source, two names.
        NeuronModel(
            name="rdd_detector",
            source=sources / "rdd_neuron.nestml",
            summary="The same unit, which tells feedback synapses when a window begins and ends",
        ),
        NeuronModel(
            name="rdd_drive",
            source=sources / "rdd_drive.nestml",
            summary="Random input of one unit, in blocks of time",
        ),
        NeuronModel(
            name="rdd_pair_neuron",
            source=sources / "rdd_pair_neuron.nestml",
            summary="Noisy unit that estimates its effect on another one",
        ),
        SynapseModel(
            name="rdd_forward_synapse",
            source=sources / "rdd_forward_synapse.nestml",
            summary="Synapse with a weight that can be exchanged at once",
        ),
        SynapseModel(
            name="rdd_feedback_synapse",
            source=sources / "rdd_feedback_synapse.nestml",
            summary="Estimates its target's effect on its source by regression discontinuity",
            neuron="rdd_detector",
            third_factors={
                "edge": "edge",
                "edge_max": "edge_max",
                "edge_spikes": "edge_spikes",
            },
        ),
    ]


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """The experiments of the paper."""
    from neuromodels_rdd.learning.circuit import Learning
    from neuromodels_rdd.pair.circuit import ManyInputs, Pair
    from neuromodels_rdd.weight_alignment.circuit import WeightAlignment

    return [Pair, ManyInputs, WeightAlignment, Learning]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """Their analyses."""
    from neuromodels_rdd.learning.analysis import LearningAnalysis
    from neuromodels_rdd.pair.analysis import ManyInputsAnalysis, PairAnalysis
    from neuromodels_rdd.weight_alignment.analysis import WeightAlignmentAnalysis

    return [PairAnalysis, ManyInputsAnalysis, WeightAlignmentAnalysis, LearningAnalysis]


@hookimpl
def neuromodels_comparisons() -> Sequence[type[Comparison]]:
    """What the paper claims."""
    from neuromodels_rdd.learning.claims import LearningClaims
    from neuromodels_rdd.pair.claims import PairClaims
    from neuromodels_rdd.weight_alignment.claims import WeightAlignmentClaims

    return [PairClaims, WeightAlignmentClaims, LearningClaims]
