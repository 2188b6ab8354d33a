"""Models in a kernel under their plain names, whatever happens to the kernel."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_plugins import MODELS, neuron, registered, synapse

import neuromodels
from neuromodels.errors import ModelError, UnknownNameError, UsageError
from neuromodels.kernel.install import installed, uninstall
from neuromodels.kernel.values import weight_summary, weights


def test_models_survive_a_reset_and_can_be_forgotten(nest: ModuleType) -> None:
    neuromodels.install("plain_neuron")
    nest.Create("plain_neuron")
    nest.ResetKernel()
    assert nest.Create("plain_neuron", 3).get("step_size") == (1.5, 1.5, 1.5)
    uninstall()
    nest.ResetKernel()
    with pytest.raises(nest.NESTError):
        nest.Create("plain_neuron")


def test_several_modules_share_a_kernel(nest: ModuleType) -> None:
    neuromodels.install("plain_neuron", "halving_synapse")
    neuromodels.install("hazard_neuron")
    assert set(installed()) == {
        "plain_neuron",
        "halving_synapse",
        "hazard_neuron",
        "counting_synapse",
        "alternating_synapse",
    }
    source = nest.Create("spike_generator", params={"spike_times": [1.0, 2.0, 3.0]})
    relay, cells = nest.Create("parrot_neuron"), nest.Create("plain_neuron", 2, {"step_size": 0.0})
    nest.Connect(source, relay)
    nest.Connect(relay, cells, syn_spec={"synapse_model": "halving_synapse", "weight": 4.0})
    nest.Simulate(10.0)
    assert cells.get("v") == (7.0, 7.0)


def test_installing_again_changes_nothing(nest: ModuleType) -> None:
    neuromodels.install("plain_neuron")
    nest.Create("plain_neuron")
    neuromodels.install("plain_neuron")
    neuromodels.install("plain_neuron", "plain_neuron")


def test_after_create_it_says_what_to_do(nest: ModuleType) -> None:
    nest.Create("parrot_neuron")
    with pytest.raises(ModelError, match="already has nodes.*before nest.Create"):
        neuromodels.install("plain_neuron")
    nest.ResetKernel()
    with pytest.raises(nest.NESTError):  # what failed is not loaded behind the user's back
        nest.Create("plain_neuron")


def test_an_unknown_name_suggests_the_nearest(nest: ModuleType) -> None:
    with pytest.raises(UnknownNameError, match="plain_neurone.*plain_neuron"):
        neuromodels.install("plain_neurone")


def test_another_plugins_synapse_joins_by_name_only(nest: ModuleType, tmp_path: Path) -> None:
    """A stranger's rule for an existing neuron is compiled only for who asks for it."""
    text = (MODELS / "counting_synapse.nestml").read_text()
    source = tmp_path / "stranger.nestml"
    source.write_text(text.replace("w += eta", "w -= eta"))
    with registered(synapse("stranger_synapse", source, neuron="hazard_neuron", factor="count")):
        neuromodels.install("hazard_neuron")
        assert "stranger_synapse" not in installed()
        nest.Create("parrot_neuron")
        with pytest.raises(
            ModelError, match="already loaded without stranger_synapse.*ResetKernel"
        ):
            neuromodels.install("stranger_synapse")
        nest.ResetKernel()
        assert {"hazard_neuron", "counting_synapse", "stranger_synapse"} <= set(installed())
        cells = nest.Create("hazard_neuron", 2)
        for model in ("counting_synapse", "stranger_synapse"):
            nest.Connect(cells, cells, syn_spec={"synapse_model": model, "receptor_type": 1})


def test_an_edited_model_replaces_the_old_one_in_the_same_process(
    nest: ModuleType, tmp_path: Path
) -> None:
    source = tmp_path / "draft.nestml"
    text = (MODELS / "plain_neuron.nestml").read_text()
    values = []
    for step in ("1.5", "2.5"):
        source.write_text(text.replace("1.5", step).replace("v += step_size", f"v += {step}"))
        with registered(neuron("draft_neuron", source)):
            neuromodels.install("draft_neuron")
            cell = nest.Create("draft_neuron")
            nest.Simulate(1.0)
            values.append((cell.step_size, cell.v))
            uninstall()
            nest.ResetKernel()
    assert values == [(1.5, 15.0), (2.5, 25.0)]


@pytest.mark.parametrize("threads", [1, 2])
def test_weights_are_those_that_nest_reports(nest: ModuleType, threads: int) -> None:
    neuromodels.install("hazard_neuron")
    nest.local_num_threads = threads
    cells = nest.Create("hazard_neuron", 20)
    nest.CopyModel("counting_synapse", "other")
    for model, weight in (("counting_synapse", nest.random.uniform(0, 1)), ("other", 0.3)):
        spec = {"synapse_model": model, "receptor_type": 1, "weight": weight}
        nest.Connect(cells, cells, {"rule": "pairwise_bernoulli", "p": 0.5}, spec)
    connections = nest.GetConnections(synapse_model="counting_synapse")
    expected = np.array(connections.get("weight"))
    values, targets = weights("counting_synapse")
    assert sorted(zip(targets, values, strict=True)) == sorted(
        zip(connections.targets(), expected, strict=True)
    )
    summary = weight_summary("counting_synapse")
    assert summary.n == len(expected)
    np.testing.assert_allclose(
        [summary.mean, summary.sd, summary.smallest, summary.largest],
        [expected.mean(), expected.std(), expected.min(), expected.max()],
        rtol=1e-12,
    )
    others = weight_summary("other")
    assert (others.mean, others.sd) == (0.3, 0.0)  # their squares would leave 1e-9
    with pytest.raises(UnknownNameError):
        weight_summary("static_synapse")


def test_install_takes_models(nest: ModuleType) -> None:
    with pytest.raises(UsageError, match="takes models, not nothing"):
        neuromodels.install()
