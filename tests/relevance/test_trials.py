"""Trials side by side: the command, what it keeps, and its verdicts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from neuromodels_relevance.command import relevance
from neuromodels_relevance.trials import Summary

from neuromodels import Metric, Reference, load_run
from neuromodels.errors import UsageError

SMALL = ("n_inputs=100", "n_excitatory=50", "set_point=1.6", "pretraining=1")


def call(*arguments):
    result = CliRunner().invoke(relevance, ["trials", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_trials_of_two_conditions(tmp_path):
    pytest.importorskip("nest")
    arguments = [
        "relevance/latent-inhibition", "--preset", "smoke", "--trials", "1:2", "--workers", "1",
        "--conditions", "control,inhibition_test", "--out", str(tmp_path), "--json",
        *(word for setting in SMALL for word in ("--set", setting)),
    ]  # fmt: skip
    first = call(*arguments)
    runs = sorted(tmp_path.glob("latent-inhibition/**/run.json"))
    assert len(runs) == 4
    assert len({load_run(run.parent).signals["schedule"].values.tobytes() for run in runs}) == 2
    tables = json.loads(first.stdout)
    assert set(tables) == {"control", "inhibition_test"}
    found = {row["name"]: row for row in tables["control"]}
    assert found["test4.S"]["n"] == 2
    assert found["test4.S"]["sd"] > 0
    # What is complete is kept.
    before = [run.stat().st_mtime_ns for run in runs]
    assert json.loads(call(*arguments).stdout) == tables
    assert [run.stat().st_mtime_ns for run in runs] == before
    # Without --json, one line a condition at the end says it all.
    arguments.remove("--json")
    head, *rows = call(*arguments).stdout.splitlines()[-3:]
    assert head.split()[:3] == ["condition", "trials", "agree"]
    assert [row.split()[:2] for row in rows] == [["control", "2"], ["inhibition_test", "2"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["relevance/nothing"], "no circuit"),
        (["relevance/blocking", "--conditions", "x"], "no condition"),
        (["relevance/blocking", "--trials", "3:1"], "no span"),
        (["relevance/blocking", "--set", "rule"], "no value"),
        (["relevance/blocking", "--set", "rul=x_I"], "no parameter"),
    ],
)
def test_a_wrong_request(arguments, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        call(*arguments, "--out", str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_verdicts_of_means_and_medians():
    metric = Metric("a", 1.0, "", Reference(0.0, 1.0, 30, 29, "table"))
    ours = np.full(30, 0.70)
    assert Summary(metric, ours, None).verdict == "agrees"
    assert Summary(metric, ours + 0.03, None).verdict == "differs"
    assert Summary(metric, np.array([0.1, 0.2, 99.0]), (0.0, 0.3)).verdict == "agrees"
