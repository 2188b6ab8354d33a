"""How expressions of a model are printed in C++: NESTML's printers, with what differs.

Extension points: `Functions` prints calls, `Variables` and `GslVariables` print names,
`Expressions` prints operators.  `Generator.setup_printers` joins them; every statement of a model
goes through them, in both engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pynestml.codegeneration.nest_code_generator_utils import NESTCodeGeneratorUtils
from pynestml.codegeneration.printers.constant_printer import ConstantPrinter
from pynestml.codegeneration.printers.cpp_expression_printer import CppExpressionPrinter
from pynestml.codegeneration.printers.cpp_printer import CppPrinter
from pynestml.codegeneration.printers.cpp_simple_expression_printer import (
    CppSimpleExpressionPrinter,
)
from pynestml.codegeneration.printers.cpp_variable_printer import (
    CppVariablePrinter as CppVariables,
)
from pynestml.codegeneration.printers.gsl_variable_printer import GSLVariablePrinter
from pynestml.codegeneration.printers.nest_cpp_function_call_printer import (
    NESTCppFunctionCallPrinter,
)
from pynestml.codegeneration.printers.nest_gsl_function_call_printer import (
    NESTGSLFunctionCallPrinter,
)
from pynestml.codegeneration.printers.nest_variable_printer import NESTVariablePrinter
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.symbol import SymbolKind


def users(name: str) -> str:
    """The C++ name of a variable of a model: nothing of NEST's or ours begins like it."""
    return "u_" + str(CppVariables._print_cpp_name(name))


def function_name(name: str) -> str:
    """The C++ name of a function of a model, which may be called like one of its variables."""
    return "function_" + str(CppVariables._print_cpp_name(name))


def _is_users(call: Any) -> bool:
    """Whether a call is to a function of the model; what printers make up has no scope."""
    if call.get_scope() is None:
        return False
    symbol = call.get_scope().resolve_to_symbol(call.get_name(), SymbolKind.FUNCTION)
    return symbol is not None and not symbol.is_predefined


@dataclass
class Memory:
    """Places where a synapse remembers results of ``exp`` and ``pow`` for its source's targets.

    They have seen the same presynaptic spikes, so that the arguments are the same for most of them.
    A template brackets with `begin` and `end` what is evaluated for one target after the other.
    """

    active: bool = False
    used: int = 0
    MOST = 8  # as many as a neuromodels::Arrival has

    def begin(self) -> str:
        """Remember from here on."""
        self.active, self.used = True, 0
        return ""

    def end(self) -> str:
        """Remember no longer."""
        self.active = False
        return ""

    def place(self) -> int | None:
        """A place that nothing else uses; None: there is none left."""
        if not self.active or self.used == self.MOST:
            return None
        self.used += 1
        return self.used - 1


#: NESTML leaves their types to C++, which takes no whole number beside a real one.
_EXTREMES = {
    "max": "std::max< {type} >( {{!s}}, {{!s}} )",
    "min": "std::min< {type} >( {{!s}}, {{!s}} )",
    "clip": "std::min< {type} >( {{2!s}}, std::max< {type} >( {{1!s}}, {{0!s}} ) )",
}


def _extreme(call: Any) -> str:
    """Format of a call of `max`, `min` or `clip`: of whole numbers if all arguments are."""
    whole = call.get_scope() is not None and all(
        isinstance(argument.type, IntegerTypeSymbol) for argument in call.get_args()
    )
    return _EXTREMES[call.get_name()].format(type="long" if whole else "double")


class Functions(NESTCppFunctionCallPrinter):  # type: ignore[misc]
    """Calls of functions.

    Parameters
    ----------
    memory : Memory, optional
        Of a synapse that is being printed.
    roots : bool
        Whether a power of one half is a square root, which is rounded correctly and quicker.
    """

    def __init__(self, memory: Memory | None = None, *, roots: bool = False) -> None:
        super().__init__(None)
        self._memory = memory or Memory()
        self.roots = roots

    def _print_function_call_format_string(self, function_call: Any) -> str:
        name = function_call.get_name()
        if name in _EXTREMES:
            return _extreme(function_call)
        if _is_users(function_call):
            return function_name(str(super()._print_function_call_format_string(function_call)))
        if name in ("exp", "pow"):
            place = self._memory.place()
            if place is not None:
                arguments = ", ".join(["{!s}"] * len(function_call.get_args()))
                return f"arrival.{name}< {place} >( {arguments} )"
            if name == "pow" and self.roots and _is_half(function_call.get_args()[1]):
                return "std::sqrt({0!s})"
        return str(super()._print_function_call_format_string(function_call))


def _is_half(expression: Any) -> bool:
    return bool(
        isinstance(expression, ASTSimpleExpression)
        and expression.is_numeric_literal()
        and expression.get_numeric_literal() == 0.5
    )


class GslFunctions(NESTGSLFunctionCallPrinter):  # type: ignore[misc]
    """Calls of functions in the right-hand side of a differential equation."""

    def _print_function_call_format_string(self, function_call: Any) -> str:
        if function_call.get_name() in _EXTREMES:
            return _extreme(function_call)
        if _is_users(function_call):
            text = NESTCppFunctionCallPrinter._print_function_call_format_string(
                self, function_call
            )
            return "node." + function_name(str(text))
        return str(super()._print_function_call_format_string(function_call))


class Variables(NESTVariablePrinter):  # type: ignore[misc]
    """Names of variables.

    Parameters
    ----------
    fast : bool
        Whether they are those of the fast engine's templates: members and ports have names of
        their own kind too.
    """

    def __init__(self, *, fast: bool = False, **options: Any) -> None:
        super().__init__(None, **options)
        self._fast = fast
        #: parameters of the propagator that is being printed, and their numbers
        self.moved: dict[str, int] | None = None

    def print_variable(self, variable: Any) -> str:
        """The C++ of a variable; of a propagator's parameter, where it may be moved to."""
        text = str(super().print_variable(variable))
        if self.moved is None or variable.get_name() == "__h":
            return text
        return f"at( {text}, {self.moved.setdefault(variable.get_name(), len(self.moved))} )"

    def _print(self, variable: Any, symbol: Any, with_origin: bool = True) -> str:
        if symbol.is_local():
            return users(variable.get_complete_name())
        if not self._fast:
            return str(super()._print(variable, symbol, with_origin))
        name = users(variable.get_complete_name())
        return _origin(symbol, variable, name) if with_origin else name

    def _print_buffer_value(self, variable: Any) -> str:
        symbol = _resolve(variable)
        name = symbol.get_symbol_name().upper()
        index = variable.get_vector_parameter() if variable.has_vector_parameter() else None
        at = self._expression_printer.print(index) if index is not None else ""
        if self._fast:
            if symbol.is_continuous_input_port():
                return f"currents[ port_{name} ]"
            return f"spikes[ port_{name}_0 + {at} ]" if at else f"spikes[ port_{name} ]"
        if symbol.is_spike_input_port() and index is not None and index.is_variable():
            return f"spike_inputs_grid_sum_[{name}_0 + {at} - MIN_SPIKE_RECEPTOR]"
        return str(super()._print_buffer_value(variable))


class GslVariables(GSLVariablePrinter):  # type: ignore[misc]
    """Names of variables in the right-hand side of a differential equation; `fast` likewise."""

    def __init__(self, *, fast: bool = False, with_origin: bool = True) -> None:
        super().__init__(None, with_origin)
        self._fast = fast

    def print_variable(self, variable: Any) -> str:
        """The C++ of a variable."""
        if self._fast and getattr(variable, "_is_numeric", False):
            symbol = _resolve(variable)
            if symbol is not None and symbol.is_state() and not symbol.is_inline_expression:
                return f"ode_state[ State_::{users(variable.get_complete_name())} ]"
        return str(super().print_variable(variable))

    def _print(self, variable: Any, symbol: Any, with_origin: bool = True) -> str:
        if not self._fast:
            return str(super()._print(variable, symbol, with_origin))
        name = users(variable.get_complete_name())
        if symbol.is_inline_expression:
            return f"node.get_{name}()"
        return "node." + (_origin(symbol, variable, name) if with_origin else name)

    def _print_buffer_value(self, variable: Any) -> str:
        if not self._fast:
            return str(super()._print_buffer_value(variable))
        symbol = _resolve(variable)
        name = symbol.get_symbol_name().upper()
        kind = "currents" if symbol.is_continuous_input_port() else "spikes"
        return f"{kind}[ std::decay_t< decltype( node ) >::port_{name} ]"


def _resolve(variable: Any) -> Any:
    return variable.get_scope().resolve_to_symbol(variable.get_complete_name(), SymbolKind.VARIABLE)


def _origin(symbol: Any, variable: Any, name: str) -> str:
    return str(NESTCodeGeneratorUtils.print_symbol_origin(symbol, variable) % name)


AsWritten = NESTVariablePrinter
FunctionsAsWritten = NESTCppFunctionCallPrinter
"""NESTML's own printers, for what is read as NESTML again."""


class Expressions(CppExpressionPrinter):  # type: ignore[misc]
    """Operators, and propagators that `traits.mark_propagators` has marked."""

    def print(self, node: Any) -> str:
        """The C++ of an expression."""
        name = getattr(node, "propagator", None)
        variables = getattr(self._simple_expression_printer, "_variable_printer", None)
        if name is None or not isinstance(variables, Variables) or variables.moved is not None:
            return str(super().print(node))
        variables.moved = {}
        try:
            text = super().print(node)
        finally:
            variables.moved = None
        return f'neuromodels::propagator( [ & ]( const auto& at ) {{ return {text}; }}, "{name}" )'


def expressions(variables: Any, functions: Any) -> Expressions:
    """A printer of expressions that prints names and calls in a given way."""
    simple = CppSimpleExpressionPrinter(
        variable_printer=variables,
        constant_printer=ConstantPrinter(),
        function_call_printer=functions,
    )
    printer = Expressions(simple_expression_printer=simple)
    variables._expression_printer = printer
    functions._expression_printer = printer
    return printer


__all__ = [
    "AsWritten",
    "CppPrinter",
    "CppVariables",
    "Expressions",
    "Functions",
    "FunctionsAsWritten",
    "GslFunctions",
    "GslVariables",
    "Memory",
    "Variables",
    "expressions",
    "function_name",
    "users",
]
