"""Golden tables are read as they are written."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from neuromodels import golden
from neuromodels.errors import PluginError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Name of a package with a golden table, and one that is damaged."""
    folder = tmp_path / "study_with_tables" / "golden"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "rates.csv").write_text(
        "input,rate_Hz,sd\n01,0.1234567890123456789,\n10,2.5e-10,0.5\n", encoding="utf-8"
    )
    (folder / "torn.csv").write_text('a,b\n"1,2\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "study_with_tables"
    sys.modules.pop("study_with_tables", None)


def test_numbers_are_read_to_the_last_bit_and_text_as_text(package):
    table = golden.table(package, "rates", text=["input"])
    assert table["input"].tolist() == ["01", "10"]
    assert table["rate_Hz"].tolist() == [0.1234567890123456789, 2.5e-10]
    assert np.isnan(table["sd"][0]) and table["sd"][1] == 0.5


def test_a_table_is_a_copy(package):
    changed = golden.table(package, "rates")
    changed.loc[0, "sd"] = 7.0
    assert np.isnan(golden.table(package, "rates")["sd"][0])


@pytest.mark.parametrize("name", ["missing", "torn"])
def test_what_cannot_be_read_is_the_plugins_fault(package, name):
    with pytest.raises(PluginError, match=rf"golden/{name}\.csv.*cannot be read"):
        golden.table(package, name)


def test_a_missing_text_column_is_named(package):
    with pytest.raises(PluginError, match="no column 'output'"):
        golden.table(package, "rates", text=["output"])
