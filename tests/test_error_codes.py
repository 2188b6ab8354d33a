"""Error codes: each raise site of the core has one, and each keeps its meaning."""

import ast
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuromodels import errors
from neuromodels.cli.main import execute
from neuromodels.error_codes import CODES

ROOT = Path(__file__).parents[1]
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.NeuromodelsError)
}
# Written by the command line itself about errors of others: click's, the system's, defects.
WRITTEN = {"NM201", "NM321", "NM324", "NM900"}


def raised() -> Iterator[tuple[str, type[errors.NeuromodelsError], ast.expr | None]]:
    """Where the core makes an error, its class, and the code that it gives."""
    for file in sorted((ROOT / "neuromodels").rglob("*.py")):
        if "plugin_template" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                kind = CLASSES.get(node.func.id)
                if kind is not None:
                    code = {word.arg: word.value for word in node.keywords}.get("code")
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", kind, code


def test_every_error_of_the_core_has_a_code_of_the_table():
    for place, kind, code in raised():
        assert code is not None, place
        if isinstance(code, ast.Constant):
            assert code.value in CODES, place
            if kind is not errors.RunInterrupted:  # its exit code is the shell's, 130
                assert code.value[2] == str(kind.exit_code), place


def test_every_code_of_the_table_is_in_use():
    used = {code.value for _, _, code in raised() if isinstance(code, ast.Constant)}
    defaults = {kind.code for kind in CLASSES.values()}
    assert used | defaults | WRITTEN == set(CODES)


def test_codes_keep_their_meaning():
    """To add a code, add its line.  Never change a line, and never use a number again."""
    lines = (Path(__file__).with_name("error_codes.txt")).read_text().splitlines()
    frozen = dict(line.split(" ", 1) for line in lines)
    assert list(frozen) == sorted(frozen)
    assert {code: entry.meaning for code, entry in CODES.items()}.items() <= frozen.items()


def test_an_error_has_the_code_of_its_class_or_of_its_cause():
    assert errors.RunError("no").code == "NM600"
    assert errors.RunError("no", code="NM614").code == "NM614"
    again = pickle.loads(pickle.dumps(errors.UsageError("no", code="NM240", fix="yes")))
    assert (again.code, again.fix) == ("NM240", "yes")


def test_a_traceback_says_how_to_look_the_code_up():
    assert errors.UsageError("no", code="NM240").__notes__ == ["NM240: neuromodels explain NM240"]


def test_explain(capsys):
    assert execute(["explain", "nm222"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "NM222: The value of a parameter is out of range."
    assert execute(["explain", "NM222", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "NM222"


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [(["explain", "NM000"], "NM217", 2), (["show", "--nonsense"], "NM201", 2)],
)
def test_an_error_is_json_where_json_is_wanted(capsys, arguments, code, exit_code):
    assert execute([*arguments, "--json"]) == exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    error = json.loads(captured.err)["error"]
    assert set(error) == {"code", "what", "where", "fix"}
    assert error["code"] == code
    assert execute(arguments) == exit_code
    assert capsys.readouterr().err.startswith(f"error[{code}]: ")
