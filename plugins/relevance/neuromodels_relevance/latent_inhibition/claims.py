"""What the paper claims of latent inhibition (Fig. 5)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_FIGURE = "Insel et al. 2018, Fig. 5"
_AFTER = "_preexposure"
_OUTPUT, _TEST, _COND = "test4.yraw", "test4.S", "cond3.S"


class LatentInhibitionClaims(ContrastComparison):
    """Pre-exposure lowers conditioning, and reduced inhibition changes that.

    The output is the unnormalised one of the amygdala; the published ratio has a denominator that
    crosses zero, so that its mean says little.
    """

    name = "relevance/latent-inhibition-claims"
    summary = "Conditioning and test with and without pre-exposure, and inhibition (Fig. 5)"
    circuit = "relevance/latent-inhibition"
    contrasts = (
        Contrast(
            "output_lowered", ("control", _OUTPUT), (f"control{_AFTER}", _OUTPUT),
            "Pre-exposure lowers the conditioned output at the test", _FIGURE,
        ),
        Contrast(
            "relevance_lowered", ("control", _TEST), (f"control{_AFTER}", _TEST),
            "Pre-exposure lowers the relevance of the stimulus at the test", _FIGURE,
        ),
        Contrast(
            "conditioning_lowered", ("control", _COND), (f"control{_AFTER}", _COND),
            "Pre-exposure lowers the response in conditioning", _FIGURE,
        ),
        Contrast(
            "gate_opened", (f"inhibition_conditioning{_AFTER}", _COND), (f"control{_AFTER}", _COND),
            "Reduced inhibition in conditioning lets the pre-exposed stimulus through", _FIGURE,
        ),
        Contrast(
            "output_disinhibited",
            (f"inhibition_test{_AFTER}", _OUTPUT), (f"control{_AFTER}", _OUTPUT),
            "Reduced inhibition at the test raises the output after pre-exposure", _FIGURE,
        ),
        Contrast(
            "kept", ("inhibition_conditioning", _OUTPUT),
            (f"inhibition_conditioning{_AFTER}", _OUTPUT),
            "Latent inhibition stays where inhibition is reduced in conditioning", _FIGURE,
        ),
    )  # fmt: skip
    panels = tuple(
        Panel(
            title,
            label,
            tuple(
                (f"{text}{', pre-exposed' if end else ''}", f"{name}{end}", metric)
                for name, text in (
                    ("control", "control"),
                    ("inhibition_conditioning", "reduced in conditioning"),
                    ("inhibition_test", "reduced at test"),
                )
                for end in ("", _AFTER)
            ),
        )
        for title, label, metric in (
            ("Conditioning", "relevance signal (√spikes)", _COND),
            ("Test", "output of the amygdala", _OUTPUT),
        )
    )
    caption = (
        "a: relevance signal in three pairings with the US, new and after 30 presentations "
        "alone, with intact inhibition and with inhibition reduced in a phase. b: output at "
        "the test."
    )
