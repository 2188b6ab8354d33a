"""The NEST of this Python: where it lies, and how modules for it must be compiled.

It is found without importing NEST, so that a build can run in any process.
"""

from __future__ import annotations

import importlib.util
import mmap
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

#: Generated C++ includes NEST's internal headers, which change between minor versions.  The same
#: range stands in pyproject.toml.
SUPPORTED_NEST = SpecifierSet(">=3.10,<3.11")


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
            code="NM304",
            where=str(self.library),
            fix="use a NEST from PyPI, conda, or built with GCC or Clang against libstdc++",
        )

    @cached_property
    def identity(self) -> str:
        """Text that changes whenever this installation's binary or headers do."""
        stat = self.library.stat()
        config = (self.include / "config.h").stat()
        return f"{self.version} {self.library} {stat.st_size} {stat.st_mtime_ns} {config.st_size}"


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
            code="NM301",
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
            code="NM303",
            where=str(package),
            fix="reinstall nest-simulator",
        )
    for include in _include_candidates(package):
        if (include / "nest_extension_interface.h").exists() and (include / "config.h").exists():
            break
    else:
        raise EnvironmentProblem(
            "NEST's C++ headers (nest_extension_interface.h) were not found",
            code="NM303",
            where=str(package),
            fix="install NEST with its headers, or put a working nest-config on the PATH",
        )
    found = re.search(r'#define NEST_VERSION "([^"]+)"', (include / "config.h").read_text())
    version = found.group(1) if found else "unknown"
    if not SUPPORTED_NEST.contains(version, prereleases=True):
        raise EnvironmentProblem(
            f"NEST {version} is not supported, {SUPPORTED_NEST} is",
            code="NM302",
            where=str(include),
            fix=f"pip install 'nest-simulator{SUPPORTED_NEST}'",
        )
    return NestInstallation(package, include, libraries[0], version)
