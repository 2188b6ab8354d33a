"""What doctor says about MPI, with programs and libraries that are not there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from neuromodels.machine import installation, mpi, toolchain
from neuromodels.machine.mpi import Library

OPEN_MPI = "version\tOpen MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"
NEST = "nest\t/usr/lib/libmpi.so.40"


@pytest.mark.parametrize(
    ("said", "library"),
    [
        ("Open MPI v4.1.4, package: Debian OpenMPI", Library("Open MPI", "4.1.4")),
        ("mpirun (Open MPI) 5.0.3", Library("Open MPI", "5.0.3")),
        ("HYDRA build details:\n Version: 4.1.1", Library("MPICH", "4.1.1")),
        ("MPICH Version:\t4.0.2", Library("MPICH", "4.0.2")),
        ("Intel(R) MPI Library 2021.11 for Linux* OS", Library("Intel MPI", "2021.11")),
    ],
)
def test_what_a_library_says_of_itself(said, library):
    assert Library.parse(said) == library
    assert library.fits(library)
    assert not library.fits(Library("another", "1.0"))


def test_major_versions_must_be_the_same():
    assert Library("Open MPI", "4.1.4").fits(Library("Open MPI", "4.0"))
    assert not Library("Open MPI", "4.1.4").fits(Library("Open MPI", "5.0.1"))


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine whose programs answer what the test wants."""
    numbers = {"MAJOR": 4, "MINOR": 1, "RELEASE": 4}
    lines = [f"#define OMPI_{name}_VERSION {number}" for name, number in numbers.items()]
    (tmp_path / "mpi.h").write_text("\n".join(lines))
    answers = {
        "libraries": f"{NEST}\nmpi4py\n{OPEN_MPI}\n",
        "--version": "mpirun (Open MPI) 4.1.4\n",
        "handshake": "seen 2 2\nseen 2 2\n",
    }

    def run(command):
        if "--version" in command:
            key = "--version"
        else:
            key = "handshake" if "-n" in command else "libraries"
        return subprocess.CompletedProcess(command, 0, answers[key], "")

    nest = installation.NestInstallation(Path("nest"), Path("include"), Path("nest.so"), "3.10.0")
    monkeypatch.setattr(installation, "find_nest", lambda: nest)
    monkeypatch.setattr(toolchain, "find_mpi_flags", lambda: (f"-I{tmp_path}",))
    monkeypatch.setattr(mpi.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(mpi.importlib.metadata, "version", lambda _: "4.1.2")
    monkeypatch.setattr(mpi, "_run", run)
    return answers


def failed() -> dict[str, str]:
    return {c.name: f"{c.detail} ({c.fix})" for c in mpi.diagnose() if not c.ok}


def test_all_fits(machine):
    assert failed() == {}
    assert [check.name for check in mpi.diagnose()] == [
        "MPI library", "mpi4py", "MPI headers", "MPI launcher", "MPI launch",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "answer", "line", "says"),
    [
        ("libraries", f"{NEST}\nmpi4py\t/opt/libmpi.so.40\n{OPEN_MPI}\n", "mpi4py", "/opt/libmpi"),
        ("libraries", f"{NEST}\n", "mpi4py", "cannot be imported"),
        ("libraries", "", "MPI library", "load the site's MPI module"),
        ("--version", "HYDRA build details:\n Version: 4.1.1", "MPI launcher", "of Open MPI 4.1.4"),
        ("handshake", "seen 1 1\nseen 1 1\n", "MPI launch", "mpi4py sees 1, NEST 1"),
        ("handshake", "mpirun has detected an attempt to run as root.", "MPI launch", "AS_ROOT=1"),
    ],
)
def test_what_does_not_fit_says_how_to_mend_it(machine, what, answer, line, says):
    machine[what] = answer
    problems = failed()
    assert set(problems) == {line}
    assert says in problems[line]
