"""What a model is like, asked of its syntax tree: every decision of the generator, and no C++."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pynestml.generated.PyNestMLLexer import PyNestMLLexer
from pynestml.meta_model.ast_arithmetic_operator import ASTArithmeticOperator
from pynestml.meta_model.ast_expression import ASTExpression
from pynestml.meta_model.ast_function_call import ASTFunctionCall
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.meta_model.ast_variable import ASTVariable
from pynestml.symbols.boolean_type_symbol import BooleanTypeSymbol
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.predefined_functions import PredefinedFunctions
from pynestml.symbols.predefined_variables import PredefinedVariables
from pynestml.symbols.real_type_symbol import RealTypeSymbol
from pynestml.symbols.symbol import SymbolKind
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol
from pynestml.symbols.variable_symbol import BlockType
from pynestml.utils.ast_utils import ASTUtils

from neuromodels.nestml.syntax import collect

_NUMBERS = (BooleanTypeSymbol, IntegerTypeSymbol, RealTypeSymbol, UnitTypeSymbol)
_DRAWS = frozenset(
    {
        PredefinedFunctions.RANDOM_NORMAL,
        PredefinedFunctions.RANDOM_UNIFORM,
        PredefinedFunctions.RANDOM_POISSON,
    }
)
_EFFECTS = frozenset(
    {
        PredefinedFunctions.EMIT_SPIKE,
        PredefinedFunctions.INTEGRATE_ODES,
        PredefinedFunctions.PRINT,
        PredefinedFunctions.PRINTLN,
    }
)
_MOST_CONDITIONS = 64
"""Conditions of time that `neuromodels::Inputs::Step` has room for."""


# ---- variables --------------------------------------------------------------------------------


def is_homogeneous(symbol: Any) -> bool:
    """Whether all synapses of a model share a parameter."""
    return PyNestMLLexer.DECORATOR_HOMOGENEOUS in symbol.get_decorators()


def vector_size(symbol: Any) -> int:
    """Elements of a vector whose size is a number in the model; 0 for a scalar."""
    parameter = symbol.get_vector_parameter() if symbol.has_vector_parameter() else None
    if parameter is None or not parameter.is_numeric_literal():
        return 0
    return int(parameter.get_numeric_literal())


def accessible(model: Any, delay: str = "") -> Iterator[tuple[Any, Any]]:
    """Scalar parameters and state variables of an object of a model, as (variable, symbol).

    Parameters
    ----------
    model : ASTModel
        Transformed.
    delay : str
        Name of the variable that is a synapse's delay, which NEST keeps.
    """
    symbols = [*model.get_parameter_symbols(), *model.get_state_symbols()]
    for symbol in sorted(symbols, key=lambda s: str(s.get_symbol_name())):
        name = symbol.get_symbol_name()
        if (
            name != delay
            and not symbol.is_inline_expression
            and not symbol.has_vector_parameter()
            and not is_homogeneous(symbol)
            and not ASTUtils.is_delta_kernel(model.get_kernel_by_name(name))
            and isinstance(symbol.get_type_symbol(), _NUMBERS)
        ):
            yield ASTUtils.get_variable_by_name(model, name), symbol


def _symbol(variable: Any) -> Any:
    return variable.get_scope().resolve_to_symbol(variable.get_complete_name(), SymbolKind.VARIABLE)


def internals_in_order(model: Any) -> list[Any]:
    """Symbols of a model's internals as they are declared, which is how they are calculated."""
    return [
        variable.get_scope().resolve_to_symbol(variable.get_complete_name(), SymbolKind.VARIABLE)
        for block in model.get_internals_blocks()
        for declaration in block.get_declarations()
        for variable in declaration.get_variables()
    ]


# ---- what is evaluated when, and how often ----------------------------------------------------


def uses(node: Any, function: str) -> bool:
    """Whether a predefined function is called below a node."""
    return any(call.get_name() == function for call in collect(node, ASTFunctionCall))


def is_pure(node: Any) -> bool:
    """Whether it makes no difference how often an expression is evaluated.

    It draws no random numbers, and calls only predefined functions without effects.
    """
    return all(
        PredefinedFunctions.get_function(call.get_name()) is not None
        and call.get_name() not in _DRAWS | _EFFECTS
        for call in collect(node, ASTFunctionCall)
    )


def internals_are_settled(model: Any) -> bool:
    """Whether internals depend on parameters, each other and the resolution alone."""
    return all(
        _is_settled(symbol.get_declaring_expression(), internals_too=True)
        for symbol in internals_in_order(model)
        if symbol.has_declaring_expression()
    )


def _is_settled(expression: Any, *, internals_too: bool) -> bool:
    kinds = {BlockType.PARAMETERS, BlockType.COMMON_PARAMETERS}
    if internals_too:
        kinds.add(BlockType.INTERNALS)
    constants = {PredefinedVariables.E_CONSTANT, PredefinedVariables.PI_CONSTANT}
    for variable in collect(expression, ASTVariable):
        if variable.get_name() in constants:
            continue
        symbol = _symbol(variable)
        unit = symbol is None  # the name of a unit, as in 1 mV
        if not unit and (symbol.is_inline_expression or symbol.block_type not in kinds):
            return False
    return is_pure(expression)


def _is_about_time(expression: Any) -> bool:
    """Whether time is all that an expression depends on, and it does."""
    names = {
        variable.get_name()
        for variable in collect(expression, ASTVariable)
        if _symbol(variable) is not None or variable.get_name() == PredefinedVariables.TIME_CONSTANT
    }
    return names == {PredefinedVariables.TIME_CONSTANT} and is_pure(expression)


@dataclass(frozen=True)
class Condition:
    """An ``onCondition`` block of a neuron.

    Attributes
    ----------
    block : ASTOnConditionBlock
    timed : tuple of expressions
        All of which have to hold, and depend on time alone: the same for all neurons.
    settled : tuple of expressions
        All of which have to hold, and depend on parameters and settled internals alone.
    rest : tuple of expressions
        All that have to hold besides `timed`; those of `settled` are among them.
    bit : int
        Number of the condition among those with a timed part; -1: it has none.
    """

    block: Any
    timed: tuple[Any, ...]
    settled: tuple[Any, ...]
    rest: tuple[Any, ...]
    bit: int


def _conjuncts(expression: Any) -> list[Any]:
    """Expressions that all have to hold for `expression` to hold, in their order."""
    operator = expression.binary_operator if isinstance(expression, ASTExpression) else None
    if operator is not None and getattr(operator, "is_logical_and", False):
        return [*_conjuncts(expression.lhs), *_conjuncts(expression.rhs)]
    return [expression]


def conditions(neuron: Any) -> list[Condition]:
    """The conditions of a neuron, and what time and parameters say about each.

    A condition that draws random numbers is evaluated as a whole, in every step.
    """
    settled_internals = internals_are_settled(neuron)
    found: list[Condition] = []
    bits = iter(range(_MOST_CONDITIONS))
    for block in neuron.get_on_condition_blocks():
        expression = block.get_cond_expr()
        parts = _conjuncts(expression) if is_pure(expression) else [expression]
        timed = tuple(part for part in parts if _is_about_time(part))
        bit = next(bits, -1) if timed else -1
        if bit < 0:
            found.append(Condition(block, (), (), (expression,), -1))
            continue
        settled = tuple(p for p in parts if _is_settled(p, internals_too=settled_internals))
        rest = tuple(part for part in parts if part not in timed)
        found.append(Condition(block, timed, settled, rest, bit))
    return found


def rests(neuron: Any, found: Sequence[Condition]) -> bool:
    """Whether a neuron does nothing but ``onReceive``, and conditions that time may refuse."""
    return (
        bool(found)
        and all(condition.bit >= 0 for condition in found)
        and not neuron.get_update_blocks()
        and not neuron.get_equations_blocks()
        and not neuron.get_continuous_input_ports()
    )


# ---- synapses ---------------------------------------------------------------------------------


def _statements(synapse: Any, port: str) -> list[Any]:
    block = synapse.get_on_receive_block(port)
    return list(block.get_stmts_body().get_stmts()) if block else []


def _assigns_itself(statement: Any) -> bool:
    small = statement.small_stmt if statement.is_small_stmt() else None
    if small is None or not small.is_assignment():
        return False
    assignment = small.get_assignment()
    return bool(assignment.is_direct_assignment) and _is_variable(
        assignment.get_expression(), assignment.get_variable().get_complete_name()
    )


def _is_variable(expression: Any, name: str) -> bool:
    return (
        isinstance(expression, ASTSimpleExpression)
        and expression.is_variable()
        and expression.get_variable().get_complete_name() == name
    )


def ignores_post_spikes(synapse: Any, pre_ports: Sequence[str], post_ports: Sequence[str]) -> bool:
    """Whether nothing in a paired synapse depends on when its target has spiked, or on time.

    Its ``onReceive(post)`` only says ``w = w`` (NESTML wants it), and it has no ``update`` block,
    no equations, no internals, and no ``timestep()``.
    """
    return (
        all(_assigns_itself(s) for port in post_ports for s in _statements(synapse, port))
        and any(_statements(synapse, port) for port in post_ports)
        and not synapse.get_update_blocks()
        and not synapse.get_equations_blocks()
        and all(symbol.get_symbol_name() == "__h" for symbol in synapse.get_internal_symbols())
        and not any(
            uses(block, PredefinedFunctions.TIME_TIMESTEP)
            for port in pre_ports
            if (block := synapse.get_on_receive_block(port))
        )
    )


def only_relays(synapse: Any, pre_ports: Sequence[str], weight: str) -> bool:
    """Whether a synapse does nothing at a presynaptic spike but pass its weight on."""
    statements = [s for port in pre_ports for s in _statements(synapse, port)]
    if len(statements) != 1 or not statements[0].is_small_stmt():
        return False
    small = statements[0].small_stmt
    if not small.is_function_call():
        return False
    call = small.get_function_call()
    arguments = call.get_args()
    symbol = synapse.get_scope().resolve_to_symbol(weight, SymbolKind.VARIABLE)
    return (
        call.get_name() == PredefinedFunctions.EMIT_SPIKE
        and len(arguments) == 1
        and _is_variable(arguments[0], weight)
        and symbol.block_type == BlockType.STATE
    )


def needs_step(synapse: Any) -> bool:
    """Whether a synapse keeps internals, or the length of a step: propagators need it."""
    return bool(synapse.get_equations_blocks()) or any(
        symbol.get_symbol_name() != "__h" for symbol in synapse.get_internal_symbols()
    )


def constraints(model: Any) -> list[Any]:
    """What must hold of parameters and state variables when they are set."""
    return [
        declaration.get_invariant()
        for block in (*model.get_parameters_blocks(), *model.get_state_blocks())
        for declaration in block.get_declarations()
        if declaration.has_invariant()
    ]


# ---- propagators -------------------------------------------------------------------------------


def mark_propagators(model: Any, metadata: dict[str, Any]) -> None:
    """Give those internals of a model that are propagators of its parameters an attribute.

    `neuromodels::propagator` evaluates them also for complex parameters, which only arithmetic,
    powers and exponential functions take.
    """
    solver = metadata.get("analytic_solver") or {}
    names = set(solver.get("propagators", ()))
    states = {symbol.get_symbol_name() for symbol in model.get_state_symbols()}
    for block in model.get_internals_blocks():
        for declaration in block.get_declarations():
            name = declaration.get_variables()[0].get_name()
            expression = declaration.get_expression()
            if name not in names or isinstance(expression, ASTSimpleExpression):
                continue
            read = {variable.get_name() for variable in collect(expression, ASTVariable)}
            calls = {call.get_name() for call in collect(expression, ASTFunctionCall)}
            others = [
                node
                for node in collect(expression, ASTExpression)
                if node.is_logical_not
                or node.is_ternary_operator()
                or not isinstance(node.binary_operator, ASTArithmeticOperator | None)
            ]
            if read & states or calls - {"exp", "pow"} or others or len(read - {"__h"}) < 2:
                continue
            for literal in collect(expression, ASTSimpleExpression):
                if isinstance(literal.numeric_literal, int):
                    literal.numeric_literal = float(literal.numeric_literal)
            expression.propagator = name


# ---- what the fast engine leaves to the plain one ----------------------------------------------


def uncovered_neuron(neuron: Any, metadata: dict[str, Any]) -> str | None:
    """Why a neuron is generated as NESTML does it; None if it is not."""
    vectors = [*neuron.get_vector_symbols(), *neuron.get_spike_input_ports()]
    if any(symbol.has_vector_parameter() and not vector_size(symbol) for symbol in vectors):
        return "it has a vector whose size is a parameter"
    if neuron.has_delay_variables():
        return "its equations have delays"
    if any(metadata.get("transferred_variables", {}).values()) or any(
        metadata.get("recursive_vars_used", {}).values()
    ):
        return "a synapse convolves its spikes"
    moved = ("extra_on_emit_spike_stmts_from_synapses", "post_spike_updates")
    if any(metadata.get(key) for key in moved):
        return "a synapse changes it when it spikes"
    for block in neuron.get_on_receive_blocks():
        port = neuron.get_scope().resolve_to_symbol(block.get_port_name(), SymbolKind.VARIABLE)
        if port is None or port.has_vector_parameter():
            return "it receives through one port of a vector"
    if any(port.has_vector_parameter() for port in neuron.get_continuous_input_ports()):
        return "it has a vector of currents"
    return None


def uncovered_synapse(synapse: Any, metadata: dict[str, Any]) -> str | None:
    """Why a synapse is generated as NESTML does it; None if it is not."""
    if any(symbol.has_vector_parameter() for symbol in synapse.get_vector_symbols()):
        return "it has a vector"
    if metadata.get("numeric_solver") is not None:
        return "its equations are solved numerically"
    return None
