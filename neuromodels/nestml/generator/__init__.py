"""NESTML's generator for NEST, with templates and printers of ours.

The fast engine writes ``neuron.h``, ``neuron.cpp``, ``synapse.h`` and ``module.cpp`` of
``templates/``.  The plain engine writes what NESTML's own templates say, and mends what is wrong in
it by ``templates/plain/``.  In both, Jinja looks into ``templates/`` before it looks into NESTML's
folder, so that a template of a statement in ``templates/directives_cpp/`` takes the place of
NESTML's of the same name.  Imported only by the generator process (`neuromodels.nestml.worker`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynestml.codegeneration
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pynestml.codegeneration.nest_code_generator import NESTCodeGenerator
from pynestml.frontend.frontend_configuration import FrontendConfiguration
from pynestml.symbols.predefined_functions import PredefinedFunctions
from pynestml.utils.ast_utils import ASTUtils

from neuromodels.nestml.engine import Engine
from neuromodels.nestml.generator import decay, description, printers, traits

TEMPLATES = Path(__file__).parent / "templates"
"""Templates of ours."""

NESTML_TEMPLATES = Path(pynestml.codegeneration.__file__).parent / "resources_nest/point_neuron"
"""Templates of NESTML's."""


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

    @property
    def scope(self) -> str:
        """C++ namespace of the models: no two builds share it, so that both can be loaded."""
        return f"{self.module}_models"


class NotCovered(Exception):
    """A model of which the fast engine knows no C++; the message says why."""


class Generator(NESTCodeGenerator):  # type: ignore[misc]
    """Writes the C++ of a neuron, its synapses and the module that holds them."""

    def __init__(self, options: Mapping[str, Any], plan: Plan) -> None:
        self.plan = plan
        self.memory = printers.Memory()
        self.decisions: dict[str, dict[str, Any]] = {}
        """Plain name of a model -> what was decided about it; for tests and the curious."""
        super().__init__(options)
        self._environment = Environment(  # noqa: S701  C++, not HTML
            loader=FileSystemLoader([TEMPLATES, NESTML_TEMPLATES]), undefined=StrictUndefined
        )
        self._add_globals(self._environment)

    def setup_printers(self) -> None:
        """Let everything be printed by `neuromodels.nestml.generator.printers`."""
        super().setup_printers()
        fast = self.plan.engine == "fast"
        self._functions = printers.Functions(self.memory)
        self._nest_variable_printer = printers.Variables(
            fast=fast, with_origin=True, with_vector_parameter=True
        )
        self._printer = printers.expressions(self._nest_variable_printer, self._functions)
        self._nest_printer = printers.CppPrinter(expression_printer=self._printer)
        self._nest_variable_printer_no_origin = printers.Variables(
            fast=fast, with_origin=False, with_vector_parameter=False
        )
        self._printer_no_origin = printers.expressions(
            self._nest_variable_printer_no_origin, printers.Functions()
        )
        self._gsl_variable_printer = printers.GslVariables(fast=fast)
        self._gsl_printer = printers.expressions(
            self._gsl_variable_printer, printers.GslFunctions()
        )
        self._gsl_variable_printer_no_origin = printers.GslVariables(fast=fast, with_origin=False)
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
        fast = self.plan.engine == "fast"
        environment.globals.update(
            {
                "zip": zip,
                "raise": self.raise_helper,
                "is_delta_kernel": ASTUtils.is_delta_kernel,
                "engine": self.plan.engine,
                "scope": self.plan.scope,
                "users": printers.users,
                "function_name": printers.function_name,
                # a variable of the model, as a member of a C++ structure
                "member": printers.users if fast else printers.CppVariables._print_cpp_name,
            }
        )

    def get_spike_update_expressions(self, *arguments: Any) -> Any:
        """What spikes add to variables.

        NESTML prints a factor as C++ here and reads it as NESTML again, so it has to be printed
        with the model's own names.
        """
        printer = self._printer_no_origin
        self._printer_no_origin = printers.expressions(
            printers.AsWritten(None, with_origin=False, with_vector_parameter=False),
            printers.FunctionsAsWritten(None),
        )
        try:
            return super().get_spike_update_expressions(*arguments)
        finally:
            self._printer_no_origin = printer

    # ---- what templates are told ----------------------------------------------------------------

    def _get_model_namespace(self, astnode: Any, metadata: Any) -> dict[str, Any]:
        namespace: dict[str, Any] = super()._get_model_namespace(astnode, metadata)
        namespace["plain_names"] = self.plan.plain_names
        namespace["use_gap_junctions"] = False
        namespace["tracing"] = False
        updates = astnode.get_update_blocks()
        plain = self.plan.engine == "plain" and self.plan.flushes
        namespace["flush_in"] = updates[0].get_stmts_body() if plain and updates else None
        return namespace

    def _describer(self) -> description.Describer:
        return description.Describer(
            self._nest_printer, self._printer_no_origin, self._type_symbol_printer
        )

    def _conjunction(self, parts: Sequence[Any]) -> str:
        return " && ".join(self._printer.print(part) for part in parts)

    def _common(self, model: Any, namespace: Mapping[str, Any]) -> dict[str, Any]:
        """What neurons and synapses of the fast engine have in common."""
        describe = self._describer()
        members = {
            "parameters": describe.members(model, model.get_parameter_symbols()),
            "state": describe.members(model, model.get_state_symbols()),
            "internals": describe.members(model, traits.internals_in_order(model)),
        }
        keys = {s.get_symbol_name() for _, s in traits.accessible(model)}
        convolutions = [
            description.Convolution(
                cpp=printers.users(name),
                place=self._printer.print(ASTUtils.get_variable_by_name(model, name)),
                next=self._printer.print(namespace["update_expressions"][name]),
            )
            for name in (
                namespace["analytic_state_variables"] if namespace["uses_analytic_solver"] else ()
            )
            if "__X__" in name
        ]
        return {
            **members,
            "plain_name": self.plan.plain_names[model.get_name()],
            "accessible": sorted(
                (m for m in (*members["parameters"], *members["state"]) if m.key in keys),
                key=lambda m: m.key,
            ),
            "inlines": list(describe.inlines(model)),
            "convolutions": convolutions,
            "invariants": [
                {
                    "cpp": self._printer.print(invariant),
                    "nestml": namespace["nestml_printer"].print(invariant),
                }
                for invariant in traits.constraints(model)
            ],
            "draws_normal": traits.uses(model, PredefinedFunctions.RANDOM_NORMAL),
            "draws_poisson": traits.uses(model, PredefinedFunctions.RANDOM_POISSON),
            "nest_codegen_opt_delay_variable": "",
            "neuronName": "",
            "numeric_solver": self.get_option("numeric_solver"),
            "spike_updates": namespace.get("spike_updates", {}),
        }

    def _neuron(self, neuron: Any, metadata: Any) -> dict[str, Any]:
        """Everything that the templates of a neuron name."""
        self._functions.roots = True
        namespace = self._get_neuron_model_namespace(neuron, metadata)
        reason = traits.uncovered_neuron(neuron, metadata[neuron.get_name()])
        if reason:
            raise NotCovered(f"{self.plan.plain_names[neuron.get_name()]}: {reason}")
        common = self._common(neuron, {**namespace, "spike_updates": namespace["spike_updates"]})
        paired = "paired_synapses" in namespace
        by_key = {member.key: member for member in common["state"]}
        conditions = traits.conditions(neuron)
        settled = traits.internals_are_settled(neuron)
        rests = traits.rests(neuron, conditions)
        self.decisions[common["plain_name"]] = {
            "flushes": self.plan.flushes,
            "internals_are_settled": settled,
            "rests": rests,
            "conditions": [
                {"timed": len(c.timed), "settled": len(c.settled), "rest": len(c.rest)}
                for c in conditions
            ],
        }
        return {
            "propagators_are_state_dependent": False,
            **namespace,
            **common,
            "neuronName": "Neuron",
            "paired": paired,
            "parent": "neuromodels::SpikeArchive< AtSpike >" if paired else "nest::ArchivingNode",
            "factors": [
                by_key[name]
                for name in sorted(
                    namespace["neuron_state_vars_that_need_continuous_buffering"] if paired else ()
                )
            ],
            "flushes": self.plan.flushes,
            "settled": settled,
            "conditions": conditions,
            "timed": [condition for condition in conditions if condition.bit >= 0],
            "rests": rests,
            "conjunction": self._conjunction,
            "spike_ports": [
                name
                for port in neuron.get_spike_input_ports()
                for name in description.port_names(port)
            ],
            "current_ports": [
                name
                for port in neuron.get_continuous_input_ports()
                for name in description.port_names(port)
            ],
            "receptors": description.receptors(neuron),
            "on_receive": [
                {
                    "port": str(block.get_port_name()).upper(),
                    "line": block.get_source_position().start_line,
                    "body": block.get_stmts_body(),
                }
                for block in neuron.get_on_receive_blocks()
            ],
            "output_event": "nest::CurrentEvent"
            if any(output.is_continuous() for output in neuron.get_body().get_output_blocks())
            else "nest::SpikeEvent",
        }

    def _synapse(self, synapse: Any, metadata: Any) -> dict[str, Any]:
        """Everything that the template of a synapse names."""
        self._functions.roots = False
        namespace = self._get_synapse_model_namespace(synapse, metadata)
        reason = traits.uncovered_synapse(synapse, metadata[synapse.get_name()])
        if reason:
            raise NotCovered(f"{self.plan.plain_names[synapse.get_name()]}: {reason}")
        common = self._common(synapse, namespace)
        everything = [*common["parameters"], *common["state"]]
        weight = next(m for m in everything if m.key == namespace["synapse_weight_variable"])
        paired = namespace.get("paired_neuron")
        post_ports = namespace.get("spiking_post_ports", [])
        pre_ports = namespace["pre_ports"]
        timeless = paired is not None and traits.ignores_post_spikes(synapse, pre_ports, post_ports)

        def bodies(ports: Sequence[str]) -> list[Any]:
            blocks = [synapse.get_on_receive_block(port) for port in ports]
            return [block.get_stmts_body() for block in blocks if block]

        relays = timeless and traits.only_relays(synapse, pre_ports, weight.key)
        self.decisions[common["plain_name"]] = {"timed": not timeless, "relays": relays}
        steps = [member.place for member in common["internals"] if member.key == "__h"]
        delay = namespace.get("nest_codegen_opt_delay_variable", "")
        return {
            "post_spike_updates": [],
            "pre_spike_updates": [],
            **namespace,
            **common,
            "nest_codegen_opt_delay_variable": delay,
            "cls": self._class(synapse),
            "parameters": [m for m in common["parameters"] if not m.homogeneous],
            "shared": [m for m in common["parameters"] if m.homogeneous],
            "accessible": [m for m in common["accessible"] if m.key != delay],
            "weight": weight,
            "delay": delay,
            "paired": self.plan.plain_names[paired.get_name()] if paired else None,
            "timed": not timeless,
            "reads_spikes": paired is not None and not timeless,
            "relays": relays,
            "keeps_step": traits.needs_step(synapse),
            "step_place": steps[0] if steps else "",
            "pre_before_post": bool(namespace["pre_before_post_update"]),
            "factors": [
                {"local": f"__{port}", "cpp": printers.users(variable)}
                for port, variable in zip(
                    namespace.get("state_vars_that_need_continuous_buffering", ()),
                    namespace.get("state_vars_that_need_continuous_buffering_transformed", ()),
                    strict=True,
                )
            ],
            "pre_bodies": bodies(pre_ports),
            "post_bodies": bodies(post_ports),
            "update_bodies": [block.get_stmts_body() for block in synapse.get_update_blocks()],
            "memory": self.memory,
        }

    def _class(self, model: Any) -> str:
        """C++ class of a synapse in the fast engine."""
        return f"Synapse_{self.plan.plain_names[model.get_name()]}"

    # ---- writing --------------------------------------------------------------------------------

    def _write(self, name: str, template: str, namespace: Mapping[str, Any]) -> None:
        text = self._environment.get_template(f"{template}.jinja2").render(**namespace)
        target = Path(FrontendConfiguration.get_target_path())
        target.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text + "\n")

    def analyse_neuron(self, neuron: Any, metadata: Any) -> Any:
        """Let propagators have their limits."""
        result = super().analyse_neuron(neuron, metadata)
        traits.mark_propagators(neuron, metadata[neuron.get_name()])
        return result

    def analyse_synapse(self, synapse: Any, metadata: Any) -> None:
        """Likewise."""
        super().analyse_synapse(synapse, metadata)
        traits.mark_propagators(synapse, metadata[synapse.get_name()])

    def generate_neuron_code(self, neuron: Any, metadata: Any) -> None:
        """Write a neuron."""
        if self.plan.engine == "plain":
            super().generate_neuron_code(neuron, metadata)
            return
        namespace = self._neuron(neuron, metadata)
        for suffix in ("h", "cpp"):
            self._write(f"{neuron.get_name()}.{suffix}", f"neuron.{suffix}", namespace)

    def generate_synapse_code(self, synapse: Any, metadata: Any) -> None:
        """Write a synapse."""
        if self.plan.engine == "plain":
            super().generate_synapse_code(synapse, metadata)
            return
        delay = self.get_option("delay_variable").get(_original(synapse))
        special = {delay: "get_delay()"} if delay else {}
        self._nest_variable_printer.variables_special_cases = special
        self._nest_variable_printer_no_origin.variables_special_cases = special
        namespace = self._synapse(synapse, metadata)
        self._write(f"{synapse.get_name()}.h", "synapse.h", namespace)
        self.decisions[namespace["plain_name"]]["remembers"] = self.memory.used

    def generate_module_code(
        self, neurons: Sequence[Any], synapses: Sequence[Any], metadata: Any
    ) -> None:
        """Write the one file that is compiled, which includes the others."""
        folder = "plain/" if self.plan.engine == "plain" else ""
        self._write(
            f"{self.plan.module}.cpp",
            f"{folder}module.cpp",
            {
                "module": self.plan.module,
                "integrates": any(
                    metadata[model.get_name()].get("numeric_solver") for model in neurons
                ),
                "neurons": [self._described(model, metadata) for model in neurons],
                "synapses": [
                    self._described(model, metadata)
                    for model in sorted(synapses, key=lambda m: self.plan.plain_names[m.get_name()])
                ],
            },
        )

    def _described(self, model: Any, metadata: Any) -> dict[str, Any]:
        """What the module says about a model."""
        paired = metadata[model.get_name()].get("paired_neuron")
        weight = self.get_option("weight_variable").get(_original(model), "")
        return {
            "cls": model.get_name(),
            "cpp": f"{self.plan.scope}::{self._class(model)}",
            "name": self.plan.plain_names[model.get_name()],
            "paired": self.plan.plain_names[paired.get_name()] if paired else None,
            "paired_cls": paired.get_name() if paired else None,
            "has_weights": not any(
                symbol.get_symbol_name() == weight and traits.is_homogeneous(symbol)
                for symbol in model.get_parameter_symbols()
            ),
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


__all__ = ["NESTML_TEMPLATES", "TEMPLATES", "Generator", "NotCovered", "Plan", "decay"]
