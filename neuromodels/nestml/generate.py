"""From a family of NESTML models to C++ on disk, through the generator process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.errors import EnvironmentProblem, ModelError
from neuromodels.nestml.engine import VARIABLE, Engine
from neuromodels.nestml.family import Family


@dataclass(frozen=True)
class Generated:
    """Generated C++ of a family.

    Attributes
    ----------
    directory : Path
        Holds the ``.cpp`` and ``.h`` files.
    source : Path
        The one that includes the others.
    neuron_class : str or None
        Class of the neuron, which its files are called after.
    synapse_classes : dict
        Plain name of a synapse -> its class.
    engine : "fast" or "plain"
        That has written it.
    reason : str
        Why it was not the fast one; empty if it was.
    decisions : dict
        Plain name of a model -> what the fast engine has decided about it.
    """

    directory: Path
    source: Path
    neuron_class: str | None
    synapse_classes: dict[str, str]
    engine: Engine
    reason: str
    decisions: dict[str, dict[str, Any]]


def generate(
    family: Family,
    suffix: str,
    directory: Path,
    nest_version: str,
    engine: Engine = "fast",
    module: str = "neuromodelsmodule",
) -> Generated:
    """Generate C++ for `family` into `directory`.

    A family with a model that the fast engine does not cover is written by the plain one.

    Parameters
    ----------
    family : Family
    suffix : str
        Appended to every generated class, so that two builds of one model can be loaded into one
        process (a notebook that edits its model) without sharing symbols.
    directory : Path
        Exists and is empty.
    nest_version : str
    engine : "fast" or "plain"
    module : str
        Name of the module that is compiled of it.

    Raises
    ------
    ModelError
        A model is wrong; the message has file, line, the line itself and the cause.
    EnvironmentProblem
        NESTML cannot be imported.
    """
    sources = directory / "nestml"
    target = directory / "cpp"
    sources.mkdir()
    target.mkdir()

    def spec(name: str) -> dict[str, Any]:
        source = family.sources[name]
        if not re.fullmatch(r"[A-Za-z]\w*", name) or "_with_" in name:
            raise ModelError(
                f"'{name}' cannot be the name of a model",
                code="NM402",
                where=source.shown,
                fix="use letters, digits and underscores, and not '_with_', which NESTML splits at",
            )
        class_name = f"{name}_{suffix}"
        path = sources / f"{class_name}.nestml"
        path.write_text(source.renamed(class_name), encoding="utf-8")
        return {"name": name, "class": class_name, "file": str(path), "shown": source.shown}

    job = {
        "nest_version": nest_version,
        "engine": engine,
        "module": module,
        "numeric_solver": family.neuron.numeric_solver if family.neuron else "rk45",
        "target": str(target),
        "neuron": spec(family.neuron.name) if family.neuron else None,
        "synapses": [
            {
                **spec(s.name),
                "paired": s.neuron is not None,
                "post_port": s.post_port,
                "third_factors": dict(s.third_factors),
                "weight_variable": s.weight_variable,
                "delay_variable": s.delay_variable,
            }
            for s in family.synapses
        ],
    }
    reason = f"{VARIABLE} is plain" if engine == "plain" else ""
    answer = run_worker(job, directory, family)
    if not answer["problems"] and "not_covered" in answer:
        reason = answer["not_covered"]
        engine = "plain"
        answer = run_worker({**job, "engine": engine}, directory, family)
    if answer["problems"]:
        raise _model_error(family, suffix, answer["problems"])
    return Generated(
        directory=target,
        source=target / f"{module}.cpp",
        neuron_class=answer["neuron_class"],
        synapse_classes=answer["synapse_classes"],
        engine=engine,
        reason=reason,
        decisions=answer["decisions"],
    )


def run_worker(job: dict[str, Any], directory: Path, *families: Family) -> dict[str, Any]:
    """Let PyNESTML do a job about `families` in a process of its own.

    Raises
    ------
    ModelError
        It ended without an answer.
    EnvironmentProblem
        NESTML cannot be imported.
    """
    path, answer_path = directory / "job.json", directory / "answer.json"
    answer_path.unlink(missing_ok=True)
    path.write_text(json.dumps({**job, "answer": str(answer_path)}))
    done = subprocess.run(
        [sys.executable, "-m", "neuromodels.nestml.worker", str(path)],
        capture_output=True,
        text=True,
        cwd=directory,  # PyNESTML writes a report beside its target
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    if not answer_path.exists():
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = lines[-1] if lines else f"exit code {done.returncode}"
        if re.match(r"(ImportError|ModuleNotFoundError)\b", reason):
            raise EnvironmentProblem(
                f"NESTML cannot be imported: {reason}",
                code="NM305",
                where=sys.executable,
                fix="reinstall it: pip install --force-reinstall nestml",
            )
        sources = [source.shown for family in families for source in family.sources.values()]
        raise ModelError(
            f"the NESTML process ended without an answer: {reason}",
            code="NM404",
            where=", ".join(dict.fromkeys(sources)),
            fix="see --debug",
        )
    answer: dict[str, Any] = json.loads(answer_path.read_text())
    (directory / "generate.log").write_text(answer.get("log", ""))
    return answer


def _model_error(family: Family, suffix: str, problems: list[dict[str, Any]]) -> ModelError:
    """The first problem, with the user's own line; the number of further ones."""
    first = problems[0]
    where, quoted = first["file"], ""
    if first["file"] and first["line"] > 0:
        where = f"{first['file']}:{first['line']}"
        text = family.line(first["file"], first["line"])
        quoted = f": {text}" if text else ""
    message = str(first["message"]).replace(f"_{suffix}", "").strip()
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return ModelError(f"{message}{more}{quoted and ' in line' + quoted}", code="NM403", where=where)
