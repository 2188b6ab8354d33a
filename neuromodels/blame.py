"""Whatever code of others raises becomes one line of ours, with the cause kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from neuromodels.errors import NeuromodelsError, RunError


@contextlib.contextmanager
def blame(what: str) -> Iterator[None]:
    """Turn whatever code of others raises inside the block into a `RunError`."""
    try:
        yield
    except NeuromodelsError:
        raise
    except (Exception, SystemExit) as error:  # sys.exit(0) in a circuit must not look like success
        raise RunError(f"{what}: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Say in one line what an exception is about, and where, for code that is not ours."""
    if isinstance(error, NeuromodelsError):
        return " ".join(str(error).split())
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


__all__ = ["blame", "reason"]
