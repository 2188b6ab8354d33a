"""What is changed between two calls of ``nest.Run`` takes effect in the second.

NEST's models read most of their parameters in ``Prepare`` only: the rate of a `poisson_generator`
that is set afterwards has no effect until the next one, without a word; and neurons that are
created afterwards are not updated, or, if they are NESTML's, end the process.  So a ``Run`` that
follows such a change begins with ``Cleanup`` and ``Prepare``, which change nothing else.  Our own
neurons compute their constants anew when they are set, and need neither.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from neuromodels.errors import UsageError
from neuromodels.kernel.nodes import models_of

_CHANGING = (
    "llapi_create",
    "llapi_create_spatial",
    "llapi_connect",
    "llapi_connect_arrays",
    "llapi_connect_layers",
    "llapi_connect_sonata",
    "llapi_connect_tripartite",
    "llapi_disconnect",
    "llapi_disconnect_syncoll",
)

_FILES = ("ascii", "sionlib")

_prepared = False
_changed = False


def forget() -> None:
    """The kernel has been reset."""
    global _prepared, _changed
    _prepared = _changed = False


def _refuse_files() -> None:
    """Refuse to prepare anew where a recorder writes to a file, which NEST would begin again."""
    import nest

    recorders = nest.GetNodes({"element_type": "recorder"})
    writing = [node for node in recorders if node.get("record_to") in _FILES]
    if writing:
        raise UsageError(
            "what was changed since nest.Prepare needs another one, at which NEST would overwrite "
            f"the file of '{writing[0].get('model')}' (node {writing[0].global_id})",
            code="NM295",
            where="nest.Run",
            fix="record to memory, or change it before nest.Prepare",
        )


def hook(kernel: Any, is_ours: Callable[[str], bool]) -> None:
    """Watch the low-level functions of PyNEST that change nodes or connections.

    Parameters
    ----------
    kernel : module
        PyNEST's low-level interface.
    is_ours : callable
        Whether a neuron model of this name computes its constants when it is set.
    """
    import nest

    prepare, run, cleanup = kernel.llapi_prepare, kernel.llapi_run, kernel.llapi_cleanup
    set_status = kernel.llapi_set_nc_status

    def note(changed: bool) -> None:
        global _changed
        _changed = _changed or changed

    @functools.wraps(prepare)
    def preparing() -> None:
        global _prepared, _changed
        prepare()
        _prepared, _changed = True, False

    @functools.wraps(cleanup)
    def cleaning() -> None:
        cleanup()
        forget()

    @functools.wraps(run)
    def running(time: float) -> None:
        if _prepared and _changed:
            _refuse_files()
            cleaning()
            preparing()
        run(time)

    @functools.wraps(set_status)
    def setting(nodes: Any, parameters: Any) -> None:
        set_status(nodes, parameters)
        if _prepared:
            note(not all(map(is_ours, models_of(nest.NodeCollection(nodes)))))

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def changing(*args: Any, **kwargs: Any) -> Any:
            note(_prepared)
            return function(*args, **kwargs)

        return changing

    kernel.llapi_prepare, kernel.llapi_run, kernel.llapi_cleanup = preparing, running, cleaning
    kernel.llapi_set_nc_status = setting
    for name in _CHANGING:
        setattr(kernel, name, watched(getattr(kernel, name)))


__all__ = ["forget", "hook"]
