"""Figures of ``burstprop/images``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from neuromodels.style import BLUE, ORANGE, PALETTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from neuromodels_burstprop.images.measured import Measured


def learning(found: Measured) -> Figure:
    """Right answers, event rates and burst probabilities over examples."""
    figure = Figure(figsize=(9.0, 3.0), layout="constrained")
    answers, rates, bursts = figure.subplots(1, 3)
    answers.plot(found.examples, found.right, color=BLUE, label="in training, before the teacher")
    answers.plot(
        list(found.tests), list(found.tests.values()), "o", color=ORANGE, label="test images"
    )
    answers.set_ylabel("right answers (%)")
    answers.set_ylim(0.0, 102.0)
    answers.set_title("A  answers", loc="left")
    answers.legend(loc="lower right")
    for number, name in enumerate(found.rates):
        color, label = PALETTE[(number + 2) % len(PALETTE)], name.replace("_", " ")
        rates.plot(found.examples, found.rates[name], color=color, label=label)
        bursts.plot(found.examples, found.bursts[name], color=color, label=label)
    rates.set_ylabel("event rate (Hz)")
    rates.set_ylim(bottom=0.0)
    rates.set_title("B  events", loc="left")
    rates.legend()
    bursts.set_ylabel("burst probability")
    bursts.set_ylim(0.0, 1.0)
    bursts.set_title("C  bursts", loc="left")
    for axes in (answers, rates, bursts):
        axes.set_xlabel("examples")
    return figure


def cases(found: Measured, *, pair: Sequence[int] | None) -> Figure:
    """Responses of the hidden layer to test images, on two axes, before and after learning.

    The axes are those that separate the cases best in the mean: the directions in which the mean
    responses of the cases differ most from one another after learning.

    Parameters
    ----------
    found : Measured
        Of a complete run.
    pair : sequence of int, optional
        Classes that ``xor`` is about; without them a case is a class.
    """
    labels = [f"class {case}" for case in range(int(found.cases.max()) + 1)]
    if pair is not None:
        same = {True: "same", False: "different"}
        labels = [f"{same[a == b]}: {a} {b}" for a in pair for b in pair]
    after = found.responses["after"]
    means = np.array([after[found.cases == case].mean(axis=0) for case in range(len(labels))])
    axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2][:2]
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    for letter, panel, when in zip("AB", figure.subplots(1, 2), ("before", "after"), strict=True):
        shown = (found.responses[when] - means.mean(axis=0)) @ axes.T
        for case, label in enumerate(labels):
            chosen = found.cases == case
            color = PALETTE[case % len(PALETTE)]
            panel.plot(*shown[chosen].T, "o", markersize=3, color=color, label=label)
        panel.set_title(f"{letter}  test images, {when} learning", loc="left")
        panel.set_xlabel("hidden events, axis 1")
        panel.set_ylabel("hidden events, axis 2")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(5, len(names)))
    return figure


def receptive_fields(weights: npt.NDArray[np.float64], *, halves: int) -> Figure:
    """Weights of the hidden neurons whose weights are largest: of light less that of dark pixels.

    Parameters
    ----------
    weights : ndarray, shape (hidden, inputs)
        Inputs are the brightness of all pixels, then their darkness.
    halves : int
        Square images side by side.
    """
    light, dark = np.split(weights, 2, axis=1)
    fields = light - dark
    side = round(np.sqrt(fields.shape[1] / halves))
    largest = np.argsort(-np.abs(fields).sum(axis=1))[:16]
    limit = float(np.abs(fields[largest]).max())
    figure = Figure(figsize=(8.0, 4.4 / halves + 0.4), layout="constrained")
    panels = figure.subplots(4 // halves, 4 * halves, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, neuron in zip(panels, largest, strict=False):
        image = fields[neuron].reshape(side, side * halves)
        panel.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
    figure.suptitle("weights of hidden neurons, light less dark pixels", fontsize=9)
    return figure


__all__ = ["cases", "learning", "receptive_fields"]
