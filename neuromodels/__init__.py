"""Run published theories of cortical learning, written in NESTML, on NEST.

>>> import nest, neuromodels                                    # doctest: +SKIP
>>> neuromodels.install("pyramidal_burst_neuron")               # doctest: +SKIP
>>> cells = nest.Create("pyramidal_burst_neuron", 100)          # doctest: +SKIP
>>> run = neuromodels.run("burstprop/learning-rule", seed=1)    # doctest: +SKIP

Names are loaded when they are first used (``__init__.pyi`` lists them): ``import neuromodels``
alone imports neither NEST nor any other slow package.
"""

from typing import Any

import lazy_loader

_lazy, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ = [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("neuromodels")
    return _lazy(name)
