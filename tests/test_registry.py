"""The registry: what plugins bring, and what a broken one cannot harm."""

import ctypes
import os
import signal
import sys
import time
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from neuromodels import (
    Analysis,
    Circuit,
    Claim,
    Comparison,
    NeuronModel,
    Parameters,
    SynapseModel,
    hookimpl,
    parameter,
)
from neuromodels.errors import PluginError, UnknownNameError
from neuromodels.registry import PluginWarning, Registry

SOURCE = Path(__file__)


class Size(Parameters):
    n: int = parameter(10, unit="", ge=1, doc="Number of neurons")


def circuit_class(circuit_name="study/thing", **attributes):
    class Thing(Circuit):
        name = circuit_name
        summary = "A thing"
        Parameters = Size

        def build(self, network):
            pass

        def protocol(self) -> Iterator:
            return iter(())

    for key, value in attributes.items():
        setattr(Thing, key, value)
    return Thing


def analysis_class(analysis_name):
    class Look(Analysis):
        name = analysis_name
        summary = "A look"

        def __call__(self, run):
            raise NotImplementedError

    return Look


def comparison_class(needs, claims=()):
    class Compare(Comparison):
        name = "study/compare"
        summary = "A comparison"

        def __call__(self, runs):
            raise NotImplementedError

    Compare.needs, Compare.claims = needs, claims
    return Compare


def plugin(*, models=(), circuits=(), analyses=(), comparisons=(), commands=()):
    namespace = types.SimpleNamespace()
    for kind, items in (
        ("models", models),
        ("circuits", circuits),
        ("analyses", analyses),
        ("comparisons", comparisons),
        ("commands", commands),
    ):
        if items or kind == "models":
            function = lambda items=items: list(items)  # noqa: E731
            function.__name__ = f"neuromodels_{kind}"
            setattr(namespace, function.__name__, hookimpl(function))
    return namespace


def neuron(name="cell", **options):
    return NeuronModel(name=name, source=SOURCE, summary="A cell", **options)


class Point:
    """An entry point as the registry sees it."""

    def __init__(self, name, load, distribution=None):
        self.name = name
        self._load = load
        self.dist = types.SimpleNamespace(name=distribution or f"dist-{name}", version="1.0")

    def load(self):
        return self._load()


def test_installed_studies_are_found():
    registry = Registry()
    registry.discover()
    for study in ("burstprop", "rdd", "relevance"):
        assert registry.plugins[study].status == "ok", registry.plugins[study].reason
    assert registry.model("burst_dependent_synapse").neuron == "pyramidal_burst_neuron"
    assert registry.models["pyramidal_burst_neuron"].plugin == "burstprop"
    assert not registry.broken


def test_everything_a_plugin_registers_is_found_by_name():
    registry = Registry()

    @click.command(name="hello")
    def hello():
        pass

    thing, look = (
        circuit_class(models=["cell"], analyses=["study/look"]),
        analysis_class("study/look"),
    )
    registry.register(
        plugin(models=[neuron()], circuits=[thing], analyses=[look], commands=[hello]), "study"
    )
    assert registry.model("cell").summary == "A cell"
    assert registry.circuit("study/thing") is thing
    assert registry.analysis("study/look") is look
    assert registry.commands["hello"].object is hello
    assert registry.plugins["study"].status == "ok"


def test_unknown_names_suggest_the_nearest():
    registry = Registry()
    registry.register(plugin(models=[neuron()], circuits=[circuit_class()]), "study")
    with pytest.raises(UnknownNameError, match=r"did you mean study/thing\?"):
        registry.circuit("study/thign")
    with pytest.raises(UnknownNameError, match=r"did you mean study/thing\?"):
        registry.circuit("thing")
    with pytest.raises(UnknownNameError, match=r"did you mean cell\?"):
        registry.model("cel")
    with pytest.raises(UnknownNameError, match=r"choose from study/thing\)"):
        registry.circuit("study")


def test_a_plugin_that_cannot_be_imported_is_listed_and_harms_nothing():
    def fail():
        raise ImportError("no module named fancy")

    registry = Registry()
    registry.discover([Point("bad", fail), Point("good", lambda: plugin(models=[neuron()]))])
    assert registry.plugins["bad"].status == "broken"
    assert "ImportError: no module named fancy" in registry.plugins["bad"].reason
    assert f"{Path(__file__).name}:" in registry.plugins["bad"].reason  # the plugin's own line
    assert registry.plugins["good"].status == "ok"
    assert "cell" in registry.models
    with pytest.raises(UnknownNameError, match=r"plugin bad .* is broken"):
        registry.circuit("bad/thing")


def test_a_plugin_that_exits_or_whose_hook_raises_is_broken():
    class Raises:
        @hookimpl
        def neuromodels_models(self):
            raise ZeroDivisionError("oops")

    registry = Registry()
    registry.discover([Point("exits", lambda: sys.exit(3)), Point("raises", Raises)])
    assert "SystemExit" in registry.plugins["exits"].reason
    assert "neuromodels_models failed: ZeroDivisionError: oops" in registry.plugins["raises"].reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"models": ["cell"]}, "NeuronModel or SynapseModel"),
        ({"circuits": [circuit_class]}, "Circuit classes"),
        ({"circuits": [circuit_class("No Study")]}, "study/thing"),
        ({"analyses": [analysis_class("plain")]}, "study/thing"),
        ({"models": [neuron("two words")]}, "no name for a model"),
        ({"commands": [print]}, "click commands"),
        ({"commands": [click.Command("run")]}, "belongs to neuromodels itself"),
        ({"models": [neuron(), neuron()]}, "twice"),
    ],
)
def test_wrong_registrations_break_their_plugin_only(bad, reason):
    registry = Registry()
    registry.discover([Point("bad", lambda: plugin(**bad)), Point("good", lambda: plugin())])
    assert reason in registry.plugins["bad"].reason
    assert registry.plugins["good"].status == "ok"
    assert not registry.models
    with pytest.raises(PluginError, match="plugin other"):
        registry.register(plugin(**bad), "other")


def test_hooks_that_do_not_exist_are_reported():
    class Misspelled:
        @hookimpl
        def neuromodels_model(self):
            return []

    registry = Registry()
    registry.discover([Point("bad", Misspelled), Point("good", lambda: plugin(models=[neuron()]))])
    assert "no hook 'neuromodels_model'; did you mean neuromodels_models" in (
        registry.plugins["bad"].reason
    )
    assert registry.plugins["good"].status == "ok"


def test_hooks_with_wrong_arguments_are_reported():
    class Wrong:
        @hookimpl
        def neuromodels_after_run(self, result):
            pass

    registry = Registry()
    registry.discover([Point("bad", Wrong)])
    assert registry.plugins["bad"].status == "broken"
    registry.hook.neuromodels_after_run(run=None)  # and is not called


def test_a_claimed_name_names_both_plugins_and_the_first_keeps_it():
    first, second = neuron(), neuron()
    points = [
        Point("b", lambda: plugin(models=[second, neuron("other")]), "dist-b"),
        Point("a", lambda: plugin(models=[first]), "dist-a"),
    ]
    for order in (points, points[::-1]):  # the order of discovery does not matter
        registry = Registry()
        registry.discover(order)
        reason = registry.plugins["b"].reason
        assert "'cell'" in reason
        assert "'a' of dist-a" in reason
        assert "'b' of dist-b" in reason
        assert registry.model("cell") is first
        # Nothing of b is left: its circuits would run with a's model.
        assert "other" not in registry.models


def test_two_plugins_of_one_name():
    registry = Registry()
    registry.discover([Point("a", plugin, "dist-2"), Point("a", plugin, "dist-1")])
    assert registry.plugins["a"].distribution == "dist-1"
    assert "taken by plugin 'a' of dist-1" in registry.plugins["a (dist-2)"].reason


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"presets": {"smoke": {}}}, "no preset 'paper'"),
        ({"default_preset": "huge"}, "no preset 'huge'"),
        ({"presets": {"smoke": {"n": 0}, "paper": {}}}, "preset 'smoke': n: 0 is out of range"),
        ({"presets": {"smoke": {"m": 1}, "paper": {}}}, "no parameter 'm'"),
        ({"analyses": ["study/none"]}, "its analysis 'study/none' is not registered"),
        ({"models": ["nobody"]}, "its model 'nobody' is not registered"),
        ({"Parameters": dict}, "Parameters is not a subclass"),
        ({"summary": None}, "no summary"),
    ],
)
def test_a_faulty_circuit_is_withdrawn_and_the_rest_works(attributes, reason):
    registry = Registry()
    faulty, fine = circuit_class("study/faulty", **attributes), circuit_class("study/fine")
    registry.register(plugin(circuits=[faulty, fine]), "study")
    assert list(registry.circuits) == ["study/fine"]
    assert registry.plugins["study"].status == "ok"
    (item,) = registry.broken
    assert reason in item.reason
    with pytest.raises(PluginError, match="'study/faulty' of plugin study cannot be used"):
        registry.circuit("study/faulty")


def test_a_synapse_without_its_neuron_takes_its_circuits_with_it():
    registry = Registry()
    gone = NeuronModel(name="gone", source=SOURCE.with_name("missing.nestml"))
    synapse = SynapseModel(name="syn", source=SOURCE, neuron="gone")
    registry.register(
        plugin(models=[synapse, gone], circuits=[circuit_class(models=["syn"])]), "study"
    )
    assert {item.name for item in registry.broken} == {"gone", "syn", "study/thing"}


def test_observers_are_called_and_a_failing_one_is_a_warning():
    seen = []

    class Watches:
        @hookimpl
        def neuromodels_after_phase(self, phase):
            seen.append(phase)

    class Fails:
        @hookimpl
        def neuromodels_after_phase(self):
            raise RuntimeError("cannot watch")

    registry = Registry()
    registry.register(Fails(), "fails")
    registry.register(Watches(), "watches")
    registry.register(Fails(), "fails-too")
    with pytest.warns(
        PluginWarning, match="neuromodels_after_phase failed: RuntimeError"
    ) as caught:
        registry.hook.neuromodels_after_phase(circuit=None, network=None, phase="p")
    assert len(caught) == 2
    assert seen == ["p"]


def test_no_observers_no_warnings():
    registry = Registry()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.hook.neuromodels_after_run(run=None)


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), BaseException("base")])
def test_a_plugin_may_raise_whatever_it_likes(error):
    def raises():
        raise error

    found = Registry()
    found.discover([Point("one", raises), Point("good", lambda: plugin())])
    assert {name: plugin.status for name, plugin in found.plugins.items()} == {
        "good": "ok",
        "one": "broken",
    }


@pytest.fixture
def heeds_ctrl_c():
    """A process in the background of a shell ignores SIGINT, and Python then leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_while_plugins_are_loaded_is_the_users():
    def interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        Registry().discover([Point("one", interrupted)])


class _Unspeakable(Exception):
    def __str__(self):
        raise ValueError("no")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), _Unspeakable()])
def test_what_a_plugin_raises_breaks_itself_alone(error):
    def raises():
        raise error

    found = Registry()
    found.discover([Point("one", raises), Point("good", lambda: plugin())])
    assert [p.status for p in found.plugins.values()] == ["ok", "broken"]
    assert type(error).__name__ in found.plugins["one"].reason


@pytest.mark.parametrize("nothing", [None, 42, object(), "text"])
def test_an_entry_point_that_is_no_plugin(nothing):
    found = Registry()
    found.discover([Point("one", lambda: nothing)])
    assert found.plugins["one"].status == "broken"
    assert "implements no hook" in found.plugins["one"].reason


def test_what_is_printed_below_python_is_no_output_of_ours(capfd):
    def loud():
        os.write(1, b"system call\n")
        ctypes.CDLL(None).puts(b"C library")
        return plugin()

    Registry().discover([Point("loud", loud)])
    print("ours", flush=True)
    captured = capfd.readouterr()
    assert captured.out == "ours\n"
    assert {"system call", "C library"} <= set(captured.err.splitlines())


def test_what_a_plugin_prints_is_no_output_of_ours(capsys):
    Registry().discover([Point("loud", lambda: print("noise") or plugin())])
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "noise\n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"presets": None},
        {"presets": {"smoke": 3, "paper": {}}},
        {"models": None},
        {"resolution": 0},
        {"resolution": "fine"},
    ],
)
def test_a_circuit_declared_wrongly_is_withdrawn(wrong):
    found = Registry()
    found.register(plugin(circuits=[circuit_class(**wrong), circuit_class("study/other")]), "study")
    assert list(found.circuits) == ["study/other"]
    assert "not declared as it should be" in found.broken[0].reason


@pytest.mark.parametrize(
    ("needs", "claims", "reason"),
    [
        ({"study/thing": ("",)}, (), None),
        ({}, (), "it needs no runs"),
        ({"study/thin": ("",)}, (), "'study/thin' is not registered"),
        ({"study/thing": ("lesion",)}, (), "has no condition 'lesion'"),
        ({"study/thing": ("",)}, (Claim("a", "A", ""), Claim("a", "B", "")), "about 'a'"),
    ],
)
def test_a_comparison_needs_what_is_there(needs, claims, reason):
    found = Registry()
    compare = comparison_class(needs, claims)
    found.register(plugin(circuits=[circuit_class()], comparisons=[compare]), "study")
    if reason is None:
        assert found.comparison("study/compare") is compare
    else:
        assert found.broken[0].kind == "comparison"
        assert reason in found.broken[0].reason
