"""What ``run.json`` must say, and of what kind, before anything is made of it.

Only what this package reads is described; entries that are not are kept as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from neuromodels.errors import RunError

_Name = Annotated[str, pydantic.StringConstraints(min_length=1)]
_File = Annotated[_Name, pydantic.StringConstraints(pattern=r"^[^/\x00]+$")]
_Count = Annotated[int, pydantic.Field(ge=0, lt=2**63)]
_Positive = Annotated[int, pydantic.Field(ge=1, lt=2**63)]
_Finite = Annotated[float, pydantic.Field(allow_inf_nan=False)]
_Time = Annotated[_Finite, pydantic.Field(ge=0)]
_Interval = Annotated[_Finite, pydantic.Field(gt=0)]


class _Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="ignore", strict=True)


class _Quantity(_Open):
    value: Any
    unit: str


class _Resolution(_Open):
    value: _Interval


class _Circuit(_Open):
    name: _Name
    kind: str = pydantic.Field(alias="class")
    plugin: str | None = None


class _Phase(_Open):
    name: str
    start: _Time
    stop: _Time


class _Population(_Open):
    size: _Positive
    spikes: bool


class _Signal(_Open):
    interval: _Interval
    unit: str
    dims: list[_Name]
    shape: list[_Count]
    doc: str


class _Trace(_Open):
    interval: _Interval
    variables: dict[_Name, str]
    size: _Positive
    average: bool | None = None


class _Recordings(_Open):
    populations: dict[_File, _Population]
    signals: dict[_File, _Signal]
    traces: dict[_File, _Trace]


class _Written(_Open):
    sha256: str
    size: _Count


class _Resumed(_Open):
    time: _Time


class _Run(_Open):
    analyses: list[_Name]
    analyze: bool
    biological_time: _Time
    circuit: _Circuit
    parameters: dict[_Name, _Quantity]
    phases: list[_Phase]
    preset: str | None
    resolution: _Resolution
    seed: _Positive
    stage: str
    status: Literal["running", "complete", "failed", "interrupted"]
    threads: _Positive
    wall: dict[str, _Finite]
    ranks: _Positive = 1
    error: str | None = None
    files: dict[_File, _Written] = {}
    machine: dict[str, Any] = {}
    models: dict[str, str] = {}
    peak_memory: _Finite | None = None
    recordings: _Recordings = _Recordings(populations={}, signals={}, traces={})
    resumed: list[_Resumed] = []
    speed: dict[str, _Finite] | None = None
    versions: dict[str, str] = {}


def check(content: dict[str, Any], path: Path) -> None:
    """Check the content of a ``run.json``.

    Raises
    ------
    RunError
        The first entry that is missing or of another kind.
    """
    try:
        _Run.model_validate(content)
    except pydantic.ValidationError as error:
        raise RunError(
            explained(error),
            code="NM612",
            where=str(path),
            fix="restore it from a copy, or start the run again in a new directory",
        ) from None


def explained(error: pydantic.ValidationError) -> str:
    """First finding of pydantic in a file."""
    finding = error.errors(include_url=False, include_context=False)[0]
    place, message = ".".join(str(part) for part in finding["loc"]), finding["msg"]
    if finding["type"] == "missing":
        return f"lacks {place}"
    return f"is damaged at {place}: {message[:1].lower()}{message[1:]}"


__all__ = ["check", "explained"]
