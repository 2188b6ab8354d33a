"""The circuit rdd/learning without PyTorch: what is refused, and the protocol."""

from __future__ import annotations

import pytest
from neuromodels_rdd.learning import circuit as learning
from neuromodels_rdd.learning.circuit import LEARNING, Learning
from neuromodels_rdd.learning.conditions import BACKPROP, CONDITIONS, FEEDBACK_ALIGNMENT, RDD

import neuromodels
from neuromodels import pytorch
from neuromodels.errors import EnvironmentProblem, ParameterError, UsageError
from neuromodels.images import Images, ImageSet


@pytest.fixture
def small(monkeypatch):
    """As if PyTorch were there; images are 12 x 12, of three classes."""
    import numpy as np

    images = Images(np.zeros((40, 1, 12, 12), dtype=np.uint8), np.arange(40) % 3)
    monkeypatch.setattr(pytorch, "find_spec", lambda _: object())
    monkeypatch.setattr(learning.images, "load", lambda *_: ImageSet(images, images))

    def make(**parameters):
        values = {"image_size": None, "maps": (4,), "hidden": (8, 6), "epochs": 4}
        return Learning(Learning.Parameters.resolve(values | parameters))

    return make


def test_without_pytorch_one_line_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(pytorch, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentProblem) as caught:
        neuromodels.run("rdd/learning", preset="smoke", out=tmp_path / "run")
    assert "PyTorch" in str(caught.value)
    assert "pip install 'neuromodels-rdd[learning]'" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_published_is_the_default():
    p = Learning.Parameters()
    assert Learning.presets["paper"] == {}
    assert (p.epochs, p.batch, p.rate, p.momentum, p.weight_decay) == (100, 32, 0.01, 0.9, 0.0)
    assert (p.maps, p.kernel, p.hidden, p.image_size) == ((64, 64), 5, (384, 192), 32)
    assert (p.stage, p.write_interval, p.shift, p.rdd_every) == (30.0, 10.0, 4, 1)
    assert p.double_softmax
    assert p.conditions == CONDITIONS


def test_protocol(small):
    circuit = small()
    phases = list(circuit.protocol())
    rdd = [p for p in phases if "_rdd_" in p.name]
    assert sum(p.duration for p in rdd) == 4 * circuit.spiking.duration
    learned = [p.name for p in phases if p not in rdd]
    assert learned == [f"epoch_{e}_learn_{c}" for e in range(1, 5) for c in CONDITIONS]
    # Signals are sampled at the end of every epoch.
    time = 0.0
    for phase in phases:
        time += phase.duration
        if phase.name.endswith(CONDITIONS[-1]):
            assert time % LEARNING == 0
            assert phase.checkpoint


@pytest.mark.parametrize(
    ("every", "before"), [(0, [1]), (1, [1, 2, 3, 4]), (2, [1, 3]), (3, [1, 4])]
)
def test_when_phases_of_rdd_come(small, every, before):
    circuit = small(rdd_every=every)
    assert [epoch for epoch in range(1, 5) if circuit.rdd_before(epoch)] == before
    names = [p.name for p in circuit.protocol() if "_rdd_fill" in p.name]
    assert names == [f"epoch_{epoch}_rdd_fill" for epoch in before]


def test_without_rdd_there_is_no_spiking_network(small):
    circuit = small(conditions=(FEEDBACK_ALIGNMENT, BACKPROP))
    assert circuit.spiking is None
    assert circuit.models == ()
    assert [p.duration for p in circuit.protocol()] == 8 * [LEARNING]
    assert small(conditions=(RDD,)).models


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"conditions": ()}, "name each once"),
        ({"conditions": (RDD, RDD)}, "name each once"),
        ({"conditions": ("fa",)}, "choose from rdd, feedback-alignment, backprop"),
        ({"maps": (4, 4, 4)}, "3 convolutions of 5 x 5 pixels leave nothing"),
        ({"image_size": 10}, "12 x 12 pixels do not fit into 10 x 10"),
        ({"n_train": 41}, "41 images are asked for, the set has 40"),
    ],
)
def test_what_is_refused(small, parameters, message):
    with pytest.raises((ParameterError, UsageError)) as caught:
        small(**parameters)
    assert message in str(caught.value)
