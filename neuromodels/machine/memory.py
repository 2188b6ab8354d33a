"""How much memory there is, and what to say when it is not enough."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
from pathlib import Path

from neuromodels.errors import EnvironmentProblem, one_line

_CGROUP = Path("/sys/fs/cgroup/memory.max")
_RESERVE = 2**24


class Reserve:
    """Memory that is held back, and given up so that an error for want of it can be handled."""

    def __init__(self) -> None:
        self._held: bytearray | None = bytearray(_RESERVE)

    def release(self) -> None:
        """Give it up."""
        self._held = None


def limit() -> int:
    """Memory that this process may use (bytes): of the machine, its job, its limits."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft = resource.getrlimit(which)[0]
        if soft != resource.RLIM_INFINITY:
            found.append(soft)
    with contextlib.suppress(OSError, ValueError):
        found.append(int(_CGROUP.read_text(encoding="ascii")))
    return min(found)


def used() -> int:
    """Memory that this process has asked for so far (bytes)."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        if match := re.search(r"^VmPeak:\s+(\d+) kB", status, re.MULTILINE):
            return int(match[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def wanted(error: BaseException) -> str | None:
    """What an error says of memory that there was not enough of; None if it is about other things.

    NEST passes on only the text of what C++ raised.
    """
    seen: BaseException | None = error
    while seen is not None:
        text = "" if isinstance(seen, KeyboardInterrupt) else _text(seen)
        if isinstance(seen, MemoryError) or "bad_alloc" in text or "bad_array_new" in text:
            return text
        if isinstance(seen, OSError) and seen.errno == errno.ENOMEM:
            return text
        seen = seen.__cause__ or seen.__context__
    return None


def problem(asked: str, where: str | None = None, fix: str | None = None) -> EnvironmentProblem:
    """Give the error to raise; `asked` is what `wanted` gave."""
    size = re.search(r"allocate (\S+ ?[KMGTPEZY]?i?B)", asked)
    what = f"{size[1]} more were asked for" if size else "more was asked for"
    return EnvironmentProblem(
        f"not enough memory: {what}, after {used() / 2**30:.2f} of {limit() / 2**30:.2f} GiB",
        code="NM314",
        where=where,
        fix=fix or "take a smaller circuit, fewer processes at a time, or a machine with more",
    )


def _text(error: BaseException) -> str:
    try:
        return one_line(str(error))
    except (Exception, SystemExit):  # noqa: BLE001  of a plugin
        return ""


__all__ = ["Reserve", "limit", "problem", "used", "wanted"]
