"""The metrics of all runs of a sweep: a tidy table, and what is left of it over seeds."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neuromodels.disk.written import Batch
from neuromodels.runs import load_run
from neuromodels.sweeps.definition import Definition, Entry
from neuromodels.sweeps.element import path_of, status_of
from neuromodels.verdict import Metric, Verdict, judge

if TYPE_CHECKING:
    import pandas as pd

CSV = "table.csv"
PARQUET = "table.parquet"

# Columns of the table that are not parameters.
_OWN = ("run", "label", "seed", "metric", "value", "unit")


@dataclass(frozen=True)
class Summary:
    """A metric at one point of a sweep, over seeds.

    Attributes
    ----------
    entry : Entry
        The first of the point's runs: its label and parameters are those of all.
    metric : Metric
        Of that run: name, unit and reference.
    values : ndarray, shape (n,)
        Of all complete runs that have it and where it is a number, in the order of their seeds.
    """

    entry: Entry
    metric: Metric
    values: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Over seeds; NaN where there is none."""
        return float(self.values.mean()) if self.values.size else float("nan")

    @property
    def sd(self) -> float:
        """Standard deviation over seeds; NaN for a single one."""
        return float(self.values.std(ddof=1)) if self.values.size > 1 else float("nan")

    @property
    def verdict(self) -> Verdict:
        """Rule of `neuromodels.analysis`, for a mean over so many seeds."""
        return judge(self.mean, self.metric.reference, max(1, self.values.size))


def collect(folder: Path, definition: Definition) -> list[tuple[Entry, dict[str, Metric]]]:
    """Metrics of every complete run, in the order of the sweep."""
    return [
        (entry, dict(load_run(path_of(folder, entry)).metrics))
        for entry in definition.entries
        if status_of(folder, entry) == "complete"
    ]


def tidy(definition: Definition, rows: Sequence[tuple[Entry, dict[str, Metric]]]) -> pd.DataFrame:
    """One row per run and metric; swept parameters, label and seed are columns.

    Parameters are in the units of their declarations (``sweep.json`` has them).  A parameter that
    is called like one of the table's own columns is found as ``parameter_<name>``.
    """
    import pandas as pd

    swept = {name: f"parameter_{name}" if name in _OWN else name for name in definition.swept}
    own = [name for name in _OWN if name != "label" or definition.labelled]
    content: list[dict[str, Any]] = [
        {
            "run": entry.name,
            "label": entry.label,
            **{swept[name]: _cell(value) for name, value in entry.values.items()},
            "seed": entry.seed,
            "metric": metric.name,
            "value": metric.value,
            "unit": metric.unit,
        }
        for entry, metrics in rows
        for metric in metrics.values()
    ]
    before = [name for name in own if name in ("run", "label")]
    after = [name for name in own if name not in before]
    return pd.DataFrame(content, columns=[*before, *swept.values(), *after])


def _cell(value: Any) -> Any:
    """Lists as text: a cell of a CSV file holds one value."""
    return " ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else value


def write(batch: Batch, table: pd.DataFrame) -> list[str]:
    """Write the table as CSV, and as Parquet where pyarrow is installed; give the files' names."""
    batch.put(CSV, lambda file: table.to_csv(file, index=False))
    if importlib.util.find_spec("pyarrow") is None:
        return [CSV]
    batch.put(PARQUET, lambda file: table.to_parquet(file, engine="pyarrow", index=False))
    return [CSV, PARQUET]


def summarize(rows: Sequence[tuple[Entry, dict[str, Metric]]]) -> list[Summary]:
    """Every metric at every point over its seeds, point by point."""
    points: dict[str, list[tuple[Entry, dict[str, Metric]]]] = {}
    for entry, metrics in rows:
        points.setdefault(entry.point, []).append((entry, metrics))
    summaries = []
    for members in points.values():
        found: dict[str, list[Metric]] = {}
        for _, metrics in members:
            for name, metric in metrics.items():
                found.setdefault(name, []).append(metric)
        for same in found.values():
            values = np.array([metric.value for metric in same], dtype=np.float64)
            summaries.append(Summary(members[0][0], same[0], values[np.isfinite(values)]))
    return summaries


__all__ = ["CSV", "PARQUET", "Summary", "collect", "summarize", "tidy", "write"]
