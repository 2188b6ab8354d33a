"""A literal with a unit, followed by a product: ``1 mV * k``.

The grammar takes as much as it can for the unit, ``mV * k``.  NESTML 9.0 splits off what is a
variable, but fails in some places (``not handled!``).  Here the first name that is a variable ends
the unit, and the rest becomes the product that the text says.
"""

from __future__ import annotations

from typing import Any

from pynestml.meta_model.ast_arithmetic_operator import ASTArithmeticOperator
from pynestml.meta_model.ast_expression import ASTExpression
from pynestml.meta_model.ast_node_factory import ASTNodeFactory
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.meta_model.ast_unary_operator import ASTUnaryOperator
from pynestml.meta_model.ast_unit_type import ASTUnitType
from pynestml.meta_model.ast_variable import ASTVariable
from pynestml.symbols.symbol import SymbolKind
from pynestml.utils.logger import Logger, LoggingLevel
from pynestml.utils.model_parser import ModelParser
from pynestml.visitors.ast_parent_visitor import ASTParentVisitor
from pynestml.visitors.ast_symbol_table_visitor import ASTSymbolTableVisitor
from pynestml.visitors.unit_type_fixer_visitor import UnitTypeFixerVisitor

from neuromodels.nestml.syntax import collect

_Factor = tuple[str, Any]


def _factors(unit: Any) -> list[_Factor]:
    """Operators and factors of a unit, from left to right."""
    if isinstance(unit, ASTUnitType) and unit.is_arithmetic_expression():
        return [*_factors(unit.lhs), ("*" if unit.is_times else "/", unit.rhs)]
    return [("*", unit)]


def _names(unit: Any) -> set[str]:
    if not isinstance(unit, ASTUnitType):
        return set()
    if unit.is_simple_unit():
        return {unit.unit}
    parts = (unit.base, unit.compound_unit, unit.lhs, unit.rhs)
    return {name for part in parts if part is not None for name in _names(part)}


def _is_variable(factor: Any, scope: Any) -> bool:
    return any(
        scope.resolve_to_symbol(name, SymbolKind.VARIABLE) is not None for name in _names(factor)
    )


def _unit(factors: list[_Factor]) -> Any:
    unit = factors[0][1]
    for operator, factor in factors[1:]:
        unit = ASTUnitType(
            lhs=unit,
            rhs=factor,
            is_times=operator == "*",
            is_div=operator == "/",
            source_position=factor.source_position,
        )
    return unit


def _operand(factor: Any, scope: Any, position: Any) -> Any:
    """What the text of a factor is as an expression."""
    if not _is_variable(factor, scope):
        return ASTSimpleExpression(numeric_literal=1, unitType=factor, source_position=position)
    if factor.is_simple_unit():
        variable = ASTVariable(factor.unit, source_position=position)
        return ASTSimpleExpression(variable=variable, source_position=position)
    text = str(factor) if factor.is_encapsulated else f"({factor})"
    return ModelParser.parse_expression(text)


def _binary(left: Any, operator: str, right: Any, position: Any) -> Any:
    kind = ASTNodeFactory.create_ast_arithmetic_operator(
        is_times_op=operator == "*", is_div_op=operator == "/", source_position=position
    )
    return ASTExpression(lhs=left, binary_operator=kind, rhs=right, source_position=position)


def _replace(parent: Any, old: Any, new: Any) -> None:
    for name, value in vars(parent).items():
        if value is old and name != "parent_":
            setattr(parent, name, new)
        elif isinstance(value, list):
            value[:] = [new if item is old else item for item in value]


def _operator_of(node: Any) -> str | None:
    operator = getattr(node, "binary_operator", None)
    if not isinstance(operator, ASTArithmeticOperator):
        return None
    kinds = {"*": operator.is_times_op, "/": operator.is_div_op, "**": operator.is_pow_op}
    return next((text for text, is_it in kinds.items() if is_it), None)


def _split(node: Any) -> bool:
    """Split a literal whose unit holds a variable; False if its place is ambiguous."""
    factors = _factors(node.unitType)
    scope, position = node.get_scope(), node.source_position
    end = next(
        (i for i, (_, f) in enumerate(factors) if i > 0 and _is_variable(f, scope)), len(factors)
    )
    if end == len(factors):
        return True
    parent = node.get_parent()
    operator = _operator_of(parent)
    if operator == "**":
        return False
    signed = parent
    while isinstance(getattr(signed, "unary_operator", None), ASTUnaryOperator):
        above = signed.get_parent()
        if getattr(above, "rhs", None) is signed and _operator_of(above) is not None:
            return False
        signed = above
    result: Any = ASTSimpleExpression(
        numeric_literal=node.numeric_literal,
        unitType=_unit(factors[:end]),
        source_position=position,
    )
    on_the_right = operator is not None and parent.rhs is node
    if on_the_right:  # a / 1 mV * k is (a / 1 mV) * k
        result = _binary(parent.lhs, str(operator), result, position)
    for sign, factor in factors[end:-1] if on_the_right else factors[end:]:
        result = _binary(result, sign, _operand(factor, scope, position), position)
    if on_the_right:
        sign, last = factors[-1]
        parent.lhs, parent.rhs = result, _operand(last, scope, position)
        parent.binary_operator.is_times_op = sign == "*"
        parent.binary_operator.is_div_op = sign == "/"
    else:
        _replace(parent, node, result)
    return True


def _fix(_cls: Any, model: Any) -> None:
    """In place of `UnitTypeFixerVisitor.fix_model`."""
    for node in collect(model, ASTSimpleExpression):
        if node.unitType is not None and not _split(node):
            Logger.log_message(
                node=model,
                message=f"where '{node}' ends is ambiguous; put the literal in parentheses",
                error_position=node.source_position,
                log_level=LoggingLevel.ERROR,
            )
    model.accept(ASTSymbolTableVisitor())
    model.accept(ASTParentVisitor())


def apply() -> None:
    """Let NESTML's parser split literals so."""
    UnitTypeFixerVisitor.fix_model = classmethod(_fix)
