"""Run published theories of cortical learning, written in NESTML, on NEST.

>>> import nest, neuromodels                                    # doctest: +SKIP
>>> neuromodels.install("pyramidal_burst_neuron")               # doctest: +SKIP
>>> cells = nest.Create("pyramidal_burst_neuron", 100)          # doctest: +SKIP
>>> run = neuromodels.run("burstprop/learning-rule", seed=1)    # doctest: +SKIP

Names are loaded when they are first used (``__init__.pyi`` lists them): ``import neuromodels``
alone imports neither NEST nor any other slow package.
"""

import ast
from importlib.resources import files
from typing import Any

import lazy_loader


def _public() -> dict[str, list[str]]:
    """Module -> its public names, as the stub imports them; also from inside a zip file."""
    stub = ast.parse((files(__name__) / "__init__.pyi").read_text(encoding="utf-8"))
    public: dict[str, list[str]] = {}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            public.setdefault(node.module, []).extend(alias.name for alias in node.names)
    return public


_lazy, __dir__, __all__ = lazy_loader.attach(__name__, ["errors"], _public())
__all__ = [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("neuromodels")
    return _lazy(name)
