"""Plugins by others, as their own distributions: a good one works, broken ones harm nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parent / "third_party"


def neuromodels(environment, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "neuromodels", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Environment variables of a process in which all third-party plugins are installed.

    They are built and installed as from PyPI, into a directory of their own; offline, because
    their build backend and neuromodels itself are already here.
    """
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-cache",
            "--python", sys.executable, "--target", target,
            "--no-deps", "--no-build-isolation",
            *(folder for folder in sorted(PLUGINS.iterdir()) if folder.is_dir()),
        ],
        check=True,
    )  # fmt: skip
    return {**os.environ, "PYTHONPATH": str(target)}


@pytest.fixture(scope="module")
def listed(environment):
    done = neuromodels(environment, "list", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_name(entries):
    return {entry["name"]: entry for entry in entries}


def test_the_good_plugin_is_listed(listed):
    plugin = by_name(listed["plugins"])["good"]
    assert (plugin["distribution"], plugin["version"]) == ("good-plugin", "1.2")
    assert plugin["status"] == "ok"
    assert by_name(listed["models"])["good_neuron"]["plugin"] == "good"
    assert by_name(listed["circuits"])["good/drive"]["plugin"] == "good"
    assert by_name(listed["analyses"])["good/rate"]["version"] == "1.2"


def test_broken_plugins_are_listed_with_their_reason(listed):
    plugins = by_name(listed["plugins"])
    assert plugins["broken-import"]["status"] == "broken"
    assert "a_package_that_nobody_has" in plugins["broken-import"]["reason"]
    duplicate = plugins["zz-duplicate"]
    assert duplicate["status"] == "broken"
    for part in ("'good/drive'", "good-plugin", "broken-duplicate"):
        assert part in duplicate["reason"]
    assert "zz/other" not in by_name(listed["circuits"])


def test_everything_else_works(listed):
    plugins = by_name(listed["plugins"])
    for study in ("burstprop", "rdd", "relevance"):
        assert plugins[study]["status"] == "ok"
    assert "burst_dependent_synapse" in by_name(listed["models"])


def test_doctor_names_the_broken_plugins(environment):
    done = neuromodels(environment, "doctor")
    assert done.returncode == 1
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    assert len(problems) == 2
    assert "plugin broken-import" in problems[0]
    assert "plugin zz-duplicate" in problems[1]


def test_a_circuit_of_a_third_party_runs_and_agrees(environment, tmp_path):
    done = neuromodels(
        environment, "run", "good/drive", "--preset", "smoke", "--set", "duration=0.6 s",
        "--out", str(tmp_path / "run"), "--no-progress", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["status"] == "complete"
    verdicts = {name: metric["verdict"] for name, metric in content["metrics"].items()}
    assert verdicts == {"rate_single": "agrees", "rate_double": "agrees"}
    again = neuromodels(environment, "analyze", str(tmp_path / "run"), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["metrics"] == content["metrics"]


def test_the_test_of_the_good_plugin_passes(environment):
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "-c", os.devnull, "--rootdir", PLUGINS / "good_plugin",
            "--confcutdir", PLUGINS / "good_plugin", PLUGINS / "good_plugin/tests",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_bad_nestml_is_one_line_with_file_line_and_text(environment, tmp_path):
    out = tmp_path / "run"
    done = neuromodels(
        environment, "run", "broken-nestml/circuit", "--out", str(out), "--no-progress"
    )
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert re.search(r"broken_neuron\.nestml:8\b", line)
    assert "theta mV = = 10 mV" in line
    assert not out.exists() or json.loads((out / "run.json").read_text())["status"] == "failed"


def test_an_analysis_that_raises_is_reported_and_the_others_are_there(environment, tmp_path):
    out = tmp_path / "run"
    done = neuromodels(
        environment, "run", "broken-analysis/quiet", "--out", str(out), "--no-progress"
    )
    assert done.returncode != 0
    error = done.stderr.splitlines()[-1]
    assert error.startswith("error[NM")
    assert "broken-analysis/raises" in error
    assert "ZeroDivisionError" in error
    assert "n_spikes" in done.stdout
    assert json.loads((out / "run.json").read_text())["status"] == "complete"
