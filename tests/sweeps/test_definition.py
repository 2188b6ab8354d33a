"""What a sweep consists of, and what is refused before anything runs."""

from __future__ import annotations

import pytest

from neuromodels.errors import ParameterError, RunError, UnknownNameError, UsageError
from neuromodels.sweeps import sweeper
from neuromodels.sweeps.definition import Definition, define


@pytest.fixture(autouse=True)
def _plugin(swept):
    pass


def names(definition):
    return [entry.name for entry in definition.entries]


def test_a_grid_times_seeds():
    found = define("swept/net", grid={"rate": "7,9 kHz", "end": "well,error"}, seeds=[1, 2])
    assert found.swept == ["rate", "end"]
    assert "rate" not in found.parameters
    assert found.parameters["duration"] == {"value": 20.0, "unit": "ms"}
    assert len(found.entries) == 8
    assert [entry.number for entry in found.entries] == list(range(1, 9))
    assert found.entries[0].values == {"rate": 7000.0, "end": "well"}
    assert names(found)[:3] == [
        "rate=7000Hz,end=well/s001", "rate=7000Hz,end=well/s002", "rate=7000Hz,end=error/s001",
    ]  # fmt: skip
    assert found.entries[0].point == found.entries[1].point != found.entries[2].point


def test_points_with_labels_and_seeds_of_their_own():
    rows = [
        {"label": "control", "seed": "1", "rate": 1.0},
        {"label": "control", "seed": 2},
        {"label": "no/such:thing", "seed": 1, "end": "error"},
    ]
    found = define("swept/net", points=rows)
    assert [(e.label, e.seed) for e in found.entries] == [
        ("control", 1), ("control", 2), ("no/such:thing", 1),
    ]  # fmt: skip
    assert found.swept == ["rate", "end"]
    assert names(found)[0] == "control/s001"
    assert names(found)[2].startswith("no/such_thing-")
    # A parameter that a point does not mention has the value of the others.
    assert found.entries[1].values == {"rate": 9000.0, "end": "well"}
    again = define("swept/net", points={"a": {"rate": 1.0}, "b": {"rate": 2.0}}, seeds=[3, 4])
    assert names(again) == ["a/s003", "a/s004", "b/s003", "b/s004"]


def test_effort_follows_the_length_of_a_run():
    found = define("swept/net", grid={"duration": [10.0, 30.0]})
    short, long = (entry.effort for entry in found.entries)
    assert long == pytest.approx(3 * short)


def test_the_same_sweep_however_it_is_written(tmp_path):
    one = define("swept/net", grid={"duration": "0.01 s, 20 ms"}, seeds=(1,), preset="smoke")
    other = define("swept/net", grid={"duration": [10, 20.0]})
    assert one == other
    assert sweeper.folder_of(one, None) == sweeper.folder_of(other, None)
    one.save(tmp_path)
    assert Definition.load(tmp_path) == one


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        ({"grid": {"rate": "7,9 s"}}, ParameterError, "'9 s' is not a rate|'7 s'"),
        ({"grid": {"rate": "7,-9"}}, ParameterError, "out of range"),
        ({"grid": {"rat": "7"}}, UnknownNameError, "did you mean rate"),
        ({"grid": {"rate": []}}, UsageError, "no value of rate"),
        ({"grid": {"rate": "7, 7.0"}}, UsageError, "two runs are the same"),
        ({"grid": {"rate": "7"}, "parameters": {"rate": 1}}, UsageError, "both swept and the same"),
        ({"grid": {"rate": "7"}, "points": [{"rate": 1}]}, UsageError, "both in the grid and"),
        ({"seeds": []}, UsageError, "no seed"),
        ({"seeds": [1, 1]}, UsageError, "seed 1 is there twice"),
        ({"seeds": [0]}, UsageError, "from 1"),
        ({"points": []}, UsageError, "no runs"),
        ({"points": [{"seed": 1}], "seeds": [1]}, UsageError, "seeds are given twice"),
        ({"points": [{"seed": 1}, {"rate": 1.0}]}, UsageError, "have a seed and others do not"),
        ({"points": [{"label": "a"}, {"rate": 1.0}]}, UsageError, "have a label and others"),
        ({"preset": "smok"}, UnknownNameError, "did you mean smoke"),
        ({"threads": 0}, UsageError, "threads"),
    ],
)
def test_refused(request_, error, message):
    with pytest.raises(error, match=message):
        define("swept/net", **request_)


def test_a_circuit_of_a_script_is_refused(monkeypatch):
    import swept_plugin

    monkeypatch.setattr(swept_plugin.Swept, "__module__", "__main__")
    with pytest.raises(UsageError, match="move the circuit to a module"):
        define(swept_plugin.Swept)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"preset": "paper"}, "preset was smoke, now paper"),
        ({"threads": 2}, "threads was 1, now 2"),
        ({"parameters": {"n_phases": 3}}, "n_phases was 2, now 3"),
        ({"grid": {"duration": "1"}}, "swept was rate, now duration"),
        ({"seeds": [1, 2, 3]}, "not there before: rate=1Hz/s003.*extend"),
        ({"seeds": [1]}, "not asked for now: rate=1Hz/s002"),
        ({"grid": {"rate": "2"}}, "not there before: rate=2Hz/s001"),
    ],
)
def test_another_sweep_in_the_same_directory(tmp_path, request_, message):
    base = {"grid": {"rate": "1"}, "seeds": [1, 2]}
    folder = tmp_path / "sweep"
    sweeper.reconcile(folder, define("swept/net", **base))
    before = (folder / "sweep.json").read_text()
    assert sweeper.reconcile(folder, define("swept/net", **base)) == Definition.load(folder)
    with pytest.raises(RunError, match=message):
        sweeper.reconcile(folder, define("swept/net", **{**base, **request_}))
    assert (folder / "sweep.json").read_text() == before


def test_more_runs_for_a_sweep(tmp_path):
    folder = tmp_path / "sweep"
    sweeper.reconcile(folder, define("swept/net", grid={"rate": "1"}, seeds=[1, 2]))
    more = define("swept/net", grid={"rate": "1,2"}, seeds=[2, 3])
    found = sweeper.reconcile(folder, more, extend=True)
    assert [(e.number, e.name) for e in found.entries] == [
        (1, "rate=1Hz/s001"), (2, "rate=1Hz/s002"), (3, "rate=1Hz/s003"),
        (4, "rate=2Hz/s002"), (5, "rate=2Hz/s003"),
    ]  # fmt: skip
    assert Definition.load(folder) == found
    with pytest.raises(RunError, match="threads was 1, now 2"):
        sweeper.reconcile(folder, define("swept/net", grid={"rate": "1"}, threads=2), extend=True)


def test_more_points_with_names_and_other_parameters(tmp_path):
    """As a study adds conditions: each may change parameters that the others leave alone."""
    folder = tmp_path / "sweep"
    sweeper.reconcile(folder, define("swept/net", points={"a": {"rate": 1}}))
    more = define("swept/net", points={"b": {"end": "error"}, "a": {"rate": 1}})
    found = sweeper.reconcile(folder, more, extend=True)
    assert [(e.name, e.values) for e in found.entries] == [
        ("a/s001", {"rate": 1.0, "end": "well"}),
        ("b/s001", {"rate": 9000.0, "end": "error"}),
    ]
    assert not {"rate", "end"} & set(found.parameters)
    assert sweeper.reconcile(folder, more, extend=True) == found
    other = define("swept/net", points={"a": {"rate": 2}})
    with pytest.raises(RunError, match="rate was 1 Hz, now 2 Hz in a/s001"):
        sweeper.reconcile(folder, other, extend=True)


def test_a_directory_of_something_else(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match="is not empty and holds no sweep"):
        sweeper.reconcile(tmp_path, define("swept/net"))
    with pytest.raises(RunError, match="holds no sweep"):
        sweeper.load_sweep(tmp_path)
