"""Savings that depend on what a model says: when they apply."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_plugins import neuron, synapse

from neuromodels.nestml.family import Family
from neuromodels.nestml.generate import Generated, generate

COUNTER = """\
model counter:
    state:
        n real = 0.
        last real = 0.
        mean real = 0.
    parameters:
        share real = 0.5
    input:
        exc <- spike
    output:
        spike
    update:
        part real = share
        part = part * 0.5
        mean = part * last
        last = n
    onReceive(exc):
        n += share * exc * 1 s
"""

PLAIN = """\
model plain:
    state:
        w real = 1.
    input:
        pre_spikes <- spike
        post_spikes <- spike
        factor real <- continuous
    output:
        spike
    onReceive(post_spikes):
        w = w
    onReceive(pre_spikes):
        w += factor
        emit_spike(w)
"""

ONE = {
    "pairing": PLAIN.replace("w = w", "w += 1"),
    "update": PLAIN + "    update:\n        w *= 0.9\n",
}
"""What each of these needs times for."""


def generated(tmp_path: Path, cell: str, synapses: dict[str, str]) -> Generated:
    """C++ of a neuron with synapses."""
    source = tmp_path / "counter.nestml"
    source.write_text(cell)
    models = []
    for name, text in synapses.items():
        file = tmp_path / f"{name}.nestml"
        file.write_text(text.replace("model plain:", f"model {name}:"))
        models.append(synapse(name, file, neuron="counter", factor="last"))
    work = tmp_path / "work"
    work.mkdir()
    return generate(Family(neuron("counter", source), tuple(models)), "x", work, "3.10.0")


def test_history_is_kept_for_synapses_that_read_it(tmp_path: Path) -> None:
    made = generated(tmp_path, COUNTER, {"plain": PLAIN, **ONE})
    assert not made.decisions["counter"]["flushes"]
    timed = {name: made.decisions[name]["timed"] for name in made.synapse_classes}
    assert timed == {"plain": False, "pairing": True, "update": True}
    assert not any(made.decisions[name]["relays"] for name in made.synapse_classes)


def test_a_relay_changes_nothing_and_sends_its_weight(tmp_path: Path) -> None:
    relay = PLAIN.replace("        w += factor\n", "")
    twice = relay.replace("emit_spike(w)", "emit_spike(2 * w)")
    both = relay.replace("emit_spike(w)", "emit_spike(w)\n        emit_spike(w)")
    made = generated(tmp_path, COUNTER, {"relay": relay, "twice": twice, "both": both})
    relays = {name: made.decisions[name]["relays"] for name in made.synapse_classes}
    assert relays == {"relay": True, "twice": False, "both": False}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("last = n", "last = 0.9 * last"),
        ("last = n", "last = mean + n"),  # a circle of two
    ],
)
def test_what_may_become_subnormal(old: str, new: str, tmp_path: Path) -> None:
    assert COUNTER.count(old) == 1
    made = generated(tmp_path, COUNTER.replace(old, new), {})
    assert made.decisions["counter"]["flushes"]


def test_what_is_calculated_once_for_all_targets(tmp_path: Path) -> None:
    update = "    update:\n        w *= exp(-timestep() / (2 ms)) * 0.5**1.5\n"
    made = generated(tmp_path, COUNTER, {"fading": PLAIN + update})
    assert made.decisions["fading"]["remembers"] == 2


def test_internals_are_calculated_anew_where_they_may_change(tmp_path: Path) -> None:
    fixed = COUNTER.replace(
        "share real = 0.5", "share real = 0.5\n    internals:\n        k real = share"
    )
    for name, cell in {
        "fixed": fixed,
        "state": fixed.replace("k real = share", "k real = n"),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        made = generated(folder, cell, {"plain": ONE["update"]})
        settled = made.decisions["counter"]["internals_are_settled"]
        assert settled == (name == "fixed"), name
