"""Checks models and generates C++ with PyNESTML: ``python -m neuromodels.nestml.worker JOB``.

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
import traceback
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


def _logged(files: dict[str, str], of: str = "ERROR") -> Iterator[dict[str, Any]]:
    """What PyNESTML has logged, as problems; `files` maps model class -> file shown to the user."""
    from pynestml.utils.logger import Logger

    seen = set()
    for artifact, node, level, _code, position, message in Logger.get_log().values():
        if level.name != of:
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
        if spec is not job["neuron"] and spec["paired"] and job["neuron"]:
            neuron = models[job["neuron"]["class"]]
            sources = lint.third_factor_sources(neuron, spec["name"], spec["third_factors"])
            for finding in sources:
                shown = job["neuron"]["shown"]
                yield {"file": shown, "line": finding.line, "message": finding.message}


def _set_up(specs: list[dict[str, Any]], target: str) -> None:
    """Repair PyNESTML and tell it what it will be asked for."""
    from pynestml.frontend.frontend_configuration import FrontendConfiguration

    from neuromodels.nestml import workarounds
    from neuromodels.nestml.repairs import literals, units

    workarounds.apply()
    literals.apply()
    units.compare_base_units()
    sys.setrecursionlimit(10000)
    FrontendConfiguration.parse_config(
        [
            "--input_path",
            *(spec["file"] for spec in specs),
            "--target_path",
            target,
            "--target_platform",
            "NEST",
            "--logging_level",
            "ERROR",
            "--module_name",
            "neuromodelsmodule",
        ]
    )


def _checked(job: dict[str, Any], problems: list[dict[str, Any]]) -> dict[str, Any]:
    """Syntax trees of models; everything that is wrong with them goes to `problems`."""
    from pynestml.utils.logger import Logger, LoggingLevel

    Logger.init_logger(LoggingLevel.ERROR)
    Logger.no_print = True
    models = _parse(job, problems)
    problems.extend(_lint(job, models))  # first: says more than PyNESTML about the same line
    problems.extend(_logged({spec["class"]: spec["shown"] for spec in _specs(job)}))
    return models


def _check(job: dict[str, Any], problems: list[dict[str, Any]]) -> dict[str, Any]:
    """Check the families of a job; of one with a model that cannot be parsed, the others too."""
    _set_up([spec for family in job["families"] for spec in _specs(family)], job["target"])
    warnings: list[dict[str, Any]] = []
    for family in job["families"]:
        parsed = False
        with _reporting(family, problems):
            parsed = bool(_checked(family, problems))
            warnings += _logged({s["class"]: s["shown"] for s in _specs(family)}, "WARNING")
        for spec in () if parsed else _specs(family):
            alone = {**family, "neuron": spec, "synapses": []}
            with _reporting(alone, problems):
                _checked(alone, problems)
    return {"warnings": warnings}


@contextlib.contextmanager
def _reporting(job: dict[str, Any], problems: list[dict[str, Any]]) -> Iterator[None]:
    """Make a problem of what PyNESTML throws: whatever it is, it is about the model."""
    try:
        yield
    except _Failed:
        pass
    except Exception as error:  # noqa: BLE001
        from pynestml.utils.logger import Logger

        if Logger.get_log():
            problems.extend(_logged({spec["class"]: spec["shown"] for spec in _specs(job)}))
        if not problems:
            shown = _specs(job)[0]["shown"]
            text = f"NESTML failed: {type(error).__name__}: {error}"
            problems.append({"file": shown, "line": 0, "message": text})
        traceback.print_exc(file=sys.stdout)


def _generate(job: dict[str, Any], problems: list[dict[str, Any]]) -> dict[str, Any]:
    from pynestml.frontend.frontend_configuration import FrontendConfiguration
    from pynestml.frontend.pynestml_frontend import transform_models, transformers_from_target_name
    from pynestml.transformers.illegal_variable_name_transformer import (
        IllegalVariableNameTransformer,
    )

    from neuromodels.nestml import lint
    from neuromodels.nestml.generator import Generator, NotCovered, Plan, decay
    from neuromodels.nestml.repairs import units

    _set_up(_specs(job), job["target"])
    models = _checked(job, problems)
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
    problems.extend(_logged({spec["class"]: spec["shown"] for spec in _specs(job)}))
    if problems:
        raise _Failed
    return {
        "neuron_class": neuron_class,
        "synapse_classes": classes,
        "decisions": generator.decisions,
    }


def main(path: str) -> int:
    """Run the job in the JSON file `path`, to check or to generate; 0 if nothing is wrong."""
    job = json.loads(Path(path).read_text())
    problems: list[dict[str, Any]] = []
    answer: dict[str, Any] = {}
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        if "families" in job:
            answer = _check(job, problems)
        else:
            with _reporting(job, problems):
                answer = _generate(job, problems)
    answer["problems"] = problems
    answer["log"] = captured.getvalue() + _warnings()
    Path(job["answer"]).write_text(json.dumps(answer))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
