"""One display for all runs."""

from __future__ import annotations

import io
import sys

import pytest

from neuromodels.sweeps import display
from neuromodels.sweeps.definition import Entry
from neuromodels.sweeps.display import SweepDisplay

# The second run is three times as long as the first.
ENTRIES = [Entry(n, f"s{n:03d}", "", n, {}, effort) for n, effort in ((1, 10.0), (2, 30.0))]


def go_on(show, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    with SweepDisplay(ENTRIES, 3, show) as shown:
        for entry in ENTRIES:
            shown.began(entry)
        now[0] = 5.0
        shown.went_on(ENTRIES[1], 0.5)
        shown.draw()
        now[0] = 10.0
        shown.ended(ENTRIES[0], None)
        shown.draw()
        if shown._bar is not None:
            shown._bar.refresh()
        shown.ended(ENTRIES[1], "no [bold]reason[/bold]")
    return shown


def test_lines_where_there_is_no_terminal(capsys, monkeypatch):
    go_on(True, monkeypatch)
    assert capsys.readouterr().err.splitlines() == [
        "done: s001 (5 s left)",  # 25 of 40 are done; 15 of them took 5 s
        "failed: s002: no [bold]reason[/bold] (0 s left)",
    ]


@pytest.mark.parametrize("show", [False, None])
def test_silence(capsys, monkeypatch, show):
    go_on(show, monkeypatch)
    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    go_on(None, monkeypatch)
    text = stream.getvalue()
    assert "4 of 5 runs, 1 running" in text
    assert "s left" in text
    assert "failed: s002: no [bold]reason[/bold]" in text
