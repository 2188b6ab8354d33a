"""Neurons that act at certain times only: the same whether or not they rest in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_plugins import MODELS, neuron, registered

import neuromodels
from neuromodels.kernel.install import neuron_entry_of
from neuromodels.nestml.conditions import look_once

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


def generated(model: str) -> str:
    """C++ of a neuron that is installed."""
    found = neuron_entry_of(model)
    assert found is not None
    (file,) = (found[1].path.parent / "cpp").glob(f"{model}_*.cpp")
    return file.read_text()


def test_which_models_rest(timely: ModuleType) -> None:
    neuromodels.install(*VARIANTS)
    texts = {name: generated(name) for name in VARIANTS}
    rests = {name: ".idle and" in text for name, text in texts.items()}
    assert rests == {"timely_neuron": True, "restless_neuron": False, "doubtful_neuron": False}
    # time is asked once, and not by each neuron
    parts = {name: text.count("].holds( ") for name, text in texts.items()}
    assert parts == {"timely_neuron": 3, "restless_neuron": 3, "doubtful_neuron": 2}
    assert "steps[ lag ].holds( 1 ) && P_.active)" in texts["timely_neuron"]
    assert "of.P_.active ) << 1" in texts["timely_neuron"]


def neuron_source(condition: str, internals: str = "") -> str:
    """What of a neuron's C++ matters here."""
    return f"""
void X::recompute_internal_variables(bool)
{{
  {internals}
}}
    const auto* steps = inputs.steps( from, to );
  for ( const auto* it = run.first; it != run.second; ++it )
X::__update_one( )
{{
  for ( long lag = from ; lag < to ; ++lag )
  {{
    const auto received = steps[ lag ].take( place );
    /**
     * Begin NESTML generated code for the onReceive block(s)
    **/
    /**
     * subthreshold updates of the convolution variables
     *
     * step 2: regardless
    **/
    /**
     * Begin NESTML generated code for the onCondition block(s)
    **/
    if ({condition})
    {{
      S_.x = 1;
    }}
    /**
     * handle continuous input ports
    **/
    if ( logs )
  }}
}}
"""


def test_a_condition_that_draws_random_numbers_is_left_alone() -> None:
    """A number more or less, and all later ones are others."""
    condition = "get_t() > 3 && rng->drand() < 0.5"
    drawn = look_once(neuron_source(condition), Path("drawn.cpp"))
    assert f"if ({condition})" in drawn
    assert "idle and" not in drawn
    assert "false, look, may" in drawn


@pytest.mark.parametrize("internals", ["V_.open = P_.active;", "V_.open = S_.x > 1;"])
def test_only_what_follows_from_parameters_is_settled(internals: str) -> None:
    """Internals that follow from a state change while the network is simulated."""
    text = look_once(neuron_source("get_t() > 3 && V_.open", internals), Path("settled.cpp"))
    assert "holds( 0 ) && V_.open" in text
    assert ("of.V_.open" in text) == ("P_" in internals)
