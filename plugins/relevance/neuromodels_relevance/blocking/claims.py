"""What the paper claims of blocking (Fig. 3)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_RATE = "test10.phiE_CS1_minus_CS2"
_FIGURE = "Insel et al. 2018, Fig. 3"


class BlockingClaims(ContrastComparison):
    """A stimulus that adds nothing to another is blocked, and what that takes.

    The contrast is the rate in ten presentations at the test of CS1, trained first, minus that of
    CS2, which came in compound with it.
    """

    name = "relevance/blocking-claims"
    summary = "Contrast of the stimulus trained first and the blocked one, by rule (Fig. 3)"
    circuit = "relevance/blocking"
    contrasts = (
        Contrast(
            "blocked_x_I", ("x_I", _RATE), None,
            "Learning onto inhibition blocks a stimulus that adds nothing", _FIGURE, unit="Hz",
        ),
        Contrast(
            "inhibition_x_I", ("x_I", "test10.I_CS1_minus_CS2"), None,
            "The blocked stimulus drives more inhibition", _FIGURE,
            low=-float("inf"), high=0.0, unit="Hz",
        ),
        Contrast(
            "reduced_x_I", ("x_I", _RATE), ("x_I_inhib", _RATE),
            "Reduced inhibition lowers blocking", _FIGURE, unit="Hz",
        ),
        Contrast(
            "unblocked_x_I", ("x_I_inhib", _RATE), None,
            "With reduced inhibition nothing is blocked", _FIGURE, low=-0.2, high=0.2, unit="Hz",
        ),
        Contrast(
            "blocked_x_E", ("x_E", _RATE), None,
            "Learning onto excitation does not block (published code)", _FIGURE,
            low=-0.2, high=0.2, unit="Hz",
        ),
        Contrast(
            "blocked_I_E", ("I_E", _RATE), None,
            "Learning of the strength of inhibition does not block", _FIGURE,
            low=-0.2, high=0.2, unit="Hz",
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "CS2 is blocked",
            "rate at the test (Hz)",
            (("CS1", "x_I", "test10.phiE_CS1"), ("CS2", "x_I", "test10.phiE_CS2")),
        ),
        Panel(
            "Blocking by rule",
            "CS1 minus CS2 (Hz)",
            tuple(
                (f"{rule}{', reduced' if end else ''}", f"{rule}{end}", _RATE)
                for rule in ("x_I", "x_E", "I_E")
                for end in ("", "_inhib")
            ),
        ),
    )
    caption = (
        "a: mean rate at the test for CS1, trained first, and CS2, which came with it later. "
        "b: their difference by the synapses that learn, with intact and with reduced "
        "inhibition."
    )
