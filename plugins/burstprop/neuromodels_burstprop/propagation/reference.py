"""What the published simulator gives for ``burstprop/propagation``: five seeds of it.

The tables are in ``golden/``: the authors' simulation code, run for seeds 1 to 5.  Here is how its
names and ours belong together.

Spreads are not pooled as in the plasticity experiment: a metric is measured once per seed, and no
two metrics are equivalent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromodels import Reference, golden

Array = npt.NDArray[np.float64]

SOURCE = "authors' simulation code (Payeur et al. 2021), seeds 1-5"
SEEDS = 5

SUMMARY = "burstprop_propagation_summary"
BINS = "burstprop_propagation_timeseries"


@dataclass(frozen=True)
class Signal:
    """A quantity that has one value per bin.

    Parameters
    ----------
    label : str
        Its name in the table of metrics.
    column : str
        Its name in the table of bins, without ``_mean`` and ``_sd``.
    unit : str
    doc : str
    """

    label: str
    column: str
    unit: str
    doc: str


SIGNALS: Mapping[str, Signal] = {
    "pyr1_event_rate": Signal("ER1", "ER1_Hz", "Hz", "events of PYR1"),
    "pyr1_burst_rate": Signal("BR1", "BR1_Hz", "Hz", "bursts of PYR1"),
    "pyr1_burst_probability": Signal("BP1", "BP1_pct", "%", "bursts per event of PYR1"),
    "pyr2_event_rate": Signal("ER2", "ER2_Hz", "Hz", "events of PYR2"),
    "pyr2_burst_rate": Signal("BR2", "BR2_Hz", "Hz", "bursts of PYR2"),
    "pyr2_burst_probability": Signal("BP2", "BP2_pct", "%", "bursts per event of PYR2"),
    "pv_spike_rate": Signal("PV", "PV_Hz", "Hz", "spikes of PV"),
    "som_spike_rate": Signal("SOM", "SOM_Hz", "Hz", "spikes of SOM"),
}
"""What a network puts out, by name."""

INPUTS: Mapping[str, Signal] = {
    "I_soma": Signal("Is", "I_soma1_pA", "pA", "current into PYR1's somata"),
    "I_dend": Signal("Id", "I_dend2_pA", "pA", "current into PYR2's dendrites"),
}
"""The two signals that come from outside, by name."""

STATISTICS: Mapping[str, str] = {
    "baseline": "{}_baseline_mean(0.5-1s)",
    "mean": "{}_mean",
    "min": "{}_min",
    "max": "{}_max",
    "amplitude_soma": "{}_amp_2Hz",
    "phase_soma": "{}_phase_2Hz_deg",
    "amplitude_dend": "{}_amp_0.894Hz",
    "phase_dend": "{}_phase_0.894Hz_deg",
    "sine_fit_R2": "{}_sinefit_R2",
}
"""Statistics of one signal, and their labels in the table."""

RELATIONS: tuple[tuple[str, str], ...] = (
    ("pyr1_event_rate", "I_soma"),
    ("pyr2_burst_probability", "I_dend"),
    ("pyr2_event_rate", "pyr1_event_rate"),
    ("pyr1_burst_probability", "pyr2_burst_rate"),
    ("pyr1_burst_probability", "pyr2_burst_probability"),
    ("pyr1_burst_probability", "I_dend"),
    ("pyr1_burst_probability", "I_soma"),
    ("pyr1_burst_probability", "pyr1_event_rate"),
    ("pyr2_burst_probability", "I_soma"),
    ("pyr2_burst_probability", "pyr2_event_rate"),
    ("pyr1_event_rate", "I_dend"),
    ("pyr2_event_rate", "I_dend"),
    ("pyr2_event_rate", "I_soma"),
    ("pyr2_burst_rate", "I_dend"),
    ("pyr2_burst_rate", "I_soma"),
    ("pyr1_burst_rate", "I_soma"),
    ("pyr1_burst_rate", "I_dend"),
    ("pv_spike_rate", "pyr1_event_rate"),
    ("som_spike_rate", "pyr2_burst_rate"),
)
"""Pairs (y, x) whose linear regression of y on x is measured."""

JOINT = ("pyr1_burst_probability", ("pyr2_burst_rate", "pyr1_event_rate"))
"""The one regression on two signals: what PYR2's bursts say and what PYR1's own rate adds."""

_JOINT_LABELS = {
    "slope_pyr2_burst_rate": "BP1=a+b*BR2+c*ER1: b",
    "slope_pyr1_event_rate": "BP1=a+b*BR2+c*ER1: c",
    "R2": "BP1=a+b*BR2+c*ER1: R2",
}


def label(name: str) -> str:
    """Give the label of one of our metrics in the table of metrics."""
    subject, statistic = name.split("/")
    if "_and_" in subject:
        return _JOINT_LABELS[statistic]
    if "_on_" in subject:
        y, x = (({**SIGNALS, **INPUTS})[part].label for part in subject.split("_on_"))
        return f"r({x},{y})" if statistic == "r" else f"{statistic}({y}~{x})"
    return STATISTICS[statistic].format(SIGNALS[subject].label)


def reference(name: str) -> Reference:
    """Give the reference of one of our metrics."""
    row = golden.table(__package__, SUMMARY).set_index("metric").loc[label(name)]
    return Reference(
        mean=float(row["mean_seeds1-5"]),
        sd=float(row["sd_seeds1-5"]),
        n=SEEDS,
        dof=SEEDS - 1,
        source=SOURCE,
    )


@dataclass(frozen=True)
class Band:
    """A reference time course: mean and sd over seeds, in bins around `time` (s)."""

    time: Array
    mean: Array
    sd: Array


def band(signal: str) -> Band:
    """Time course of a signal of `SIGNALS`."""
    table, column = golden.table(__package__, BINS), SIGNALS[signal].column
    return Band(*(table[c].to_numpy() for c in ("t_center_s", f"{column}_mean", f"{column}_sd")))
