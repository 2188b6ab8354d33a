"""Progress: the rate of the last seconds, and who sees it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from neuromodels.running import progress
from neuromodels.running.progress import Progress, Rate, duration


def test_rate_is_that_of_the_last_seconds():
    rate = Rate(window=10.0)
    assert rate.value is None
    done = 0.0
    for second in range(100):  # a quick phase, then one that is a hundred times slower
        done += 1000.0 if second < 50 else 10.0
        rate.update(float(second), done)
    assert rate.value == pytest.approx(10.0)


def test_pace_is_that_of_the_latter_half():
    """A protocol in which 30 s of wall time pass in a millisecond, again and again."""
    rate = Rate(share=0.5)
    wall = done = 0.0
    for _ in range(40):
        for _ in range(1000):
            wall, done = wall + 0.03, done + 10.0
            rate.update(wall, done)
        wall, done = wall + 30.0, done + 1.0
        rate.update(wall, done)
    assert rate.value == pytest.approx(10_001.0 / 60.0, rel=0.03)
    assert len(rate._marks) < 2100


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7625, "2 h 07 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def go_on(show, monkeypatch, **options):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with Progress(show, **options) as bar:
        bar.stage("constructing")
        bar.begin(100_000.0)
        for step in range(1, 101):
            now[0] += 1.0
            bar.update("training", 1000.0 * step)


def test_lines_where_there_is_no_terminal(capsys, monkeypatch):
    go_on(True, monkeypatch)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0] == "training: 30% of 100 s; 1 min 10 s left, real-time factor 1.00"


@pytest.mark.parametrize(("show", "rank"), [(None, 0), (False, 0), (True, 1)])
def test_silence(capsys, monkeypatch, show, rank):
    monkeypatch.setattr(sys, "stderr", io.StringIO() if show is None else sys.stderr)
    go_on(show, monkeypatch, rank=rank)
    assert not capsys.readouterr().err


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(True) as bar:
        bar.begin(1000.0)
        bar.update("training", 0.0)
        bar._last_draw = 0.0
        bar.update("training", 500.0)
        bar._bar.refresh()
    assert "training" in stream.getvalue()
    assert "50%" in stream.getvalue()
    assert "real-time factor" in stream.getvalue()


def test_what_lists_need_stays_light():
    """`neuromodels list` imports these; NEST, HDF5 and the like must not come with them."""
    code = (
        "import sys, neuromodels.analysis, neuromodels.circuit, neuromodels.hookspecs\n"
        "heavy = {'nest', 'xarray', 'h5py', 'matplotlib', 'scipy', 'pandas', 'rich', 'numpy'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_callable_is_told_the_share(monkeypatch):
    heard = []
    go_on(lambda what, share: heard.append((what, share)), monkeypatch)
    assert heard[0] == ("constructing", 0.0)
    assert heard[-1][1] == pytest.approx(1.0)
    assert len(heard) > 50
