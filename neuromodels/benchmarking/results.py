"""The measurements as a table, and the best of each."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.benchmarking.cases import Request
from neuromodels.disk.files import read_json, replacing, write_json
from neuromodels.errors import RunError
from neuromodels.machine import provenance

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
FILE, CSV, PARQUET = "bench.json", "measurements.csv", "measurements.parquet"

CASE = ("kind", "name", "size", "in_degree", "threads", "ranks")
STAGES = ("start", "build", "connect", "simulate", "record", "write")
"""Of the wall time of a process, in the order in which they happen (but for `start`, which is the
rest: starting Python, imports, loading models)."""
MEASURED = (
    "neurons", "synapses", "seconds", *STAGES, "total", "cpu", "cpu_loop", "memory",
    "memory_largest", "updates", "events", "others", "load",
)  # fmt: skip
COLUMNS = (*CASE, "turn", *MEASURED, "missing")

Row = dict[str, Any]


@dataclass
class Results:
    """All measurements with what they were made on.

    Attributes
    ----------
    request : dict
    rows : list of dict
        One for each turn of each case, with the `COLUMNS`: times in s, memory in bytes, updates
        and events per second of biological time; or with the reason why it is `missing`.
    machine, versions : dict
    started, finished : str
        UTC.
    interrupted : bool
    """

    request: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    started: str = ""
    finished: str = ""
    load_at_start: float = 0.0
    interrupted: bool = False

    @classmethod
    def begin(cls, request: Request) -> Results:
        """Give the table before the first measurement."""
        from neuromodels.machine.installation import find_nest
        from neuromodels.registry import registry

        plugins = registry().plugins.values()
        machine = {k: v for k, v in provenance.machine().items() if k != "host"}
        return cls(
            request=asdict(request),
            machine=machine,
            versions={
                **provenance.versions(p.distribution for p in plugins if p.distribution),
                "MPI": "yes" if find_nest().mpi else "no",
            },
            started=provenance.utc_now(),
            load_at_start=os.getloadavg()[0],
        )

    def finish(self) -> None:
        """Note that nothing more will come."""
        self.finished = provenance.utc_now()

    def save(self, folder: Path) -> list[Path]:
        """Write everything as JSON, and the table as CSV and, with pyarrow, Parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / FILE, {"schema": SCHEMA, **asdict(self)})
        files, table = [folder / FILE, folder / CSV], self.table()
        with replacing(folder / CSV) as temporary:
            table.to_csv(temporary, index=False)
        if importlib.util.find_spec("pyarrow") is not None:
            files.append(folder / PARQUET)
            with replacing(folder / PARQUET) as temporary:
                table.to_parquet(temporary, engine="pyarrow", index=False)
        return files

    @classmethod
    def load(cls, file: Path) -> Results:
        """Read what `save` wrote.

        Raises
        ------
        RunError
            It is something else.
        """
        content = read_json(file)
        if content.pop("schema", None) != SCHEMA:
            raise RunError(
                "holds no measurements of this neuromodels", code="NM651", where=str(file)
            )
        return cls(**content)

    def table(self) -> pd.DataFrame:
        """Tidy: one row for each measurement."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def missing(self) -> list[Row]:
        """Cases that could not be measured."""
        return [row for row in self.rows if row.get("missing")]

    def best(self) -> list[Row]:
        """Each case once: the best of its turns.

        Adds ``wall``, wall time per biological second of simulating and recording (the real-time
        factor); ``spread``, the largest over the smallest of these less 1; ``cpu_rate``, CPU time
        of all threads and ranks per biological second; and ``turns``.
        """
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.rows:
            if not row.get("missing"):
                groups.setdefault(tuple(row[name] for name in CASE), []).append(row)
        return [_best(rows) for rows in groups.values()]


def _best(rows: list[Row]) -> Row:
    walls = [(row["simulate"] + row["record"]) / row["seconds"] for row in rows]
    best = dict(rows[walls.index(min(walls))])
    for name in (*STAGES, "total", "cpu"):
        best[name] = min(row[name] for row in rows)
    return {
        **best,
        "memory": max(row["memory"] for row in rows),
        "memory_largest": max(row["memory_largest"] for row in rows),
        "wall": min(walls),
        "spread": max(walls) / min(walls) - 1.0,
        "cpu_rate": min(row["cpu_loop"] / row["seconds"] for row in rows),
        "others": max(row["others"] for row in rows),
        "turns": len(rows),
    }


__all__ = ["CSV", "FILE", "PARQUET", "STAGES", "Results", "Row"]
