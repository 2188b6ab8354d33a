"""What the paper claims of the expression of fear (Fig. 6)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_FIGURE = "Insel et al. 2018, Fig. 6"
_LESS, _MORE = "inhibition", "excitation"
_HABITUATION, _CONDITIONING = "habituation(CS1 1-4).yraw", "conditioning(CS1 5-9).yraw"
_EARLY, _LATE = "extinction_early(CS1 10-13).yraw", "extinction_late(CS1 18-21).yraw"
_RETRIEVAL = "retrieval_I2E0.8(CS1 22-25).yraw"
_BASE, _PULSES = "base_preFC.yraw", "stim_preFC_I2E0.8.yraw"
_AFTER, _ENHANCED = "postFC(CS1 10-13).yraw", "postFC_I2E1.1(CS1 14-17).yraw"


class FearExpressionClaims(ContrastComparison):
    """Output of the amygdala through conditioning and extinction, and under changed inhibition."""

    name = "relevance/fear-expression-claims"
    summary = "Output from habituation to retrieval, and changed inhibition (Fig. 6)"
    circuit = "relevance/fear-expression"
    contrasts = (
        Contrast("learnt", (_LESS, _CONDITIONING), (_LESS, _HABITUATION),
                 "Conditioning raises the output", _FIGURE),
        Contrast("extinguished", (_LESS, _EARLY), (_LESS, _LATE),
                 "Extinction lowers the output", _FIGURE),
        Contrast("retrieved", (_LESS, _RETRIEVAL), (_LESS, _LATE),
                 "Reduced inhibition brings the extinguished output back", _FIGURE),
        Contrast("evoked", (_LESS, _PULSES), (_LESS, _BASE),
                 "Pulses of reduced inhibition evoke output before conditioning", _FIGURE),
        Contrast("suppressed", (_MORE, _AFTER), (_MORE, _ENHANCED),
                 "Enhanced inhibition lowers the conditioned output", _FIGURE),
    )  # fmt: skip
    panels = (
        Panel(
            "Reduced inhibition",
            "output of the amygdala",
            (
                ("before", _LESS, _BASE), ("pulses", _LESS, _PULSES),
                ("habituation", _LESS, _HABITUATION), ("conditioning", _LESS, _CONDITIONING),
                ("extinction, early", _LESS, _EARLY), ("extinction, late", _LESS, _LATE),
                ("retrieval, reduced", _LESS, _RETRIEVAL),
            ),
        ),
        Panel(
            "Enhanced inhibition",
            "output of the amygdala",
            (
                ("habituation", _MORE, _HABITUATION), ("conditioning", _MORE, _CONDITIONING),
                ("after", _MORE, _AFTER), ("after, enhanced", _MORE, _ENHANCED),
            ),
        ),
    )  # fmt: skip
    caption = (
        "Output of the amygdala in groups of presentations of CS1. a: with pulses of reduced "
        "inhibition before conditioning, and reduced inhibition at retrieval. b: with "
        "inhibition enhanced after conditioning."
    )
