"""NEST, NESTML, compiler and headers are found wherever they come from, or clearly missed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuromodels.errors import EnvironmentProblem
from neuromodels.machine import diagnosis, installation, toolchain
from neuromodels.nestml import compilation


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look again in every test, and again after it."""
    # a NEST that is already imported would be the one that is found
    monkeypatch.delitem(sys.modules, "nest", raising=False)
    finders = (
        installation.find_nest,
        toolchain.find_nestml,
        toolchain.find_compiler,
        toolchain.find_boost,
        toolchain.find_mpi_flags,
    )
    for finder in finders:
        finder.cache_clear()
    yield
    for finder in finders:
        finder.cache_clear()


def _fake_nest(
    directory: Path,
    include: Path,
    *,
    version: str = "3.10.0",
    abi: bytes = b"ENSt7__cxx11",
    mpi: bool = False,
) -> Path:
    """A directory to put on the path with a package `nest`, and headers in `include`."""
    package = directory / "nest"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    symbols = b"\0_ZNK4nest4Node21get_synaptic_elements" + abi + b"12basic_string\0"
    (package / "nestkernel_api.so").write_bytes(symbols)
    include.mkdir(parents=True)
    (include / "nest_extension_interface.h").write_text("")
    config = f'#define NEST_VERSION "{version}"\n' + ("#define HAVE_MPI 1\n" if mpi else "")
    (include / "config.h").write_text(config)
    return directory


def test_this_nest_is_found_with_its_headers() -> None:
    nest = installation.find_nest()
    assert (nest.include / "nest_extension_interface.h").exists()
    assert installation.SUPPORTED_NEST.contains(nest.version)
    assert isinstance(nest.cxx11_abi, bool)


def test_a_wheel_with_mpi_and_the_new_abi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(_fake_nest(tmp_path, tmp_path / "nest/include/nest", mpi=True))
    nest = installation.find_nest()
    assert nest.mpi and nest.cxx11_abi
    monkeypatch.setattr(toolchain, "find_mpi_flags", lambda: ("-I/mpi",))
    flags = toolchain.compile_flags()
    assert "-I/mpi" in flags and "-D_GLIBCXX_USE_CXX11_ABI=1" in flags


def test_a_wheel_with_the_old_abi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(_fake_nest(tmp_path, tmp_path / "nest/include/nest", abi=b"ESs"))
    assert "-D_GLIBCXX_USE_CXX11_ABI=0" in toolchain.compile_flags()


def test_an_unknown_abi_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(_fake_nest(tmp_path, tmp_path / "nest/include/nest", abi=b"XX"))
    with pytest.raises(EnvironmentProblem, match="ABI"):
        toolchain.compile_flags()


def test_headers_in_the_prefix_of_a_cmake_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "prefix/lib/python3.11/site-packages"
    monkeypatch.syspath_prepend(_fake_nest(site, tmp_path / "prefix/include/nest"))
    assert installation.find_nest().include == tmp_path / "prefix/include/nest"


def test_headers_that_a_working_nest_config_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    include = tmp_path / "elsewhere/include/nest"
    monkeypatch.syspath_prepend(_fake_nest(tmp_path / "site", include))
    script = tmp_path / "bin" / "nest-config"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\necho ' -I/does/not/exist -I{include} -I/usr/include'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    assert installation.find_nest().include == include


def test_missing_headers_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    include = tmp_path / "nest/include/nest"
    monkeypatch.syspath_prepend(_fake_nest(tmp_path, include))
    shutil.rmtree(include)
    monkeypatch.setattr(installation, "_nest_config", lambda *_: None)
    with pytest.raises(EnvironmentProblem, match="nest_extension_interface.h"):
        installation.find_nest()


@pytest.mark.parametrize("version", ["3.9.0", "3.11.0", "2.20.0"])
def test_a_nest_that_does_not_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.syspath_prepend(
        _fake_nest(tmp_path, tmp_path / "nest/include/nest", version=version)
    )
    with pytest.raises(EnvironmentProblem, match=f"NEST {version} is not supported, .*3.10"):
        installation.find_nest()


def test_a_nestml_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain.importlib.metadata, "version", lambda _: "8.0.0")
    with pytest.raises(EnvironmentProblem, match="NESTML 8.0.0 is not supported"):
        toolchain.find_nestml()


def test_no_compiler_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match=r"no C\+\+ compiler.*apt-get install g\+\+"):
        toolchain.find_compiler()


def test_a_broken_cxx_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler -m64")
    with pytest.raises(EnvironmentProblem, match=r"CXX \(no-such-compiler -m64\) does not run"):
        toolchain.find_compiler()


def test_mpi_without_its_compiler_wrapper_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPICXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="mpicxx was not found"):
        toolchain.find_mpi_flags()


def test_doctor_reports_every_problem_and_never_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "")
    found = {check.name: check for check in diagnosis.diagnose()}
    assert found["NEST"].ok and found["NESTML"].ok
    assert not found["compiler"].ok and "g++" in found["compiler"].fix


@pytest.mark.parametrize("named", ["nonsense", " ", 'g++ "', "/bin/false"])
def test_a_compiler_that_does_not_run_is_one_clear_error(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", named)
    with pytest.raises(EnvironmentProblem, match="does not run"):
        toolchain.find_compiler()


@pytest.mark.parametrize("says", ["", "\\377 1.0"])
def test_a_compiler_may_say_anything_about_itself(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "cxx"
    compiler.write_text(f"#!/bin/sh\nprintf '{says}'\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert toolchain.find_compiler().version


def test_a_compiler_that_compiles_nothing_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "/bin/true")
    with pytest.raises(EnvironmentProblem, match="compiled nothing"):
        compilation.compile_module(tmp_path / "m.cpp", tmp_path / "m.so")
