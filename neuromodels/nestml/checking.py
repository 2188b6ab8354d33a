"""Finds everything that is wrong with models, with file and line, without a compiler.

What was found about a text is kept in the cache: checking again what has not changed starts no
process.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neuromodels.models import Model
from neuromodels.nestml import cache, declarations
from neuromodels.nestml.family import Family
from neuromodels.nestml.generate import run_worker

Severity = Literal["error", "warning"]
_KINDS: tuple[tuple[Severity, str], ...] = (("error", "problems"), ("warning", "warnings"))


@dataclass(frozen=True)
class Problem:
    """Something wrong with a model.

    Attributes
    ----------
    file : str
    line : int
        From 1; 0 where it is about the whole model.
    message : str
        Cause and cure.
    text : str
        The line itself.
    severity : {"error", "warning"}
        With an error the model is not built.
    """

    file: str
    line: int
    message: str
    text: str
    severity: Severity

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.severity}: {self.message}"


def check(families: Sequence[Family]) -> list[Problem]:
    """Check models as a build would; sorted by file and line, errors before warnings of a line.

    Raises
    ------
    ModelError
        The checking process ended without an answer.
    EnvironmentProblem
        NESTML cannot be imported.
    """
    described = [_described(family) for family in families]
    key = cache.revision(described)
    kept = cache.directory() / cache.CHECKS / f"{key}.json"
    answer = _read(kept)
    if answer is None:
        with tempfile.TemporaryDirectory(prefix="neuromodels-check-") as folder:
            answer = _ask(described, Path(folder), families)
        _keep(kept, answer)
    found = {
        Problem(
            entry["file"] or "",
            entry["line"],
            str(entry["message"]).strip(),
            next(filter(None, (f.line(entry["file"], entry["line"]) for f in families)), ""),
            severity,
        )
        for severity, entries in _KINDS
        for entry in answer[entries]
    }
    return sorted(found, key=lambda p: (p.file, p.line, p.severity, p.message))


def _described(family: Family) -> dict[str, Any]:
    """What the process is told about a family; texts in place of files."""

    def spec(model: Model) -> dict[str, Any]:
        source = family.sources[model.name]
        text = source.renamed(model.name)
        return {"name": model.name, "class": model.name, "text": text, "shown": source.shown}

    return {
        "neuron": spec(family.neuron) if family.neuron else None,
        "synapses": [
            {
                **spec(s),
                "paired": s.neuron is not None or s.post_port in _ports(family, s.name),
                "post_port": s.post_port,
                "third_factors": dict(s.third_factors),
                "weight_variable": s.weight_variable,
            }
            for s in family.synapses
        ],
    }


def _ports(family: Family, name: str) -> set[str]:
    return {port["name"] for port in declarations.ports(family.sources[name].text)}


def _ask(
    described: list[dict[str, Any]], folder: Path, families: Sequence[Family]
) -> dict[str, Any]:
    for number, family in enumerate(described):
        for spec in [family["neuron"], *family["synapses"]]:
            if spec is not None:
                path = folder / f"{number}_{spec['name']}.nestml"
                path.write_text(spec["text"], encoding="utf-8")
                spec["file"] = str(path)
    target = folder / "cpp"
    target.mkdir()
    return run_worker({"families": described, "target": str(target)}, folder, *families)


def _read(kept: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        answer: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return answer
    return None


def _keep(kept: Path, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # a full disk: it is checked again
        kept.parent.mkdir(parents=True, exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps({k: answer[k] for k in ("problems", "warnings")}))
        half.replace(kept)


__all__ = ["Problem", "check"]
