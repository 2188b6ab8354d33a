"""A plugin made by ``neuromodels new-plugin`` is right under any name, and works when installed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import neuromodels
from neuromodels import new_plugin
from neuromodels.cli.main import execute
from neuromodels.errors import UsageError

ROOT = Path(__file__).parents[1]
NAMES = ["x", "two-compartments", "abcdefghijkl-nopqrst-abc"]


@pytest.fixture
def call(capsys):
    def run(*arguments):
        code = execute(["new-plugin", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_rendered_under_its_own_name_the_template_is_itself():
    """The tutorial shows the files of the template: they are what the user gets."""
    folder = ROOT / "neuromodels" / "plugin_template"
    rendered = dict(new_plugin.render(new_plugin.TEMPLATE_NAME))
    for path, text in rendered.items():
        assert text == (folder / path).read_text()
    assert {"pyproject.toml", "README.md", "neuromodels_my_study/py.typed"} <= set(rendered)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("config", ["its own", "ours"])
def test_rendered_under_any_name_it_is_formatted_and_clean(call, tmp_path, name, config):
    assert call(name, "--dir", tmp_path)[0] == 0
    folder = tmp_path / f"neuromodels-{name}"
    options = [] if config == "its own" else ["--config", str(ROOT / "pyproject.toml")]
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *options, "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    texts = [file.read_text() for file in folder.rglob("*") if file.is_file()]
    assert not any(re.search(r"my.study", text, re.IGNORECASE) for text in texts)


def test_it_asks_for_this_version_of_neuromodels():
    text = dict(new_plugin.render("x"))["pyproject.toml"]
    (line,) = re.findall(r"^dependencies = (.*)$", text, re.MULTILINE)
    assert neuromodels.__version__ in Requirement(json.loads(line)[0]).specifier


@pytest.mark.parametrize(
    "name",
    [
        "", "Mine", "my_study", "1st", "-x", "x-", "a--b", "a b", "../x", "é", "x/y", "a.b",
        "a" * 25,
    ],
)  # fmt: skip
def test_a_bad_name_gets_one_line(call, tmp_path, name):
    code, out, err = call("--dir", tmp_path, "--", name)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "is no name for a plugin" in err
    assert "lower-case letters" in err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("burstprop", "a plugin 'burstprop' is installed already"),
        ("burst", "plugin 'burstprop' has a model 'burst_synapse' already"),
    ],
)
def test_a_name_that_is_taken_gets_one_line(call, tmp_path, name, message):
    code, _, err = call(name, "--dir", tmp_path)
    assert code == 2
    assert err.count("\n") == 1
    assert message in err
    assert not any(tmp_path.iterdir())


def test_an_existing_folder_is_left_alone(call, tmp_path):
    folder = tmp_path / "neuromodels-mine"
    folder.mkdir()
    code, _, err = call("mine", "--dir", tmp_path)
    assert code == 2
    assert err.count("\n") == 1
    assert f"{folder}: exists already" in err
    assert not any(folder.iterdir())


def test_a_folder_that_cannot_be_written_gets_one_line(call, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = call("mine", "--dir", tmp_path / "file" / "below")
    assert code == 3
    assert err.count("\n") == 1
    assert "cannot be written" in err


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def broken(name):
        yield "README.md", "text"
        raise KeyboardInterrupt

    monkeypatch.setattr(new_plugin, "render", broken)
    with pytest.raises(KeyboardInterrupt):
        new_plugin.create("mine", tmp_path)
    assert not any(tmp_path.iterdir())


def test_names_of_broken_plugins_are_taken_too():
    with pytest.raises(UsageError, match="installed already"):
        new_plugin.check_name("mine", ["mine"], {})


# Installed ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A new plugin: its folder, and the environment of a process in which it is installed."""
    parent, target = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "neuromodels", "new-plugin", "fresh", "--dir", str(parent)]
    subprocess.run(command, check=True, capture_output=True)
    folder = parent / "neuromodels-fresh"
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-cache",
            "--python", sys.executable, "--target", target,
            "--no-deps", "--no-build-isolation", folder,
        ],
        check=True,
    )  # fmt: skip
    return folder, {**os.environ, "PYTHONPATH": str(target)}


def run_in(environment, cwd, *arguments):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_installed_it_is_listed(made, tmp_path):
    _, environment = made
    done = run_in(environment, tmp_path, "neuromodels", "list", "--json")
    content = json.loads(done.stdout)
    plugins = {plugin["name"]: plugin for plugin in content["plugins"]}
    assert plugins["fresh"] == {
        "name": "fresh",
        "distribution": "neuromodels-fresh",
        "version": "0.1.0",
        "status": "ok",
        "reason": "",
    }
    assert content["broken"] == []
    names = {item["name"] for kind in ("models", "circuits", "analyses") for item in content[kind]}
    assert {"fresh_neuron", "fresh_synapse", "fresh/pairing"} <= names
    done = run_in(environment, tmp_path, "neuromodels", "new-plugin", "fresh")
    assert "a plugin 'fresh' is installed already" in done.stderr


@pytest.mark.fidelity
def test_installed_its_circuit_agrees_and_its_tests_pass(made, tmp_path):
    """Compiles its models: half a minute."""
    folder, environment = made
    done = run_in(
        environment, tmp_path, "neuromodels", "run", "fresh/pairing", "--no-progress", "--json"
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    verdicts = {name: metric["verdict"] for name, metric in content["metrics"].items()}
    assert verdicts == {
        "smallest_change": "agrees",
        "largest_change": "agrees",
        "mean_rate": "no reference",
    }
    done = run_in(environment, folder, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
