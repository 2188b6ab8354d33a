"""Physical units: conversions where a model needs them, and then no units at all.

NESTML 9.0 stores some quantities in NEST's units and others as they are written, converts some
values twice, some not at all, and treats an equation differently from a statement.  Here every
number keeps the unit that the source says:

* a variable holds its value in the unit of its declaration, which is what ``nest.Create``,
  ``GetDefaults``, a multimeter and ``neuromodels show`` read and write;
* a literal is its number, in its own unit;
* a product or quotient has the product or quotient of the units, and its number is not touched;
* where two units must agree (sums, comparisons, assignments, arguments, equations) and differ by a
  factor, one factor is inserted;
* an equation is solved in milliseconds: the right-hand side of ``x'`` is converted to the unit of
  ``x`` per ms;
* a spike that arrives through a port adds its weight, as a number per second; in an equation it is
  a delta pulse of that area.

Where a quantity would lose its unit (it is assigned or compared to a ``real``) its number is
unambiguous only in the units that NEST uses; anything else is a `Finding`.

Afterwards all types are ``real``, so that no code of NESTML converts anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from astropy import units
from pynestml.meta_model.ast_arithmetic_operator import ASTArithmeticOperator
from pynestml.meta_model.ast_assignment import ASTAssignment
from pynestml.meta_model.ast_comparison_operator import ASTComparisonOperator
from pynestml.meta_model.ast_data_type import ASTDataType
from pynestml.meta_model.ast_declaration import ASTDeclaration
from pynestml.meta_model.ast_elif_clause import ASTElifClause
from pynestml.meta_model.ast_expression import ASTExpression
from pynestml.meta_model.ast_for_stmt import ASTForStmt
from pynestml.meta_model.ast_function import ASTFunction
from pynestml.meta_model.ast_if_clause import ASTIfClause
from pynestml.meta_model.ast_inline_expression import ASTInlineExpression
from pynestml.meta_model.ast_input_port import ASTInputPort
from pynestml.meta_model.ast_kernel import ASTKernel
from pynestml.meta_model.ast_node_factory import ASTNodeFactory
from pynestml.meta_model.ast_ode_equation import ASTOdeEquation
from pynestml.meta_model.ast_on_condition_block import ASTOnConditionBlock
from pynestml.meta_model.ast_return_stmt import ASTReturnStmt
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.meta_model.ast_small_stmt import ASTSmallStmt
from pynestml.meta_model.ast_while_stmt import ASTWhileStmt
from pynestml.symbols.predefined_functions import PredefinedFunctions
from pynestml.symbols.predefined_types import PredefinedTypes
from pynestml.symbols.predefined_units import PredefinedUnits
from pynestml.symbols.predefined_variables import PredefinedVariables
from pynestml.symbols.real_type_symbol import RealTypeSymbol
from pynestml.symbols.symbol import SymbolKind
from pynestml.symbols.type_symbol import TypeSymbol
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol
from pynestml.utils.ast_utils import ASTUtils
from pynestml.visitors.ast_parent_visitor import ASTParentVisitor
from pynestml.visitors.ast_symbol_table_visitor import ASTSymbolTableVisitor

from neuromodels.nestml.syntax import Finding, collect, line

#: No unit.
NUMBER = units.dimensionless_unscaled
#: Units whose numbers need no word: a quantity in these may be taken for a ``real``.
_NESTS = (units.ms, units.mV, units.pA, units.nS, units.pF, units.Gohm)
_RESCALED = frozenset(unit.physical_type for unit in _NESTS)

_SAME_UNIT = frozenset({"max", "min", "clip", "random_normal", "random_uniform"})
_ROUNDING = frozenset({"ceil", "floor", "round"})


def _text(unit: Any) -> str:
    return str(unit) or "1"


def scale(source: Any, target: Any) -> float | None:
    """Factor from a number in one unit to the number in another; None if they do not compare.

    Powers of ten are exact.
    """
    try:
        factor = float(source.to(target))
    except units.UnitConversionError:
        return None
    if factor > 0:
        power = round(math.log10(factor))
        exact = float(f"1e{power}")
        if math.isclose(factor, exact, rel_tol=1e-9):
            return exact
    return factor


def _is_nests(unit: Any) -> bool:
    """Whether numbers in a unit are what NEST means by them."""
    return all(
        base in _NESTS or base == units.Hz or base.physical_type not in _RESCALED
        for base in unit.bases
    ) and math.isclose(float(unit.scale), 1.0)


def _is_coherent(unit: Any) -> bool:
    """Whether a unit is a product of powers of ms, mV, pA and units that NEST says nothing of."""
    decomposed = unit.decompose()
    powers = {b.name: float(p) for b, p in zip(decomposed.bases, decomposed.powers, strict=True)}
    expected = -3 * powers.get("s", 0) - 12 * powers.get("A", 0) - 24 * powers.get("kg", 0)
    return math.isclose(math.log10(float(decomposed.scale)), expected, abs_tol=1e-9)


@dataclass
class _Value:
    """An expression, and the unit of its number; `unit` is None for what is no number."""

    node: Any
    unit: Any
    #: zero or infinity, the same in every unit
    any_unit: bool = False


def unit_of(symbol: Any) -> Any:
    """Astropy unit of a type; None if it is no number."""
    if isinstance(symbol, UnitTypeSymbol):
        unit = symbol.astropy_unit
        return unit if isinstance(unit, units.UnitBase) else unit.unit * float(unit.value)
    return NUMBER if symbol is not None and symbol.is_numeric() else None


class _Repair:
    """Walks through a model, inserts factors and collects what is ambiguous."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.findings: list[Finding] = []
        self.in_equations = False

    # -- what is wrong -----------------------------------------------------------------------

    def _wrong(self, node: Any, message: str) -> None:
        self.findings.append(Finding(line(node), message))

    # -- nodes -------------------------------------------------------------------------------

    def _literal(self, number: float, like: Any) -> Any:
        return ASTSimpleExpression(
            numeric_literal=number, source_position=like.source_position, scope=like.scope
        )

    def _in_brackets(self, node: Any) -> Any:
        if isinstance(node, ASTSimpleExpression) or node.is_encapsulated:
            return node
        return ASTExpression(
            is_encapsulated=True,
            expression=node,
            source_position=node.source_position,
            scope=node.scope,
        )

    def _times(self, factor: float, node: Any) -> Any:
        if factor == 1.0:
            return node
        number = _number(node)
        if number is not None:
            return self._literal(_product(number, factor), node)
        position = {"source_position": node.source_position, "scope": node.scope}
        product = ASTExpression(
            lhs=self._literal(factor, node),
            binary_operator=ASTNodeFactory.create_ast_arithmetic_operator(
                is_times_op=True, source_position=node.source_position
            ),
            rhs=self._in_brackets(node),
            **position,
        )
        return ASTExpression(is_encapsulated=True, expression=product, **position)

    # -- values ------------------------------------------------------------------------------

    def to(self, value: _Value, target: Any, what: str) -> Any:
        """The expression of a value in a unit.

        Parameters
        ----------
        value : _Value
        target : astropy unit or None
        what : str
            What takes it, for the message.
        """
        if value.unit is None or target is None or value.any_unit:
            return value.node
        factor = scale(value.unit, target)
        if factor is not None:
            return self._times(factor, value.node)
        if target == NUMBER and _is_nests(value.unit):
            return value.node  # loses its unit
        if value.unit == NUMBER and _is_nests(target):
            return value.node  # is taken in the unit that NEST uses
        if NUMBER in (value.unit, target):
            unit = target if value.unit == NUMBER else value.unit
            self._wrong(
                value.node,
                f"{what} mixes a number without a unit and a quantity in {_text(unit)}, which is "
                f"not one of NEST's units; write the unit, or divide by (1 {_text(unit)})",
            )
        else:
            self._wrong(
                value.node,
                f"{what} needs {_text(target)}, and this is in {_text(value.unit)}",
            )
        return value.node

    def agree(self, left: _Value, right: _Value, what: str) -> tuple[Any, Any, Any]:
        """Two expressions in one unit, and the unit."""
        if left.unit is None or right.unit is None or right.any_unit:
            return left.node, right.node, left.unit
        if left.any_unit:
            return left.node, right.node, right.unit
        if left.unit == right.unit:
            return left.node, right.node, left.unit
        target = right.unit if left.unit == NUMBER else left.unit
        if NUMBER not in (left.unit, right.unit):
            literal = _number(left.node) is not None
            coherent = _is_coherent(right.unit) and not _is_coherent(left.unit)
            if (literal and _number(right.node) is None) or coherent:
                target = right.unit
        return self.to(left, target, what), self.to(right, target, what), target

    def value(self, node: Any) -> _Value:
        """An expression with its factors, and the unit of its number."""
        if isinstance(node, ASTSimpleExpression):
            return self._simple(node)
        if node.is_logical_not:
            node.expression = self.value(node.expression).node
            return _Value(node, None)
        if node.is_unary_operator() or node.is_encapsulated or node.is_expression():
            inner = self.value(node.expression)
            node.expression = inner.node
            return _Value(node, inner.unit, inner.any_unit)
        if node.is_ternary_operator():
            node.condition = self.value(node.condition).node
            node.if_true, node.if_not, unit = self.agree(
                self.value(node.if_true), self.value(node.if_not), "the conditional expression"
            )
            return _Value(node, unit)
        return self._binary(node)

    def _binary(self, node: Any) -> _Value:
        operator = node.binary_operator
        left, right = self.value(node.lhs), self.value(node.rhs)
        if isinstance(operator, ASTComparisonOperator):
            node.lhs, node.rhs, _ = self.agree(left, right, "the comparison")
            return _Value(node, None)
        node.lhs, node.rhs = left.node, right.node
        if not isinstance(operator, ASTArithmeticOperator):
            return _Value(node, left.unit)
        if operator.is_pow_op:
            return _Value(node, self._power(left, right, node))
        if operator.is_times_op or operator.is_div_op:
            if left.unit is None or right.unit is None:
                return _Value(node, left.unit or right.unit)
            zero = left.any_unit or (operator.is_times_op and right.any_unit)
            unit = left.unit * right.unit if operator.is_times_op else left.unit / right.unit
            return _Value(node, unit, zero)
        what = "the remainder" if operator.is_modulo_op else "the sum"
        node.lhs, node.rhs, unit = self.agree(left, right, what)
        return _Value(node, unit, left.any_unit and right.any_unit)

    def _power(self, base: _Value, exponent: _Value, node: Any) -> Any:
        """Unit of a power; its exponent must be a number."""
        node.rhs = self.to(exponent, NUMBER, "an exponent")
        if base.unit is None or base.unit == NUMBER:
            return base.unit
        if scale(base.unit, NUMBER) is not None:
            node.lhs = self._in_brackets(self.to(base, NUMBER, "a power"))
            return NUMBER
        power = _constant(node.rhs)
        if power is None:
            self._wrong(
                node, f"the power of a quantity in {_text(base.unit)} has an exponent that varies"
            )
            return base.unit
        return base.unit**power

    def _simple(self, node: Any) -> _Value:
        if node.is_numeric_literal():
            unit = NUMBER
            if node.unitType is not None:
                unit = unit_of(_type_of(node.unitType))
                node.unitType = None
                node.numeric_literal = float(node.numeric_literal)  # or 1 / (2 ms) would be 0
            return _Value(node, unit, node.numeric_literal == 0)
        if node.is_inf_literal:
            return _Value(node, NUMBER, any_unit=True)
        if node.is_function_call():
            return self._call(node)
        if not node.is_variable():
            return _Value(node, None)  # text, true or false
        variable = node.get_variable()
        name = variable.get_complete_name()
        symbol = variable.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)
        if symbol is None:
            if PredefinedUnits.is_unit(name):  # a unit that stands alone
                return _Value(self._literal(1.0, node), PredefinedUnits.get_unit(name).get_unit())
            return _Value(node, NUMBER)
        return _Value(node, self._symbols_unit(symbol))

    def _symbols_unit(self, symbol: Any) -> Any:
        if symbol.is_spike_input_port():
            # in an equation in ms it is a delta pulse per ms
            return units.ms**-1 if self.in_equations else units.Hz
        return unit_of(symbol.get_type_symbol())

    def _call(self, node: Any) -> _Value:
        call = node.get_function_call()
        name, args = call.get_name(), call.get_args()
        symbol = node.get_scope().resolve_to_symbol(name, SymbolKind.FUNCTION)
        if symbol is None:
            delayed = ASTUtils.get_delay_variable_symbol(call)
            return _Value(node, unit_of(delayed.get_type_symbol()) if delayed else NUMBER)
        if name == PredefinedFunctions.CONVOLVE:
            return _Value(node, NUMBER)
        if not symbol.is_predefined:
            self._arguments(call, [unit_of(t) for t in symbol.get_parameter_types()])
            return _Value(node, unit_of(symbol.get_return_type()))
        if name in _SAME_UNIT:
            return self._same_unit(node, call)
        if name == PredefinedFunctions.POW:
            base, exponent = (self.value(arg) for arg in args)
            pair = ASTExpression(lhs=base.node, rhs=exponent.node, scope=node.scope)
            pair.source_position = node.source_position
            unit = self._power(base, exponent, pair)
            args[:] = [pair.lhs, pair.rhs]
            return _Value(node, unit)
        if name in _ROUNDING or name == PredefinedFunctions.ABS:
            inner = self.value(args[0])
            args[0] = inner.node
            if inner.unit is None or name == PredefinedFunctions.ABS:
                return _Value(node, inner.unit)
            if scale(inner.unit, NUMBER) is not None:
                args[0] = self.to(inner, NUMBER, name)
                return _Value(node, NUMBER)
            if not _is_nests(inner.unit):
                args[0] = self.to(inner, NUMBER, name)  # says what is wrong
            return _Value(node, inner.unit)
        in_ms = (PredefinedFunctions.TIME_STEPS, PredefinedFunctions.DELTA)
        self._arguments(call, [units.ms if name in in_ms else NUMBER] * len(args))
        return _Value(node, unit_of(symbol.get_return_type()))

    def _same_unit(self, node: Any, call: Any) -> _Value:
        values = [self.value(arg) for arg in call.get_args()]
        first = next((v for v in values if not v.any_unit), values[0])
        if first.unit is not None and first.unit != NUMBER and scale(first.unit, NUMBER):
            first = _Value(first.node, NUMBER)  # ms / s and the like
        what = f"an argument of {call.get_name()}"
        call.get_args()[:] = [self.to(v, first.unit, what) for v in values]
        return _Value(node, first.unit)

    def _arguments(self, call: Any, wanted: list[Any]) -> None:
        args = call.get_args()
        for i, (arg, unit) in enumerate(zip(args, wanted, strict=False)):
            args[i] = self.to(self.value(arg), unit, f"an argument of {call.get_name()}")

    # -- statements --------------------------------------------------------------------------

    def model_units(self) -> None:
        """Insert the factors of all statements of the model."""
        self._ports()
        for node in collect(self.model, *_STATEMENTS):
            self.in_equations = isinstance(node, (ASTKernel, ASTOdeEquation, ASTInlineExpression))
            _STATEMENTS[type(node)](self, node)

    def _ports(self) -> None:
        for port in collect(self.model, ASTInputPort):
            if port.is_continuous() and port.has_datatype():
                unit = unit_of(_type_of(port.get_datatype()))
                if unit is not None and not _is_nests(unit):
                    self._wrong(
                        port,
                        f"the continuous port '{port.get_name()}' is in {_text(unit)}, and NEST "
                        "sends numbers in its own units; declare it in pA, mV, nS, ms or real",
                    )

    def _declaration(self, node: Any) -> None:
        unit = unit_of(_type_of(node.get_data_type()))
        if node.has_expression():
            value = self.value(node.expression)
            node.expression = self.to(value, unit, f"the value of {_names(node)}")
        if node.has_invariant():
            node.invariant = self.value(node.invariant).node

    def _assignment(self, node: Any) -> None:
        name = node.get_variable().get_complete_name()
        symbol = node.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)
        value = self.value(node.rhs)
        if symbol is None:
            node.rhs = value.node
            return
        scales = node.is_compound_product or node.is_compound_quotient
        target = NUMBER if scales else self._symbols_unit(symbol)
        node.rhs = self.to(value, target, f"the assignment to {name}")

    def _inline(self, node: Any) -> None:
        unit = unit_of(_type_of(node.get_data_type()))
        value = self.value(node.expression)
        node.expression = self.to(value, unit, f"the value of {node.get_variable_name()}")

    def _ode(self, node: Any) -> None:
        lhs = node.get_lhs()
        symbol = lhs.get_scope().resolve_to_symbol(lhs.get_name(), SymbolKind.VARIABLE)
        unit = unit_of(symbol.get_type_symbol()) if symbol is not None else NUMBER
        target = (unit or NUMBER) / units.ms ** lhs.get_differential_order()
        value = self.value(node.rhs)
        if value.unit == NUMBER and scale(target, NUMBER) is None and _is_nests(target):
            node.rhs = value.node  # a bare number is one in NEST's units
        else:
            node.rhs = self.to(value, target, f"the equation of {lhs.get_complete_name()}")

    def _kernel(self, node: Any) -> None:
        for i, (variable, expression) in enumerate(
            zip(node.get_variables(), node.get_expressions(), strict=True)
        ):
            value = self.value(expression)
            order = variable.get_differential_order()
            target = NUMBER / units.ms**order if order else NUMBER
            if value.unit is not None and scale(value.unit, target) is None:
                target = NUMBER
            name = variable.get_complete_name()
            node.expressions[i] = self.to(value, target, f"the kernel {name}")

    def _condition(self, node: Any) -> None:
        node.condition = self.value(node.condition).node

    def _on_condition(self, node: Any) -> None:
        node.cond_expr = self.value(node.cond_expr).node

    def _for(self, node: Any) -> None:
        symbol = node.get_scope().resolve_to_symbol(node.get_variable(), SymbolKind.VARIABLE)
        unit = unit_of(symbol.get_type_symbol()) if symbol is not None else NUMBER
        node.start_from = self.to(self.value(node.start_from), unit, "the loop")
        node.end_at = self.to(self.value(node.end_at), unit, "the loop")

    def _function(self, function: Any) -> None:
        unit = NUMBER
        if function.has_return_type():
            unit = unit_of(_type_of(function.get_return_type()))
        what = f"the value of {function.get_name()}"
        for node in collect(function, ASTReturnStmt):
            if node.has_expression():
                node.expression = self.to(self.value(node.expression), unit, what)

    def _statement(self, node: Any) -> None:
        """A call that stands alone."""
        if node.is_function_call():
            call = node.get_function_call()
            symbol = node.get_scope().resolve_to_symbol(call.get_name(), SymbolKind.FUNCTION)
            if symbol is not None and not symbol.is_predefined:
                self._arguments(call, [unit_of(t) for t in symbol.get_parameter_types()])
            elif call.get_name() == PredefinedFunctions.EMIT_SPIKE:
                args = call.get_args()
                for i, arg in enumerate(args):
                    # weights and delays: numbers in NEST's units
                    args[i] = self.to(self.value(arg), NUMBER, "an argument of emit_spike")


_STATEMENTS: dict[type, Callable[[_Repair, Any], None]] = {
    ASTDeclaration: _Repair._declaration,
    ASTAssignment: _Repair._assignment,
    ASTInlineExpression: _Repair._inline,
    ASTOdeEquation: _Repair._ode,
    ASTKernel: _Repair._kernel,
    ASTIfClause: _Repair._condition,
    ASTElifClause: _Repair._condition,
    ASTWhileStmt: _Repair._condition,
    ASTOnConditionBlock: _Repair._on_condition,
    ASTForStmt: _Repair._for,
    ASTFunction: _Repair._function,
    ASTSmallStmt: _Repair._statement,
}


def _type_of(node: Any) -> Any:
    from pynestml.visitors.ast_data_type_visitor import ASTDataTypeVisitor

    if node.get_type_symbol() is None:
        node.accept(ASTDataTypeVisitor())
    return node.get_type_symbol()


def _names(declaration: Any) -> str:
    return ", ".join(v.get_complete_name() for v in declaration.get_variables())


def _number(node: Any) -> float | None:
    """The number that a literal is, also with a sign or in brackets."""
    if isinstance(node, ASTSimpleExpression):
        return node.numeric_literal if node.is_numeric_literal() else None
    if node.is_encapsulated or (node.is_unary_operator() and node.unary_operator.is_unary_minus):
        inner = _number(node.expression)
        return inner if inner is None or node.is_encapsulated else -inner
    return None


def _constant(node: Any) -> float | None:
    """The number that an expression of literals is."""
    number = _number(node)
    if number is not None or isinstance(node, ASTSimpleExpression):
        return number
    if node.is_encapsulated or node.is_unary_operator():
        inner = _constant(node.expression)
        negative = node.is_unary_operator() and node.unary_operator.is_unary_minus
        return -inner if inner is not None and negative else inner
    operator = node.binary_operator
    if isinstance(operator, ASTArithmeticOperator) and operator.is_div_op:
        left, right = _constant(node.lhs), _constant(node.rhs)
        return left / right if left is not None and right else None
    return None


def _product(number: float, factor: float) -> float:
    """A product that is exact where the factor is a power of ten."""
    power = math.log10(factor) if factor > 0 else 0.5
    if power.is_integer():
        return float(f"{float(number)!r}e0") if power == 0 else _shifted(number, int(power))
    return number * factor


def _shifted(number: float, power: int) -> float:
    digits, _, exponent = repr(float(number)).partition("e")
    return float(f"{digits}e{int(exponent or 0) + power}")


def find(model: Any) -> Iterator[Finding]:
    """Insert the factors that a model needs; says where its units are ambiguous.

    Parameters
    ----------
    model : ASTModel
        Parsed and valid; changed in place.
    """
    repair = _Repair(model)
    repair.model_units()
    yield from repair.findings


def compare_base_units() -> None:
    """Let PyNESTML compare ``s`` and ``A``, which have a class of their own, with other units."""
    compared = TypeSymbol.differs_only_in_magnitude

    def differs_only_in_magnitude(self: Any, other: Any) -> bool:
        if isinstance(self, UnitTypeSymbol) and isinstance(other, UnitTypeSymbol):
            return bool(unit_of(self).is_equivalent(unit_of(other)))
        return bool(compared(self, other))

    TypeSymbol.differs_only_in_magnitude = differs_only_in_magnitude


def forget(model: Any) -> None:
    """Make all types of a model ``real`` whose factors are in place, and analyse it anew."""
    for node in collect(model, ASTDataType):
        if node.is_unit_type():
            node.unit_type = None
            node.is_real = True
            node.type_symbol = PredefinedTypes.get_real_type()
    for node in collect(model, object):
        node.implicit_conversion_factor = None
        if isinstance(node, (ASTExpression, ASTSimpleExpression)):
            node.type = None
    model.accept(ASTSymbolTableVisitor())
    model.accept(ASTParentVisitor())


class _Weight(RealTypeSymbol):  # type: ignore[misc]
    """Type of a spike port; printed as the number that PyNESTML then divides by not at all."""

    def print_nestml_type(self) -> str:
        return "1"


def forget_predefined() -> None:
    """Make the types of NESTML's own variables and functions, and of spike ports, ``real``.

    Until ``init_predefined`` is called again.
    """
    for variable in PredefinedVariables.get_variables().values():
        if isinstance(variable.get_type_symbol(), UnitTypeSymbol):
            variable.set_type_symbol(RealTypeSymbol())
    for function in PredefinedFunctions.get_function_symbols().values():
        if isinstance(function.get_return_type(), UnitTypeSymbol):
            function.set_return_type(RealTypeSymbol())
    ended = ASTSymbolTableVisitor.endvisit_input_port

    def endvisit_input_port(self: Any, node: Any) -> None:
        ended(self, node)
        symbol = node.get_scope().resolve_to_symbol(node.get_name(), SymbolKind.VARIABLE)
        if isinstance(symbol.get_type_symbol(), UnitTypeSymbol):
            weight = _Weight()
            weight.is_buffer = True
            symbol.set_type_symbol(weight)

    ASTSymbolTableVisitor.endvisit_input_port = endvisit_input_port


__all__ = ["compare_base_units", "find", "forget", "forget_predefined", "scale", "unit_of"]
