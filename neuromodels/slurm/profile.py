"""What jobs at a site ask for: a small YAML file, options on top of it.

Slurm's own notations are understood, and the field's: ``time: 2 h`` is ``time: 2:00:00``, and
``memory: 8 GB`` is ``memory: 8G``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

import pydantic
import yaml

from neuromodels.errors import UsageError, shown
from neuromodels.parameters import nearest

FILE = "slurm.yaml"

_MINUTES = {"min": 1, "h": 60, "d": 1440}
_SPAN = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>min|h|d)")
# minutes | minutes:seconds | hours:minutes:seconds | days-hours[:minutes[:seconds]]
_CLOCK = re.compile(
    r"(?:(?P<days>\d+)-(?P<dh>\d+)(?::(?P<dm>\d+))?(?::(?P<ds>\d+))?"
    r"|(?P<h>\d+):(?P<m>\d+):(?P<s>\d+)|(?P<minutes>\d+)(?::(?P<seconds>\d+))?)"
)
_SIZE = re.compile(r"(?P<number>\d+)\s*(?P<unit>[KMGT])(?:i?B)?", re.IGNORECASE)


class Profile(pydantic.BaseModel):
    """What a job asks Slurm for.

    Attributes
    ----------
    partition, account, qos, constraint : str, optional
        Passed to sbatch as they are.
    nodes : int, optional
        Slurm chooses where it is left out.
    tasks : int
        MPI ranks of a run.
    threads : int
        Of each rank: NEST's threads, and cores that Slurm reserves for it.
    memory : str, optional
        Per node: ``8 GB``, ``4000 MB``.
    time : str, optional
        Limit of a job: ``90 min``, ``2 h``, ``1 d``, or as Slurm writes it.
    grace : int
        Seconds before the limit at which a run is told to stop, so that it can write what it has.
    mpi : str
        How srun starts MPI processes (``srun --mpi=list`` names what there is).
    login : bool
        Whether the script runs in a login shell, which knows ``module`` and ``conda`` where
        interactive shells do.
    setup : list of str
        Shell lines that make the environment: ``module load …``, ``source …/activate``.
    command : str, optional
        How neuromodels is called once these have run; by default the installation that submits.
    options : list of str
        Further options of sbatch: ``--mail-type=END``.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    nodes: int | None = pydantic.Field(None, ge=1)
    tasks: int = pydantic.Field(1, ge=1)
    threads: int = pydantic.Field(1, ge=1, le=1024)
    memory: str | None = None
    time: str | None = None
    grace: int = pydantic.Field(120, ge=0, le=65535)
    mpi: str = "pmix"
    login: bool = False
    setup: list[str] = []
    command: str | None = None
    options: list[str] = []

    @pydantic.field_validator("time", mode="before")
    @classmethod
    def _time(cls, value: Any) -> Any:
        return clock(seconds(value)) if isinstance(value, str) else value

    @pydantic.field_validator("memory", mode="before")
    @classmethod
    def _memory(cls, value: Any) -> Any:
        match = _SIZE.fullmatch(str(value).strip())
        if value is not None and (match is None or int(match["number"]) == 0):
            raise ValueError("write a size with its unit, like 8 GB")
        return value if match is None else f"{match['number']}{match['unit'].upper()}"

    @pydantic.field_validator("partition", "account", "qos", "constraint", "mpi", "command")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or "\n" in value):
            raise ValueError("write one line of text")
        return value

    @pydantic.field_validator("options")
    @classmethod
    def _options(cls, value: list[str]) -> list[str]:
        for option in value:
            if not option.startswith("-") or "\n" in option:
                raise ValueError(f"{shown(option)} is no option of sbatch")
        return value

    def changed(self, **options: Any) -> Self:
        """The same with other values, where they are given.

        Raises
        ------
        UsageError
            One that is not acceptable.
        """
        given = {name: value for name, value in options.items() if value is not None}
        if not given:
            return self
        return type(self)._checked({**self.model_dump(), **given}, "job")

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a profile; by default ``slurm.yaml`` in the user's configuration, if it is there.

        Raises
        ------
        UsageError
            The file cannot be read, or says something that is not understood.
        """
        if path is None:
            path = default_path()
            if not path.is_file():
                return cls()
        try:
            # Text only: to YAML's own rules 2:00:00 is a number in base 60.
            text = path.read_text(encoding="utf-8")
            content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  makes no objects
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", code="NM230", where=str(path)
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            what = " ".join(str(error).split())
            raise UsageError(f"is not valid YAML: {what}", code="NM231", where=str(path)) from None
        if content in (None, ""):
            content = {}
        if not isinstance(content, dict):
            raise UsageError("holds no table of names and values", code="NM232", where=str(path))
        return cls._checked(content, str(path))

    @classmethod
    def _checked(cls, content: dict[str, Any], where: str) -> Self:
        for name in content:
            if name not in cls.model_fields:
                fix = nearest(str(name), cls.model_fields)
                raise UsageError(f"{name!r} is not understood", code="NM281", where=where, fix=fix)
        try:
            return cls.model_validate(content)
        except pydantic.ValidationError as error:
            finding = error.errors(include_url=False)[0]
            name = str(finding["loc"][0])
            message = finding["msg"].removeprefix("Value error, ")
            raise UsageError(
                f"{name} {shown(finding['input'])} is not accepted: "
                f"{message[:1].lower()}{message[1:]}",
                code="NM281",
                where=where,
            ) from None


def default_path() -> Path:
    """Where a user's profile is."""
    from platformdirs import user_config_path

    return user_config_path("neuromodels") / FILE


def seconds(text: str) -> int:
    """Read a time limit: ``90 min``, ``2 h``, ``1.5 d``, or as Slurm writes it.

    Raises
    ------
    ValueError
        It is none.
    """
    text = text.strip()
    if match := _SPAN.fullmatch(text):
        found = round(float(match["number"]) * _MINUTES[match["unit"]] * 60)
    elif match := _CLOCK.fullmatch(text):
        n = {name: int(value or 0) for name, value in match.groupdict().items()}
        hours = n["days"] * 24 + n["dh"] + n["h"]
        found = (hours * 60 + n["dm"] + n["m"] + n["minutes"]) * 60
        found += n["ds"] + n["s"] + n["seconds"]
    else:
        found = 0
    if found <= 0:
        raise ValueError("write a time like 90 min, 2 h or 1-12:00:00")
    return found


def clock(limit: int) -> str:
    """Write seconds as Slurm does: ``1-02:30:00``."""
    minutes, second = divmod(limit, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{f'{days}-' if days else ''}{hour:02d}:{minute:02d}:{second:02d}"


__all__ = ["Profile", "clock", "default_path", "seconds"]
