"""What a model is like, asked of its syntax tree: every decision of the generator, and no C++."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynestml.generated.PyNestMLLexer import PyNestMLLexer
from pynestml.symbols.boolean_type_symbol import BooleanTypeSymbol
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.real_type_symbol import RealTypeSymbol
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol
from pynestml.utils.ast_utils import ASTUtils

_NUMBERS = (BooleanTypeSymbol, IntegerTypeSymbol, RealTypeSymbol, UnitTypeSymbol)


def is_homogeneous(symbol: Any) -> bool:
    """Whether all synapses of a model share a parameter."""
    return PyNestMLLexer.DECORATOR_HOMOGENEOUS in symbol.get_decorators()


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
