"""Figures of ``rdd/pair`` and ``rdd/many-inputs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from neuromodels_rdd.drawing import GREY, PALETTE
from neuromodels_rdd.pair import reference

if TYPE_CHECKING:
    from neuromodels_rdd.pair.measured import Measured


def estimates(measured: Measured, estimators: Mapping[str, str]) -> Figure:
    """Each estimate against the true weight, with its regression line."""
    columns = 3
    rows = -(-len(estimators) // columns)
    figure = Figure(figsize=(7.5, 2.3 * rows), layout="constrained")
    panels: Any = np.atleast_1d(figure.subplots(rows, columns, sharex=True)).ravel()
    w = measured.weight.ravel()
    for axes, (name, text) in zip(panels, estimators.items(), strict=False):
        values = measured.estimates[name].ravel()
        axes.plot(w, values, ".", markersize=2, color=PALETTE[0])
        found = reference.summary(w, values)
        if np.isfinite(found["slope"]):
            x = np.array([w.min(), w.max()])
            axes.plot(x, found["intercept"] + found["slope"] * x, color=PALETTE[1])
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.axvline(0, color=GREY, linewidth=0.6)
        axes.set_title(f"{text}\nr = {found['r']:.2f}, {found['sign']:.0f} % of signs",
                       fontsize="x-small")  # fmt: skip
    for axes in panels[-columns:]:
        axes.set_xlabel("weight")
    for axes in panels[::columns]:
        axes.set_ylabel("estimate")
    for axes in panels[len(estimators) :]:
        axes.set_visible(False)
    return figure


def convergence(measured: Measured, *, published: bool) -> Figure:
    """Correlation and signs of the online estimates over time; grey: the published code."""
    figure = Figure(figsize=(7.0, 2.8), layout="constrained")
    panels: Any = figure.subplots(1, 2)
    names = {"rdd_grad": "published", "rdd_grad_net": "without what came before"}
    for color, (name, label) in zip(PALETTE, names.items(), strict=False):
        found = [
            reference.summary(measured.weight.ravel(), values.ravel())
            for values in measured.course[name][1:]
        ]
        for axes, quantity in zip(panels, ("r", "sign"), strict=True):
            axes.plot(
                measured.time[1:], [f[quantity] for f in found], ".-", color=color, label=label
            )
    if published:
        table = reference.convergence(measured.alpha)
        for axes, quantity in zip(panels, ("corr", "sign_agree_pct"), strict=True):
            axes.plot(table["t_s"], table[quantity], color=GREY, zorder=0)
    for axes, text in zip(panels, ("correlation with weight", "correct signs (%)"), strict=True):
        axes.set_xlabel("time (s)")
        axes.set_ylabel(text)
    panels[1].legend(frameon=False, fontsize="small")
    return figure
