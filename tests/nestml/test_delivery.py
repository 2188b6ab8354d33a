"""Savings that depend on what a model says: when they apply, and that they match."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_plugins import neuron, synapse

from neuromodels.errors import ModelError
from neuromodels.nestml import cpp, delivery
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
    assert not made.decays
    for name, cls in made.synapse_classes.items():
        file = made.directory / f"{cls}.h"
        text = file.read_text()
        assert delivery.ignores_post_spikes(text) == (name == "plain"), name
        if name == "plain":
            short = delivery.forget_post_spikes(text, file)
            assert not delivery.only_relays(short)
            for word in ("t_lastspike_", "get_history__", "register_stdp_connection", "__h"):
                assert word not in short, word


def test_a_relay_changes_nothing_and_sends_its_weight(tmp_path: Path) -> None:
    relay = PLAIN.replace("        w += factor\n", "")
    twice = relay.replace("emit_spike(w)", "emit_spike(2 * w)")
    both = relay.replace("emit_spike(w)", "emit_spike(w)\n        emit_spike(w)")
    made = generated(tmp_path, COUNTER, {"relay": relay, "twice": twice, "both": both})
    for name, cls in made.synapse_classes.items():
        file = made.directory / f"{cls}.h"
        text = delivery.forget_post_spikes(file.read_text(), file)
        assert delivery.only_relays(text) == (name == "relay"), name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("last = n", "last = 0.9 * last"),
        ("last = n", "last = mean + n"),  # a circle of two
    ],
)
def test_what_may_become_subnormal(old: str, new: str, tmp_path: Path) -> None:
    assert COUNTER.count(old) == 1
    assert generated(tmp_path, COUNTER.replace(old, new), {}).decays


def test_changed_code_stops_the_build() -> None:
    with pytest.raises(ModelError, match="delivery of spikes"):
        delivery.receive("void n::handle(nest::SpikeEvent &e)", "", Path("n.h"))
    with pytest.raises(ModelError, match="delivery of spikes"):
        delivery.forget_post_spikes("", Path("s.h"))
    with pytest.raises(ModelError, match="delivery of spikes"):
        delivery.send_directly("", Path("s.h"), paired=False, timed=True)
    with pytest.raises(ModelError, match="delivery of spikes"):
        delivery.look_back_quickly("n::get_history__( double t1,", "", Path("n.h"))
    with pytest.raises(ModelError, match="delivery of spikes"):
        delivery.remember("", Path("s.h"))
    with pytest.raises(ModelError, match="delivery of spikes"):
        delivery.line_up("", Path("s.h"))


def test_what_is_calculated_once_for_all_targets(tmp_path: Path) -> None:
    update = "    update:\n        w *= exp(-timestep() / (2 ms)) * 0.5**1.5\n"
    made = generated(tmp_path, COUNTER, {"fading": PLAIN + update})
    file = made.directory / f"{made.synapse_classes['fading']}.h"
    text = delivery.send_directly(file.read_text(), file, paired=True, timed=True)
    text = delivery.remember(text, file)
    assert re.search(r"= .*arrival\.exp< 0 >\( \(-__timestep\) / \(?2\.0", text)
    assert re.search(r"= .*arrival\.pow< 1 >\( \(?0\.5\)?, ?\(?1\.5", text)
    assert text.count("cp, arrival);") == 2  # at postsynaptic spikes, and at presynaptic ones


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
        text = (made.directory / f"{made.neuron_class}.cpp").read_text()
        assert "old___h" in text
        assert ("old___h" in cpp.keep_internals(text)) == (name != "fixed"), name
