"""A plugin that other processes find by its entry point: a small circuit for sweeps and jobs."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from neuromodels import (
    Analysis,
    Circuit,
    Metric,
    Network,
    Parameters,
    Phase,
    Reference,
    Result,
    hookimpl,
    parameter,
)


class SweptParameters(Parameters):
    rate: float = parameter(9000.0, unit="Hz", ge=0, doc="Background rate")
    duration: float = parameter(20.0, unit="ms", gt=0, doc="Length of each phase")
    n_phases: int = parameter(2, unit="", ge=1, doc="Number of phases")
    steps: list[float] = parameter([1.0, 2.0], unit="ms", doc="A list")
    end: Literal["well", "error", "kill", "leave"] = parameter("well", unit="", doc="How it ends")


class Swept(Circuit[SweptParameters]):
    """Independent neurons under Poisson noise; can be continued from each phase."""

    name = "swept/net"
    summary = "Neurons under noise"
    Parameters = SweptParameters
    presets = {"smoke": {}, "paper": {"duration": 100.0}}
    default_preset = "smoke"
    analyses = ("swept/rate",)

    def build(self, network: Network) -> None:
        nest, p = network.nest, self.parameters
        self.cells = nest.Create("iaf_psc_alpha", 20)
        noise = nest.Create("poisson_generator", params={"rate": p.rate})
        nest.Connect(noise, self.cells, syn_spec={"weight": 20.0, "delay": 1.0})
        network.population("cells", self.cells)
        network.signal("pause", self.pause, interval=10.0, unit="")

    def pause(self) -> float:
        if alive := os.environ.get("SWEPT_ALIVE"):
            Path(alive, str(os.getpid())).touch()
        time.sleep(float(os.environ.get("SWEPT_SLOW", "0")))
        return 0.0

    def protocol(self) -> Iterator[Phase]:
        for number in range(self.parameters.n_phases):
            yield Phase(f"part_{number}", self.parameters.duration, self.enter, checkpoint=True)

    def enter(self, network: Network) -> None:
        match self.parameters.end:
            case "error":
                raise ValueError("as asked for")
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "leave":
                print("the last words", file=sys.stderr, flush=True)
                os._exit(3)

    def state(self, network: Network):
        return {"V_m": np.zeros(1)}

    def restore(self, network: Network, state) -> None:
        pass


class Rate(Analysis):
    name = "swept/rate"
    summary = "Mean rate"

    def __call__(self, run):
        reference = Reference(mean=30.0, sd=5.0, n=3, dof=2, source="nowhere")
        rate = run.spikes("cells").rate
        return Result([Metric("rate", rate, "Hz", reference), Metric("none", float("nan"), "")])


class Plugin:
    @hookimpl
    def neuromodels_circuits(self):
        return [Swept]

    @hookimpl
    def neuromodels_analyses(self):
        return [Rate]


plugin = Plugin()


def install(folder: Path) -> None:
    """Make `folder`, on the path of a process, a place where the plugin is installed."""
    import installed_plugin  # here, because those processes do not have it

    installed_plugin.install(folder, Path(__file__), "swept")
