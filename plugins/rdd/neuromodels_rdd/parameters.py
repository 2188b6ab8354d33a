"""Parameters of the spiking network; circuits that contain one inherit them."""

from __future__ import annotations

from typing import Literal

from neuromodels import Parameters, parameter

PAPER = "Guerguiev et al. 2020"
CODE = f"{PAPER}, authors' code"


class AlignmentParameters(Parameters):
    """Parameters of an RDD phase; defaults are the published ones."""

    stage: float = parameter(
        30.0, unit="s", gt=0, doc="Time for which each layer in turn is driven", source=CODE
    )
    write_interval: float = parameter(
        10.0,
        unit="s",
        gt=0,
        doc="Interval at which estimates become feedback weights; divides `stage`",
        source=CODE,
    )
    fraction: float = parameter(
        0.2, unit="", gt=0, le=1, doc="Part of the driven layer that gets input", source=CODE
    )
    drive_rate: float = parameter(
        200.0, unit="Hz", gt=0, doc="Poisson rate of the input of each chosen unit", source=CODE
    )
    drive_weight: float = parameter(
        4.0, unit="", doc="Weight of this input (threshold: 1)", source=CODE
    )
    redraw: float = parameter(
        100.0, unit="ms", ge=1, doc="Interval at which other units are chosen", source=CODE
    )
    short_first_block: bool = parameter(
        True, unit="", doc="Whether units are first chosen anew 1 ms early, as published",
        source=CODE,
    )  # fmt: skip
    weight_gain: float = parameter(
        0.2,
        unit="",
        gt=0,
        doc="Standard deviation of forward weights in the spiking network, per input unit",
        source=CODE,
    )
    forward_delay: int = parameter(
        0,
        unit="ms",
        ge=0,
        le=20,
        doc="Delay of forward connections, from the end of the sending unit's step; 0 as published",
        source=CODE,
    )
    integration: Literal["euler", "exact"] = parameter(
        "euler",
        unit="",
        doc="Step of the potential: the published Euler step of 0.7 time constants, or exact",
        source=CODE,
    )
    truncated_kernel: bool = parameter(
        True, unit="", doc="Whether units forget their input after 30 ms, as published",
        source=CODE,
    )  # fmt: skip
    window: int = parameter(30, unit="ms", ge=2, le=32, doc="Length of an RDD window", source=CODE)
    band: float = parameter(
        0.1, unit="", gt=0, doc="Distance from the threshold at which a window opens", source=CODE
    )
    usable: float = parameter(
        10.0,
        unit="",
        gt=0,
        doc="Windows count if their maximum is at most so far from the threshold",
        source=CODE,
    )
    eta: float = parameter(0.001, unit="", ge=0, doc="Learning rate of the fits", source=CODE)
    stale_baseline: bool = parameter(
        True,
        unit="",
        doc="Whether a window that follows on another keeps its baseline, as published; "
        "else the baseline is what came from above when it opened",
        source=CODE,
    )
    rule: Literal["windows", "synapses"] = parameter(
        "windows",
        unit="",
        doc="Where the fits are done: for all windows of some seconds at once, or in NEST by a "
        "plastic synapse for every pair of units. The same results, but for rounding",
    )


__all__ = ["CODE", "PAPER", "AlignmentParameters"]
