"""Golden tables: numbers of an independent implementation that a study's metrics are compared with.

A study keeps them as CSV files in a folder ``golden`` beside the code that reads them:
``neuromodels_my_study/experiment/golden/rates.csv`` is ``table(__package__, "rates")`` in a module
of ``neuromodels_my_study.experiment``.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from neuromodels.errors import PluginError

if TYPE_CHECKING:
    import pandas as pd


def table(package: str, name: str, *, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a golden table.

    Parameters
    ----------
    package : str
        Import name of the package that has the folder ``golden``.
    name : str
        Name of the file in it, without ``.csv``.
    text : collection of str
        Columns that are text although they look like numbers (``"01"``).

    Returns
    -------
    pandas.DataFrame
        One row a line.  Columns in which every cell is a number are numbers, to the last bit; an
        empty cell is NaN.  It is a copy: changing it changes nothing else.

    Raises
    ------
    PluginError
        There is no such table, or it is no CSV file with the columns `text`.
    """
    return _read(package, name, frozenset(text)).copy()


@cache
def _read(package: str, name: str, text: frozenset[str]) -> pd.DataFrame:
    # Imported here: `neuromodels list` imports modules that read tables.
    import pandas as pd

    where = f"{package}: golden/{name}.csv"
    try:
        with (files(package) / "golden" / f"{name}.csv").open(encoding="utf-8") as file:
            frame = pd.read_csv(file, dtype=dict.fromkeys(text, "str"))
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        reason = " ".join(str(error).split())
        raise PluginError(
            f"the golden table cannot be read: {reason}", code="NM508", where=where
        ) from error
    if missing := sorted(text - set(frame.columns)):
        raise PluginError(
            f"the golden table has no column {missing[0]!r}", code="NM508", where=where
        )
    return frame


__all__ = ["table"]
