"""The shape of the project: what is public, who imports whom, and what must stay in step."""

import ast
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def is_public(module: str) -> bool:
    """What studies and other plugins may import: the package, and what lies directly below it.

    A folder is private: modules inside one are not, whatever they are called.
    """
    return module.count(".") <= 1


def imports(file: Path) -> set[str]:
    """Modules that a file imports, at any level of it; ``from a import b`` counts as ``a``."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


def test_the_contract_closes_every_folder():
    contracts = {c["name"]: c for c in PROJECT["tool"]["importlinter"]["contracts"]}
    closed = contracts["studies import public names only"]["forbidden_modules"]
    assert closed == ["neuromodels.*.*"]


def test_every_module_of_the_core_has_its_layer():
    contracts = {c["name"]: c for c in PROJECT["tool"]["importlinter"]["contracts"]}
    layers = contracts["stages know only what comes before them"]["layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}
    folder = ROOT / "neuromodels"
    modules = {f"neuromodels.{path.stem}" for path in folder.glob("*.py")}
    packages = {f"neuromodels.{path.parent.name}" for path in folder.glob("*/__init__.py")}
    assert named == (modules | packages) - {"neuromodels.__init__"}


def test_studies_import_public_names_only():
    studies = list(ROOT.glob("plugins/*/neuromodels_*/**/*.py"))
    others = list(ROOT.glob("tests/third_party/good_plugin/**/*.py"))
    assert len(studies) >= 3
    assert others
    for file in studies + others:
        used = {n for n in imports(file) if n.split(".")[0] == "neuromodels"}
        assert all(is_public(name) for name in used), file


def test_all_public_names_exist():
    import neuromodels

    for name in neuromodels.__all__:
        assert getattr(neuromodels, name) is not None


def test_ranges_of_nest_and_nestml_are_the_same_in_code_and_metadata():
    from neuromodels.machine import installation, toolchain

    pinned = {
        requirement.name: requirement.specifier
        for requirement in map(Requirement, PROJECT["project"]["dependencies"])
    }
    assert pinned["nest-simulator"] == installation.SUPPORTED_NEST
    assert pinned["nestml"] == toolchain.SUPPORTED_NESTML


@pytest.mark.parametrize("file", ["uv.lock", "pyproject.toml", "README.md", ".ci/run"])
def test_no_machine_is_named(file):
    text = (ROOT / file).read_text()
    for path in ("file://", "/home/", "/root/", "/tmp/", str(ROOT)):
        assert path not in text
    if file == "uv.lock":
        urls = {word for word in text.split('"') if word.startswith("http")}
        hosts = {url.split("/")[2] for url in urls}
        assert hosts <= {"pypi.org", "files.pythonhosted.org"}
