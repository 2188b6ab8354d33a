"""PyTorch beside NEST in one process: threads, and results that can be repeated.

PyTorch is optional: nothing here imports it until it is used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec

from neuromodels.errors import EnvironmentProblem, ParameterError


def require(where: str, extra: str) -> None:
    """Refuse to go on without PyTorch.

    Parameters
    ----------
    where : str
        What needs it.
    extra : str
        Requirement that brings it, such as ``neuromodels-rdd[learning]``.

    Raises
    ------
    EnvironmentProblem
        It is not installed.
    """
    if find_spec("torch") is None:
        raise EnvironmentProblem(
            "PyTorch, in which the network learns, is not installed",
            code="NM350",
            where=where,
            fix=f"pip install '{extra}'",
        )


def check_device(device: str, where: str) -> None:
    """Refuse a device on which PyTorch cannot calculate here.

    Parameters
    ----------
    device : str
        As PyTorch calls it: ``cpu``, ``cuda``, ``cuda:1``, ...
    where : str
        What it was given for.

    Raises
    ------
    ParameterError
        There is no such device, or this PyTorch cannot use it.
    """
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter: PyTorch was built without it
        reason = " ".join(str(error).split()).partition(". ")[0]
        raise ParameterError(
            f"PyTorch cannot calculate on {device!r} here: {reason}",
            code="NM221",
            where=where,
            fix="give cpu, or a device that torch.zeros(1, device=...) accepts",
        ) from error


def share_threads(threads: int) -> None:
    """Give OpenMP the number of threads that the rest of the process has set.

    PyTorch and NEST share it in one process: to import PyTorch already sets it to that of the
    cores, and NEST with another number of threads would lose neurons.
    """
    import torch

    torch.set_num_threads(threads)


@contextlib.contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Let PyTorch use `threads` threads and only algorithms that always give the same numbers."""
    import torch

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


__all__ = ["check_device", "reproducible", "require", "share_threads"]
