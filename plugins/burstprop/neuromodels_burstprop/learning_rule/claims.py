"""What the paper claims of the learning rule in a population (Fig. 2E-G)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_FIGURE = "Payeur et al. 2021, Fig. 2"
_ALL = ""
_BURSTS = "post_burst_probability"


def _of(segment: int, quantity: str) -> tuple[str, str]:
    return _ALL, f"segment_{segment}/{quantity}"


class LearningRuleClaims(ContrastComparison):
    """Weights follow the burst probability's distance from its own moving average."""

    name = "burstprop/learning-rule-claims"
    summary = "Weights when dendritic input rises, falls, and when the inputs burst (Fig. 2)"
    circuit = "burstprop/learning-rule"
    contrasts = (
        Contrast(
            "bursts_up", _of(2, _BURSTS), _of(1, _BURSTS),
            "More dendritic input raises the burst probability", _FIGURE, unit="%",
        ),
        Contrast(
            "events_unchanged", _of(2, "post_event_rate"), _of(1, "post_event_rate"),
            "It leaves the event rate nearly as it is (within 1 Hz)",
            _FIGURE, low=-1.0, high=1.0, unit="Hz",
        ),
        Contrast(
            "potentiation", _of(2, "weight_end"), _of(1, "weight_end"),
            "Weights grow where bursts become more likely", _FIGURE,
        ),
        Contrast(
            "depression", _of(4, "weight_end"), _of(3, "weight_end"),
            "Weights shrink where bursts become less likely", _FIGURE,
            low=-float("inf"), high=0.0,
        ),
        Contrast(
            "balance", _of(1, "weight_end"), (_ALL, "burn_in/weight_end"),
            "Weights stay where the burst probability is its own average (within 0.002)",
            _FIGURE, low=-0.002, high=0.002,
        ),
        Contrast(
            "postsynaptic", _of(6, "weight_end"), _of(5, "weight_end"),
            "Bursts of the presynaptic neurons change nothing (within 0.002)",
            _FIGURE, low=-0.002, high=0.002,
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "Weights",
            "mean weight at the end",
            tuple((f"segment {n}", *_of(n, "weight_end")) for n in range(1, 7)),
        ),
        Panel(
            "Bursts",
            "burst probability (%)",
            tuple((f"segment {n}", *_of(n, _BURSTS)) for n in range(1, 7)),
        ),
    )
    caption = (
        "a: mean weight at the end of each segment of 25 s: dendritic input at its usual strength "
        "(1, 3, 5), stronger (2), weaker (4), with presynaptic bursts (6). b: burst probability of "
        "the postsynaptic population."
    )
