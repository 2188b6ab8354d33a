"""Checks of what a build needs on this machine, as ``neuromodels doctor`` lists them."""

from __future__ import annotations

import shlex

from neuromodels.errors import EnvironmentProblem
from neuromodels.machine import mpi
from neuromodels.machine.checks import Check
from neuromodels.machine.installation import find_nest
from neuromodels.machine.toolchain import boost_version, find_boost, find_compiler, find_nestml


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
        checks.extend(mpi.diagnose())
    return checks
