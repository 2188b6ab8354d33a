"""Whether NEST's MPI library, its headers, mpi4py and the launcher fit together.

Each is looked at in a process of its own: an MPI library that does not fit may end it.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from neuromodels.errors import EnvironmentProblem
from neuromodels.machine import installation, toolchain
from neuromodels.machine.checks import Check

_PATIENCE = 60  # seconds; a busy machine needs ten for two processes that import NEST

_MPI4PY_FIX = "pip install 'neuromodels[mpi]', or conda's mpi4py in conda's environments"

# Loads NEST's library without starting it, then mpi4py; prints which libmpi each brings along.
_LIBRARIES = """
import ctypes, sys

def loaded():
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if line.count("/")}
    names = ("libmpi.so", "libmpich.so", "libmpi_intel", "libmpi_cray")
    return {path for path in paths if path.rsplit("/", 1)[-1].startswith(names)}

ctypes.CDLL(sys.argv[1])
of_nest = loaded()
print("nest", *sorted(of_nest), sep="\\t")
import mpi4py
mpi4py.rc.initialize = mpi4py.rc.finalize = False
from mpi4py import MPI
print("mpi4py", *sorted(loaded() - of_nest), sep="\\t")
print("version", MPI.Get_library_version().strip("\\0 \\n").splitlines()[0], sep="\\t")
"""

_HANDSHAKE = """
from mpi4py import MPI
import nest
print("seen", MPI.COMM_WORLD.size, nest.NumProcesses())
"""


@dataclass(frozen=True)
class Library:
    """An MPI implementation.

    Attributes
    ----------
    name : str
        ``Open MPI``, ``MPICH``, ``Intel MPI``, or what it calls itself.
    version : str
        As far as it tells.
    """

    name: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Library:
        """Find out from what a library, a launcher or a header says of itself."""
        families = (
            ("Open MPI", r"Open MPI|OpenRTE|OMPI|PRRTE"),
            ("Intel MPI", r"Intel\(R\) MPI|I_MPI"),
            ("MPICH", r"MPICH|HYDRA"),
        )
        found = re.search(r"\d+\.\d+(\.\d+)?", text)
        version = found.group(0) if found else ""
        for name, pattern in families:
            if re.search(pattern, text):
                return cls(name, version)
        return cls(text.split(",")[0].strip() or "unknown", version)

    def fits(self, other: Library) -> bool:
        """Whether both are of one family and, where known, of one major version."""
        if self.name != other.name:
            return False
        mine, others = self.version.split(".")[0], other.version.split(".")[0]
        return not mine or not others or mine == others

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


def diagnose() -> list[Check]:
    """Look at everything that a run on several ranks needs, one check each; never raises."""
    return [*_checks()]


def _checks() -> list[Check]:
    checks: list[Check] = []

    def say(name: str, ok: bool, detail: str, fix: str = "") -> None:
        checks.append(Check(name, ok, detail, fix))

    library = _check_libraries(say)
    try:
        headers = _headers()
        fits = headers is None or library is None or headers.fits(library)
        what = f"{headers or 'unknown'} of {' '.join(toolchain.find_mpi_flags())}"
        say("MPI headers", fits, what, f"set MPICXX to the mpicxx of {library}")
    except EnvironmentProblem as problem:
        say("MPI headers", False, problem.what, problem.fix or "")
    launcher = shutil.which("mpirun") or shutil.which("mpiexec")
    if launcher is None:
        slurm = shutil.which("srun")
        install = "apt-get install openmpi-bin, or load the site's MPI module"
        say("MPI launcher", slurm is not None, slurm or "no mpirun and no srun", install)
        return checks
    starts = _launcher(launcher)
    fits = library is None or starts.fits(library)
    say("MPI launcher", fits, f"{starts}: {launcher}", f"put the mpirun of {library} on the PATH")
    if all(check.ok for check in checks):
        ok, detail, fix = _shake_hands(launcher, starts)
        say("MPI launch", ok, detail, fix)
    return checks


def _check_libraries(say: object) -> Library | None:
    """Check that NEST and mpi4py load one library; returns it."""
    assert callable(say)
    done = _run([sys.executable, "-c", _LIBRARIES, str(installation.find_nest().library)])
    lines = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    of_nest = lines.get("nest", "").split("\t")[0]
    version = lines.get("version")
    library = Library.parse(version) if version else None
    if not of_nest:
        last = done.stderr.strip().splitlines()[-1:] or ["it loads no libmpi"]
        fix = "install the MPI library that it was built with, or load the site's MPI module"
        say("MPI library", False, f"NEST's: {last[0]}", fix)
        return None
    say("MPI library", True, f"{library or 'NEST loads'} {of_nest}")
    try:
        installed = importlib.metadata.version("mpi4py")
    except importlib.metadata.PackageNotFoundError:
        say("mpi4py", False, "not installed", _MPI4PY_FIX)
        return library
    if version is None:
        last = done.stderr.strip().splitlines()[-1:] or ["it cannot be imported"]
        say("mpi4py", False, f"{installed}: {last[0]}", _MPI4PY_FIX)
    elif others := [path for path in lines.get("mpi4py", "").split("\t") if path]:
        same = {Path(path).resolve() for path in others} == {Path(of_nest).resolve()}
        fix = "build it for NEST's library: pip install --no-binary mpi4py --force-reinstall mpi4py"
        say("mpi4py", same, f"{installed} with {others[0]}, NEST with {of_nest}", fix)
    else:
        say("mpi4py", True, f"{installed}, with NEST's library")
    return library


def _headers() -> Library | None:
    """The MPI that mpicxx compiles for, from its mpi.h; None where that does not tell."""
    for flag in toolchain.find_mpi_flags():
        header = Path(flag.removeprefix("-I")) / "mpi.h"
        if not header.exists():
            continue
        text = header.read_text(errors="replace")
        if found := re.search(r"#define\s+(I_MPI|MPICH)_VERSION\s+\"?([\d.]+)", text):
            return Library.parse(f"{found.group(1)} {found.group(2)}")
        numbers = dict(re.findall(r"#define\s+OMPI_(MAJOR|MINOR|RELEASE)_VERSION\s+(\d+)", text))
        if numbers:
            version = ".".join(numbers.get(k, "0") for k in ("MAJOR", "MINOR", "RELEASE"))
            return Library("Open MPI", version)
    return None


def _launcher(path: str) -> Library:
    done = _run([path, "--version"])
    return Library.parse(done.stdout + done.stderr)


def _shake_hands(launcher: str, starts: Library) -> tuple[bool, str, str]:
    """Let two processes find each other, in mpi4py and in NEST."""
    command = [launcher, "-n", "2"]
    if starts.name == "Open MPI":
        command.append("--oversubscribe")
    done = _run([*command, sys.executable, "-c", _HANDSHAKE])
    seen = re.findall(r"seen (\d+) (\d+)", done.stdout)
    if done.returncode == 0 and seen == [("2", "2")] * 2:
        return True, "two processes see each other, in mpi4py and in NEST", ""
    said = done.stdout + done.stderr
    if "run as root" in said or "running as root" in said.lower():
        fix = "as root set OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
        return False, f"{launcher} does not start programs of root", fix
    if seen:
        what = "; ".join(f"mpi4py sees {a}, NEST {b}" for a, b in seen)
        fix = "use the mpirun of the MPI library that NEST was built with"
        return False, f"of two processes {what}", fix
    last = [line for line in said.splitlines() if line.strip(" -")][-1:] or ["no answer"]
    return False, " ".join(last[0].split()), "try it inside a job of the batch system, with srun"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # Not as a rank of a launcher that may have started this process.
    apart = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_COMM", "PMI", "ORTE"))}
    environ = {**apart, "PYNEST_QUIET": "1"}
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            env=environ,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
