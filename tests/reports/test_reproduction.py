"""`neuromodels reproduce`: what is missing is run, the rest used again, every metric judged."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import published_plugin

from neuromodels import Claim, load_run, load_sweep, reproduce
from neuromodels import registry as registry_module
from neuromodels.cli.main import execute
from neuromodels.errors import UnknownNameError
from neuromodels.reports.page import render
from neuromodels.reports.reproduction_page import line, write_reproduction
from neuromodels.verdict import Reference, judge, tolerance


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A registry with the plugin alone, which the runs' own processes find too."""
    site = tmp_path_factory.mktemp("site")
    published_plugin.install(site)
    fresh = registry_module.Registry()
    fresh.register(published_plugin.plugin, "published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        patch.syspath_prepend(str(site))
        patch.setattr(registry_module, "registry", lambda: fresh)
        yield tmp_path_factory.mktemp("reproduction")


@pytest.fixture(scope="module")
def done(folder):
    """Two seeds of every condition."""
    return reproduce("published/rates", seeds=2, out=folder / "all")


def test_each_condition_is_run_with_each_seed(done):
    outcomes = {(o.condition, o.metric): o for o in done.outcomes}
    assert set(outcomes) == {(c, m) for c in ("slow", "fast") for m in ("rate", "free")}
    assert all(outcome.n == 2 for outcome in outcomes.values())
    assert outcomes["slow", "rate"].mean < outcomes["fast", "rate"].mean


def test_verdicts_follow_the_rule_of_the_project(done):
    for outcome in done.outcomes:
        if outcome.metric == "free":
            assert outcome.verdict == "no reference"
            continue
        reference = Reference(**outcome.reference)
        assert outcome.verdict == judge(outcome.mean, reference, n=2)
        assert outcome.tolerance == pytest.approx(tolerance(reference, n=2))
    assert done.verdicts == {"agrees": 1, "differs": 1, "missing": 0, "no reference": 2}
    (study,) = done.studies
    # Of three metrics with a reference (one is the comparison's) one differs; a faithful model has
    # two that do with a probability below 1 %.
    assert (study.differ, study.judged, study.limit) == (1, 3, 1)
    assert math.isclose(done.expected_by_chance, 0.02)


def test_numbers_are_on_disk(done):
    content = json.loads((done.path / "reproduction.json").read_text())
    assert content["verdicts"] == done.verdicts
    (circuit,) = content["circuits"]
    assert circuit["circuit"] == "published/rates"
    assert circuit["failures"] == {}
    row = circuit["metrics"][0]
    assert row["reference"]["source"] == published_plugin.SOURCE
    assert row["n"] == 2


def test_claims_are_decided_over_paired_seeds(done):
    (speed,) = done.comparisons
    drive, seed = speed.rulings
    assert (drive.finding, drive.n) == ("holds", 2)
    rates = {o.condition: o.mean for o in done.outcomes if o.metric == "rate"}
    assert math.isclose(drive.mean, rates["fast"] - rates["slow"])
    assert drive.low < drive.mean < drive.high
    # Seeds 1 and 2: their mean is 1.5, the end of the claimed range.
    assert seed.finding == "cannot be told"
    assert seed.needed is None
    assert done.claims == {"holds": 1, "fails": 0, "cannot be told": 1}
    folder = done.path / "paper/comparisons/published-speed"
    content = json.loads((folder / "comparison.json").read_text())
    assert [claim["finding"] for claim in content["claims"]] == ["holds", "cannot be told"]
    assert (folder / "figures/speed.png").is_file()
    assert [(o.metric, o.verdict) for o in done.measured] == [("free", "agrees")]


def test_claims_need_the_published_size(folder):
    small = reproduce("published/rates", preset="smoke", seeds=2, out=folder / "all")
    assert small.claims == {"holds": 0, "fails": 0, "cannot be told": 2}
    reason = small.comparisons[0].rulings[0].reason
    assert reason == "preset smoke is not the published size"


def test_a_sweep_and_a_report_decide_claims_too(done):
    found = load_sweep(done.path / "paper/published/rates")
    assert found.comparisons[0].rulings[0].finding == "holds"
    page = render([load_run(run.path) for run in found.runs.values()])
    assert "More drive gives more spikes" in page
    assert "More drive, more spikes." in page
    one = render([next(run for run in found.runs.values() if run.seed == 1)])
    assert "More drive gives more spikes" not in one


def test_a_claim_that_fails_ends_with_an_error(done, capsys, monkeypatch):
    wrong = (Claim("fast - slow", "Less is more", "Fig. 9", low=-math.inf, high=0.0, unit="Hz"),)
    monkeypatch.setattr(published_plugin.Speed, "claims", wrong)
    code = execute(["reproduce", "published/rates", "--seeds", "2", "--out", str(done.path)])
    captured = capsys.readouterr()
    assert code == 1
    assert "fails" in captured.out
    assert "published: 1 of 3 metrics differ, within chance" in captured.out
    assert "claims fail, the first: Less is more" in captured.err


def test_a_comparison_that_raises_is_an_error(done, capsys, monkeypatch):
    monkeypatch.setattr(published_plugin.Speed, "__call__", lambda self, runs: 1 / 0)
    code = execute(["reproduce", "published/rates", "--seeds", "2", "--out", str(done.path)])
    captured = capsys.readouterr()
    assert code == 6
    assert "division by zero" in captured.err


def test_finished_runs_are_used_again_and_seeds_can_be_added(done, folder):
    before = {path: path.stat().st_mtime_ns for path in done.path.rglob("run.json")}
    more = reproduce("published/rates", seeds=3, out=folder / "all")
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert {outcome.n for outcome in more.outcomes} == {3}


def test_command_writes_a_page_and_prints_every_metric(done, capsys):
    code = execute(["reproduce", "published/rates", "--seeds", "2", "--out", str(done.path)])
    printed = capsys.readouterr().out
    assert code == 0
    assert "published/rates slow: rate" in printed
    assert "agrees" in printed
    page = (done.path / "reproduction.html").read_text()
    assert published_plugin.SOURCE in page
    assert page.count("data:image/svg+xml") == 3
    assert "More drive, more spikes." in page
    assert "claimed &gt; 0 Hz" in printed.replace(">", "&gt;")
    assert "not the published size" not in page


def test_another_size_than_the_published_one_says_so(done):
    assert done.note == ""
    small = dataclasses.replace(done, preset="smoke")
    assert "not the published size" in small.note
    assert small.as_dict()["note"] == small.note
    page = write_reproduction(dataclasses.replace(small, path=done.path / "small")).read_text()
    assert small.note in page


def test_ours_is_never_called_exact(done):
    outcome = dataclasses.replace(done.outcomes[0], mean=0.08, sd=1.2e-17, n=2)
    assert line(outcome).ours == "0.08 ± 0 (n = 2)"
    assert line(dataclasses.replace(outcome, sd=math.nan, n=1)).ours == "0.08 (n = 1)"
    exact = {"mean": 0.08, "sd": 0.0, "n": 1, "dof": 1, "source": ""}
    assert line(dataclasses.replace(outcome, reference=exact)).reference == "0.08 (exact)"


def test_a_circuit_that_fails_leaves_the_others_alone(done, capsys):
    code = execute(["reproduce", "published", "--seeds", "1", "--out", str(done.path)])
    captured = capsys.readouterr()
    assert code != 0
    assert "published/rates slow: rate" in captured.out
    assert "2 runs are missing; published/lacks: nothing like it is installed" in captured.err
    assert "published/fails" in (done.path / "reproduction.json").read_text()
    assert captured.err.strip().splitlines()[-1].startswith("error[NM660]: ")
    assert "as asked for" in (done.path / "reproduction.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"name": "publisht"}, "published"),
        ({"name": "published/rate"}, "published/rates"),
        ({"name": "published/rates", "preset": "papre"}, "paper"),
    ],
)
def test_unknown_names(folder, arguments, hint):
    with pytest.raises(UnknownNameError, match=hint):
        reproduce(**arguments, out=folder / "none")
    assert not (folder / "none").exists()
