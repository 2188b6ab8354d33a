"""Sweeps of a small circuit, interrupted and finished; tables and figures."""

from __future__ import annotations

import csv
import json
import math
import warnings

import numpy as np
import pytest
from interrupting import interrupt_when

import neuromodels
from neuromodels import Metric, Reference, errors, load_run
from neuromodels.cli.main import execute
from neuromodels.disk.written import Batch
from neuromodels.sweeps import sweeper
from neuromodels.sweeps.definition import Entry, define
from neuromodels.sweeps.figure import figures
from neuromodels.sweeps.table import Measured, Summary, summarize, tidy, write


def test_interrupted_then_finished_by_the_same_call(swept, monkeypatch):
    """A run is stopped on its way; the second call finishes it, whatever another one does."""
    alive = swept / "alive"
    alive.mkdir()
    monkeypatch.setenv("SWEPT_ALIVE", str(alive))
    monkeypatch.setenv("SWEPT_SLOW", "1")
    request = {
        "points": {"well": {}, "dies": {"end": "kill"}},
        "seeds": [1],
        "out": swept / "sweep",
    }
    thread = interrupt_when(lambda: any(alive.iterdir()))
    with pytest.raises(errors.RunInterrupted, match="0 of 2 runs are complete.*--resume"):
        neuromodels.sweep("swept/net", **request, workers=1)
    thread.join()
    found = neuromodels.load_sweep(swept / "sweep")
    assert found.statuses == {"well/s001": "interrupted", "dies/s001": "missing"}

    monkeypatch.setenv("SWEPT_SLOW", "0")
    with pytest.warns(UserWarning, match="1 of 2 runs failed, dies/s001: .*SIGKILL"):
        found = neuromodels.sweep("swept/net", **request, workers=2)
    assert found.statuses == {"well/s001": "complete", "dies/s001": "interrupted"}
    assert set(found.failures) == {"dies/s001"}
    run = found.runs["well/s001"]
    assert run.path == swept / "sweep" / "runs" / "well" / "s001"
    assert run.status == "complete"
    assert run.metrics["rate"].value > 0
    assert list(found.table["run"].unique()) == ["well/s001"]
    assert list(found.figures) == ["metrics"]

    # What is complete is left alone, and table and figure can be made again.
    before = (run.path / "run.json").stat().st_mtime_ns
    (swept / "sweep" / "table.csv").unlink()
    assert execute(["sweep", "--resume", str(swept / "sweep"), "--collect"]) == 0
    assert (swept / "sweep" / "table.csv").exists()
    assert (run.path / "run.json").stat().st_mtime_ns == before


def test_one_element_in_this_process_and_what_it_finds(swept, capsys):
    """As a job array runs it; again, nothing is left to do; and another's run is refused."""
    pytest.importorskip("nest")
    folder = swept / "sweep"
    sweeper.reconcile(folder, define("swept/net", grid={"rate": "7,9 kHz"}))
    assert execute(["sweep", "--resume", str(folder), "--only", "2", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    run = load_run(shown["path"])
    assert run.path == folder / "runs" / "rate=9000Hz" / "s001"
    assert run.parameters["rate"] == 9000.0
    before = (run.path / "run.json").stat().st_mtime_ns
    assert execute(["sweep", "--resume", str(folder), "--only", "2"]) == 0
    assert (run.path / "run.json").stat().st_mtime_ns == before
    run.path.rename(run.path.parents[1] / "x")
    (folder / "runs" / "rate=7000Hz").mkdir(parents=True, exist_ok=True)
    (folder / "runs" / "x").rename(folder / "runs" / "rate=7000Hz" / "s001")
    capsys.readouterr()
    assert execute(["sweep", "--resume", str(folder), "--only", "1"]) == 6
    assert "not of this sweep" in capsys.readouterr().err


def rows(definition, value):
    reference = Reference(mean=30.0, sd=5.0, n=3, dof=2, source="nowhere")
    return [
        Measured(
            entry,
            {
                "rate": Metric("rate", value(entry), "Hz", reference),
                "lost": Metric("lost", math.nan, ""),
                "count": Metric("count", 3.0, ""),
            },
            (),
        )
        for entry in definition.entries
    ]


def test_the_table_is_tidy(swept):
    definition = define(
        "swept/net", grid={"rate": "7,9 kHz", "steps": ["[1, 2] ms", "[3, 4] ms"]}, seeds=[1, 2]
    )
    table = tidy(definition, rows(definition, lambda entry: 30.0 + entry.seed))
    assert list(table.columns) == ["run", "rate", "steps", "seed", "metric", "value", "unit"]
    assert len(table) == 8 * 3
    with Batch(swept, {}) as batch:
        files = [swept / name for name in write(batch, table)]
        batch.publish()
    with files[0].open() as file:
        read = list(csv.DictReader(file))
    assert read[0] == {
        "run": definition.entries[0].name,
        "rate": "7000.0", "steps": "1.0 2.0", "seed": "1", "metric": "rate", "value": "31.0",
        "unit": "Hz",
    }  # fmt: skip
    pd = pytest.importorskip("pandas")
    if len(files) > 1:
        again = pd.read_parquet(files[1])
        assert list(again.columns) == list(table.columns)
        assert again["value"].equals(table["value"])


def test_summaries_over_seeds(swept):
    definition = define("swept/net", grid={"rate": "7,9 kHz"}, seeds=[1, 2, 3])
    found = summarize(rows(definition, lambda entry: 30.0 + entry.seed))
    assert [(s.entry.values["rate"], s.metric.name) for s in found] == [
        (rate, name) for rate in (7000.0, 9000.0) for name in ("rate", "lost", "count")
    ]
    assert np.array_equal(found[0].values, [31.0, 32.0, 33.0])
    assert (found[0].mean, found[0].sd, found[0].verdict) == (32.0, 1.0, "agrees")
    assert np.isnan(found[1].values).all()
    assert math.isnan(found[1].mean)
    assert found[1].verdict == "no reference"
    assert found[1].judgement.reason == "not finite in 3 of 3 runs"


def test_a_value_that_is_not_finite_never_agrees(swept):
    definition = define("swept/net", grid={"rate": "7,9 kHz"}, seeds=[1, 2, 3])
    one = summarize(rows(definition, lambda e: 30.0 if e.seed == 1 else math.nan))[0]
    assert one.verdict == "differs"
    assert one.judgement.reason == "not finite in 2 of 3 runs"
    assert one.values.size == 3


def test_a_metric_that_some_runs_lack_is_missing(swept):
    definition = define("swept/net", grid={"rate": "7,9 kHz"}, seeds=[1, 2, 3])
    measured = rows(definition, lambda entry: 30.0)
    del measured[1].metrics["rate"]
    for row in measured:
        object.__setattr__(row, "missing", ["promised"])
    found = {s.metric.name: s for s in summarize(measured) if s.entry.values["rate"] == 7000.0}
    assert found["rate"].verdict == "missing"
    assert found["rate"].judgement.reason == "missing in 1 of 3 runs"
    assert found["promised"].verdict == "missing"
    assert found["promised"].judgement.reason == "missing in 3 of 3 runs"


@pytest.mark.parametrize(
    ("request_", "ticks", "scale", "lines"),
    [
        ({"grid": {"rate": "7,9 kHz"}}, None, "linear", 1),
        ({"grid": {"rate": "0.01,1,9 kHz", "end": "well,error"}}, None, "log", 2),
        ({"grid": {"end": "well,error"}}, ["well", "error"], "linear", 1),
        ({"points": {"a": {"rate": 1}, "b": {"rate": 2}}}, ["a", "b"], "linear", 1),
        ({"points": [{"rate": 1}, {"rate": 2}]}, None, "linear", 1),
        ({}, [""], "linear", 1),
    ],
)
def test_figures(swept, request_, ticks, scale, lines):
    definition = define("swept/net", seeds=[1, 2], **request_)
    summaries = summarize(rows(definition, lambda entry: 30.0 + entry.seed))
    (figure,) = figures(summaries, definition.swept, "swept/net").values()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()
    titles = [axes.get_title().splitlines() for axes in figure.axes]
    assert [title[0] for title in titles] == ["rate", "count"]
    assert titles[0][1].endswith(" agree")
    assert len(titles[1]) == 1
    axes = figure.axes[0]
    assert axes.get_xscale() == scale
    assert len(axes.containers) == lines
    if ticks is not None:
        assert [label.get_text() for label in axes.get_xticklabels()] == ticks


def summary(name, value, reference, label):
    entry = Entry(1, label, label, 1, {}, 1.0)
    metric = Metric(name, value, "", reference)
    return Summary(entry, metric, np.array([value]))


def test_a_figure_shows_references_and_verdicts_and_no_empty_panel():
    """Five metrics in rows of four; a reference for each point, which one of them misses."""
    near, far = (Reference(mean=m, sd=1.0, n=9, dof=8, source="x") for m in (1.0, 90.0))
    found = [
        summary(f"m{number}", 1.0, reference, label)
        for number in range(5)
        for label, reference in (("a", near), ("b", far))
    ]
    (figure,) = figures(found, [], "x").values()
    assert len(figure.axes) == 5
    axes = figure.axes[0]
    assert axes.get_title() == "m0\n1 of 2 agree"
    (crosses,) = (line for line in axes.lines if line.get_marker() == "x")
    assert list(crosses.get_xydata()[0]) == [1.0, 1.0]
    drawn = {tuple(line.get_ydata()) for line in axes.lines if line.get_marker() == "s"}
    assert drawn == {(1.0,), (90.0,)}


def test_two_processes_do_not_run_the_same_sweep(swept):
    with sweeper._claimed(swept / "sweep"), pytest.raises(errors.RunError, match="another process"):
        neuromodels.sweep("swept/net", out=swept / "sweep")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["swept/net", "--set", "rate=7,9 s"], "rate"),
        (["swept/net", "--seeds", "3:1"], "no range of numbers"),
        (["swept/net", "--list", "no.csv"], "cannot be read"),
        (["swept/net", "--only", "1"], "need --resume"),
        (["swept/net", "--resume", "x"], "CIRCUIT cannot be changed in a sweep"),
        (["--set", "rate=1", "--resume", "x"], "--set cannot be changed"),
        (["--resume", "x"], "holds no sweep"),
        ([], "which circuit"),
        (["swept/ne"], "swept/net"),
    ],
)
def test_a_wrong_command_writes_nothing(swept, capsys, arguments, message):
    assert execute(["sweep", *arguments]) not in (0, 70)
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(swept.iterdir())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "label, seed, rate\na, 1, 7 kHz\nb, 2,\n", [("a", 1, 7000.0), ("b", 2, 9000.0)]),
        ("a.yaml", "x: {rate: 7 kHz}\ny: {rate: 1}\n", [("x", 1, 7000.0), ("y", 1, 1.0)]),
        ("a.json", '[{"rate": 7}, {"rate": "8 Hz"}]', [("", 1, 7.0), ("", 1, 8.0)]),
    ],
)
def test_points_from_files(swept, name, text, expected):
    from neuromodels.cli.values import rows_from_file

    (swept / name).write_text(text)
    found = define("swept/net", points=rows_from_file(swept / name))
    assert [(e.label, e.seed, e.values["rate"]) for e in found.entries] == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "rate\n1,2\n"), ("a.csv", "rate\n"), ("a.json", "3"), ("a.json", "[1]"),
        ("a.yaml", "1: 2"), ("a.txt", "rate"), ("a.yaml", "[{1: 2}]"),
    ],
)  # fmt: skip
def test_files_that_hold_no_points(swept, name, text):
    from neuromodels.cli.values import rows_from_file

    (swept / name).write_text(text)
    with pytest.raises(errors.UsageError):
        rows_from_file(swept / name)
