"""Names that a model may use, though NEST, C++ and the generator use them too."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
from small_plugins import neuron, registered, synapse

import neuromodels

NAMES = [
    "logs", "origin_steps", "received", "arrival", "place", "show", "inputs", "enlist",
    "is_observed", "lag", "from", "to", "origin", "S_", "P_", "B_", "V_", "nest", "std",
    "get_status", "get_name", "thread", "class", "new", "register", "int", "namespace",
    "emit", "timed", "possible", "update_one", "variables", "cp", "tid", "common", "spikes",
    "steps_", "u_x", "Neuron", "a$b", "next", "port_EXC", "emitted", "target", "weight",
    "delay",
]  # fmt: skip
"""Half of them are variables of the neuron and locals of the synapse, half the other way round."""
FUNCTIONS = [name for name in NAMES if name != "get_status"]  # which NESTML refuses, with its line
OURS, THEIRS = NAMES[::2], NAMES[1::2]


def _block(title: str, lines: list[str]) -> str:
    return f"    {title}:\n" + "".join(f"        {line}\n" for line in lines)


def _function(name: str, i: int) -> str:
    """A function of two arguments, called as some variable is."""
    return (
        f"    function {name}({NAMES[i - 1]} real, {NAMES[i - 2]} real) real:\n"
        f"        return {NAMES[i - 1]} + {i} * {NAMES[i - 2]}\n"
    )


def _locals(names: list[str], into: str) -> list[str]:
    return [
        line for i, name in enumerate(names) for line in (f"{name} real = {i}", f"{into} += {name}")
    ]


NEURON = (
    "model awkward_neuron:\n"
    + _block("state", ["total real = 0", "called real = 0", *(f"{n} real = 1" for n in OURS[::3])])
    + _block("parameters", [f"{name} real = 2" for name in OURS[1::3]])
    + _block("internals", [f"{name} real = 3" for name in OURS[2::3]])
    + "".join(_function(name, i) for i, name in enumerate(FUNCTIONS))
    + _block("input", ["exc <- spike"])
    + _block("output", ["spike"])
    + _block(
        "update",
        [
            *_locals(THEIRS, "total"),
            *(f"total += {name}" for name in OURS),
            *(f"{name} += 1" for name in OURS[::3]),
            *(f"called += {name}(1, 2)" for name in FUNCTIONS),
        ],
    )
    + _block("onReceive(exc)", ["emit_spike()", "emit_spike()"])
)

SYNAPSE = (
    "model awkward_synapse:\n"
    + _block("state", ["w real = 1", "total real = 0", *(f"{n} real = 1" for n in THEIRS[::2])])
    + _block("parameters", [f"{name} real = 2" for name in THEIRS[1::2]])
    + "".join(_function(name, i) for i, name in enumerate(FUNCTIONS))
    + _block("input", ["pre_spikes <- spike", "post_spikes <- spike"])
    + _block("output", ["spike"])
    + _block("onReceive(post_spikes)", ["total += 1000"])
    + _block(
        "onReceive(pre_spikes)",
        [
            *_locals(OURS, "total"),
            *(f"total += {name}" for name in THEIRS),
            *(f"{name} += 1" for name in THEIRS[::2]),
            *(f"total += {name}(1, 2)" for name in FUNCTIONS),
            "emit_spike(w)",
        ],
    )
)


def test_any_name_compiles_and_means_what_it_says(nest: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "awkward_neuron.nestml").write_text(NEURON)
    (tmp_path / "awkward_synapse.nestml").write_text(SYNAPSE)
    models = (
        neuron("awkward_neuron", tmp_path / "awkward_neuron.nestml"),
        synapse("awkward_synapse", tmp_path / "awkward_synapse.nestml", neuron="awkward_neuron"),
    )
    with registered(*models):
        neuromodels.install("awkward_neuron")
    cell = nest.Create("awkward_neuron")
    source = nest.Create("parrot_neuron")
    nest.Connect(nest.Create("spike_generator", params={"spike_times": [0.5, 2.5]}), source)
    nest.Connect(source, cell, syn_spec={"synapse_model": "awkward_synapse", "delay": 1.0})
    meter = nest.Create("multimeter", params={"record_from": ["total", "logs"], "interval": 0.1})
    nest.Connect(meter, cell, syn_spec={"delay": 0.1})
    nest.Simulate(5.0)
    n = 50
    states = len(OURS[::3])
    constants = 2 * len(OURS[1::3]) + 3 * len(OURS[2::3]) + sum(range(len(THEIRS)))
    calls = sum(1 + 2 * i for i in range(len(FUNCTIONS)))
    totals = np.cumsum([constants + states * (1 + step) for step in range(n)])
    assert neuromodels.get_values(cell, "total") == [totals[-1]]
    assert neuromodels.get_values(cell, "called") == [n * calls]
    assert cell.get(OURS[0]) == 1 + n  # under its own name
    events = meter.events
    np.testing.assert_array_equal(events["total"], totals[: len(events["total"])])
    assert len(events["total"]) == n - 1
    connection = nest.GetConnections(source, cell)
    spikes = 2
    at_synapse = sum(range(len(OURS))) + 2 * len(THEIRS[1::2]) + calls
    expected = spikes * at_synapse + len(THEIRS[::2]) * sum(1 + k for k in range(spikes))
    # two spikes of the cell for each that arrived before the synapse last transmitted
    assert connection.get("total") == expected + 2 * 1000
    assert connection.get(THEIRS[0]) == 1 + spikes
