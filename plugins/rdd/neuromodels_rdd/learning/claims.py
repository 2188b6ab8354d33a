"""What the paper claims of learning with feedback that is learnt (Fig. 5)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_SOURCE = "Guerguiev et al. 2020, learning of images"
_ALL = ""
_LAYERS = ("fc2", "fc3")


class LearningClaims(ContrastComparison):
    """Regression discontinuity against feedback alignment and backpropagation, in one run each."""

    name = "rdd/learning-claims"
    summary = "Test errors and alignment with feedback that is learnt, random, or transported"
    circuit = "rdd/learning"
    contrasts = (
        Contrast(
            "rdd_gain", (_ALL, "test_error/rdd_gain"), None,
            "Learnt feedback leads to a smaller test error than random feedback", _SOURCE, unit="%",
        ),
        Contrast(
            "rdd_faster", (_ALL, "mean_test_error/rdd_gain"), None,
            "It learns faster: the error is smaller over all epochs", _SOURCE, unit="%",
        ),
        Contrast(
            "backprop_best",
            (_ALL, "test_error/feedback-alignment"), (_ALL, "test_error/backprop"),
            "Backpropagation beats feedback alignment", _SOURCE, unit="%",
        ),
        *(
            Contrast(
                f"aligned_{layer}",
                (_ALL, f"angle_after/feedback-alignment/{layer}"),
                (_ALL, f"angle_after/rdd/{layer}"),
                f"Learnt feedback of {layer} is nearer to the forward weights than random feedback",
                _SOURCE, unit="deg",
            )
            for layer in _LAYERS
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "Errors",
            "test error (%)",
            tuple(
                (text, _ALL, f"test_error/{condition}")
                for condition, text in (
                    ("rdd", "RDD"),
                    ("feedback-alignment", "random feedback"),
                    ("backprop", "backprop"),
                )
            ),
        ),
        Panel(
            "Alignment",
            "angle to forward weights (deg)",
            tuple(
                (f"{layer}, {text}", _ALL, f"angle_after/{condition}/{layer}")
                for condition, text in (("rdd", "RDD"), ("feedback-alignment", "random"))
                for layer in _LAYERS
            ),
        ),
    )
    caption = (
        "a: test error after the last epoch, with feedback learnt by regression discontinuity "
        "(RDD), random feedback, and transported weights. b: angle between feedback and forward "
        "weights."
    )
