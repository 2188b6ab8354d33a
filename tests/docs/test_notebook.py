"""The code of the page on notebooks, executed from its first block to its last."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import neuromodels

PAGE = Path(__file__).parents[2] / "docs" / "start" / "notebook.md"
SMALL = {
    "n_pre": 100, "n_post": 50, "p_connect": 0.5, "burn_in": 1.0, "segment": 1.0, "bin": 0.5,
    "drive_factors": [1.0, 1.5],
}  # fmt: skip


def test_every_block_runs(tmp_path, monkeypatch):
    pytest.importorskip("nest")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    run = neuromodels.run(
        "burstprop/learning-rule", preset="smoke", parameters=SMALL, out=tmp_path / "runs" / "one"
    )
    asked = []
    monkeypatch.setattr(
        neuromodels, "run", lambda *names, **options: asked.append((names, options)) or run
    )
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for block in blocks:
        code = re.sub(r'load_run\("[^"]*"\)', f'load_run("{run.path}")', block)
        if find_spec("elephant") is None:
            code = re.sub(r".*elephant.*\n", "", code)
        exec(compile(code, str(PAGE), "exec"), names)
    assert asked[0][0] == ("burstprop/learning-rule",)
    assert (tmp_path / "run.nwb").exists()
    assert names["rates"].event_rate.size == 6
