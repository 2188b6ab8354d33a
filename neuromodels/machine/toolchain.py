"""What a build needs besides NEST: NESTML, a C++ compiler and its flags, the headers of Boost."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.specifiers import SpecifierSet

from neuromodels.errors import EnvironmentProblem
from neuromodels.machine.installation import find_nest

#: Our code generator derives from NESTML's, which changes between minor versions.  The same range
#: stands in pyproject.toml.
SUPPORTED_NESTML = SpecifierSet(">=9.0,<9.1")


@dataclass(frozen=True)
class Compiler:
    """A C++20 compiler."""

    command: tuple[str, ...]
    version: str


@lru_cache(maxsize=1)
def find_nestml() -> str:
    """Version of the installed NESTML.

    Raises
    ------
    EnvironmentProblem
        NESTML is missing or of a version that does not fit.
    """
    try:
        version = importlib.metadata.version("nestml")
    except importlib.metadata.PackageNotFoundError:
        raise EnvironmentProblem(
            "NESTML is not installed in this Python",
            code="NM305",
            where=sys.executable,
            fix=f"pip install 'nestml{SUPPORTED_NESTML}'",
        ) from None
    if not SUPPORTED_NESTML.contains(version, prereleases=True):
        raise EnvironmentProblem(
            f"NESTML {version} is not supported, {SUPPORTED_NESTML} is",
            code="NM302",
            fix=f"pip install 'nestml{SUPPORTED_NESTML}'",
        )
    return version


def _words(command: str) -> tuple[str, ...]:
    """Words of a shell command; none where its quotation marks do not match."""
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ()


@lru_cache(maxsize=1)
def find_compiler() -> Compiler:
    """The compiler named by ``CXX``, else ``g++``, ``c++`` or ``clang++``.

    Raises
    ------
    EnvironmentProblem
        There is none, or it does not run.
    """
    named = os.environ.get("CXX")
    candidates = [_words(named)] if named else [("g++",), ("c++",), ("clang++",)]
    for command in filter(None, candidates):
        path = shutil.which(command[0])
        if path is None:
            continue
        try:
            done = subprocess.run(
                [path, *command[1:], "--version"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            said = done.stdout.strip().splitlines()
            return Compiler((path, *command[1:]), said[0] if said else "unknown version")
    wanted = f"the compiler named by CXX ({named})" if named else "no C++ compiler (g++)"
    raise EnvironmentProblem(
        f"{wanted} does not run" if named else f"{wanted} was found",
        code="NM310",
        where="PATH",
        fix="install one, e.g. apt-get install g++, or set CXX",
    )


@lru_cache(maxsize=1)
def find_boost() -> Path:
    """Include directory of Boost: PyPI's ``boost-headers``, else the system's.

    Raises
    ------
    EnvironmentProblem
        Boost's headers are nowhere.
    """
    spec = importlib.util.find_spec("boost_headers")
    candidates = [Path("/usr/include"), Path("/usr/local/include"), Path(sys.prefix) / "include"]
    if spec is not None and spec.origin is not None:
        candidates.insert(0, Path(spec.origin).parent / "include")
    for directory in candidates:
        if (directory / "boost" / "type_index.hpp").exists():
            return directory
    raise EnvironmentProblem(
        "Boost's headers were not found",
        code="NM311",
        fix="pip install boost-headers, or apt-get install libboost-dev",
    )


def boost_version(include: Path) -> str:
    """Version of the Boost headers in `include`, as they give it."""
    text = (include / "boost" / "version.hpp").read_text()
    found = re.search(r'#define BOOST_LIB_VERSION "([^"]+)"', text)
    return found.group(1) if found else "unknown"


@lru_cache(maxsize=1)
def find_mpi_flags() -> tuple[str, ...]:
    """Include flags of the MPI compiler wrapper, for a NEST that was built with MPI.

    Raises
    ------
    EnvironmentProblem
        There is no ``mpicxx``.
    """
    wrapper = os.environ.get("MPICXX") or shutil.which("mpicxx") or shutil.which("mpic++")
    if wrapper is None:
        raise EnvironmentProblem(
            "this NEST was built with MPI, but the MPI compiler wrapper mpicxx was not found",
            code="NM312",
            where="PATH",
            fix="install MPI's development files, e.g. apt-get install libopenmpi-dev, "
            "or load the site's MPI module",
        )
    done = subprocess.run([wrapper, "-show"], capture_output=True, text=True)
    if done.returncode != 0:
        raise EnvironmentProblem(
            "mpicxx -show failed", code="NM312", where=wrapper, fix="repair the MPI installation"
        )
    return tuple(w for w in shlex.split(done.stdout) if w.startswith("-I"))


def compile_flags() -> tuple[str, ...]:
    """Compiler flags for a module, without include paths of ours.

    ``-O3`` is worth 13 % on generated neurons and reproducible; ``-march=native`` and
    ``-ffast-math`` are left out because the first is not portable between machines that share a
    cache, and the second changes results between compilers.  A neuron's state lives in memory from
    step to step: where two variables are joined into one vector, loads wait for stores of another
    width, which costs a quarter of the time (GCC 12; the same numbers to the last bit).
    """
    nest = find_nest()
    flags = ["-std=c++20", "-O3", "-fno-tree-slp-vectorize", "-fno-semantic-interposition"]
    flags += ["-fPIC", "-shared", "-fopenmp", "-DNDEBUG", "-DLTX_MODULE"]
    if sys.platform == "linux":
        flags.append("-Wl,-z,now")  # a missing symbol is an error of install(), not of Simulate()
    flags.append(f"-D_GLIBCXX_USE_CXX11_ABI={int(nest.cxx11_abi)}")
    if nest.mpi:
        flags.extend(find_mpi_flags())
    return tuple(flags)
