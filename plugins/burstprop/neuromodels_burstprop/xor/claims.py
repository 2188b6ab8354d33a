"""What the paper claims of learning XOR (Fig. 4)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_FIGURE = "Payeur et al. 2021, Fig. 4"
_ALL, _SILENT, _FIXED = "published", "no feedback", "hidden layer not plastic"
_FIRST, _LATER = "epochs_1_10", "epochs_91_100"
_COST = f"{_LATER}/cost"


class XorClaims(ContrastComparison):
    """A hidden layer learns XOR from bursts, and not without feedback.

    After 100 epochs learning is under way; the metrics of the full length are those of the preset
    ``paper``.
    """

    name = "burstprop/xor-claims"
    summary = "Learning of XOR with and without what teaches the hidden layer (Fig. 4)"
    circuit = "burstprop/xor"
    contrasts = (
        Contrast(
            "learnt", (_ALL, f"{_FIRST}/cost"), (_ALL, _COST),
            "The cost falls in the first 100 epochs", _FIGURE,
        ),
        Contrast(
            "one", (_ALL, f"{_LATER}/output_rate_10"), (_ALL, f"{_LATER}/output_rate_00"),
            "The output tells 10 from 00", _FIGURE, unit="Hz",
        ),
        Contrast(
            "not_linear", (_ALL, f"{_LATER}/output_rate_10"), (_ALL, f"{_LATER}/output_rate_11"),
            "It answers 10 with more than 11, which no linear unit can", _FIGURE, unit="Hz",
        ),
        Contrast(
            "needs_feedback", (_SILENT, _COST), (_ALL, _COST),
            "Without feedback from the output, the cost stays higher", _FIGURE,
        ),
        Contrast(
            "needs_hidden", (_FIXED, _COST), (_ALL, _COST),
            "Without plasticity of the hidden layer, the cost stays higher", _FIGURE,
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "Cost",
            "cost per epoch",
            tuple(
                (f"{name}, {text}", name, f"{block}/cost")
                for name in (_ALL, _SILENT, _FIXED)
                for block, text in ((_FIRST, "1-10"), (_LATER, "91-100"))
            ),
        ),
        Panel(
            "Answers",
            "output event rate (Hz)",
            tuple((e, _ALL, f"{_LATER}/output_rate_{e}") for e in ("00", "10", "01", "11")),
        ),
    )
    caption = (
        "a: cost in the first ten and in the tenth ten epochs, as published, without feedback, and "
        "with hidden weights that do not learn. b: output event rate for the four inputs in epochs "
        "91 to 100."
    )
