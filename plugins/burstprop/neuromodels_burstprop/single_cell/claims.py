"""What the paper claims of single cells."""

from __future__ import annotations

from neuromodels import Contrast, ContrastComparison, Panel

_SOURCE = "Payeur et al. 2021, Fig. 1"
_CELL = "pyramidal"
_EVENTS, _BURSTS = "event_rate/range_over", "burst_probability/range_over"


class SingleCellClaims(ContrastComparison):
    """A pyramidal cell encodes two currents at once: by events and by bursts."""

    name = "burstprop/single-cell-claims"
    summary = "How far events and bursts follow the somatic and the dendritic current"
    circuit = "burstprop/single-cell"
    contrasts = (
        Contrast(
            "events_somatic", (_CELL, f"{_EVENTS}_I_soma"), (_CELL, f"{_EVENTS}_I_dend"),
            "Event rates follow the somatic current more than the dendritic one", _SOURCE,
            unit="Hz",
        ),
        Contrast(
            "bursts_dendritic", (_CELL, f"{_BURSTS}_I_dend"), (_CELL, f"{_BURSTS}_I_soma"),
            "Burst probability follows the dendritic current more than the somatic one", _SOURCE,
            unit="%",
        ),
    )  # fmt: skip
    panels = (
        Panel(
            "Events",
            "range of event rates (Hz)",
            (
                ("over I_soma", _CELL, f"{_EVENTS}_I_soma"),
                ("over I_dend", _CELL, f"{_EVENTS}_I_dend"),
            ),
        ),
        Panel(
            "Bursts",
            "range of burst probabilities (%)",
            (
                ("over I_soma", _CELL, f"{_BURSTS}_I_soma"),
                ("over I_dend", _CELL, f"{_BURSTS}_I_dend"),
            ),
        ),
    )
    caption = (
        "By how much the event rate (a) and the burst probability (b) of a pyramidal cell change "
        "with one current, mean over the other."
    )
