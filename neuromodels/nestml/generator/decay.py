"""Whether a state variable of a neuron can shrink for ever, and so become a subnormal number.

It can if its next value depends on its own last one through a product, a quotient, a power, a
function or an equation: ``x *= 0.9``.  A variable that only counts, or is computed anew from others
that cannot shrink, needs no protection, which costs a small neuron as much time as its update.
"""

from __future__ import annotations

from typing import Any

from pynestml.meta_model.ast_assignment import ASTAssignment
from pynestml.meta_model.ast_declaration import ASTDeclaration
from pynestml.meta_model.ast_function_call import ASTFunctionCall
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.meta_model.ast_variable import ASTVariable

from neuromodels.nestml.syntax import collect, declared


def _reads(node: Any, scaled: bool, found: set[tuple[str, bool]]) -> None:
    """Add the variables that an expression reads, and whether a product (or so) holds them."""
    if isinstance(node, ASTSimpleExpression):
        if node.is_function_call():
            found |= {(v.get_name(), True) for v in collect(node, ASTVariable)}
        elif node.is_variable():
            found.add((node.get_variable().get_name(), scaled))
        return
    operator = node.binary_operator
    if operator is not None:
        sums = getattr(operator, "is_plus_op", False) or getattr(operator, "is_minus_op", False)
        for side in (node.lhs, node.rhs):
            _reads(side, scaled or not sums, found)
    elif node.is_ternary_operator():
        _reads(node.if_true, scaled, found)
        _reads(node.if_not, scaled, found)
    elif node.expression is not None:
        _reads(node.expression, scaled, found)


def _dependencies(model: Any) -> dict[str, set[tuple[str, bool]]]:
    """What the new value of each variable is computed from, over all statements."""
    result: dict[str, set[tuple[str, bool]]] = {}
    blocks = [
        *model.get_update_blocks(), *model.get_on_receive_blocks(), *model.get_on_condition_blocks()
    ]  # fmt: skip
    for block in blocks:
        for node in collect(block, ASTAssignment, ASTDeclaration):
            if isinstance(node, ASTDeclaration):
                names, value = [v.get_name() for v in node.get_variables()], node.get_expression()
            else:
                names, value = [node.get_variable().get_name()], node.get_expression()
            for name in names:
                found = result.setdefault(name, set())
                if value is not None:
                    _reads(value, False, found)
                if isinstance(node, ASTAssignment) and not node.is_direct_assignment:
                    sums = node.is_compound_sum or node.is_compound_minus
                    found.add((name, not sums))
    return result


def can_decay(model: Any) -> bool:
    """Whether some state of a neuron may become subnormal; True in case of doubt.

    Parameters
    ----------
    model : ASTModel
        Parsed, before PyNESTML transforms it.

    Returns
    -------
    bool
    """
    if model.get_equations_blocks() or model.get_functions():
        return True
    # a handler that integrates, or a function with effects, is beyond what is looked at here
    known = {"emit_spike", "random_uniform", "random_normal", "floor", "ln", "exp", "min", "max"}
    calls = {call.get_name() for call in collect(model, ASTFunctionCall)}
    if calls - known:
        return True
    depends = _dependencies(model)
    state = declared(model.get_state_blocks())
    for name, sources in depends.items():
        for source, scaled in sources:
            # all that lies on a circle of dependencies through both; locals are made anew
            circle = {v for v in _closure(depends, source) if name in _closure(depends, v)}
            if scaled and circle & state:
                return True
    return False


def _closure(depends: dict[str, set[tuple[str, bool]]], start: str) -> set[str]:
    """All variables that the value of `start` comes from, itself among them."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [source for source, _ in depends.get(name, ())]
    return seen
