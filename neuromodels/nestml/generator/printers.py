"""How expressions of a model are printed in C++: NESTML's printers, with what differs.

Extension points: `Functions` prints calls, `Variables` and `GslVariables` print names,
`Expressions` prints operators.  `Generator.setup_printers` joins them; every statement of a model
goes through them, in both engines.
"""

from __future__ import annotations

from typing import Any

from pynestml.codegeneration.printers.constant_printer import ConstantPrinter
from pynestml.codegeneration.printers.cpp_expression_printer import CppExpressionPrinter
from pynestml.codegeneration.printers.cpp_printer import CppPrinter
from pynestml.codegeneration.printers.cpp_simple_expression_printer import (
    CppSimpleExpressionPrinter,
)
from pynestml.codegeneration.printers.cpp_variable_printer import CppVariablePrinter
from pynestml.codegeneration.printers.gsl_variable_printer import GSLVariablePrinter
from pynestml.codegeneration.printers.nest_cpp_function_call_printer import (
    NESTCppFunctionCallPrinter,
)
from pynestml.codegeneration.printers.nest_gsl_function_call_printer import (
    NESTGSLFunctionCallPrinter,
)
from pynestml.codegeneration.printers.nest_variable_printer import NESTVariablePrinter
from pynestml.symbols.symbol import SymbolKind


def users(name: str) -> str:
    """The C++ name of something a model declares: nothing of NEST's or ours begins like it."""
    return "u_" + str(CppVariablePrinter._print_cpp_name(name))


def _is_users(call: Any) -> bool:
    """Whether a call is to a function of the model; what printers make up has no scope."""
    if call.get_scope() is None:
        return False
    symbol = call.get_scope().resolve_to_symbol(call.get_name(), SymbolKind.FUNCTION)
    return symbol is not None and not symbol.is_predefined


class Functions(NESTCppFunctionCallPrinter):  # type: ignore[misc]
    """Calls of functions."""

    def _print_function_call_format_string(self, function_call: Any) -> str:
        text = str(super()._print_function_call_format_string(function_call))
        return users(text) if _is_users(function_call) else text


class GslFunctions(NESTGSLFunctionCallPrinter):  # type: ignore[misc]
    """Calls of functions in the right-hand side of a differential equation."""

    def _print_function_call_format_string(self, function_call: Any) -> str:
        if _is_users(function_call):
            text = NESTCppFunctionCallPrinter._print_function_call_format_string(
                self, function_call
            )
            return "node." + users(str(text))
        return str(super()._print_function_call_format_string(function_call))


class Variables(NESTVariablePrinter):  # type: ignore[misc]
    """Names of variables."""

    def _print(self, variable: Any, symbol: Any, with_origin: bool = True) -> str:
        if symbol.is_local():
            return users(variable.get_complete_name())
        return str(super()._print(variable, symbol, with_origin))

    def _print_buffer_value(self, variable: Any) -> str:
        symbol = variable.get_scope().resolve_to_symbol(
            variable.get_complete_name(), SymbolKind.VARIABLE
        )
        index = variable.get_vector_parameter() if variable.has_vector_parameter() else None
        if symbol.is_spike_input_port() and index is not None and index.is_variable():
            first = f"{symbol.get_symbol_name().upper()}_0"
            at = self._expression_printer.print(index)
            return f"spike_inputs_grid_sum_[{first} + {at} - MIN_SPIKE_RECEPTOR]"
        return str(super()._print_buffer_value(variable))


class GslVariables(GSLVariablePrinter):  # type: ignore[misc]
    """Names of variables in the right-hand side of a differential equation."""


class Expressions(CppExpressionPrinter):  # type: ignore[misc]
    """Operators."""


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
    "CppPrinter",
    "Expressions",
    "Functions",
    "GslFunctions",
    "GslVariables",
    "Variables",
    "expressions",
    "users",
]
