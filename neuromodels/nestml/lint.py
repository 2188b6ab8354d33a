"""What a NESTML model may not contain, because NESTML 9.0 would compile it to something else.

The checks run on the parsed model in the generator process.  Each returns `Finding` objects with
the line of the offending text; any finding stops the build.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynestml.generated.PyNestMLLexer import PyNestMLLexer
from pynestml.meta_model.ast_declaration import ASTDeclaration
from pynestml.meta_model.ast_inline_expression import ASTInlineExpression
from pynestml.meta_model.ast_input_port import ASTInputPort
from pynestml.meta_model.ast_node import ASTNode
from pynestml.meta_model.ast_parameter import ASTParameter
from pynestml.meta_model.ast_variable import ASTVariable
from pynestml.symbols.predefined_variables import PredefinedVariables

from neuromodels.nestml.syntax import Finding, line
from neuromodels.nestml.syntax import collect as collect
from neuromodels.nestml.syntax import declared as declared

#: Names that C++ code of NESTML or the NESTML grammar gives a meaning of their own.
RESERVED = frozenset({"e", "pi", "t", "inf"})


def reserved_names(model: Any) -> Iterator[Finding]:
    """A declared name that NESTML predefines: the predefined meaning wins, silently."""
    reserved = RESERVED | set(PredefinedVariables.get_variables())
    for node in collect(model, ASTDeclaration, ASTInlineExpression, ASTParameter, ASTInputPort):
        if isinstance(node, ASTDeclaration):
            names = [variable.get_name() for variable in node.get_variables()]
        elif isinstance(node, ASTInlineExpression):
            names = [node.get_variable_name()]
        else:
            names = [node.get_name()]
        for name in names:
            if name in reserved:
                yield Finding(
                    line(node),
                    f"the name '{name}' is predefined in NESTML and would silently keep its "
                    "predefined meaning; rename it",
                )


def _names_read(node: ASTNode) -> set[str]:
    return {variable.get_name() for variable in collect(node, ASTVariable)}


def homogeneous_parameters(model: Any) -> Iterator[Finding]:
    """A homogeneous parameter in ``internals`` or ``equations``: the C++ would not compile."""
    homogeneous = {
        variable.get_name()
        for block in model.get_parameters_blocks()
        for declaration in block.get_declarations()
        if PyNestMLLexer.DECORATOR_HOMOGENEOUS in (declaration.get_decorators() or [])
        for variable in declaration.get_variables()
    }
    blocks = [*model.get_internals_blocks(), *model.get_equations_blocks()]
    for block in blocks:
        for statement in block.get_declarations():
            for name in sorted(homogeneous & _names_read(statement)):
                yield Finding(
                    line(statement),
                    f"the homogeneous parameter '{name}' may not be used in internals or "
                    "equations; compute the expression in the update block, with timestep()",
                )


def synapse_ports(
    model: Any, post_port: str | None, third_factors: dict[str, str], weight: str
) -> Iterator[Finding]:
    """Ports and weight of a synapse must be what its registration says.

    A second port for spikes besides the pre- and the postsynaptic one would be a
    volume-transmitter port, which NESTML 9.0 advances twice per interval (wrong weights).
    """
    ports = {port.get_name(): port for port in collect(model, ASTInputPort)}
    expected = {*third_factors, *([post_port] if post_port else [])}
    for name in sorted(expected - set(ports)):
        yield Finding(
            line(model), f"the synapse has no input port '{name}' that its registration names"
        )
    spiking = [port for port in ports.values() if port.is_spike() and port.get_name() != post_port]
    for port in spiking[1:]:
        yield Finding(
            line(port),
            f"'{port.get_name()}' would be a volume-transmitter port, which NESTML 9.0 advances "
            "twice (wrong weights); deliver the signal as a third factor of the neuron",
        )
    for port in ports.values():
        if port.is_continuous() and port.get_name() not in third_factors:
            yield Finding(
                line(port),
                f"the continuous port '{port.get_name()}' is not among the third factors",
            )
    known = declared(model.get_state_blocks()) | declared(model.get_parameters_blocks())
    if weight not in known:
        yield Finding(line(model), f"the synapse has no variable '{weight}' to be its weight")
    for block in model.get_update_blocks():
        for variable in collect(block, ASTVariable):
            if variable.get_name() in third_factors:
                yield Finding(
                    line(variable),
                    f"the third factor '{variable.get_name()}' may not be read in the update "
                    "block; read it in onReceive",
                )


def third_factor_sources(
    neuron: Any, synapse: str, third_factors: dict[str, str]
) -> Iterator[Finding]:
    """The neuron variables that a synapse wants to read must be state of the neuron."""
    state = declared(neuron.get_state_blocks())
    for name in sorted(set(third_factors.values()) - state):
        yield Finding(
            line(neuron),
            f"the neuron has no state variable '{name}', which synapse '{synapse}' reads",
        )


def state_except(model: Any, weight: str) -> list[str]:
    """State variables of a synapse but its weight; they all must stay in the synapse.

    NESTML moves a variable that only postsynaptic spikes change into the neuron, where it is read
    at another time than in the synapse.
    """
    return sorted(declared(model.get_state_blocks()) - {weight})
