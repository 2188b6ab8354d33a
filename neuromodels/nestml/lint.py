"""What a NESTML model may not contain, because NESTML 9.0 would compile it to something else.

The checks run on the parsed model in the generator process.  Each returns `Finding` objects with
the line of the offending text; any finding stops the build.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynestml.generated.PyNestMLLexer import PyNestMLLexer
from pynestml.meta_model.ast_arithmetic_operator import ASTArithmeticOperator
from pynestml.meta_model.ast_assignment import ASTAssignment
from pynestml.meta_model.ast_declaration import ASTDeclaration
from pynestml.meta_model.ast_expression import ASTExpression
from pynestml.meta_model.ast_inline_expression import ASTInlineExpression
from pynestml.meta_model.ast_input_port import ASTInputPort
from pynestml.meta_model.ast_node import ASTNode
from pynestml.meta_model.ast_parameter import ASTParameter
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.meta_model.ast_variable import ASTVariable
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.predefined_variables import PredefinedVariables
from pynestml.symbols.symbol import SymbolKind

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


def _integer_target(node: Any) -> bool:
    """Whether the value of an expression goes into an integer as it is."""
    parent = node.get_parent()
    while isinstance(parent, ASTExpression) and isinstance(parent.type, IntegerTypeSymbol):
        parent = parent.get_parent()
    if isinstance(parent, ASTDeclaration):
        return bool(parent.get_data_type().is_integer)
    if isinstance(parent, ASTAssignment):
        name = parent.get_variable().get_complete_name()
        symbol = parent.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)
        return symbol is not None and isinstance(symbol.get_type_symbol(), IntegerTypeSymbol)
    return False


def integer_divisions(model: Any) -> Iterator[Finding]:
    """A quotient of whole numbers among real ones: C++ drops its remainder."""
    for node in collect(model, ASTExpression):
        operator = node.get_binary_operator()
        if not isinstance(operator, ASTArithmeticOperator) or not operator.is_div_op:
            continue
        sides = (node.get_lhs(), node.get_rhs())
        if not all(isinstance(side.type, IntegerTypeSymbol) for side in sides):
            continue
        literal = isinstance(sides[1], ASTSimpleExpression) and sides[1].is_numeric_literal()
        if not literal and not _integer_target(node):
            yield Finding(
                line(node),
                f"'{node}' divides whole numbers and would lose its remainder; write "
                f"1.0 * {sides[0]} / {sides[1]}, or assign it to an integer first",
            )


def vector_sizes(model: Any) -> Iterator[Finding]:
    """A vector whose size is a parameter: new elements would be 0 where the size is changed."""
    for node in collect(model, ASTDeclaration):
        value = node.get_expression()
        zero = isinstance(value, ASTSimpleExpression) and value.get_numeric_literal() == 0
        for variable in node.get_variables():
            size = variable.get_vector_parameter()
            if size is not None and size.is_variable() and value is not None and not zero:
                yield Finding(
                    line(node),
                    f"the size of '{variable.get_name()}' is the parameter '{size}': elements "
                    "that a larger size adds would be 0; write the size as a number, or let the "
                    "vector begin at 0",
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
