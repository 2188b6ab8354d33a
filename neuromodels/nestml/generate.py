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
from neuromodels.nestml.engine import Engine
from neuromodels.nestml.family import Family


@dataclass(frozen=True)
class Generated:
    """Generated C++ of a family.

    Attributes
    ----------
    directory : Path
        Holds the ``.cpp`` and ``.h`` files.
    neuron_class : str or None
        C++ class of the neuron.
    synapse_classes : dict
        Plain name of a synapse -> its C++ class template.
    plain_names : dict
        Generated model name -> plain name.
    decays : bool
        Whether some state of the neuron may become subnormal.
    """

    directory: Path
    neuron_class: str | None
    synapse_classes: dict[str, str]
    plain_names: dict[str, str]
    decays: bool


def generate(
    family: Family,
    suffix: str,
    directory: Path,
    nest_version: str,
    engine: Engine = "fast",
    module: str = "neuromodelsmodule",
) -> Generated:
    """Generate C++ for `family` into `directory`.

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
    answer_path = directory / "answer.json"
    sources.mkdir()
    target.mkdir()

    def spec(name: str) -> dict[str, Any]:
        source = family.sources[name]
        if not re.fullmatch(r"[A-Za-z]\w*", name) or "_with_" in name:
            raise ModelError(
                f"'{name}' cannot be the name of a model",
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
        "numeric_solver": family.neuron.numeric_solver if family.neuron else "forward-Euler",
        "target": str(target),
        "answer": str(answer_path),
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
    path = directory / "job.json"
    path.write_text(json.dumps(job))
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
                where=sys.executable,
                fix="reinstall it: pip install --force-reinstall nestml",
            )
        raise ModelError(
            f"the NESTML generator process ended without an answer: {reason}",
            where=", ".join(source.shown for source in family.sources.values()),
            fix="see --debug",
        )
    answer = json.loads(answer_path.read_text())
    (directory / "generate.log").write_text(answer.get("log", ""))
    if answer["problems"]:
        raise _model_error(family, suffix, answer["problems"])
    classes: dict[str, str] = answer["synapse_classes"]
    plain = {generated: name for name, generated in classes.items()}
    if family.neuron:
        plain[answer["neuron_class"]] = family.neuron.name
    return Generated(target, answer["neuron_class"], classes, plain, answer["decays"])


def _model_error(family: Family, suffix: str, problems: list[dict[str, Any]]) -> ModelError:
    """The first problem, with the user's own line; the number of further ones."""
    first = problems[0]
    source = next((s for s in family.sources.values() if s.shown == first["file"]), None)
    where, quoted = first["file"], ""
    if source is not None and first["line"] > 0:
        lines = source.text.splitlines()
        where = f"{source.shown}:{first['line']}"
        if first["line"] <= len(lines):
            quoted = f": {lines[first['line'] - 1].strip()}"
    message = str(first["message"]).replace(f"_{suffix}", "").strip()
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return ModelError(f"{message}{more}{quoted and ' in line' + quoted}", where=where)
