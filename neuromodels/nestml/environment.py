"""What this machine offers: NEST and its headers, NESTML, Boost, a compiler, MPI.

Everything is found without importing NEST, so that a build can run in any process.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import mmap
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from packaging.specifiers import SpecifierSet

from neuromodels.errors import EnvironmentProblem

#: Generated C++ includes NEST's internal headers, and our work-arounds patch NESTML's internals;
#: both change between minor versions.  The same ranges stand in pyproject.toml.
SUPPORTED_NEST = SpecifierSet(">=3.10,<3.11")
SUPPORTED_NESTML = SpecifierSet(">=9.0,<9.1")


@dataclass(frozen=True)
class NestInstallation:
    """Where a NEST came from and how modules for it must be compiled.

    Attributes
    ----------
    package : Path
        Directory of the Python package ``nest``.
    include : Path
        Directory that holds ``nest_extension_interface.h``.
    library : Path
        The shared object with NEST's symbols.
    version : str
        As the headers give it.
    """

    package: Path
    include: Path
    library: Path
    version: str

    @cached_property
    def config(self) -> str:
        """Text of NEST's ``config.h``."""
        return (self.include / "config.h").read_text()

    @property
    def mpi(self) -> bool:
        """Whether NEST was built with MPI."""
        return re.search(r"^#define HAVE_MPI\b", self.config, re.MULTILINE) is not None

    @property
    def gsl(self) -> bool:
        """Whether NEST was built with GSL."""
        return re.search(r"^#define HAVE_GSL\b", self.config, re.MULTILINE) is not None

    @cached_property
    def cxx11_abi(self) -> bool:
        """Whether NEST's exported symbols use the C++11 ABI of libstdc++.

        Manylinux wheels older than ``manylinux_2_28`` use the old one, source builds the new one;
        a module of the other kind would not find any symbol with a string in it.
        """
        # nest::Node::get_synaptic_elements(std::string), exported by every NEST; a mangled name of
        # NEST's own, because a wheel may carry parts of a newer libstdc++ inside
        with self.library.open("rb") as file:
            symbols = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if symbols.find(b"21get_synaptic_elementsENSt7__cxx11") >= 0:
                return True
            if symbols.find(b"21get_synaptic_elementsESs") >= 0:
                return False
        raise EnvironmentProblem(
            "cannot tell which libstdc++ ABI this NEST was compiled with",
            where=str(self.library),
            fix="use a NEST from PyPI, conda, or built with GCC or Clang against libstdc++",
        )

    @cached_property
    def identity(self) -> str:
        """Text that changes whenever this installation's binary or headers do."""
        stat = self.library.stat()
        config = (self.include / "config.h").stat()
        return f"{self.version} {self.library} {stat.st_size} {stat.st_mtime_ns} {config.st_size}"


@dataclass(frozen=True)
class Compiler:
    """A C++20 compiler."""

    command: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class Check:
    """One line of ``neuromodels doctor``.

    Attributes
    ----------
    name : str
        What was looked at.
    ok : bool
        Whether it can be used.
    detail : str
        What was found.
    fix : str
        How to mend it, if it is not ok.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


def _nest_config(*options: str) -> str | None:
    """Output of a ``nest-config`` on the PATH or beside the interpreter; None if there is none."""
    beside = Path(sys.executable).with_name("nest-config")
    command = shutil.which("nest-config") or (str(beside) if beside.exists() else None)
    if command is None:
        return None
    try:
        done = subprocess.run([command, *options], capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _include_candidates(package: Path) -> list[Path]:
    candidates = [package / "include" / "nest"]  # wheels
    # <prefix>/lib*/python3.x/site-packages/nest of a CMake or conda installation
    candidates += [parent / "include" / "nest" for parent in package.parents[1:5]]
    # nest-config of a wheel prints the paths of the machine that built it; they do not exist here
    for word in shlex.split(_nest_config("--includes") or ""):
        if word.startswith("-I"):
            candidates += [Path(word[2:]), Path(word[2:]) / "nest"]
    return candidates


@lru_cache(maxsize=1)
def find_nest() -> NestInstallation:
    """Find the NEST that ``import nest`` would give, and its headers.

    Raises
    ------
    EnvironmentProblem
        NEST is missing, has no headers or kernel library, or is of a version that does not fit.
    """
    spec = importlib.util.find_spec("nest")
    if spec is None or spec.origin is None:
        raise EnvironmentProblem(
            "NEST is not installed in this Python",
            where=sys.executable,
            fix=f"install it, e.g. pip install 'nest-simulator{SUPPORTED_NEST}'",
        )
    package = Path(spec.origin).resolve().parent
    libraries = sorted(package.glob("nestkernel_api*.so")) + sorted(
        package.glob("pynestkernel*.so")
    )
    if not libraries:
        raise EnvironmentProblem(
            "this NEST has no kernel library (nestkernel_api*.so)",
            where=str(package),
            fix="reinstall nest-simulator",
        )
    for include in _include_candidates(package):
        if (include / "nest_extension_interface.h").exists() and (include / "config.h").exists():
            break
    else:
        raise EnvironmentProblem(
            "NEST's C++ headers (nest_extension_interface.h) were not found",
            where=str(package),
            fix="install NEST with its headers, or put a working nest-config on the PATH",
        )
    found = re.search(r'#define NEST_VERSION "([^"]+)"', (include / "config.h").read_text())
    version = found.group(1) if found else "unknown"
    if not SUPPORTED_NEST.contains(version, prereleases=True):
        raise EnvironmentProblem(
            f"NEST {version} is not supported, {SUPPORTED_NEST} is",
            where=str(include),
            fix=f"pip install 'nest-simulator{SUPPORTED_NEST}'",
        )
    return NestInstallation(package, include, libraries[0], version)


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
            where=sys.executable,
            fix=f"pip install 'nestml{SUPPORTED_NESTML}'",
        ) from None
    if not SUPPORTED_NESTML.contains(version, prereleases=True):
        raise EnvironmentProblem(
            f"NESTML {version} is not supported, {SUPPORTED_NESTML} is",
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
            where="PATH",
            fix="install MPI's development files, e.g. apt-get install libopenmpi-dev, "
            "or load the site's MPI module",
        )
    done = subprocess.run([wrapper, "-show"], capture_output=True, text=True)
    if done.returncode != 0:
        raise EnvironmentProblem(
            "mpicxx -show failed", where=wrapper, fix="repair the MPI installation"
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
    flags.append(f"-D_GLIBCXX_USE_CXX11_ABI={int(nest.cxx11_abi)}")
    if nest.mpi:
        flags.extend(find_mpi_flags())
    return tuple(flags)


def diagnose() -> list[Check]:
    """Look at everything that a build needs, one `Check` each; never raises."""
    checks: list[Check] = []

    def look(name: str, describe: object) -> None:
        try:
            checks.append(Check(name, True, str(describe() if callable(describe) else describe)))
        except EnvironmentProblem as problem:
            detail = f"{problem.where}: {problem.what}" if problem.where else problem.what
            checks.append(Check(name, False, detail, problem.fix or ""))

    look("NEST", lambda: f"{find_nest().version} in {find_nest().package}")
    look("NEST headers", lambda: find_nest().include)
    look(
        "NEST build",
        lambda: (
            f"{'with MPI' if find_nest().mpi else 'serial (threads, no MPI; see docs/mpi.md)'}, "
            f"{'with' if find_nest().gsl else 'without'} GSL, "
            f"{'C++11' if find_nest().cxx11_abi else 'old'} libstdc++ ABI"
        ),
    )
    look("NESTML", lambda: find_nestml())
    look("compiler", lambda: f"{shlex.join(find_compiler().command)}: {find_compiler().version}")
    look("Boost headers", lambda: f"{boost_version(find_boost())} in {find_boost()}")
    if checks[0].ok and find_nest().mpi:
        from neuromodels.nestml import mpi

        checks.extend(mpi.diagnose())
    return checks
