"""Shell completion, which click brings: the scripts of all shells, and what they ask for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("neuromodels")


def complete(words, **environment):
    done = subprocess.run(
        [SCRIPT],
        env={
            **os.environ,
            "_NEUROMODELS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - (not words.endswith(" "))),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {line.partition(",")[2] for line in done.stdout.splitlines()}


def test_commands_and_options():
    assert {"run", "show", "new-plugin"} <= complete("neuromodels ")
    assert "show" in complete("neuromodels sh")
    assert {"--preset", "--seed"} <= complete("neuromodels run --")
    assert complete("neuromodels list mo") == {"models"}


def test_names_of_circuits_and_models():
    assert complete("neuromodels run burstprop/l") == {"burstprop/learning-rule"}
    assert complete("neuromodels sweep burstprop/l") == {"burstprop/learning-rule"}
    assert "event_synapse" in complete("neuromodels show event")
    assert complete("neuromodels models build event") == {"event_synapse"}


def test_what_the_circuit_on_the_line_has():
    run = "neuromodels run burstprop/learning-rule"
    assert complete(f"{run} --preset ") == {"smoke", "paper"}
    assert complete(f"{run} --set et") == {"eta=0.0035"}
    assert "background=private" in complete(f"{run} --set background")
    assert "40-examples" in complete("neuromodels sweep burstprop/xor --preset ")
    assert complete("neuromodels reproduce burstprop/xor --preset s") == {"smoke"}
    assert {"burstprop", "burstprop/xor"} <= complete("neuromodels reproduce burst")
    assert complete("neuromodels analyze x --analysis burstprop/x") == {"burstprop/xor"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(shell):
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("click asks bash for its version")
    done = subprocess.run(
        [SCRIPT],
        env={**os.environ, "_NEUROMODELS_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "_NEUROMODELS_COMPLETE" in done.stdout
    if shell == "fish":
        assert 'string split --max 1 ","' in done.stdout
