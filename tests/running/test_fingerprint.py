"""A run is used again, and continued, only if what made it is what there is now."""

from __future__ import annotations

import sys
import textwrap
import warnings

import pytest

import neuromodels
from neuromodels import errors, load_run, registry
from neuromodels.cli.main import execute
from neuromodels.reproduction import reproduce
from neuromodels.running import fingerprint, runner

CIRCUIT = """
    from edited.constants import RATE
    from neuromodels import Circuit, Parameters, Phase, parameter


    class P(Parameters):
        duration: float = parameter(20.0, unit="ms", gt=0, doc="Length of each phase")


    class Net(Circuit[P]):
        name = "edited/net"
        summary = "Neurons under noise"
        Parameters = P
        presets = {"smoke": {}, "paper": {}}
        analyses = ("edited/rate",)

        def build(self, network):
            nest = network.nest
            self.cells = nest.Create("iaf_psc_alpha", 20)
            noise = nest.Create("poisson_generator", params={"rate": RATE})
            nest.Connect(noise, self.cells, syn_spec={"weight": 20.0, "delay": 1.0})
            network.population("cells", self.cells)

        def protocol(self):
            for number in range(4):
                yield Phase(f"part_{number}", self.parameters.duration, checkpoint=True)

        def state(self, network):
            return {"V_m": self.cells.V_m}

        def restore(self, network, state):
            self.cells.V_m = state["V_m"]

        def owed(self):
            return ["rate"]
"""
HOOKS = """
    from neuromodels import hookimpl


    @hookimpl
    def neuromodels_circuits():
        from edited.net import Net
        return [Net]


    @hookimpl
    def neuromodels_analyses():
        from edited.look import Rate
        return [Rate]
"""
LOOK = """
    from neuromodels import Analysis, Metric, Result


    class Rate(Analysis):
        name = "edited/rate"
        summary = "Mean rate"

        def __call__(self, run):
            return Result([Metric("rate", run.spikes("cells").rate, "Hz")])
"""


class Study:
    """A study on disk that its user edits; this process and others import it."""

    def __init__(self, site, patch):
        self.package = site / "edited"
        self.package.mkdir()
        self.write("__init__", HOOKS)
        self.write("constants", "RATE = 9000.0")
        self.write("look", LOOK)
        self.write("net", CIRCUIT)
        info = site / "edited-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: edited\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[neuromodels]\nedited = edited\n")
        patch.syspath_prepend(str(site))
        patch.setenv("PYTHONPATH", str(site))
        self.load()

    def write(self, module, text):
        (self.package / f"{module}.py").write_text(textwrap.dedent(text))

    def edit(self, module, before, after):
        file = self.package / f"{module}.py"
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after))
        self.load()

    def load(self):
        """As a new process would."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "edited"]:
            del sys.modules[name]
        registry.registry.cache_clear()


@pytest.fixture
def study(tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    study = Study(site, monkeypatch)
    yield study
    study.load()


def rate(found):
    (outcome,) = found.outcomes
    return outcome.mean


def made_by(study):
    return fingerprint.of(registry.registry().circuit("edited/net"), (), 1)


def test_what_counts_as_another_code(study):
    before = made_by(study)
    assert set(before["code"]) >= {"edited.net", "edited.constants"}
    assert "edited.look" not in before["code"]
    study.edit(
        "net", "def build(self, network):", 'def build(self, network):\n        """A text"""'
    )
    study.edit("constants", "RATE", "# a comment\nRATE")
    assert fingerprint.differences(before, made_by(study)) == []
    study.edit("constants", "9000.0", "9001.0")
    assert fingerprint.differences(before, made_by(study)) == ["code of edited.constants"]
    analysis = fingerprint.analysis_code("edited/rate")
    study.edit("look", "rate, ", "rate + 1, ")
    assert fingerprint.analysis_code("edited/rate") != analysis
    assert fingerprint.differences(before, made_by(study)) == ["code of edited.constants"]
    table = study.package / "published.csv"
    analysis = fingerprint.analysis_code("edited/rate")
    table.write_text("mean\n1.0\n")
    assert fingerprint.analysis_code("edited/rate") != analysis


def test_what_else_makes_a_run(study):
    found = made_by(study)
    assert fingerprint.differences(found, {**found, "nest": "3.9"}) == [
        f"NEST {found['nest']} (now 3.9)"
    ]
    other = fingerprint.of(registry.registry().circuit("edited/net"), (), 2)
    assert fingerprint.differences(found, other) == ["threads times ranks 1 (now 2)"]
    assert fingerprint.differences(None, found)
    neuron = ("pyramidal_burst_neuron",)
    compiled = fingerprint.of(registry.registry().circuit("edited/net"), neuron, 1)
    changed = {**compiled, "models": {**compiled["models"], neuron[0]: "0"}}
    assert fingerprint.differences(compiled, changed) == ["model pyramidal_burst_neuron"]


def test_a_reproduction_after_an_edit_has_new_numbers(study, tmp_path):
    pytest.importorskip("nest")
    first = reproduce("edited", preset="smoke", seeds=1, workers=1, out=tmp_path / "d")
    assert first.failures == {}
    study.edit("constants", "9000.0", "18000.0")
    kept = reproduce("edited", preset="smoke", seeds=1, workers=1, out=tmp_path / "d", force=True)
    assert rate(kept) == rate(first)
    assert "made before a change of code of edited.constants" in kept.note
    with pytest.warns(UserWarning, match=r"made 1 finished runs has changed \(code of edited.cons"):
        second = reproduce("edited", preset="smoke", seeds=1, workers=1, out=tmp_path / "d")
    assert rate(second) > 1.2 * rate(first)
    assert "before a change" not in second.note
    old = tmp_path / "d/smoke/edited/net/replaced/s001/1"
    assert load_run(old).metrics["rate"].value == rate(first)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = reproduce("edited", preset="smoke", seeds=1, workers=1, out=tmp_path / "d")
    assert rate(again) == rate(second)


def test_another_analysis_repeats_the_analysis_alone(study, tmp_path):
    pytest.importorskip("nest")
    first = reproduce("edited", preset="smoke", seeds=1, workers=1, out=tmp_path / "d")
    spikes = tmp_path / "d/smoke/edited/net/runs/s001/spikes.h5"
    before = spikes.stat().st_mtime_ns
    study.edit("look", "rate, ", "rate + 1000.0, ")
    second = reproduce("edited", preset="smoke", seeds=1, workers=1, out=tmp_path / "d")
    assert rate(second) == rate(first) + 1000.0
    assert spikes.stat().st_mtime_ns == before


def test_a_missing_metric_is_reported(study, tmp_path, capsys):
    pytest.importorskip("nest")
    study.edit("look", 'Result([Metric("rate", run.spikes("cells").rate, "Hz")])', "Result()")
    command = ["reproduce", "edited", "--preset", "smoke", "--seeds", "1", "--workers", "1"]
    for _ in range(2):  # a second call does not forget it
        assert execute([*command, "--out", str(tmp_path / "d"), "--no-progress"]) != 0
        shown = capsys.readouterr()
        assert "missing in 1 of 1 runs" in shown.out
        assert "owes metrics that are missing: rate" in shown.err
    with pytest.raises(errors.AnalysisFailed, match="missing: rate"):
        neuromodels.run("edited/net", preset="smoke", out=tmp_path / "run")
    assert list(load_run(tmp_path / "run").missing) == ["rate"]
    assert execute(["analyze", str(tmp_path / "run")]) != 0


def interrupted(path, monkeypatch):
    """A run that has simulated two of its four phases."""
    from neuromodels.running import simulation

    monkeypatch.setattr(simulation, "MIN_SECONDS", 0.0)
    advance, left = simulation.Simulation._advance, [2]

    def failing(self, *span):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("stop here")
        return advance(self, *span)

    with monkeypatch.context() as patch:
        patch.setattr(simulation.Simulation, "_advance", failing)
        with pytest.raises(errors.RunError, match="stop here"):
            neuromodels.run("edited/net", preset="smoke", out=path)
    return path


def test_a_run_is_not_continued_by_other_code(study, tmp_path, monkeypatch, capsys):
    pytest.importorskip("nest")
    path = interrupted(tmp_path / "run", monkeypatch)
    study.edit("constants", "9000.0", "18000.0")
    with pytest.raises(errors.RunError, match="has changed since: code of edited.constants"):
        runner.resume(path)
    assert load_run(path).status == "failed"
    assert execute(["run", "--resume", str(path), "--no-progress"]) != 0
    assert "--force" in capsys.readouterr().err
    assert execute(["run", "--resume", str(path), "--force", "--no-progress"]) == 0
    run = load_run(path)
    assert run.info["resumed"][0]["changed"] == ["code of edited.constants"]
    # Both halves differ; it is never taken for a run of either code.
    now = fingerprint.Now(registry.registry().circuit("edited/net"))
    assert now.differences(run.info) == ["continued after a change: code of edited.constants"]


def test_a_repetition_says_what_has_changed(study, tmp_path):
    pytest.importorskip("nest")
    neuromodels.run("edited/net", preset="smoke", out=tmp_path / "run")
    study.edit("constants", "9000.0", "18000.0")
    with pytest.warns(UserWarning, match="may differ: code of edited.constants"):
        neuromodels.rerun(tmp_path / "run", tmp_path / "again")
