"""A model as the templates see it: names, types and expressions in C++, ready to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pynestml.codegeneration.nest_code_generator_utils import NESTCodeGeneratorUtils
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.real_type_symbol import RealTypeSymbol
from pynestml.symbols.symbol import SymbolKind
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol
from pynestml.utils.ast_utils import ASTUtils

from neuromodels.nestml.generator import printers, traits


@dataclass(frozen=True)
class Member:
    """A parameter, state variable or internal of a model.

    Attributes
    ----------
    key : str
        Its name in NEST.
    cpp : str
        Its name in C++, without what it is a member of.
    place : str
        The whole C++ expression for it.
    type : str
        C++ type, of an element if it is a vector.
    size : int
        Of a vector; 0 if it is none.
    initial : str
        C++ expression.
    comment : str
        What the model says about it.
    recordable : bool
    numeric : bool
        Whether it is an element of the numeric solver's vector.
    homogeneous : bool
        Whether all synapses share it.
    """

    key: str
    cpp: str
    place: str
    type: str
    size: int
    initial: str
    comment: str
    recordable: bool
    numeric: bool
    homogeneous: bool

    @property
    def declared_type(self) -> str:
        """C++ type, also of a vector."""
        return f"std::vector< {self.type} >" if self.size else self.type


@dataclass(frozen=True)
class Receptor:
    """What one receptor type of a neuron is: names as `receptor_types` gives them, and buffers."""

    names: tuple[str, ...]
    positive: str
    negative: str | None


@dataclass(frozen=True)
class Inline:
    """An inline expression: its name in NEST and in C++, its type, and the C++ of it."""

    key: str
    cpp: str
    type: str
    expression: str
    recordable: bool


@dataclass(frozen=True)
class Convolution:
    """A variable of a convolution: its name and place in C++, and its value one step later."""

    cpp: str
    place: str
    next: str


_RECORDABLE = (UnitTypeSymbol, RealTypeSymbol, IntegerTypeSymbol)


class Describer:
    """Describes models with given printers.

    Parameters
    ----------
    printer, printer_no_origin, types
        Of expressions; of names without what they are members of; of types.
    """

    def __init__(self, printer: Any, printer_no_origin: Any, types: Any) -> None:
        self._printer, self._no_origin, self._types = printer, printer_no_origin, types

    def members(self, model: Any, symbols: Sequence[Any]) -> list[Member]:
        """Describe variables of a model, but for inline expressions and delta kernels."""
        return [
            self._member(model, symbol)
            for symbol in symbols
            if not symbol.is_inline_expression
            and not ASTUtils.is_delta_kernel(model.get_kernel_by_name(symbol.name))
        ]

    def _member(self, model: Any, symbol: Any) -> Member:
        variable = ASTUtils.get_variable_by_name(model, symbol.get_symbol_name())
        cpp = self._no_origin.print(variable)
        homogeneous = traits.is_homogeneous(symbol)
        expression = (
            symbol.get_declaring_expression() if symbol.has_declaring_expression() else None
        )
        kind = symbol.get_type_symbol()
        return Member(
            key=str(symbol.get_symbol_name()),
            cpp=cpp,
            place=NESTCodeGeneratorUtils.print_symbol_origin(symbol, variable) % cpp,
            type=self._types.print(kind),
            size=traits.vector_size(symbol),
            initial=self._printer.print(expression) if expression is not None else "0",
            comment=" ".join(str(symbol.print_comment("")).split()) if symbol.has_comment() else "",
            recordable=bool(symbol.is_recordable) and isinstance(kind, _RECORDABLE),
            numeric=bool(getattr(variable, "_is_numeric", False)),
            homogeneous=homogeneous,
        )

    def inlines(self, model: Any) -> Iterator[Inline]:
        """Describe the inline expressions of a model."""
        for block in model.get_equations_blocks():
            for inline in block.get_inline_expressions():
                name = inline.get_variable_name()
                symbol = block.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)
                kind = symbol.get_type_symbol()
                yield Inline(
                    key=name,
                    cpp=printers.users(name),
                    type=self._types.print(kind),
                    expression=self._printer.print(symbol.get_declaring_expression()),
                    recordable=bool(symbol.is_recordable) and isinstance(kind, _RECORDABLE),
                )


def receptors(model: Any) -> list[Receptor]:
    """Receptor types of a neuron in their order; ports for excitation and inhibition share one."""
    found: list[Receptor] = []
    alone: dict[bool, list[int]] = {True: [], False: []}  # excitatory? -> receptors with one port

    def add(names: tuple[str, ...], buffer: str, negative: str | None = None) -> None:
        found.append(Receptor(names, buffer, negative))

    for port in model.get_spike_input_ports():
        for name in port_names(port):
            if port.is_excitatory() and port.is_inhibitory():
                add((name,), name)
                continue
            excitatory = bool(port.is_excitatory())
            if alone[not excitatory]:
                i = alone[not excitatory].pop(0)
                both = (name, found[i].positive) if excitatory else (found[i].positive, name)
                found[i] = Receptor((*found[i].names, name), *both)
            else:
                alone[excitatory].append(len(found))
                add((name,), name)
    return found


def port_names(port: Any) -> list[str]:
    """Names of a port's buffers, in capitals as NESTML has them: one, or one an element."""
    name = str(port.get_symbol_name()).upper()
    size = traits.vector_size(port)
    return [f"{name}_{i}" for i in range(size)] if size else [name]
