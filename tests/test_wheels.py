"""What is built from the project works elsewhere: wheels installed in another place, and a zip."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Wheels of all distributions of the workspace; built offline."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in FOLDERS:
        subprocess.run(
            [
                sys.executable, "-m", "uv", "build", "--quiet", "--offline", "--wheel",
                "--python", sys.executable, "--no-build-isolation", "--out-dir", folder, source,
            ],
            check=True,
        )  # fmt: skip
    found = sorted(folder.glob("*.whl"))
    assert len(found) == len(FOLDERS)
    return found


@pytest.fixture(scope="module")
def elsewhere(wheels, tmp_path_factory):
    """Directory in which the wheels are installed."""
    target = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-cache",
            "--python", sys.executable, "--target", target, "--no-deps", *wheels,
        ],
        check=True,
    )  # fmt: skip
    return target


def python(path, *arguments, cwd):
    """Run Python with `path` before everything else, the checkout included."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(path)},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_installed_wheels_list_the_same_as_the_checkout(elsewhere, tmp_path):
    where = python(elsewhere, "-c", "import neuromodels; print(neuromodels.__file__)", cwd=tmp_path)
    assert where.startswith(str(elsewhere))
    here = subprocess.check_output([sys.executable, "-m", "neuromodels", "list", "--json"])
    there = python(elsewhere, "-m", "neuromodels", "list", "--json", cwd=tmp_path)
    assert json.loads(there) == json.loads(here)


def test_installed_wheels_show_and_hold_their_models(elsewhere, tmp_path):
    content = json.loads(
        python(
            elsewhere, "-m", "neuromodels", "show", "pyramidal_burst_neuron", "--json", cwd=tmp_path
        )
    )
    assert content["source"].startswith(str(elsewhere))
    assert content["parameters"]


def test_the_core_alone_lists_nothing_and_works(wheels, tmp_path):
    (core,) = [wheel for wheel in wheels if wheel.name.startswith("neuromodels-0")]
    code = (
        "from neuromodels.registry import Registry\n"
        "registry = Registry(); registry.discover([]); print(len(registry.circuits))"
    )
    assert python(core, "-c", code, cwd=tmp_path).strip() == "0"


def test_sources_are_found_in_a_zip(wheels, tmp_path):
    (core,) = [wheel for wheel in wheels if wheel.name.startswith("neuromodels-0")]
    code = (
        "from importlib.resources import files\n"
        "source = files('nestml_models') / 'neurons' / 'pyramidal_burst_neuron.nestml'\n"
        "assert '.whl' in str(source), source\n"
        "print(source.read_text())"
    )
    original = ROOT / "nestml_models" / "neurons" / "pyramidal_burst_neuron.nestml"
    assert python(core, "-c", code, cwd=tmp_path).rstrip() == original.read_text().rstrip()


def test_new_plugins_come_from_the_wheel_and_from_the_zip(elsewhere, wheels, tmp_path):
    python(elsewhere, "-m", "neuromodels", "new-plugin", "mine", cwd=tmp_path)
    made = tmp_path / "neuromodels-mine"
    files = {str(file.relative_to(made)) for file in made.rglob("*") if file.is_file()}
    assert "neuromodels_mine/models/mine_neuron.nestml" in files
    (core,) = [wheel for wheel in wheels if wheel.name.startswith("neuromodels-0")]
    code = "from neuromodels import new_plugin; print(*dict(new_plugin.render('mine')), sep='\\n')"
    assert set(python(core, "-c", code, cwd=tmp_path).split()) == files


def test_wheels_carry_licence_and_type_marker(elsewhere):
    assert (elsewhere / "neuromodels" / "py.typed").exists()
    assert list(elsewhere.glob("neuromodels-*.dist-info/licenses/LICENSE"))
