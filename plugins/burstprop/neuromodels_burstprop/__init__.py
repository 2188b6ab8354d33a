"""Burst-dependent synaptic plasticity: bursts tell synapses which way to learn.

In the theory of Payeur, Guerguiev, Zenke, Richards & Naud (Nature Neuroscience 24:1010-1019,
2021), a layer-5 pyramidal neuron multiplexes two signals.  The rate of *events* (single spikes and
bursts alike) carries what comes from below; the probability that an event is a *burst* carries
what comes from above, through the apical dendrite.  A synapse is potentiated when its target turns
an event into a burst, and depressed at every event, in proportion to the running burst
probability: top-down input thereby steers bottom-up learning without disturbing it.

This package brings the neuron, the synapse, the circuits of the paper and their analyses.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from neuromodels import Analysis, Circuit, Comparison, hookimpl
from neuromodels.models import Model, NeuronModel, SynapseModel


@hookimpl
def neuromodels_models() -> Sequence[Model]:
    """Neurons that detect their own bursts, interneurons, and the synapses between them."""
    neurons, synapses = (files("nestml_models") / folder for folder in ("neurons", "synapses"))
    own = files(__package__) / "models"
    return [
        NeuronModel(
            name="pyramidal_burst_neuron",
            source=neurons / "pyramidal_burst_neuron.nestml",
            summary="Two-compartment layer-5 pyramidal neuron that detects its own bursts",
        ),
        NeuronModel(
            name="burst_poisson_neuron",
            source=neurons / "burst_poisson_neuron.nestml",
            summary="Pyramidal neuron whose dendrite sets the probability that an event is a burst",
        ),
        NeuronModel(
            name="burst_escape_neuron",
            source=own / "burst_escape_neuron.nestml",
            summary="Stochastic neuron whose dendrite sets the probability of bursts",
        ),
        NeuronModel(
            name="adex_interneuron",
            source=neurons / "adex_interneuron.nestml",
            summary="Adaptive exponential interneuron, PV or SOM by its parameters",
        ),
        # A plastic synapse is compiled for one neuron: one source, two names.
        *(
            SynapseModel(
                name=name,
                source=synapses / "burst_dependent_synapse.nestml",
                summary=f"Plastic synapse that learns from events and bursts of a {neuron}",
                neuron=neuron,
                post_port="post_spikes",
                third_factors={"valence": "burst_valence"},
                weight_variable="w",
            )
            for name, neuron in (
                ("burst_dependent_synapse", "pyramidal_burst_neuron"),
                ("burst_dependent_synapse_burst_poisson", "burst_poisson_neuron"),
                ("burst_dependent_synapse_burst_escape", "burst_escape_neuron"),
            )
        ),
        SynapseModel(
            name="event_synapse",
            source=synapses / "event_synapse.nestml",
            summary="Transmits single spikes and the first spikes of bursts, nothing else",
        ),
        SynapseModel(
            name="burst_synapse",
            source=synapses / "burst_synapse.nestml",
            summary="Transmits the second spikes of bursts, nothing else",
        ),
        SynapseModel(
            name="short_term_synapse",
            source=synapses / "short_term_synapse.nestml",
            summary="Facilitating or depressing synapse, by its parameters",
        ),
        NeuronModel(
            name="burst_replay_neuron",
            source=own / "burst_replay_neuron.nestml",
            summary="Emits a given spike train and detects its events and bursts",
        ),
        SynapseModel(
            name="burst_pairing_synapse",
            source=own / "burst_pairing_synapse.nestml",
            summary="The burst-dependent rule by itself, for pairing protocols",
            neuron="burst_replay_neuron",
            third_factors={"valence": "burst_valence"},
        ),
    ]


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """The circuits of the paper."""
    from neuromodels_burstprop.continuous.circuit import Continuous
    from neuromodels_burstprop.deep.circuit import Deep
    from neuromodels_burstprop.images.circuit import SpikingImages
    from neuromodels_burstprop.learning_rule.circuit import LearningRule
    from neuromodels_burstprop.plasticity_protocols.circuit import PlasticityProtocols
    from neuromodels_burstprop.propagation.circuit import Propagation
    from neuromodels_burstprop.single_cell.circuit import SingleCell
    from neuromodels_burstprop.xor.circuit import Xor

    return [
        LearningRule,
        PlasticityProtocols,
        Propagation,
        SingleCell,
        Xor,
        Deep,
        Continuous,
        SpikingImages,
    ]


@hookimpl
def neuromodels_comparisons() -> Sequence[type[Comparison]]:
    """What the paper claims, figure by figure."""
    from neuromodels_burstprop.learning_rule.claims import LearningRuleClaims
    from neuromodels_burstprop.propagation.claims import PropagationClaims
    from neuromodels_burstprop.single_cell.claims import SingleCellClaims
    from neuromodels_burstprop.xor.claims import XorClaims

    return [SingleCellClaims, LearningRuleClaims, PropagationClaims, XorClaims]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """Their analyses."""
    from neuromodels_burstprop.continuous.analysis import ContinuousAnalysis
    from neuromodels_burstprop.deep.analysis import DeepAnalysis
    from neuromodels_burstprop.images.analysis import SpikingImagesAnalysis
    from neuromodels_burstprop.learning_rule.analysis import LearningRuleAnalysis
    from neuromodels_burstprop.plasticity_protocols.analysis import PlasticityProtocolsAnalysis
    from neuromodels_burstprop.propagation.analysis import PropagationAnalysis
    from neuromodels_burstprop.single_cell.analysis import SingleCellAnalysis
    from neuromodels_burstprop.xor.analysis import XorAnalysis

    return [
        LearningRuleAnalysis,
        PlasticityProtocolsAnalysis,
        PropagationAnalysis,
        SingleCellAnalysis,
        XorAnalysis,
        DeepAnalysis,
        ContinuousAnalysis,
        SpikingImagesAnalysis,
    ]
