"""What the paper claims of feedback weights that are learnt (Fig. 4)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_SOURCE = "Guerguiev et al. 2020, alignment of feedback"
_FULL, _SMALL = "1600-384-192-10", "200-100-50-10"
_LAYERS = (1, 2, 3)


class WeightAlignmentClaims(ContrastComparison):
    """Feedback weights learnt by regression discontinuity align with the forward weights."""

    name = "rdd/weight-alignment-claims"
    summary = "Signs and correlation of feedback weights, by layer and size of the network"
    circuit = "rdd/weight-alignment"
    contrasts = (
        *(
            Contrast(
                f"signs_{layer}", (_FULL, f"layer_{layer}/sign_30s"), None,
                f"Most feedback weights of layer {layer} get the sign of the forward weight "
                "(above 55 %; chance is 50 %)",
                _SOURCE, low=55.0, high=100.0, unit="%",
            )
            for layer in _LAYERS
        ),
        Contrast(
            "correlated", (_FULL, "layer_1/correlation_30s"), None,
            "They are correlated with the forward weights, also in the largest layer", _SOURCE,
        ),
        Contrast(
            "smaller_is_better",
            (_SMALL, "layer_1/sign_30s"), (_FULL, "layer_1/sign_30s"),
            "Fewer inputs align better", _SOURCE, unit="%",
        ),
        Contrast(
            "in_time", (_FULL, "layer_1/sign_30s"), (_FULL, "layer_1/sign_10s"),
            "Alignment grows with time", _SOURCE, unit="%",
        ),
    )  # fmt: skip
    panels = tuple(
        Panel(
            title,
            label,
            tuple(
                (f"layer {layer}, {text}", network, f"layer_{layer}/{measure}_30s")
                for network, text in ((_FULL, "full"), (_SMALL, "small"))
                for layer in _LAYERS
            ),
        )
        for title, label, measure in (
            ("Signs", "equal signs (%)", "sign"), ("Correlation", "correlation", "correlation")
        )
    )  # fmt: skip
    caption = (
        "a: feedback weights that have the sign of the forward weight, after 30 s in which the "
        "layer below is driven, in the published network and a smaller one. b: their correlation."
    )
