"""``burstprop/images``: tasks, the network's rule event by event, and a small run."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_burstprop.images import circuit as module
from neuromodels_burstprop.images import tasks
from neuromodels_burstprop.images.circuit import ImagesParameters, SpikingImages

import neuromodels
from neuromodels.errors import ParameterError
from neuromodels.images import Images, ImageSet

NAME = "burstprop/images"


# -- tasks ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images():
    """Four classes; every image of a class has another grey level, and a bright corner."""
    rng = np.random.default_rng(1)

    def made(n, darkest):
        labels = np.arange(n) % 4
        pixels = np.zeros((n, 1, 4, 4), dtype=np.uint8)
        pixels[:] = (darkest + rng.integers(0, 50, n))[:, None, None, None]
        for image, label in zip(pixels[:, 0], labels, strict=True):
            image[label // 2 * 3, label % 2 * 3] = 200
        return Images(pixels, labels)

    return ImageSet(made(80, 10), made(20, 100))


def make(images, name, **values):
    settings = {"pair": (1, 2), "n_train": 40, "n_test": 8, "pool": 1} | values
    return tasks.make(name, images, rng=np.random.default_rng(3), **settings)


def test_pairs_of_images(images):
    task = make(images, "xor")
    assert (task.answers, task.shape) == (2, (4, 8))
    for examples, n in ((task.train, 40), (task.test, 8)):
        sides = examples.x.reshape(n, 4, 8)
        bright = [
            [int(np.argmax(side[[0, 0, 3, 3], [0, 3, 0, 3]])) for side in (s[:, :4], s[:, 4:])]
            for s in sides
        ]
        assert {tuple(b) for b in bright} == {(1, 1), (1, 2), (2, 1), (2, 2)}
        counts = np.unique(bright, axis=0, return_counts=True)[1]
        assert (counts == n // 4).all()
        assert np.array_equal(examples.answers, [a != b for a, b in bright])
    # Test images are darker than none of the training images.
    assert task.test.x.min() > 0.3 > np.median(task.train.x)


def test_other_tasks(images):
    assert np.array_equal(make(images, "parity").train.answers, np.arange(40) % 4 % 2)
    task = make(images, "classes", pool=2)
    assert (task.answers, task.shape, task.train.x.shape) == (4, (2, 2), (40, 4))
    pixels = images.train.pixels[5, 0] / 255
    assert task.train.x[5, 1] == pytest.approx(pixels[:2, 2:].mean())


def test_images_that_will_not_do(images):
    for values in ({"pair": (1, 7)}, {"pair": (1, 1)}, {"pool": 3}):
        with pytest.raises(ParameterError):
            make(images, "xor", **values)


# -- the rule, event by event ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(images, tmp_path_factory):
    """A network of two hidden layers with both feedback pathways, all spikes recorded."""
    values = {
        "n_hidden": (6, 5), "n_output": 3, "examples": 10, "test_every": 10, "n_test": 4,
        "pair": (1, 2), "n_train": 40, "w_input_sd": 0.3, "w_hidden_sd": 0.5, "eta_hidden": 0.01,
        "eta_end": 1.0, "event_feedback": 0.5, "homeostasis": 0.0, "record_spikes": True,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load", lambda *_: images)
        return neuromodels.run(NAME, parameters=values, out=tmp_path_factory.mktemp("i") / "run")


def trains(run, population):
    spikes = run.spikes(population)
    return [spikes.times[spikes.node_ids == i] for i in range(run.populations[population])]


def events_of(times):
    """Spikes at least 20 ms after the last event; the others are second spikes of bursts."""
    events = []
    for time in times:
        if not events or time - events[-1] > 19.5:
            events.append(time)
    return np.array(events)


def weights_of(run, post):
    [values] = [run.signals[name].values for name in run.signals if name == f"weights_{post}"]
    return values[0], values[-1]


@pytest.mark.parametrize(("pre", "post"), [
    ("input", "hidden_1"), ("hidden_1", "hidden_2"), ("hidden_2", "output"),
])  # fmt: skip
def test_weights_follow_the_published_rule(recorded, pre, post):
    """Every weight from the spikes alone: events and bursts, traces, running averages, the gate."""
    p = recorded.parameters
    start, end = weights_of(recorded, post)
    eta = p["eta_output"] if post == "output" else p["eta_hidden"]
    sources, targets = trains(recorded, pre), trains(recorded, post)
    learned_from = p["n_test"] * p["test"] + p["settle"] + p["learn"]
    learned_until = learned_from + p["examples"] * (p["settle"] + p["learn"])
    w, changes = start.copy(), 0
    for j, times in enumerate(targets):
        events = events_of(times)
        event_rate, burst_rate, last = 5.0, 1.5, 0.0
        for time in times:
            decay = np.exp(-(time - last) / p["tau_average"])
            event_rate, burst_rate, last = event_rate * decay, burst_rate * decay, time
            if time in events:
                valence = -min(1.0, burst_rate / event_rate)
                event_rate += 1000.0 / p["tau_average"]
            else:
                assert time - events[events < time][-1] == pytest.approx(5.0)
                valence = 1.0
                burst_rate += 1000.0 / p["tau_average"]
            within = (time - 0.5 - learned_from) % (p["settle"] + p["learn"])
            learning = learned_from + 0.5 < time < learned_until + 0.5
            if not learning or within < p["settle"]:
                continue
            arrival = time + 1.0
            for i, arrivals in enumerate(sources):
                # A synapse looks at postsynaptic spikes when a presynaptic one arrives.
                if not arrivals.size or arrival > arrivals[-1] + 0.5:
                    continue
                shown = arrivals if pre == "input" else events_of(arrivals)
                earlier = shown[shown < arrival - 0.5]
                trace = np.exp(-(arrival - earlier) / p["tau_pre"]).sum()
                w[j, i] = np.clip(w[j, i] + eta * valence * trace, -1.0, 1.0)
                changes += 1
    assert changes > 200
    assert np.abs(end - start).max() > 0.01
    np.testing.assert_allclose(end, w, rtol=0, atol=1e-9)


def test_bursts_and_events_of_all_populations(recorded):
    """Inputs never burst and fire as pixels say; counters agree with the spikes."""
    for column, name in enumerate(recorded.signals["population"].values):
        counted = [len(events_of(times)) for times in trains(recorded, str(name))]
        spikes = [len(times) for times in trains(recorded, str(name))]
        assert int(recorded.signals["events"][-1, column]) == pytest.approx(sum(counted), abs=3)
        bursts = int(recorded.signals["bursts"][-1, column])
        assert bursts == pytest.approx(sum(spikes) - sum(counted), abs=3)
        assert 0.1 < bursts / sum(counted) < 0.6


# -- homeostasis and matrices ---------------------------------------------------------------------


def test_places_of_synapses(recorded):
    """Weights of a projection as a matrix are those that NEST says by source and target."""
    import nest

    from neuromodels import install, weights

    nest.ResetKernel()
    nest.resolution = 1.0
    install("burst_escape_neuron", module.SYNAPSE)
    pre, post = nest.Create(module.NEURON, 7), nest.Create(module.NEURON, 4)
    w = np.random.default_rng(1).normal(size=(4, 7))
    spec = {"synapse_model": module.SYNAPSE, "weight": w, "receptor_type": 1}
    nest.Connect(pre, post, "all_to_all", spec)
    nest.Simulate(1.0)
    values, targets = weights(module.SYNAPSE)
    order = np.argsort(targets, kind="stable")
    np.testing.assert_allclose(values[order].reshape(4, 7), w)


def test_homeostasis_moves_weights_of_quiet_and_of_busy_neurons(images, tmp_path):
    values = {
        "n_hidden": (6,), "n_output": 3, "examples": 3, "test_every": 3, "n_test": 4,
        "pair": (1, 2), "n_train": 40, "eta_hidden": 0.0, "eta_output": 0.0,
    }  # fmt: skip
    for limits, sign in (({"rate_low": 60.0, "rate_high": 90.0}, 1), ({"rate_low": 0.0,
                          "rate_high": 0.01}, -1)):  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "load", lambda *_: images)
            run = neuromodels.run(NAME, parameters=values | limits, out=tmp_path / str(sign))
        for post in ("hidden_1", "output"):
            start, end = weights_of(run, post)
            assert (sign * (end - start)).min() >= 0
            assert (sign * (end - start)).mean() > 1e-4


# -- a run ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    pytest.importorskip("sklearn", reason="scikit-learn, which has the digits, is missing")
    return neuromodels.run(NAME, preset="smoke", out=tmp_path_factory.mktemp("s") / "run")


def test_smoke(smoke):
    assert {"accuracy/examples_0", "accuracy", "event_rate/hidden_1", "event_rate/output"} <= set(
        smoke.metrics
    )
    assert 0 <= float(smoke.metrics["accuracy"]) <= 100
    assert 5 < float(smoke.metrics["event_rate/hidden_1"]) < 25
    assert set(smoke.figures) == {"cases", "learning", "receptive_fields"}


def test_untrained_hidden_layers_do_not_change(images, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load", lambda *_: images)
        values = {
            "n_hidden": (6,), "n_output": 3, "examples": 4, "test_every": 4, "n_test": 4,
            "pair": (1, 2), "n_train": 40, "hidden_plasticity": False,
        }  # fmt: skip
        run = neuromodels.run(NAME, parameters=values, out=tmp_path / "run")
    start, end = weights_of(run, "hidden_1")
    np.testing.assert_array_equal(start, end)
    start, end = weights_of(run, "output")
    assert np.abs(end - start).max() > 1e-3


def test_no_hidden_layer():
    with pytest.raises(ParameterError, match="no hidden layer"):
        SpikingImages(ImagesParameters.resolve({"n_hidden": ()}))
