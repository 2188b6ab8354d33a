"""From NESTML source to models in a NEST kernel, under their plain names.

`install` is what a user calls; `build` compiles without loading.  Stages, one module each:
`family` (what is compiled together), `generate` and `worker` (PyNESTML), `workarounds` and `lint`
(its defects), `cpp` and `compilation` (C++), `cache`, `kernel` (loading), `guard` (`nest.Connect`),
`readout` (quick access to weights and neurons), `environment` (what the machine offers).
"""

from __future__ import annotations

from neuromodels.nestml.build import build
from neuromodels.nestml.kernel import install, installed, uninstall
from neuromodels.nestml.readout import get_values, set_values, weight_summary, weights

__all__ = [
    "build",
    "get_values",
    "install",
    "installed",
    "set_values",
    "uninstall",
    "weight_summary",
    "weights",
]
