"""What the paper claims of two signals in one network (Fig. 3)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_FIGURE = "Payeur et al. 2021, Fig. 3"
_ALL, _STATIC, _NO_PV, _NO_SOM = "published", "static synapses", "no PV", "no SOM"
_UP = "pyr2_event_rate_on_pyr1_event_rate/R2"
_DOWN = "pyr1_burst_probability_on_pyr2_burst_rate/R2"
_SOMA = "pyr1_event_rate_on_I_soma/R2"
_DEND = "pyr2_burst_probability_on_I_dend/R2"


class PropagationClaims(ContrastComparison):
    """Event rates carry one signal up while burst probabilities carry another one down.

    R2 is the share of a code's variance that is linear in a signal.
    """

    name = "burstprop/propagation-claims"
    summary = "What event rates and burst probabilities carry, and what lesions change (Fig. 3)"
    circuit = "burstprop/propagation"
    contrasts = (
        Contrast(
            "bottom_up", (_ALL, _SOMA), None,
            "The event rate of PYR1 encodes the current into its somata (R2 above 0.7)",
            _FIGURE, low=0.7, high=1.0,
        ),
        Contrast(
            "top_down", (_ALL, _DEND), None,
            "The burst probability of PYR2 encodes the current into its dendrites (R2 above 0.7)",
            _FIGURE, low=0.7, high=1.0,
        ),
        Contrast(
            "up", (_ALL, _UP), None,
            "Event rates pass upwards (R2 above 0.7)", _FIGURE, low=0.7, high=1.0,
        ),
        Contrast(
            "down", (_ALL, _DOWN), None,
            "Bursts of PYR2 steer the burst probability of PYR1 (R2 above 0.5)",
            _FIGURE, low=0.5, high=1.0,
        ),
        Contrast(
            "unmixed_events", (_ALL, "pyr1_event_rate_on_I_dend/R2"), None,
            "The event rate of PYR1 does not follow the top-down signal (R2 below 0.05)",
            _FIGURE, low=-1.0, high=0.05,
        ),
        Contrast(
            "unmixed_bursts", (_ALL, "pyr2_burst_probability_on_I_soma/R2"), None,
            "The burst probability of PYR2 does not follow the bottom-up signal (R2 below 0.05)",
            _FIGURE, low=-1.0, high=0.05,
        ),
        Contrast(
            "pv", (_NO_PV, "pyr2_event_rate/mean"), (_ALL, "pyr2_event_rate/mean"),
            "PV neurons hold down the event rate of PYR2", _FIGURE, unit="Hz",
        ),
        Contrast(
            "som", (_NO_SOM, "pyr1_burst_probability/mean"),
            (_ALL, "pyr1_burst_probability/mean"),
            "SOM neurons hold down the burst probability of PYR1", _FIGURE, unit="%",
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "Two signals",
            "R²",
            (
                ("current to events, PYR1", _ALL, _SOMA), ("events up", _ALL, _UP),
                ("current to bursts, PYR2", _ALL, _DEND), ("bursts down", _ALL, _DOWN),
            ),
        ),
        Panel(
            "Bursts down, by lesion",
            "R²",
            tuple((name, name, _DOWN) for name in (_ALL, _STATIC, _NO_PV, _NO_SOM)),
        ),
    )  # fmt: skip
    caption = (
        "a: share of variance of event rates and burst probabilities that is linear in a current "
        "or in the other population. b: how much of PYR1's burst probability is PYR2's burst rate, "
        "with short-term plasticity, static synapses, and without interneurons."
    )
