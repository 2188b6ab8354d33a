"""Run published theories of cortical learning, written in NESTML, on NEST.

>>> import nest, neuromodels                                    # doctest: +SKIP
>>> neuromodels.install("pyramidal_burst_neuron")               # doctest: +SKIP
>>> cells = nest.Create("pyramidal_burst_neuron", 100)          # doctest: +SKIP
>>> run = neuromodels.run("burstprop/learning-rule", seed=1)    # doctest: +SKIP

Names are loaded when they are first used: ``import neuromodels`` alone imports neither NEST nor
any other slow package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuromodels import errors
    from neuromodels.analysis import Analysis, Metric, Reference, Result
    from neuromodels.circuit import Circuit, Cost, Network, Phase
    from neuromodels.hookspecs import hookimpl
    from neuromodels.models import NeuronModel, SynapseModel
    from neuromodels.nestml import (
        get_values,
        install,
        set_values,
        uninstall,
        weight_summary,
        weights,
    )
    from neuromodels.parameters import Parameters, parameter
    from neuromodels.reproduction import Reproduction, reproduce
    from neuromodels.runner import analyze, rerun, resume, run
    from neuromodels.runs import Run, load_run
    from neuromodels.spikes import SpikeTrains
    from neuromodels.sweeps import Sweep, load_sweep, sweep

    __version__: str

# Public name -> module it lives in.
_HOMES = {
    "install": "neuromodels.nestml",
    "uninstall": "neuromodels.nestml",
    "get_values": "neuromodels.nestml",
    "set_values": "neuromodels.nestml",
    "weight_summary": "neuromodels.nestml",
    "weights": "neuromodels.nestml",
    "run": "neuromodels.runner",
    "analyze": "neuromodels.runner",
    "rerun": "neuromodels.runner",
    "resume": "neuromodels.runner",
    "reproduce": "neuromodels.reproduction",
    "Reproduction": "neuromodels.reproduction",
    "SpikeTrains": "neuromodels.spikes",
    "sweep": "neuromodels.sweeps",
    "load_sweep": "neuromodels.sweeps",
    "Sweep": "neuromodels.sweeps",
    "load_run": "neuromodels.runs",
    "Run": "neuromodels.runs",
    "hookimpl": "neuromodels.hookspecs",
    "Circuit": "neuromodels.circuit",
    "Cost": "neuromodels.circuit",
    "Network": "neuromodels.circuit",
    "Phase": "neuromodels.circuit",
    "Parameters": "neuromodels.parameters",
    "parameter": "neuromodels.parameters",
    "Analysis": "neuromodels.analysis",
    "Metric": "neuromodels.analysis",
    "Reference": "neuromodels.analysis",
    "Result": "neuromodels.analysis",
    "NeuronModel": "neuromodels.models",
    "SynapseModel": "neuromodels.models",
}

__all__ = [
    "Analysis", "Circuit", "Cost", "Metric", "Network", "NeuronModel", "Parameters", "Phase",
    "Reference", "Reproduction", "Result", "Run", "SpikeTrains", "Sweep", "SynapseModel",
    "__version__", "analyze", "errors", "get_values", "hookimpl", "install", "load_run",
    "load_sweep", "parameter", "reproduce", "rerun", "resume", "run", "set_values", "sweep",
    "uninstall", "weight_summary", "weights",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        from importlib.metadata import version

        value = version("neuromodels")
    elif name == "errors":
        value = import_module("neuromodels.errors")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
