"""Models that no plugin registers: files, texts and models given to `install`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from small_plugins import MODELS

import neuromodels
from neuromodels.errors import ModelError, UnknownNameError, UsageError
from neuromodels.kernel.install import installed, uninstall
from neuromodels.models import NeuronModel, SynapseModel
from neuromodels.nestml import given
from neuromodels.nestml.family import resolve
from neuromodels.registry import Registry

COUNTER = """
model counter:
    state:
        v real = 0.
    parameters:
        increment real = {step}
    input:
        spikes <- spike
    output:
        spike
    update:
        v += increment
"""
NEURON = (MODELS / "plain_neuron.nestml").read_text()
HALVING = (MODELS / "halving_synapse.nestml").read_text()
COUNTING = (MODELS / "counting_synapse.nestml").read_text()
HAZARD = (MODELS / "hazard_neuron.nestml").read_text()


def value_after_a_ms(nest: ModuleType, model: str) -> float:
    cell = nest.Create(model)
    nest.Simulate(1.0)
    return float(cell.v)


def test_a_file_becomes_a_model_of_its_name(nest: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "anything.nestml"
    path.write_text(COUNTER.format(step=1.5))
    assert neuromodels.install(str(path)) == ("counter",)
    assert value_after_a_ms(nest, "counter") == 15.0
    nest.ResetKernel()
    assert neuromodels.install(path) == ("counter",)
    assert neuromodels.install("counter") == ("counter",)  # by its name, once it is known
    assert value_after_a_ms(nest, "counter") == 15.0


def test_an_edited_file_takes_the_place_of_the_old_one(nest: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "counter.nestml"
    path.write_text(COUNTER.format(step=1.5))
    neuromodels.install(path)
    path.write_text(COUNTER.format(step=2.5))
    nest.ResetKernel()
    nest.set(resolution=0.2, rng_seed=7, local_num_threads=2)
    assert nest.GetDefaults("counter")["increment"] == 1.5  # as it was installed
    neuromodels.install(path)
    assert (nest.resolution, nest.rng_seed, nest.local_num_threads) == (0.2, 7, 2)
    nest.Connect(nest.Create("counter"), nest.Create("counter"), syn_spec={"delay": 3.0})
    assert value_after_a_ms(nest, "counter") == 12.5
    path.write_text(COUNTER.format(step=3.5))
    with pytest.raises(ModelError, match="'counter' is already loaded as it was.*ResetKernel"):
        neuromodels.install(path)
    nest.ResetKernel()
    assert value_after_a_ms(nest, "counter") == 35.0


def test_settings_that_a_reset_would_lose_are_not_lost(nest: ModuleType) -> None:
    neuromodels.install(COUNTER.format(step=1.5))
    nest.SetDefaults("iaf_psc_exp", {"C_m": 100.0})
    with pytest.raises(ModelError, match="kernel is in use"):
        neuromodels.install(COUNTER.format(step=2.5))
    assert nest.GetDefaults("iaf_psc_exp")["C_m"] == 100.0
    nest.ResetKernel()
    assert nest.GetDefaults("counter")["increment"] == 2.5


def test_a_model_that_is_wrong_leaves_the_kernel_as_it_is(nest: ModuleType) -> None:
    neuromodels.install(COUNTER.format(step=1.5))
    with pytest.raises(ModelError, match="<text>:6"):
        neuromodels.install(COUNTER.format(step="nothing"))
    assert installed() == ("counter",)
    nest.ResetKernel()
    assert value_after_a_ms(nest, "counter") == 15.0


def test_a_neuron_and_its_synapse_in_one_file(nest: ModuleType, tmp_path: Path) -> None:
    """What both do is in test_hazards; here: they are found, paired, and called by their names."""
    path = tmp_path / "both.nestml"
    both = COUNTING.replace("factor real <-", "count real <-").replace("factor", "count")
    path.write_text(HAZARD + "\n" + both + "\n" + HALVING)
    names = neuromodels.install(path)
    assert names == ("hazard_neuron", "counting_synapse", "halving_synapse")
    cells = nest.Create("hazard_neuron", 2)
    for model in names[1:]:
        nest.Connect(cells, cells, syn_spec={"synapse_model": model, "receptor_type": 1})
    assert set(nest.GetConnections().get("synapse_model")) == {
        "counting_synapse",
        "halving_synapse",
    }
    uninstall()


def test_models_say_everything(nest: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "two.nestml"
    path.write_text(COUNTER.format(step=1.0) + COUNTER.format(step=2.0).replace("counter", "other"))
    names = neuromodels.install(
        NeuronModel(name="other", source=path),
        NeuronModel(name="mine", source=MODELS / "plain_neuron.nestml"),
    )
    assert names == ("other", "mine")
    assert value_after_a_ms(nest, "other") == 20.0
    assert nest.GetDefaults("mine")["step_size"] == 1.5


def read(*what: Any, **options: Any) -> dict[str, Any]:
    return given.read(what, Registry(), **options).own


def test_lines_of_a_model_keep_their_numbers(tmp_path: Path) -> None:
    text = (
        "# first\n"
        + COUNTER.format(step=1.0)
        + "# second\n# of two\nmodel b:\n    state:\n        x real = 0\n"
    )
    models = read(text)
    second = models["b"].source.text
    assert second.splitlines().index("model b:") == text.splitlines().index("model b:")
    assert second.lstrip("\n").startswith("# second\n# of two\nmodel b")
    assert "model b" not in models["counter"].source.text


NESTML = Path(given.__file__).parents[2]


def paired(model: SynapseModel) -> tuple[object, ...]:
    return model.neuron, model.post_port, dict(model.third_factors), model.weight_variable


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pairs": {"counting_synapse": "hazard_neuron"}},
        {
            "codegen_opts": {
                "neuron_synapse_pairs": [
                    {
                        "neuron": "hazard_neuron",
                        "synapses": {
                            "counting_synapse": {"post_ports": ["post_spikes", ["factor", "count"]]}
                        },
                    }
                ],
                "weight_variable": {"counting_synapse": "w"},
                "continuous_state_buffering_method": "post_spike_based",
            }
        },
        {
            "codegen_opts": {
                "neuron_synapse_pairs": [
                    {
                        "neuron": "hazard_neuron",
                        "synapse": "counting_synapse",
                        "post_ports": ["post_spikes", ["factor", "count"]],
                    }
                ]
            }
        },
    ],
)
def test_a_pairing_is_read_or_said(options: dict[str, Any]) -> None:
    said = "neuron_synapse_pairs" in options.get("codegen_opts", {})
    text = COUNTING if said else COUNTING.replace("factor", "count")
    models = read(HAZARD, text, **options)
    port = "factor" if said else "count"
    assert paired(models["counting_synapse"]) == (
        "hazard_neuron",
        "post_spikes",
        {port: "count"},
        "w",
    )


def test_the_kinds_and_pairs_of_nestmls_own_models() -> None:
    """All 40 models of the nestml package: what each is, and which port is postsynaptic."""
    import sys

    folder = Path(sys.prefix) / "models"
    if not folder.is_dir():
        pytest.skip("the nestml package has not installed its models")
    neuron = folder / "neurons" / "iaf_psc_exp_neuron.nestml"
    for path in sorted((folder / "neurons").glob("*.nestml")):
        models = read(path)
        assert {type(m) for m in models.values()} == {NeuronModel}, path.name
    for path in sorted((folder / "synapses").glob("*.nestml")):
        if path.stem in {"neuromodulated_stdp_synapse", "stdsp_synapse"}:
            continue  # read variables that this neuron lacks, or a volume transmitter's spikes
        model = read(neuron, path)[path.stem]
        assert isinstance(model, SynapseModel)
        plastic = "post_spikes" in path.read_text()
        assert model.neuron == ("iaf_psc_exp_neuron" if plastic else None)
        assert model.weight_variable == "w"


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: read(3), UsageError, "not as 3.*write neuromodels.install"),
        (lambda: read(["a"]), UsageError, "not as \\['a'\\]"),
        (lambda: read("no_such"), UnknownNameError, "path of a file ends in '.nestml'"),
        (lambda: read("no_such.nestml"), UsageError, "no_such.nestml: there is no such file"),
        (lambda: read("./"), UsageError, "this is a folder"),
        (lambda: read("a\nb"), ModelError, "no line 'model NAME:'"),
        (lambda: read(NEURON + NEURON), ModelError, "'plain_neuron' stands for 2 models"),
        (lambda: read(NEURON, NEURON + "\n"), UsageError, "two models are called 'plain_neuron'"),
        (lambda: read(COUNTING), UsageError, "no neuron is given with it.*pairs="),
        (
            lambda: read(HAZARD, NEURON, COUNTING),
            UsageError,
            "hazard_neuron and plain_neuron.*pairs=",
        ),
        (lambda: read(HAZARD, COUNTING), UsageError, "port 'factor' of synapse.*third_factors"),
        (
            lambda: read(HAZARD, pairs={"x": "y"}),
            UsageError,
            "'x', which is not a model of the given",
        ),
        (lambda: read(HAZARD, pairs=3), UsageError, "'pairs' is not a mapping"),
        (lambda: read(COUNTING, pairs={"counting_synapse": "none"}), UnknownNameError, "none"),
        (
            lambda: read(
                SynapseModel(name="relay", source=HALVING),
                COUNTING,
                pairs={"counting_synapse": "relay"},
            ),
            UsageError,
            "'relay', which is not a neuron",
        ),
        (
            lambda: read(HALVING.replace("w", "u").replace("emit_spike(u", "emit_spike(-u")),
            UsageError,
            "not clear which variable",
        ),
        (
            lambda: read(HAZARD, codegen_opts={"quantization": 1}),
            UsageError,
            "'quantization' is not used",
        ),
        (
            lambda: read(
                HAZARD, codegen_opts={"continuous_state_buffering_method": "continuous_time_buffer"}
            ),
            UsageError,
            "can only be 'post_spike_based'",
        ),
        (
            lambda: read(
                HAZARD,
                COUNTING,
                pairs={"counting_synapse": "hazard_neuron"},
                codegen_opts={
                    "neuron_synapse_pairs": [{"neuron": "b", "synapse": "counting_synapse"}]
                },
            ),
            UsageError,
            "is paired with 'b' and with 'hazard_neuron'.*second name",
        ),
    ],
)
def test_what_is_refused(call: Callable[[], object], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


def test_a_plugins_name_keeps_its_model(nest: ModuleType) -> None:
    """A file of a registered name is installed under it; the name alone stays the plugin's."""
    neuromodels.install(NEURON.replace("1.5", "2.5"))
    assert nest.GetDefaults("plain_neuron")["step_size"] == 2.5
    neuromodels.install("plain_neuron")
    assert nest.GetDefaults("plain_neuron")["step_size"] == 1.5


def test_a_synapse_moves_to_another_neuron(nest: ModuleType) -> None:
    rule = COUNTING.replace("factor", "count")
    other = HAZARD.replace("hazard_neuron", "other_neuron")
    neuromodels.install(HAZARD, rule)
    neuromodels.install(other, rule)
    assert set(installed()) == {"hazard_neuron", "other_neuron", "counting_synapse"}
    cells = nest.Create("other_neuron", 2)
    spec = {"synapse_model": "counting_synapse", "receptor_type": 1}
    nest.Connect(cells, cells, syn_spec=spec)
    with pytest.raises(ModelError, match="only connects to neurons of model 'other_neuron'"):
        nest.Connect(cells, nest.Create("hazard_neuron"), syn_spec=spec)


def test_a_family_of_a_call_is_only_what_it_names() -> None:
    request = given.read(
        [HAZARD, COUNTING.replace("factor", "count"), NEURON],
        Registry(),
        pairs={"counting_synapse": "hazard_neuron"},
    )
    families = resolve(request.names, request)
    assert [family.models for family in families] == [
        ("hazard_neuron", "counting_synapse"),
        ("plain_neuron",),
    ]
    assert dataclasses.replace(families[0]) == families[0]
