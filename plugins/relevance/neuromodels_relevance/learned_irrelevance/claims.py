"""What the paper claims of learned irrelevance."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_SOURCE = "Insel et al. 2018, learned irrelevance"
_NEW, _SHOWN = "normal", "normal_preexposure"


class LearnedIrrelevanceClaims(ContrastComparison):
    """A stimulus that was unrelated to the US before is learnt more slowly."""

    name = "relevance/learned-irrelevance-claims"
    summary = "Relevance in pairing with and without uncorrelated pre-exposure"
    circuit = "relevance/learned-irrelevance"
    contrasts = (
        Contrast("first_pairs", (_NEW, "paired_first5.S"), (_SHOWN, "paired_first5.S"),
                 "Uncorrelated pre-exposure lowers relevance in the first pairings", _SOURCE),
        Contrast("later_pairs", (_NEW, "paired_6to20.S"), (_SHOWN, "paired_6to20.S"),
                 "It still does after five pairings", _SOURCE),
        Contrast("relearnt", (_SHOWN, "paired_last20.S"), (_SHOWN, "paired_first5.S"),
                 "The stimulus becomes relevant by pairing", _SOURCE),
        Contrast("irrelevant", (_SHOWN, "preexp_first10.S"), (_SHOWN, "preexp_last20.S"),
                 "It becomes irrelevant in uncorrelated presentation", _SOURCE),
        Contrast("inhibited", (_SHOWN, "paired_first5.I"), (_NEW, "paired_first5.I"),
                 "The pre-exposed stimulus drives more inhibition", _SOURCE, unit="Hz"),
    )  # fmt: skip
    panels = (
        Panel(
            "Relevance in pairing",
            "relevance signal (√spikes)",
            tuple(
                (f"{text}, {kind}", condition, f"paired_{part}.S")
                for condition, kind in ((_NEW, "new"), (_SHOWN, "pre-exposed"))
                for part, text in (("first5", "1-5"), ("6to20", "6-20"), ("last20", "81-100"))
            ),
        ),
    )
    caption = (
        "Relevance signal in pairings with the US, of a new stimulus and of one that was "
        "uncorrelated with the US before."
    )
