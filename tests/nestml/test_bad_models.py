"""A wrong model is one message: file, line, the line itself, and the cause."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_plugins import neuron, synapse

from neuromodels.errors import EnvironmentProblem, ModelError
from neuromodels.nestml import compilation
from neuromodels.nestml.family import Family
from neuromodels.nestml.generate import generate

NEURON = """\
model some_neuron:
    state:
        v real = 0.
    parameters:
        step_size real = 1.5
    input:
        exc <- spike
    output:
        spike
    update:
        v += step_size
    onReceive(exc):
        v += exc * 1 s
"""

SYNAPSE = """\
model some_synapse:
    state:
        w real = 1.
        trace real = 0.
    parameters:
        eta real = 0.01 @homogeneous
    input:
        pre_spikes <- spike
        post_spikes <- spike
        factor real <- continuous
    output:
        spike
    onReceive(post_spikes):
        w += eta * factor * trace
    onReceive(pre_spikes):
        trace += 1
        emit_spike(w)
    update:
        trace *= 0.9
"""


def _error(tmp_path: Path, neuron_text: str, synapse_text: str | None = None) -> ModelError:
    """The error that generating a neuron (and a synapse) gives."""
    source = tmp_path / "some_neuron.nestml"
    source.write_text(neuron_text)
    synapses = ()
    if synapse_text is not None:
        other = tmp_path / "some_synapse.nestml"
        other.write_text(synapse_text)
        synapses = (synapse("some_synapse", other, neuron="some_neuron", factor="v"),)
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(ModelError) as caught:
        generate(Family(neuron("some_neuron", source), synapses), "x", work, "3.10.0")
    return caught.value


def _edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_a_syntax_error_shows_the_users_line(tmp_path: Path) -> None:
    error = _error(tmp_path, _edited(NEURON, "v += step_size\n", "v += * step_size\n"))
    assert error.where == f"{tmp_path}/some_neuron.nestml:11"
    assert "v += * step_size" in error.what


def test_an_undefined_variable_shows_the_users_line(tmp_path: Path) -> None:
    error = _error(tmp_path, _edited(NEURON, "v += step_size\n", "v += missing\n"))
    assert error.where == f"{tmp_path}/some_neuron.nestml:11"
    assert "missing" in error.what and "v += missing" in error.what


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("        v real = 0.\n", "        v real = 0.\n        e real = 0.\n", 4),
        ("step_size real = 1.5\n", "step_size real = 1.5\n        pi real = 3.\n", 6),
        ("        v += step_size\n", "        t real = 2.\n        v += step_size\n", 11),
        (
            "model some_neuron:\n",
            "model some_neuron:\n    function f(e real) real:\n        return e\n",
            2,
        ),
    ],
    ids=["state", "parameter", "local", "argument"],
)
def test_a_predefined_name_is_refused(tmp_path: Path, old: str, new: str, line: int) -> None:
    error = _error(tmp_path, _edited(NEURON, old, new))
    assert error.where == f"{tmp_path}/some_neuron.nestml:{line}"
    assert "predefined" in error.what


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "    input:\n",
            "    internals:\n        half real = eta / 2\n    input:\n",
            8,
            "homogeneous parameter 'eta' may not be used in internals",
        ),
        (
            "        post_spikes <- spike\n",
            "        post_spikes <- spike\n        reward <- spike\n",
            10,
            "volume-transmitter port",
        ),
        (
            "trace *= 0.9\n",
            "trace *= factor\n",
            19,
            "third factor 'factor' may not be read in the update",
        ),
        (
            "        factor real <- continuous\n",
            "        other real <- continuous\n",
            1,
            "no input port 'factor'",
        ),
        ("        w real = 1.\n", "        weight_ real = 1.\n", 1, "no variable 'w'"),
    ],
    ids=["homogeneous", "volume-transmitter", "update", "port", "weight"],
)
def test_a_synapse_that_would_be_wrong_is_refused(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    text = _edited(SYNAPSE, old, new)
    if "no variable" in message:
        text = text.replace("w += eta * factor * trace", "trace += 0").replace("(w)", "(weight_)")
    if "no input port" in message:
        text = text.replace("eta * factor", "eta * other")
    error = _error(tmp_path, NEURON, text)
    assert message in error.what
    assert error.where == f"{tmp_path}/some_synapse.nestml:{line}"


@pytest.mark.parametrize(
    ("new", "line", "message"),
    [
        ("        n integer = 3\n        m integer = 2\n        x real = n / m\n", 8, "remainder"),
        ("        n integer = 3\n        x[n] real = 2.0\n", 7, "size of 'x' is the parameter"),
    ],
    ids=["integer division", "vector"],
)
def test_what_cpp_would_read_otherwise_is_refused(
    tmp_path: Path, new: str, line: int, message: str
) -> None:
    old = "        step_size real = 1.5\n"
    error = _error(tmp_path, _edited(NEURON, old, old + new))
    assert error.where == f"{tmp_path}/some_neuron.nestml:{line}"
    assert message in error.what


def test_a_third_factor_that_the_neuron_lacks_is_refused(tmp_path: Path) -> None:
    text = _edited(NEURON, "        v real = 0.\n", "        u real = 0.\n")
    text = text.replace("v += step_size", "u += step_size").replace("v += exc", "u += exc")
    error = _error(tmp_path, text, SYNAPSE)
    assert "no state variable 'v', which synapse 'some_synapse' reads" in error.what


def test_an_error_in_what_a_statement_has_become_shows_the_users_line(tmp_path: Path) -> None:
    """The C++ of a statement follows its line in the model, among those of other blocks."""
    (tmp_path / "some_neuron.nestml").write_text(NEURON)
    family = Family(neuron("some_neuron", tmp_path / "some_neuron.nestml"))
    source = tmp_path / "module.cpp"
    source.write_text(
        """\
void f( bool x )
{
  // NESTML begin
  // NESTML some_neuron:11
  if ( x )
  {
    // NESTML begin
    // NESTML some_neuron:12
    int y = 0;
    // NESTML end
  }
  else
  {
    return undeclared_name;
  }
  // NESTML end
}
int g() { return FAULT; }
"""
    )
    with pytest.raises(ModelError) as caught:
        compilation.compile_module(source, tmp_path / "module.so", family.sources)
    assert caught.value.where == f"{tmp_path}/some_neuron.nestml:11"
    assert "undeclared_name" in caught.value.what and "v += step_size" in caught.value.what
    text = source.read_text().replace("return undeclared_name;", "")
    source.write_text(text.replace("FAULT", "undeclared_too"))
    with pytest.raises(ModelError) as caught:
        compilation.compile_module(source, tmp_path / "module.so", family.sources)
    assert caught.value.where == f"{source}:18"


def test_a_cpp_error_is_one_message(tmp_path: Path) -> None:
    source = tmp_path / "module.cpp"
    source.write_text("int f()\n{\n  return undeclared_name;\n}\n")
    with pytest.raises(ModelError) as caught:
        compilation.compile_module(source, tmp_path / "module.so")
    assert caught.value.where == f"{source}:3"
    assert "undeclared_name" in caught.value.what
    assert "return undeclared_name;" in caught.value.what


def test_a_missing_header_says_how_to_get_it(tmp_path: Path) -> None:
    source = tmp_path / "module.cpp"
    source.write_text("#include <ltdl_not_there.h>\n")
    with pytest.raises(EnvironmentProblem, match=r"ltdl_not_there.h is missing.*doctor"):
        compilation.compile_module(source, tmp_path / "module.so")


def test_a_source_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    source = tmp_path / "some_neuron.nestml"
    source.write_bytes(NEURON.replace("v real = 0.", "v real = 0. # \xe9").encode("latin-1"))
    with pytest.raises(ModelError, match=r"some_neuron\.nestml:3: .*not UTF-8"):
        _ = Family(neuron("some_neuron", source)).sources


def test_a_byte_order_mark_and_crlf_are_accepted(tmp_path: Path) -> None:
    """As editors on Windows write them."""
    source = tmp_path / "some_neuron.nestml"
    source.write_text("\ufeff" + NEURON.replace("\n", "\r\n"), encoding="utf-8")
    (tmp_path / "out").mkdir()
    family = Family(neuron("some_neuron", source))
    assert generate(family, "abc", tmp_path / "out", "3.10.0").neuron_class


def test_a_nestml_that_cannot_be_imported_is_not_the_models_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pynestml.py").write_text("raise ImportError('broken installation')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    source = tmp_path / "some_neuron.nestml"
    source.write_text(NEURON)
    (tmp_path / "out").mkdir()
    with pytest.raises(EnvironmentProblem, match="NESTML cannot be imported"):
        generate(Family(neuron("some_neuron", source)), "abc", tmp_path / "out", "3.10.0")
