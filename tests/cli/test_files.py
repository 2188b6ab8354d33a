"""Commands that take NESTML files: check, show, models build; and a cell of a notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuromodels.cli.main import execute
from neuromodels.kernel.install import installed

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "adapting.nestml"
WRONG = """model leaky:
    state:
        v mV = -70 mV
        e real = 1.0
    parameters:
        tau ms = 10 ms
    equations:
        v' = -v / tau + x
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()

model torn:
    state
        v mV = -70 mV

model also_wrong:
    state:
        pi real = 3.
    update:
        pi = 4
"""


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.nestml"
    path.write_text(WRONG)
    return path


def test_check_finds_everything_at_once(wrong: Path, capsys) -> None:
    assert execute(["check", str(wrong), "--json"]) == 4
    problems = json.loads(capsys.readouterr().out)
    assert {problem["line"] for problem in problems} >= {4, 8, 18, 22}
    assert {problem["file"] for problem in problems} == {str(wrong)}
    by_line = {problem["line"]: problem for problem in problems}
    assert by_line[8]["text"] == "v' = -v / tau + x"
    assert any("predefined" in problem["message"] for problem in problems if problem["line"] == 22)
    # Again, from what is kept: the same.
    assert execute(["check", str(wrong)]) == 4
    captured = capsys.readouterr()
    assert f"{wrong}:18: error: " in captured.out
    assert captured.err.startswith("error[NM400]: ")
    assert len(captured.err.splitlines()) == 1


def test_check_needs_no_compiler(capsys, monkeypatch) -> None:
    monkeypatch.setenv("CXX", "/no/such/compiler")
    assert execute(["check", str(EXAMPLE)]) == 0
    assert capsys.readouterr().out == "2 models checked: adapting_neuron, order_synapse\n"


def test_check_of_a_synapse_without_its_neuron(tmp_path: Path, capsys) -> None:
    text = EXAMPLE.read_text()
    path = tmp_path / "rule.nestml"
    path.write_text(text[text.index("model order_synapse") :])
    assert execute(["check", str(path)]) == 0
    assert capsys.readouterr().out == "1 model checked: order_synapse\n"
    assert execute(["models", "build", str(path)]) == 2
    assert "no neuron is given with it" in capsys.readouterr().err


def test_show_of_a_file(capsys) -> None:
    assert execute(["show", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    assert "adapting_neuron" in out
    assert "order_synapse" in out
    assert execute(["show", str(EXAMPLE), "--json"]) == 0
    neuron, synapse = json.loads(capsys.readouterr().out)
    assert neuron["kind"] == "neuron"
    assert {entry["name"] for entry in neuron["parameters"]} >= {"C_m", "tau_adapt", "I_e"}
    assert (synapse["kind"], synapse["neuron"]) == ("synapse", "adapting_neuron")
    assert [port["name"] for port in synapse["ports"]] == ["pre_spikes", "post_spikes"]


def test_models_build_takes_files_and_pairs(tmp_path: Path, capsys) -> None:
    options = tmp_path / "options.json"
    options.write_text('{"delay_variable": {"order_synapse": "w"}, "verbose": true}')
    pair = ["--pair", "order_synapse=adapting_neuron"]
    for arguments, code, match in (
        (["build", "none.nestml"], 2, "none.nestml: there is no such file"),
        (["build", str(EXAMPLE), "--pair", "order_synapse"], 2, "write --pair SYNAPSE=NEURON"),
        (["build", str(EXAMPLE), "--pair", "a=b"], 2, "'a', which is not a model of the given"),
        (["build", str(EXAMPLE), "--codegen-opts", str(options)], 2, "'verbose' is not used"),
        (["build", str(EXAMPLE), "--codegen-opts", "none.json"], 2, "none.json: the options"),
    ):
        assert execute(["models", *arguments]) == code
        assert match in capsys.readouterr().err
    assert execute(["models", "build", str(EXAMPLE), *pair, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["models"] == ["adapting_neuron", "order_synapse"]


def test_a_cell_of_a_notebook(nest, capsys) -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    shell.run_line_magic("load_ext", "neuromodels")
    shell.run_cell_magic("nestml", "", EXAMPLE.read_text())
    assert capsys.readouterr().out == "installed: adapting_neuron, order_synapse\n"
    assert installed() == ("adapting_neuron", "order_synapse")
    shell.run_cell_magic("nestml", "", WRONG.partition("\nmodel torn")[0])
    assert capsys.readouterr().out.startswith("error[NM403]: this cell:")
    shell.run_cell_magic("nestml", "plain_neuron", "model x:\n    state\n")
    assert "this cell" in capsys.readouterr().out
    assert installed() == ("adapting_neuron", "order_synapse")
