"""What the paper claims of learning to ignore (Fig. 2)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_RATE = "late20.phiE_CS1_minus_CS2clean"
_FIGURE = "Insel et al. 2018, Fig. 2"


class LearningToIgnoreClaims(ContrastComparison):
    """Which synapses can learn to ignore, and what reduced inhibition does to it.

    The contrast is the rate of the excitatory population in the last 20 presentations of CS1, which
    announces the US, minus that of CS2, which announces nothing, where no other event is near.
    """

    name = "relevance/learning-to-ignore-claims"
    summary = "Contrast of a relevant and an irrelevant stimulus, by rule and inhibition (Fig. 2)"
    circuit = "relevance/learning-to-ignore"
    contrasts = (
        Contrast(
            "contrast_x_I", ("x_I", _RATE), None,
            "Plastic synapses onto inhibition learn to ignore a stimulus that announces nothing",
            _FIGURE, unit="Hz",
        ),
        Contrast(
            "inhibition_x_I", ("x_I", "late20.I_CS1_minus_CS2clean"), None,
            "They do so by inhibition: the irrelevant stimulus drives more of it",
            _FIGURE, low=-float("inf"), high=0.0, unit="Hz",
        ),
        Contrast(
            "ignored_x_I", ("x_I", "early5.phiE_CS2"), ("x_I", "late20.phiE_CS2"),
            "The response to the irrelevant stimulus falls with training",
            _FIGURE, unit="Hz",
        ),
        Contrast(
            "reduced_x_I", ("x_I", _RATE), ("x_I_inhib", _RATE),
            "Reduced inhibition lowers the contrast", _FIGURE, unit="Hz",
        ),
        Contrast(
            "contrast_x_E", ("x_E", _RATE), None,
            "Plastic synapses onto excitation learn the contrast too", _FIGURE, unit="Hz",
        ),
        Contrast(
            "reduced_x_E", ("x_E", _RATE), ("x_E_inhib", _RATE),
            "Reduced inhibition does not affect what is learnt onto excitation",
            _FIGURE, low=-0.2, high=0.2, unit="Hz",
        ),
        Contrast(
            "contrast_I_E", ("I_E", _RATE), None,
            "The strength of inhibition, common to all stimuli, learns no contrast",
            _FIGURE, low=-0.2, high=0.2, unit="Hz",
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "CS2 is ignored",
            "rate (Hz)",
            (
                ("CS1, early", "x_I", "early5.phiE_CS1"),
                ("CS2, early", "x_I", "early5.phiE_CS2"),
                ("CS1, late", "x_I", "late20clean.phiE_CS1"),
                ("CS2, late", "x_I", "late20clean.phiE_CS2"),
            ),
        ),
        Panel(
            "Contrast by rule",
            "CS1 minus CS2 (Hz)",
            tuple(
                (f"{rule}{', reduced' if end else ''}", f"{rule}{end}", _RATE)
                for rule in ("x_I", "x_E", "I_E")
                for end in ("", "_inhib")
            ),
        ),
    )
    caption = (
        "a: mean rate of the excitatory population while CS1 (announces the US) or CS2 "
        "(announces nothing) is on, early and late in training. b: contrast late in training, "
        "by the synapses that learn (x_I: input to inhibitory, x_E: input to excitatory, I_E: "
        "inhibitory to excitatory), with intact and with reduced inhibition."
    )
