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

from neuromodels import Analysis, Circuit, hookimpl
from neuromodels.models import Model, NeuronModel, SynapseModel


@hookimpl
def neuromodels_models() -> Sequence[Model]:
    """The two-compartment neuron that detects its own bursts, and the synapse that reads them."""
    shared = files("nestml_models")
    return [
        NeuronModel(
            name="pyramidal_burst_neuron",
            source=shared / "neurons" / "pyramidal_burst_neuron.nestml",
            summary="Two-compartment layer-5 pyramidal neuron that detects its own bursts",
        ),
        SynapseModel(
            name="burst_dependent_synapse",
            source=shared / "synapses" / "burst_dependent_synapse.nestml",
            summary="Plastic synapse that learns from postsynaptic events and bursts",
            neuron="pyramidal_burst_neuron",
            post_port="post_spikes",
            third_factors={"valence": "burst_valence"},
            weight_variable="w",
        ),
    ]


@hookimpl
def neuromodels_circuits() -> Sequence[type[Circuit[Any]]]:
    """The circuits of the paper."""
    from neuromodels_burstprop.circuits.learning_rule import LearningRule

    return [LearningRule]


@hookimpl
def neuromodels_analyses() -> Sequence[type[Analysis]]:
    """Their analyses."""
    from neuromodels_burstprop.analyses.learning_rule import LearningRuleAnalysis

    return [LearningRuleAnalysis]
