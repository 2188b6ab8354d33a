"""What the paper claims of categorization (Fig. 7)."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_FIGURE = "Insel et al. 2018, Fig. 7"
_TIME = "acc.time_to_90pct(5-test running mean)"
_LATE = "last10.S_fig_rewarded_minus_unrewarded"


class CategorizationClaims(ContrastComparison):
    """Relevance and classification are learnt side by side."""

    name = "relevance/categorization-claims"
    summary = "Relevance and right answers with both kinds of learning, and one alone (Fig. 7)"
    circuit = "relevance/categorization"
    contrasts = (
        Contrast("classified", ("main", "acc.final10s"), None,
                 "All ten stimuli are told apart (at least 95 % right)", _FIGURE,
                 low=95.0, high=100.1, unit="%"),
        Contrast("relevant", ("main", _LATE), None,
                 "The rewarded stimulus is more relevant than the others in the end", _FIGURE),
        Contrast("ignored", ("main", "first5.S_fig_unrewarded_mean"),
                 ("main", "last10.S_fig_unrewarded_mean"),
                 "Stimuli without reward become less relevant", _FIGURE),
        Contrast("without_classifier", ("no_categorization", _LATE), None,
                 "Relevance is learnt without the classifier too", _FIGURE),
        Contrast("faster", ("no_relevance", _TIME), ("main", _TIME),
                 "Classification is learnt faster with relevance", _FIGURE, unit="s"),
    )  # fmt: skip
    panels = (
        Panel(
            "Relevance",
            "relevance signal (√spikes)",
            (
                ("rewarded, first 5", "main", "first5.S_fig_rewarded"),
                ("others, first 5", "main", "first5.S_fig_unrewarded_mean"),
                ("rewarded, last 10", "main", "last10.S_fig_rewarded"),
                ("others, last 10", "main", "last10.S_fig_unrewarded_mean"),
            ),
        ),
        Panel(
            "Right answers",
            "right in tests (%)",
            tuple(
                (f"{span}, {text}", condition, f"acc.{span}")
                for condition, text in (("main", "both"), ("no_relevance", "classifier alone"))
                for span in ("0-5s", "5-10s", "15-20s")
            ),
        ),
    )
    caption = (
        "a: relevance signal of the rewarded stimulus and of the others. b: right answers of "
        "the classifier, with relevance learning and without."
    )
