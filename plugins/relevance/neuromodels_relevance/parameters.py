"""Parameters that all circuits of the study share: the network of Insel, Guerguiev & Richards
(2018).

Where a source names "code", it is the authors' public MATLAB release (31 May 2018).
"""

from __future__ import annotations

from typing import Literal

from neuromodels import Parameters, parameter

PAPER = "Insel et al. 2018, Methods"
CODE = "Insel et al. 2018, code"


class NetworkParameters(Parameters):
    """The network, its inputs, and how it learns."""

    rule: Literal["x_I", "x_E", "I_E"] = parameter(
        "x_I",
        unit="",
        doc="Which synapses learn: input to inhibitory, input to excitatory, inhibitory to "
        "excitatory",
        source=PAPER,
    )
    share: float = parameter(
        1.0,
        unit="",
        ge=0,
        le=1,
        doc="Share of the drive that is inhibited, before and in training; 0.9 is the published "
        "reduced inhibition (conditions called _inhib)",
        source=CODE,
    )
    inhibition: Literal["graded", "spiking"] = parameter(
        "graded",
        unit="",
        doc="How inhibition is carried: one graded unit, as digits of spikes, or a population of "
        "spiking interneurons",
    )
    inhibition_quantum: float = parameter(
        0.015625,
        unit="Hz",
        gt=0,
        doc="Graded inhibition: its step; the error is at most half of it",
    )
    inhibition_digits: int = parameter(
        8,
        unit="",
        ge=1,
        le=26,
        doc="Graded inhibition: digits to base 4; more is cut to the largest",
    )
    n_interneurons: int = parameter(
        200, unit="", ge=1, doc="Spiking inhibition: size of the population"
    )
    interneuron_gain: float = parameter(
        1.0,
        unit="",
        gt=0,
        doc="Spiking inhibition: rate of an interneuron (Hz) per inhibition (Hz)",
    )

    n_inputs: int = parameter(
        1000, unit="", ge=10, doc="Input units; a tenth belongs to each stimulus", source=PAPER
    )
    n_excitatory: int = parameter(800, unit="", ge=1, doc="Excitatory units", source=PAPER)
    rate_on: float = parameter(
        20.0, unit="Hz", ge=0, doc="Rate of an input unit whose stimulus is on", source=CODE
    )
    rate_off_shape: float = parameter(
        0.6,
        unit="",
        gt=0,
        doc="Rates without stimulus: shape of their gamma distribution",
        source=CODE,
    )
    rate_off_scale: float = parameter(
        3.0, unit="Hz", ge=0, doc="Rates without stimulus: scale of their distribution", source=CODE
    )
    rate_quiet: float = parameter(
        0.3,
        unit="Hz",
        ge=0,
        doc="Rate of the units of stimuli to come, before training",
        source=CODE,
    )

    w_input_inhibitory: float = parameter(
        0.5, unit="", ge=0, doc="Initial weight, input to inhibitory", source=CODE
    )
    w_inhibitory_excitatory: float = parameter(
        0.4, unit="", ge=0, doc="Initial weight, inhibitory to excitatory", source=CODE
    )
    w_mean: float = parameter(
        0.3, unit="", doc="Mean of input to excitatory weights before rectification", source=CODE
    )
    w_sd: float = parameter(0.4, unit="", ge=0, doc="Standard deviation of the same", source=CODE)
    inhibition_floor: float = parameter(
        0.1, unit="Hz", gt=0, doc="What the divisor has without inhibition", source=CODE
    )

    learning_rate: float | None = parameter(
        None,
        unit="",
        ge=0,
        doc="Of the rule; none: the published one, 0.075 (x_I) or 0.001 (x_E and I_E)",
        source=CODE,
    )
    set_point: float = parameter(
        6.5, unit="", doc="Relevance set-point, square root of spikes in 20 ms", source=CODE
    )
    reward: float = parameter(1.4, unit="", doc="What the US adds to the error", source=CODE)
    discount: float = parameter(
        0.4, unit="", ge=0, doc="Discount factor of the error for 20 ms", source=CODE
    )

    pretraining: float = parameter(
        60.0, unit="s", ge=0.02, doc="Time before training, in which rule x_I learns", source=CODE
    )
    pretraining_rate: float = parameter(
        0.2, unit="", ge=0, doc="Learning rate before training", source=CODE
    )
    pretraining_bias: bool = parameter(
        True,
        unit="",
        doc="Whether inhibition has a learnt bias before training, which is dropped afterwards: an "
        "inverted switch of the published code, on which its numbers depend",
        source=CODE,
    )
    inclusive_events: bool = parameter(
        True,
        unit="",
        doc="Whether an event lasts a sample of 20 ms longer than stated, as in the published code",
        source=CODE,
    )

    schedule: str | None = parameter(
        None,
        unit="",
        doc="Schedule of your own: a CSV file with columns event, start, stop (s from the "
        "beginning "
        "of training); events CS1 ... CS10, US, share, scale, end",
    )
    trial: int | None = parameter(
        None,
        unit="",
        ge=1,
        doc="Number of the random schedule; by default the run's seed, from which weights, rates "
        "and spikes are drawn in any case",
    )
    record_interval: float = parameter(
        10.0, unit="s", ge=0.02, doc="Interval at which mean weights are recorded"
    )
    record_spikes: bool = parameter(
        False, unit="", doc="Whether spikes of input, inhibitory and excitatory units are kept"
    )
    record_rates: bool = parameter(
        False, unit="", doc="Whether the rate of each excitatory unit is kept, not only their mean"
    )


RATES = {"x_I": 0.075, "x_E": 0.001, "I_E": 0.001}
"""Published learning rates of learning to ignore and blocking."""

RULES = {
    f"{rule}{suffix}": {"rule": rule, **reduced}
    for rule in RATES
    for suffix, reduced in (("", {}), ("_inhib", {"share": 0.9}))
}
"""Conditions of learning to ignore and blocking: the rule, and whether inhibition is reduced."""


class AmygdalaParameters(NetworkParameters):
    """The network with the output layer of ten units."""

    threshold: float = parameter(
        1.625, unit="", doc="Threshold of an output unit, a quarter of the set-point", source=CODE
    )
    us_gain: float = parameter(
        0.5, unit="", ge=0, doc="What the US adds to the winner's output", source=CODE
    )
    output_rate: float = parameter(
        0.0075, unit="", ge=0, doc="Learning rate of the output layer", source=CODE
    )
