"""Repairs of PyNESTML 9.0, all in one place; imported only by the generator process.

Each function states the defect, what it would do to a simulation, and the repair.  They patch
PyNESTML inside a process of its own (`neuromodels.nestml.worker`), never in the user's.
"""

from __future__ import annotations

from typing import Any


def exact_literals() -> None:
    """Print numbers so that C++ reads back the same double.

    PyNESTML prints nine significant digits and strips trailing zeros, also those of an exponent:
    ``1E-10`` becomes ``1.00000000e-1``, that is 0.1, without a warning.
    """
    from pynestml.codegeneration.printers.constant_printer import ConstantPrinter

    def print_constant(_self: Any, node: str | float) -> str:
        return str(node) if isinstance(node, int) else repr(float(node))

    ConstantPrinter.print_constant = print_constant


def keep_decorators() -> None:
    """Keep ``@homogeneous`` when a declaration is cloned.

    Co-generation clones every synapse, and the clone turns the decorator's integer token into a
    string that nothing recognises: homogeneous parameters become per-synapse copies, which costs
    8 bytes each per synapse and makes ``SetDefaults`` ineffective for existing synapses.
    """
    from pynestml.meta_model.ast_declaration import ASTDeclaration
    from pynestml.meta_model.ast_namespace_decorator import ASTNamespaceDecorator

    clone = ASTDeclaration.clone

    def clone_with_decorators(self: Any) -> Any:
        duplicate = clone(self)
        duplicate.decorators = [
            decorator.clone() if isinstance(decorator, ASTNamespaceDecorator) else decorator
            for decorator in self.decorators or []
        ]
        return duplicate

    ASTDeclaration.clone = clone_with_decorators


def quick_symbol_lookup() -> None:  # noqa: C901  four methods of one class
    """Find a symbol by a dictionary instead of a walk over all predefined units; same results.

    Not a repair: a third of the time of generation goes into this walk, which copies a list of some
    5000 symbols for every name in every expression.
    """
    from pynestml.symbol_table.scope import Scope
    from pynestml.symbols.symbol import Symbol

    def by_name(self: Any) -> dict[Any, Any]:
        index = self.__dict__.get("_by_name")
        if index is None:
            index = {}
            for element in self.declared_elements:
                if isinstance(element, Symbol):
                    index.setdefault(
                        (element.get_symbol_name(), element.get_symbol_kind()), element
                    )
            self._by_name = index
        return index  # type: ignore[no-any-return]

    def resolve_to_symbol(self: Any, name: str, kind: Any) -> Any:
        scope = self
        while True:
            found = by_name(scope).get((name, kind))
            if found is not None or not scope.has_enclosing_scope():
                return found
            scope = scope.get_enclosing_scope()

    def resolve_to_scope(self: Any, name: str, kind: Any) -> Any:
        scope = self
        while True:
            if (name, kind) in by_name(scope):
                return scope
            if not scope.has_enclosing_scope():
                return None
            scope = scope.get_enclosing_scope()

    def forgetting(method: Any) -> Any:
        def changed(self: Any, *args: Any) -> Any:
            self.__dict__.pop("_by_name", None)
            return method(self, *args)

        return changed

    Scope.resolve_to_symbol = resolve_to_symbol
    Scope.resolve_to_scope = resolve_to_scope
    for name in ("add_symbol", "delete_symbol", "update_variable_symbol"):
        setattr(Scope, name, forgetting(getattr(Scope, name)))


def apply() -> None:
    """Apply every repair."""
    quick_symbol_lookup()
    exact_literals()
    keep_decorators()
