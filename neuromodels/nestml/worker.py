"""Generates C++ with PyNESTML in a process: ``python -m neuromodels.nestml.worker JOB``.

In a process of its own, because PyNESTML keeps global state, prints, takes seconds to import, and
is patched here (`neuromodels.nestml.workarounds`).  Reads a JSON job, writes a JSON answer:
``{"problems": [{"file", "line", "message"}], "neuron_class", "synapse_classes", "decisions",
"log"}``, or
``{"not_covered": reason, …}`` where the fast engine has no C++ for a model.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: What our templates call the solvers; "rk45" would be GSL's.
_SOLVERS = {"rk45": "odeint", "forward-Euler": "forward-Euler"}


class _Failed(Exception):
    """Generation cannot go on; the problems found so far say why."""


def _options(job: dict[str, Any], strict: dict[str, list[str]]) -> dict[str, Any]:
    """Options of PyNESTML's NEST code generator."""
    options: dict[str, Any] = {
        "nest_version": f"v{job['nest_version']}",  # or PyNESTML imports NEST twice to find out
        "numeric_solver": _SOLVERS[job["numeric_solver"]],
        # the default buffers every step, is searched linearly, and samples at t_post + delay
        "continuous_state_buffering_method": "post_spike_based",
        "synapse_models": [s["class"] for s in job["synapses"]],
        "weight_variable": {s["class"]: s["weight_variable"] for s in job["synapses"]},
        "strictly_synaptic_vars": strict,
        "templates": _templates(job["engine"]),
    }
    delays = {s["class"]: s["delay_variable"] for s in job["synapses"] if s["delay_variable"]}
    if delays:
        options["delay_variable"] = delays
    paired = {
        s["class"]: {
            "post_ports": [s["post_port"], *([p, v] for p, v in s["third_factors"].items())]
        }
        for s in job["synapses"]
        if s["paired"]
    }
    if paired:
        options["neuron_synapse_pairs"] = [{"neuron": job["neuron"]["class"], "synapses": paired}]
    return options


def _templates(engine: str) -> dict[str, Any]:
    """Which templates write a neuron and a synapse."""
    from neuromodels.nestml.generator import TEMPLATES

    mended = [str(TEMPLATES / "plain/@SYNAPSE_NAME@_plain.h.jinja2")] if engine == "plain" else []
    return {
        "path": "resources_nest/point_neuron",
        "model_templates": {
            "neuron": ["@NEURON_NAME@.cpp.jinja2", "@NEURON_NAME@.h.jinja2"],
            "synapse": ["@SYNAPSE_NAME@.h.jinja2", *mended],
        },
        "module_templates": [],
    }


def _logged(files: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Errors in PyNESTML's log, as problems; `files` maps model class -> file shown to the user."""
    from pynestml.utils.logger import Logger, LoggingLevel

    seen = set()
    for artifact, node, level, _code, position, message in Logger.get_log().values():
        if level is not LoggingLevel.ERROR:
            continue
        name = node.get_name() if node is not None else artifact
        file = next((f for c, f in files.items() if name and str(name).startswith(c)), None)
        problem = {
            "file": file,
            "line": int(position.start_line) if position is not None else 0,
            "message": str(message),
        }
        key = (problem["file"], problem["line"], problem["message"])
        if key not in seen:
            seen.add(key)
            yield problem


def _warnings() -> str:
    """Warnings in PyNESTML's log, one a line, for ``generate.log``."""
    from pynestml.utils.logger import Logger, LoggingLevel

    return "".join(
        f"{artifact}: line {position.start_line if position is not None else '?'}: {message}\n"
        for artifact, _node, level, _code, position, message in Logger.get_log().values()
        if level is LoggingLevel.WARNING
    )


def _parse(job: dict[str, Any], problems: list[dict[str, Any]]) -> dict[str, Any]:
    """Parse and validate every model; model class -> AST."""
    from pynestml.cocos.co_cos_manager import CoCosManager
    from pynestml.frontend.pynestml_frontend import init_predefined
    from pynestml.symbol_table.symbol_table import SymbolTable
    from pynestml.utils.ast_source_location import ASTSourceLocation
    from pynestml.utils.logger import Logger
    from pynestml.utils.model_parser import ModelParser

    init_predefined()
    SymbolTable.initialize_symbol_table(ASTSourceLocation(0, 0, 0, 0))
    models: dict[str, Any] = {}
    for spec in _specs(job):
        before = len(Logger.get_log())
        unit = ModelParser.parse_file(spec["file"])
        parsed = unit.get_model_list() if unit is not None else []
        if not parsed:
            errors = list(Logger.get_log().values())[before:]
            for entry in errors:
                position, message = entry[4], entry[5]
                if entry[2].name == "ERROR":
                    line = int(position.start_line) if position is not None else 0
                    text = str(message).removeprefix("Error occurred during parsing: ")
                    problems.append({"file": spec["shown"], "line": line, "message": text})
            raise _Failed
        if len(parsed) != 1:
            second = parsed[1].get_source_position().start_line
            message = "a NESTML file for neuromodels holds one model"
            problems.append({"file": spec["shown"], "line": int(second), "message": message})
            raise _Failed
        models[spec["class"]] = parsed[0]
    CoCosManager.check_no_duplicate_compilation_unit_names(list(models.values()))
    for model in models.values():
        if not Logger.has_errors(model):
            CoCosManager.check_cocos(model)
    return models


def _specs(job: dict[str, Any]) -> list[dict[str, Any]]:
    neuron = [job["neuron"]] if job["neuron"] else []
    return [*neuron, *job["synapses"]]


def _lint(job: dict[str, Any], models: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from pynestml.utils.logger import Logger

    from neuromodels.nestml import lint
    from neuromodels.nestml.repairs import units

    for spec in _specs(job):
        model = models[spec["class"]]
        findings = [*lint.reserved_names(model)]
        if spec is not job["neuron"]:
            findings += lint.homogeneous_parameters(model)
            post = spec["post_port"] if spec["paired"] else None
            findings += lint.synapse_ports(
                model, post, spec["third_factors"], spec["weight_variable"]
            )
        if not Logger.has_errors(model):
            findings += [*lint.integer_divisions(model), *lint.vector_sizes(model)]
            findings += units.find(model)  # last: changes the model
        for finding in findings:
            yield {"file": spec["shown"], "line": finding.line, "message": finding.message}
        if spec is not job["neuron"] and spec["paired"]:
            neuron = models[job["neuron"]["class"]]
            sources = lint.third_factor_sources(neuron, spec["name"], spec["third_factors"])
            for finding in sources:
                shown = job["neuron"]["shown"]
                yield {"file": shown, "line": finding.line, "message": finding.message}


def _generate(job: dict[str, Any], problems: list[dict[str, Any]]) -> dict[str, Any]:
    from pynestml.frontend.frontend_configuration import FrontendConfiguration
    from pynestml.frontend.pynestml_frontend import transform_models, transformers_from_target_name
    from pynestml.transformers.illegal_variable_name_transformer import (
        IllegalVariableNameTransformer,
    )
    from pynestml.utils.logger import Logger, LoggingLevel

    from neuromodels.nestml import lint, workarounds
    from neuromodels.nestml.generator import Generator, NotCovered, Plan, decay
    from neuromodels.nestml.repairs import literals, units

    workarounds.apply()
    literals.apply()
    units.compare_base_units()
    sys.setrecursionlimit(10000)
    target = Path(job["target"])
    FrontendConfiguration.parse_config(
        [
            "--input_path",
            *(spec["file"] for spec in _specs(job)),
            "--target_path",
            str(target),
            "--target_platform",
            "NEST",
            "--logging_level",
            "ERROR",
            "--module_name",
            "neuromodelsmodule",
        ]
    )
    Logger.init_logger(LoggingLevel.ERROR)
    Logger.no_print = True

    files = {spec["class"]: spec["shown"] for spec in _specs(job)}
    models = _parse(job, problems)
    problems.extend(_lint(job, models))  # first: says more than PyNESTML about the same line
    problems.extend(_logged(files))
    if problems:
        raise _Failed
    units.forget_predefined()
    for model in models.values():
        units.forget(model)

    decays = job["neuron"] is None or decay.can_decay(models[job["neuron"]["class"]])
    strict = {
        s["class"]: lint.state_except(models[s["class"]], s["weight_variable"])
        for s in job["synapses"]
    }
    options = _options(job, strict)
    FrontendConfiguration.set_codegen_opts(options)
    transformers, _ = transformers_from_target_name("NEST", options=options)
    if job["engine"] == "fast":  # no name of a model can be one of C++'s
        unwanted = IllegalVariableNameTransformer
        transformers = [t for t in transformers if not isinstance(t, unwanted)]
    transformed, metadata = transform_models(transformers, list(models.values()))
    # the unpaired twin of a paired model would be generated, compiled and registered for nothing
    paired = bool(options.get("neuron_synapse_pairs"))
    unwanted = {job["neuron"]["class"]} if paired else set()
    unwanted |= {s["class"] for s in job["synapses"] if s["paired"]}
    wanted = [model for model in transformed if model.get_name() not in unwanted]
    names = [model.get_name() for model in wanted]
    classes = {
        s["name"]: next(n for n in names if re.match(rf"{s['class']}(__with_|$)", n))
        for s in job["synapses"]
    }
    neuron = job["neuron"]
    neuron_class = (
        next(n for n in names if re.match(rf"{neuron['class']}(__with_|$)", n)) if neuron else None
    )
    plain_names = {cls: name for name, cls in classes.items()}
    if neuron:
        plain_names[neuron_class] = neuron["name"]
    generator = Generator(options, Plan(job["engine"], job["module"], plain_names, decays))
    try:
        generator.generate_code(wanted, metadata)
    except NotCovered as reason:
        return {"not_covered": str(reason)}
    problems.extend(_logged(files))
    if problems:
        raise _Failed
    return {
        "neuron_class": neuron_class,
        "synapse_classes": classes,
        "decisions": generator.decisions,
    }


def main(path: str) -> int:
    """Run the job in the JSON file `path`; 0 if C++ was generated."""
    job = json.loads(Path(path).read_text())
    problems: list[dict[str, Any]] = []
    answer: dict[str, Any] = {}
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        try:
            answer = _generate(job, problems)
        except _Failed:
            pass
        except Exception as error:  # noqa: BLE001  whatever PyNESTML throws is about the model
            from pynestml.utils.logger import Logger

            files = {spec["class"]: spec["shown"] for spec in _specs(job)}
            if Logger.get_log():
                problems.extend(_logged(files))
            if not problems:
                shown = _specs(job)[0]["shown"]
                text = f"NESTML failed: {type(error).__name__}: {error}"
                problems.append({"file": shown, "line": 0, "message": text})
            import traceback

            captured.write(traceback.format_exc())
    answer["problems"] = problems
    answer["log"] = captured.getvalue() + _warnings()
    Path(job["answer"]).write_text(json.dumps(answer))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
