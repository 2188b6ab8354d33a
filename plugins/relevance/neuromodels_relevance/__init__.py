"""Irrelevance by inhibition: learning what to ignore.

In the theory of Insel, Guerguiev & Richards (PLoS Computational Biology 14(8):e1006315, 2018), a
cortical network learns which stimuli are relevant.  An inhibitory population divides the activity
of the excitatory one, and a temporal-difference error trains the synapses from the input onto both:
stimuli that announce nothing come to drive inhibition, and are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from neuromodels import Analysis, Circuit, Comparison, hookimpl
from neuromodels.models import Model, NeuronModel, SynapseModel

if TYPE_CHECKING:
    import click


@hookimpl
def neuromodels_models() -> Sequence[Model]:
    """Units that advance in cycles of four phases, and synapses that learn from an error."""
    sources = files("neuromodels_relevance") / "models"

    def neuron(name: str, summary: str) -> NeuronModel:
        return NeuronModel(name=name, source=sources / f"{name}.nestml", summary=summary)

    def synapse(name: str, source: str, neuron: str, summary: str, **third: str) -> SynapseModel:
        return SynapseModel(
            name=name,
            source=sources / f"{source}.nestml",
            summary=summary,
            neuron=neuron,
            third_factors=third,
        )

    return [
        neuron("relevance_input", "Input unit: a Poisson count of spikes in every cycle"),
        neuron("relevance_collateral", "Repeats an input's spikes when they are to be credited"),
        neuron("relevance_interneuron", "Inhibitory unit that learns what to ignore"),
        neuron("relevance_excitatory", "Excitatory unit with divisive inhibition"),
        neuron("relevance_signal", "Counts spikes and sends their number digit by digit"),
        neuron("relevance_amygdala", "Ten output units: winner takes all, learns under the US"),
        synapse(
            "drive_synapse",
            "drive_synapse",
            "relevance_excitatory",
            "From an input unit onto an excitatory one; does not learn",
        ),
        synapse(
            "feedback_synapse",
            "drive_synapse",
            "relevance_interneuron",
            "From an excitatory unit onto an inhibitory one; does not learn",
        ),
        synapse(
            "input_inhibition_synapse",
            "relevance_synapse",
            "relevance_interneuron",
            "From inputs onto an inhibitory unit; learns to inhibit what is irrelevant",
            gate="gate",
            credit="credit",
        ),
        synapse(
            "input_excitation_synapse",
            "relevance_synapse",
            "relevance_excitatory",
            "From inputs onto an excitatory unit; learns to excite by what is relevant",
            gate="gate",
            credit="credit",
        ),
        synapse(
            "inhibition_gain_synapse",
            "inhibition_gain_synapse",
            "relevance_excitatory",
            "Strength of the inhibition of an excitatory unit",
            credit="inhibition_credit",
        ),
        synapse(
            "output_synapse",
            "output_synapse",
            "relevance_amygdala",
            "From an excitatory unit to an output unit that learns under the US",
            gate="gate",
            learner="learner",
            credit="credit",
        ),
    ]


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """The experiments of the paper."""
    from neuromodels_relevance.blocking.circuit import Blocking
    from neuromodels_relevance.categorization.circuit import Categorization
    from neuromodels_relevance.fear_expression.circuit import FearExpression
    from neuromodels_relevance.latent_inhibition.circuit import LatentInhibition
    from neuromodels_relevance.learned_irrelevance.circuit import LearnedIrrelevance
    from neuromodels_relevance.learning_to_ignore.circuit import LearningToIgnore

    return [
        LearningToIgnore,
        Blocking,
        LatentInhibition,
        FearExpression,
        Categorization,
        LearnedIrrelevance,
    ]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """Their analyses."""
    from neuromodels_relevance.blocking.analysis import BlockingAnalysis
    from neuromodels_relevance.categorization.analysis import CategorizationAnalysis
    from neuromodels_relevance.fear_expression.analysis import FearExpressionAnalysis
    from neuromodels_relevance.latent_inhibition.analysis import LatentInhibitionAnalysis
    from neuromodels_relevance.learned_irrelevance.analysis import LearnedIrrelevanceAnalysis
    from neuromodels_relevance.learning_to_ignore.analysis import LearningToIgnoreAnalysis

    return [
        LearningToIgnoreAnalysis,
        BlockingAnalysis,
        LatentInhibitionAnalysis,
        FearExpressionAnalysis,
        CategorizationAnalysis,
        LearnedIrrelevanceAnalysis,
    ]


@hookimpl
def neuromodels_comparisons() -> Sequence[type[Comparison]]:
    """What the paper claims, figure by figure."""
    from neuromodels_relevance.blocking.claims import BlockingClaims
    from neuromodels_relevance.categorization.claims import CategorizationClaims
    from neuromodels_relevance.fear_expression.claims import FearExpressionClaims
    from neuromodels_relevance.latent_inhibition.claims import LatentInhibitionClaims
    from neuromodels_relevance.learned_irrelevance.claims import LearnedIrrelevanceClaims
    from neuromodels_relevance.learning_to_ignore.claims import LearningToIgnoreClaims

    return [
        LearningToIgnoreClaims,
        BlockingClaims,
        LatentInhibitionClaims,
        FearExpressionClaims,
        CategorizationClaims,
        LearnedIrrelevanceClaims,
    ]


@hookimpl
def neuromodels_commands() -> Sequence[click.Command]:
    """``neuromodels relevance trials``: an experiment on all cores."""
    from neuromodels_relevance.command import relevance

    return [relevance]
