"""NESTML's generator for NEST, with templates and printers of ours.

Jinja looks into ``templates/`` before it looks into NESTML's folder, so that a template of a
statement in ``templates/directives_cpp/`` takes the place of NESTML's of the same name, in both
engines.  Imported only by the generator process (`neuromodels.nestml.worker`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pynestml.codegeneration.nest_code_generator import NESTCodeGenerator
from pynestml.utils.ast_utils import ASTUtils

from neuromodels.nestml.engine import Engine
from neuromodels.nestml.generator import printers, traits

TEMPLATES = Path(__file__).parent / "templates"
"""Templates of ours."""


@dataclass(frozen=True)
class Plan:
    """What is generated, besides the models themselves.

    Attributes
    ----------
    engine : "fast" or "plain"
    module : str
        Name of the module.
    plain_names : dict
        C++ class of a model -> its plain name.
    flushes : bool
        Whether some state of the neuron may become subnormal.
    """

    engine: Engine
    module: str
    plain_names: Mapping[str, str]
    flushes: bool


class Generator(NESTCodeGenerator):  # type: ignore[misc]
    """Writes the C++ of a neuron, its synapses and the module that holds them."""

    def __init__(self, options: Mapping[str, Any], plan: Plan) -> None:
        self.plan = plan
        super().__init__(options)

    def setup_printers(self) -> None:
        """Let everything be printed by `neuromodels.nestml.generator.printers`."""
        super().setup_printers()
        self._nest_variable_printer = printers.Variables(
            None, with_origin=True, with_vector_parameter=True
        )
        self._printer = printers.expressions(self._nest_variable_printer, printers.Functions())
        self._nest_printer = printers.CppPrinter(expression_printer=self._printer)
        self._nest_variable_printer_no_origin = printers.Variables(
            None, with_origin=False, with_vector_parameter=False
        )
        self._printer_no_origin = printers.expressions(
            self._nest_variable_printer_no_origin, printers.Functions()
        )
        self._gsl_variable_printer = printers.GslVariables(None)
        self._gsl_printer = printers.expressions(
            self._gsl_variable_printer, printers.GslFunctions()
        )
        self._gsl_variable_printer_no_origin = printers.GslVariables(None, with_origin=False)
        self._gsl_printer_no_origin = printers.expressions(
            self._gsl_variable_printer_no_origin, printers.GslFunctions()
        )

    def _setup_template_env(self, template_files: Any, templates_root_dir: str) -> Any:
        paths = [Path(p) for p in self._get_abs_template_paths(template_files, templates_root_dir)]
        folders = sorted({str(path.parent) for path in paths})
        environment = Environment(  # noqa: S701  C++, not HTML
            loader=FileSystemLoader([TEMPLATES, *folders, templates_root_dir])
        )
        self._add_globals(environment)
        return [environment.get_template(path.name) for path in paths]

    def _add_globals(self, environment: Environment) -> None:
        environment.globals.update(
            {
                "zip": zip,
                "raise": self.raise_helper,
                "is_delta_kernel": ASTUtils.is_delta_kernel,
                "users": printers.users,
            }
        )

    def _get_model_namespace(self, astnode: Any, metadata: Any) -> dict[str, Any]:
        namespace: dict[str, Any] = super()._get_model_namespace(astnode, metadata)
        namespace["plain_names"] = self.plan.plain_names
        updates = astnode.get_update_blocks()
        plain = self.plan.engine == "plain" and self.plan.flushes
        namespace["flush_in"] = updates[0].get_stmts_body() if plain and updates else None
        return namespace

    def generate_module_code(
        self, neurons: Sequence[Any], synapses: Sequence[Any], metadata: Any
    ) -> None:
        """Write the one file that is compiled, which includes the others."""
        if self.plan.engine == "fast":
            return  # written by `neuromodels.nestml.cpp`
        environment = Environment(  # noqa: S701  C++, not HTML
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        template = environment.get_template("module.cpp.jinja2")
        text = template.render(
            module=self.plan.module,
            neurons=[self._described(model, metadata) for model in neurons],
            synapses=[
                self._described(model, metadata)
                for model in sorted(synapses, key=lambda m: self.plan.plain_names[m.get_name()])
            ],
        )
        from pynestml.frontend.frontend_configuration import FrontendConfiguration

        target = Path(FrontendConfiguration.get_target_path())
        (target / f"{self.plan.module}.cpp").write_text(text)

    def _described(self, model: Any, metadata: Any) -> dict[str, Any]:
        """What the module says about a model."""
        paired = metadata[model.get_name()].get("paired_neuron")
        return {
            "cls": model.get_name(),
            "name": self.plan.plain_names[model.get_name()],
            "paired": self.plan.plain_names[paired.get_name()] if paired else None,
            "paired_cls": paired.get_name() if paired else None,
            "variables": [
                {
                    "name": self._printer_no_origin.print(variable),
                    "type": self._type_symbol_printer.print(symbol.get_type_symbol()),
                }
                for variable, symbol in traits.accessible(
                    model, self.get_option("delay_variable").get(_original(model), "")
                )
            ],
        }


def _original(model: Any) -> str:
    """The class of a synapse before it was paired."""
    return str(model.get_name()).split("__with_")[0]
