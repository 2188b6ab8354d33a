"""A cell magic for notebooks: ``%load_ext neuromodels``, then NESTML in cells of ``%%nestml``.

::

    %%nestml
    model my_neuron:
        state:
            V_m mV = -70 mV
        ...

What stands behind ``%%nestml`` is installed before the models of the cell: names of registered
models, files, and pairs ``SYNAPSE=NEURON``.
"""

from __future__ import annotations

import shlex
from typing import Any

from neuromodels.errors import NeuromodelsError
from neuromodels.models import Text


def nestml(line: str, cell: str) -> None:
    """Install the models in a cell: ``%%nestml [NAME|FILE|SYNAPSE=NEURON]...``.

    Run again after a change, the new model takes the place of the old one, if the kernel has no
    nodes; else ``nest.ResetKernel()`` comes first.
    """
    from neuromodels.kernel.install import install

    words = shlex.split(line, comments=True)
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    others = [word for word in words if "=" not in word]
    try:
        names = install(*others, Text(cell, "this cell"), pairs=pairs)
    except NeuromodelsError as error:
        # A cell's error is its message: the frames below are not the user's.
        print(f"error[{error.code}]: {error}")
        return
    print("installed:", ", ".join(names))


def load_ipython_extension(shell: Any) -> None:
    """Make ``%%nestml`` known to an IPython shell; called by ``%load_ext neuromodels``."""
    shell.register_magic_function(nestml, magic_kind="cell")


__all__ = ["load_ipython_extension", "nestml"]
