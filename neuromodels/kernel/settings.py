"""Settings of a kernel that holds nothing yet: kept through a reset that only changes its models.

NEST cannot unload one module; a reset unloads them all, and sets back what a script has set.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

#: Set by others of them, or nothing to keep (a kernel with these in use is not reset).
_LEFT_OUT = frozenset({"biological_time", "total_num_virtual_procs"})
_DELAYS = frozenset({"min_delay", "max_delay"})


def is_unused(modules: Collection[str]) -> bool:
    """Whether a script has nothing but settings and our `modules` in the kernel."""
    import nest

    status = nest.kernel_status
    return (
        status["network_size"] == 0
        and status["biological_time"] == 0.0
        and not status["structural_plasticity_synapses"]
        and set(status["modules"]) <= set(modules)
    )


def reset_keeping_settings() -> None:
    """Reset the kernel, and set again what differs from the defaults."""
    import nest

    kind = type(nest)
    names = kind._kernel_attr_names - kind._readonly_kernel_attrs - _LEFT_OUT
    before = nest.kernel_status
    nest.ResetKernel()
    after = nest.kernel_status
    if before["min_delay"] == before["max_delay"] == before["resolution"]:
        names -= _DELAYS  # nobody has set them
    kept: dict[str, Any] = {
        name: before[name]
        for name in sorted(names)
        if name in before and before[name] != after[name]
    }
    if kept:
        nest.set(**kept)


__all__ = ["is_unused", "reset_keeping_settings"]
