"""Neurons that act at certain times only: the same whether or not they rest in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from small_plugins import MODELS, neuron, registered

import neuromodels
from neuromodels.nestml.family import Family
from neuromodels.nestml.generate import generate

N = 6
STATES = ("n_always", "n_active", "n_full", "received", "now")
SOURCE = (MODELS / "timely_neuron.nestml").read_text()
VARIANTS = {
    "timely_neuron": SOURCE,
    # has something to do in every step, so that it never rests
    "restless_neuron": SOURCE.replace("model timely_neuron", "model restless_neuron")
    .replace("    parameters:", "        ticks integer = 0\n    parameters:")
    .replace("    onReceive", "    update:\n        ticks += 1\n    onReceive"),
    # a condition that time alone cannot refuse
    "doubtful_neuron": SOURCE.replace("model timely_neuron", "model doubtful_neuron").replace(
        "active and steps(t) % 7 == 0", "active and steps(t) % 7 == 0 or n_full > 1000000"
    ),
}  # fmt: skip


@pytest.fixture
def timely(nest: ModuleType, tmp_path: Path) -> Iterator[ModuleType]:
    models = []
    for name, text in VARIANTS.items():
        (tmp_path / f"{name}.nestml").write_text(text)
        models.append(neuron(name, tmp_path / f"{name}.nestml"))
    with registered(*models):
        yield nest


class Exact:
    """What the neurons do, step by step."""

    def __init__(self, arrivals: np.ndarray) -> None:
        """`arrivals`: weights, by step (of its end) and neuron."""
        self.arrivals, self.step = arrivals, 0
        self.state = {name: np.zeros(N) for name in STATES}
        self.active, self.threshold = np.zeros(N, dtype=bool), np.full(N, 2.0)
        self.spikes: list[tuple[int, int]] = []  # neuron and step

    def run(self, n: int) -> None:
        s = self.state
        for _ in range(n):
            self.step += 1
            came = self.arrivals[self.step]
            s["received"] += came
            if self.step % 5 == 2:
                s["n_always"] += 1
                s["now"] = came.copy()
            if self.step % 7 == 0:
                s["n_active"] += self.active
            if self.step % 3 == 1:
                full = self.active & (s["received"] > self.threshold)
                s["n_full"] += full
                s["received"] = np.where(full, 0.0, s["received"])
                self.spikes += [(k, self.step) for k in np.flatnonzero(full)]


def network(nest: ModuleType, model: str, threads: int, delay: int) -> tuple[object, object, Exact]:
    """Neurons with inputs of their own, a recorder of their spikes, and the same exactly."""
    nest.ResetKernel()
    neuromodels.install(model)
    nest.local_num_threads = threads
    rng = np.random.default_rng(5)
    cells = nest.Create(model, N // 2)
    nest.Create("parrot_neuron", 3)  # they do not all follow each other
    cells += nest.Create(model, N - N // 2)
    arrivals = np.zeros((1000, N))
    recorder = nest.Create("spike_recorder")
    for k in range(N):
        steps = np.sort(rng.choice(np.arange(5, 990), 40 * (k + 1), replace=False))
        weights = rng.integers(1, 4, steps.size).astype(float)
        arrivals[steps, k] = weights
        source = nest.Create(
            "spike_generator",
            params={"spike_times": (steps - delay) / 10, "spike_weights": weights},
        )
        nest.Connect(source, cells[k], syn_spec={"delay": delay / 10})
    nest.Connect(cells, recorder, syn_spec={"delay": delay / 10})
    return cells, recorder, Exact(arrivals)


def compare(cells: object, exact: Exact) -> None:
    for name in STATES:
        found = neuromodels.get_values(cells, name)
        np.testing.assert_array_equal(found, exact.state[name], f"{name}, step {exact.step}")


@pytest.mark.parametrize("delay", [1, 4])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", VARIANTS)
def test_the_same_as_step_by_step(timely: ModuleType, model: str, threads: int, delay: int) -> None:
    cells, recorder, exact = network(timely, model, threads, delay)
    for n in (1, 1, 3, 5, 40, 150):
        timely.Simulate(n / 10)
        exact.run(n)
        compare(cells, exact)
    cells[2:4].active = True
    exact.active[2:4] = True
    for n in (7, 93, 4):
        timely.Simulate(n / 10)
        exact.run(n)
        compare(cells, exact)
    assert round(timely.biological_time * 10) == exact.step
    timely.Simulate(2.0)  # what the neurons have sent is on its way
    senders, times = (np.array(recorder.events[name]) for name in ("senders", "times"))
    spikes = [
        (list(cells.global_id).index(sender), step)
        for sender, step in zip(senders, np.round(10 * times).astype(int), strict=True)
        if step <= exact.step
    ]
    assert sorted(spikes) == sorted(exact.spikes)
    assert len(spikes) > 10


def test_parameters_that_change_between_runs(timely: ModuleType) -> None:
    cells, _, exact = network(timely, "timely_neuron", 1, 1)
    with timely.RunManager():
        for active in ([], [1], [1, 4], [], [5]):
            exact.active = np.isin(np.arange(N), active)
            if len(active) == 2:
                neuromodels.set_values(cells, "active", exact.active.astype(float))
            else:
                cells.active = exact.active.tolist()
            timely.Run(10.0)
            exact.run(100)
            compare(cells, exact)


def test_a_neuron_that_is_recorded_does_not_rest(timely: ModuleType) -> None:
    cells, _, exact = network(timely, "timely_neuron", 1, 1)
    timely.Simulate(3.0)
    meter = timely.Create("multimeter", params={"record_from": ["n_always"], "interval": 0.1})
    timely.Connect(meter, cells[0], syn_spec={"delay": 0.1})
    timely.Simulate(5.0)
    exact.run(80)
    compare(cells, exact)
    events = meter.events
    steps = np.round(events["times"] * 10).astype(int)
    np.testing.assert_array_equal(np.diff(steps), 1)
    np.testing.assert_array_equal(events["n_always"], (steps + 3) // 5)


def decided(tmp_path: Path, name: str, text: str) -> dict[str, Any]:
    """What the generator decides about a neuron."""
    source = tmp_path / f"{name}.nestml"
    source.write_text(text)
    work = tmp_path / f"{name}_work"
    work.mkdir()
    made = generate(Family(neuron(name, source)), "x", work, "3.10.0")
    return made.decisions[name]


def test_which_models_rest(tmp_path: Path) -> None:
    found = {name: decided(tmp_path, name, text) for name, text in VARIANTS.items()}
    rests = {name: decision["rests"] for name, decision in found.items()}
    assert rests == {"timely_neuron": True, "restless_neuron": False, "doubtful_neuron": False}
    # time is asked once, and not by each neuron
    timed = {
        name: [condition["timed"] for condition in decision["conditions"]]
        for name, decision in found.items()
    }
    assert timed == {
        "timely_neuron": [1, 1, 1],
        "restless_neuron": [1, 1, 1],
        "doubtful_neuron": [1, 0, 1],
    }
    settled = [condition["settled"] for condition in found["timely_neuron"]["conditions"]]
    assert settled == [0, 1, 1]  # `active`, which is a parameter


DRAWING = """\
model {name}:
    state:
        n integer = 0
        level real = 1.
    parameters:
        active boolean = true
    internals:
        open boolean = {internal}
    output:
        spike
    onCondition({condition}):
        n += 1
"""
DRAWS = {
    "normal": "random_normal(0, 1) > 0 and steps(t) % 4 == 1",
    "uniform": "steps(t) % 4 == 1 and random_uniform(0, 1) < 0.5",
    "poisson": "random_poisson(2.) > 1 and steps(t) % 4 == 1",
}


@pytest.mark.parametrize("kind", DRAWS)
def test_a_condition_that_draws_random_numbers_is_left_alone(kind: str, tmp_path: Path) -> None:
    """A number more or less, and all later ones are others."""
    text = DRAWING.format(name="drawer", internal="active", condition=DRAWS[kind])
    decision = decided(tmp_path, "drawer", text)
    assert decision["conditions"] == [{"timed": 0, "settled": 0, "rest": 1}]
    assert not decision["rests"]


@pytest.mark.parametrize(("internal", "settled"), [("active", 1), ("level > 1", 0)])
def test_only_what_follows_from_parameters_is_settled(
    internal: str, settled: int, tmp_path: Path
) -> None:
    """Internals that follow from a state change while the network is simulated."""
    condition = "t > 3 ms and open"
    text = DRAWING.format(name="opener", internal=internal, condition=condition)
    decision = decided(tmp_path, "opener", text)
    assert decision["conditions"] == [{"timed": 1, "settled": settled, "rest": 1}]


def test_numbers_are_drawn_in_every_step(
    nest: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same ones as in the plain build, which evaluates conditions as they stand."""
    text = DRAWING.format(name="drawer", internal="active", condition=DRAWS["normal"])
    (tmp_path / "drawer.nestml").write_text(text)
    counts = {}
    for engine in ("fast", "plain"):
        monkeypatch.setenv("NEUROMODELS_ENGINE", engine)
        neuromodels.kernel.install.uninstall()
        nest.ResetKernel()
        with registered(neuron("drawer", tmp_path / "drawer.nestml")):
            neuromodels.install("drawer")
        cells = nest.Create("drawer", 5)
        nest.Simulate(50.0)
        counts[engine] = list(neuromodels.get_values(cells, "n"))
    assert counts["fast"] == counts["plain"]
    assert len(set(counts["fast"])) > 1
