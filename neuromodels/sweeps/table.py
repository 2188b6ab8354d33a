"""The metrics of all runs of a sweep: a tidy table, and what is left of it over seeds."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neuromodels.disk.written import Batch
from neuromodels.runs import load_run
from neuromodels.sweeps.definition import Definition, Entry
from neuromodels.sweeps.element import path_of, status_of
from neuromodels.verdict import Judgement, Metric, Verdict, assess

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
        Of the first run that has it: name, unit and reference.
    values : ndarray, shape (n,)
        Of all complete runs that have it, in the order of their seeds; NaN where it is no number.
    uncertainties : sequence of float or None
        Of these values, where the runs say them.
    lacking : int
        Complete runs of the point that do not have it.
    """

    entry: Entry
    metric: Metric
    values: npt.NDArray[np.float64]
    uncertainties: Sequence[float | None] = ()
    lacking: int = 0

    @property
    def mean(self) -> float:
        """Over seeds; NaN where there is none, or where one of them is not finite."""
        return float(self.values.mean()) if self.values.size else float("nan")

    @property
    def sd(self) -> float:
        """Standard deviation over seeds; NaN for a single one."""
        return float(self.values.std(ddof=1)) if self.values.size > 1 else float("nan")

    @property
    def judgement(self) -> Judgement:
        """By the rules of `neuromodels.verdict`, for a mean over so many seeds.

        A metric that some runs have and others do not is missing: a mean over those that have it
        would say nothing about what keeps it from the others.
        """
        if self.lacking or not self.values.size:
            runs = self.lacking + self.values.size
            return Judgement("missing", f"missing in {self.lacking} of {runs} runs")
        return assess(self.values.tolist(), self.metric.reference, self.uncertainties)

    @property
    def verdict(self) -> Verdict:
        """Verdict on the mean."""
        return self.judgement.verdict


@dataclass(frozen=True)
class Measured:
    """A complete run of a sweep: its metrics, and the names of those that it owes and lacks."""

    entry: Entry
    metrics: Mapping[str, Metric]
    missing: Sequence[str]


def collect(folder: Path, definition: Definition) -> list[Measured]:
    """Metrics of every complete run, in the order of the sweep."""
    found = []
    for entry in definition.entries:
        if status_of(folder, entry) == "complete":
            run = load_run(path_of(folder, entry))
            found.append(Measured(entry, dict(run.metrics), run.missing))
    return found


def tidy(definition: Definition, rows: Sequence[Measured]) -> pd.DataFrame:
    """One row per run and metric; swept parameters, label and seed are columns.

    Parameters are in the units of their declarations (``sweep.json`` has them).  A parameter that
    is called like one of the table's own columns is found as ``parameter_<name>``.
    """
    import pandas as pd

    swept = {name: f"parameter_{name}" if name in _OWN else name for name in definition.swept}
    own = [name for name in _OWN if name != "label" or definition.labelled]
    content: list[dict[str, Any]] = [
        {
            "run": row.entry.name,
            "label": row.entry.label,
            **{swept[name]: _cell(value) for name, value in row.entry.values.items()},
            "seed": row.entry.seed,
            "metric": metric.name,
            "value": metric.value,
            "unit": metric.unit,
        }
        for row in rows
        for metric in row.metrics.values()
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


def summarize(rows: Sequence[Measured]) -> list[Summary]:
    """Every metric at every point over its seeds, point by point."""
    points: dict[str, list[Measured]] = {}
    for row in rows:
        points.setdefault(row.entry.point, []).append(row)
    return [summary for members in points.values() for summary in _over_seeds(members)]


def _over_seeds(members: Sequence[Measured]) -> list[Summary]:
    """Every metric that one of these runs has or owes."""
    names = dict.fromkeys(name for row in members for name in (*row.metrics, *row.missing))
    summaries = []
    for name in names:
        found = [row.metrics[name] for row in members if name in row.metrics]
        summaries.append(
            Summary(
                members[0].entry,
                found[0] if found else Metric(name, math.nan, ""),
                np.array([metric.value for metric in found], dtype=np.float64),
                [metric.uncertainty for metric in found],
                len(members) - len(found),
            )
        )
    return summaries


__all__ = ["CSV", "PARQUET", "Measured", "Summary", "collect", "summarize", "tidy", "write"]
