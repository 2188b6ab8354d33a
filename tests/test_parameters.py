"""Parameters: units, types, ranges, suggestions, and the way to disk and back."""

import json
import subprocess
import sys
from typing import Literal

import pint
import pytest

from neuromodels.errors import ParameterError, UnknownNameError
from neuromodels.parameters import _PREFIXES, Parameters, _convert_unit, parameter


class Schema(Parameters):
    rate: float = parameter(5.0, unit="Hz", ge=0, le=1000, doc="A rate", source="Table 1")
    pause: float = parameter(500, unit="ms", gt=0, doc="A time")
    current: float | None = parameter(None, unit="pA", doc="A current, or none")
    share: float = parameter(50, unit="%", ge=0, le=100, doc="A share")
    gain: float = parameter(0.1, unit="", doc="A pure number")
    n_neurons: int = parameter(500, unit="", ge=1, doc="A count")
    delays: list[float] = parameter([1, 2], unit="ms", gt=0, doc="A list")
    pair: tuple[float, float] = parameter((1, 2), unit="mV", doc="A pair")
    learning: bool = parameter(True, unit="", doc="A switch")
    mode: Literal["adaptive", "fixed"] = parameter("adaptive", unit="", doc="A word")
    label: str = parameter("a", unit="", choices=["a", "b"], doc="A choice")


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        (7, "rate", 7.0),
        ("7", "rate", 7.0),
        ("0.02 kHz", "rate", 20.0),
        ("20/s", "rate", 20.0),
        ("20 1/s", "rate", 20.0),
        ("25 s", "pause", 25000.0),
        ("25s", "pause", 25000.0),
        (" 1e-3 s ", "pause", 1.0),
        ("5 us", "pause", 0.005),
        ("0.2 nA", "current", 200.0),
        ("none", "current", None),
        (None, "current", None),
        ("30 %", "share", 30.0),
        ("5 %", "gain", 0.05),
        ("0.3", "gain", 0.3),
        ("1_000", "n_neurons", 1000),
        ("2e3", "n_neurons", 2000),
        (40.0, "n_neurons", 40),
        ("1, 2, 3", "delays", [1.0, 2.0, 3.0]),
        ("1, 2, 3 s", "delays", [1000.0, 2000.0, 3000.0]),
        ("[1, 2] s", "delays", [1000.0, 2000.0]),
        ("1 s, 2 ms", "delays", [1000.0, 2.0]),
        (["1 s", 2], "delays", [1000.0, 2.0]),
        ("-70 mV, 0.01 V", "pair", (-70.0, 10.0)),
        ("off", "learning", False),
        (1, "learning", True),
        ("fixed", "mode", "fixed"),
        ("b", "label", "b"),
        ({"value": 2, "unit": "s"}, "pause", 2000.0),
    ],
)
def test_values_are_read_in_any_unit_of_their_dimension(given, name, expected):
    value = getattr(Schema.resolve({name: given}), name)
    assert value == expected
    assert type(value) is type(expected)


def test_pint_quantities_of_any_registry():
    assert Schema.resolve({"pause": pint.UnitRegistry().Quantity(2, "second")}).pause == 2000.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate": "5 mV"}, "c/x: rate: '5 mV' is not a rate (give a value in Hz"),
        ({"rate": "5 nonsense"}, "'nonsense' is not a unit"),
        ({"rate": "fast"}, "'fast' is not a number (give a number in Hz)"),
        ({"rate": -1}, "-1 Hz is out of range (give a value >= 0 Hz and <= 1000 Hz)"),
        ({"rate": "2 kHz"}, "2000 Hz is out of range"),
        ({"rate": float("nan")}, "not finite"),
        ({"rate": "1e999"}, "not finite"),
        ({"rate": None}, "rate: None is not accepted"),
        ({"rate": [1]}, "rate: [1] is not accepted"),
        ({"rate": True}, "True is not a number"),
        ({"pause": "0 s"}, "0 ms is out of range (give a value > 0 ms)"),
        ({"gain": "3 mV"}, "give a pure number"),
        ({"n_neurons": "2.5"}, "2.5 is not a whole number"),
        ({"n_neurons": 0}, "0 is out of range (give a value >= 1)"),
        ({"delays": [1, -2]}, "delays: -2 ms is out of range"),
        ({"pair": [1, 2, 3]}, "pair: "),
        ({"learning": "maybe"}, "give true or false"),
        ({"mode": "other"}, "'adaptive' or 'fixed'"),
        ({"label": "c"}, "choose from a, b"),
    ],
)
def test_what_is_not_accepted_says_what_is(given, message):
    with pytest.raises(ParameterError) as caught:
        Schema.resolve(given, where="c/x")
    assert message in str(caught.value)
    assert str(caught.value).startswith("c/x: ")
    assert "\n" not in str(caught.value)


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no parameter 'raet' \(did you mean rate\?\)"):
        Schema.resolve({"raet": 1})
    with pytest.raises(UnknownNameError):
        Schema(raet=1)


def test_instances_are_immutable():
    with pytest.raises(Exception, match="frozen"):
        Schema().rate = 3


def test_as_dict_round_trips_through_json():
    original = Schema.resolve({"rate": 0.1 + 0.2, "delays": [0.1, 1e-7], "current": -3})
    content = json.loads(json.dumps(original.as_dict()))
    assert content["rate"] == {"value": 0.1 + 0.2, "unit": "Hz"}
    assert Schema.resolve(content) == original


def test_describe_is_json_with_everything_a_user_needs():
    described = {entry["name"]: entry for entry in json.loads(json.dumps(Schema.describe()))}
    assert described["rate"] == {
        "name": "rate",
        "type": "float",
        "default": 5.0,
        "unit": "Hz",
        "range": ">= 0 Hz and <= 1000 Hz",
        "choices": None,
        "doc": "A rate",
        "source": "Table 1",
    }
    assert described["current"]["type"] == "float or none"
    assert described["delays"]["type"] == "list of float"
    assert described["mode"]["choices"] == ["adaptive", "fixed"]
    assert described["label"]["choices"] == ["a", "b"]


def test_json_schema_carries_unit_and_range():
    rate = Schema.model_json_schema()["properties"]["rate"]
    assert (rate["unit"], rate["minimum"], rate["maximum"]) == ("Hz", 0, 1000)


def test_a_default_must_fulfil_its_own_declaration():
    class Wrong(Parameters):
        n: int = parameter(0, unit="", ge=1, doc="Never valid")

    with pytest.raises(ParameterError, match="out of range"):
        Wrong.resolve({})


def test_fields_without_declaration_are_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match=r"n: declare it with neuromodels\.parameter"):

        class Undeclared(Parameters):
            n: int = 3


def test_numbers_need_no_unit_library():
    code = (
        "import sys; from neuromodels.parameters import Parameters, parameter\n"
        "class S(Parameters):\n    t: float = parameter(1, unit='ms', gt=0, doc='t')\n"
        "S.resolve({'t': '5'}); S.describe(); S.resolve(S(t=3).as_dict())\n"
        "assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("base", ["s", "Hz", "V", "A", "S", "F"])
def test_decimal_prefixes_are_what_pint_says(base):
    """They are converted without pint, which takes long to load."""
    units = pint.UnitRegistry()
    for given in _PREFIXES:
        for unit in _PREFIXES:
            expected = units.Quantity(7.0, given + base).to(unit + base).magnitude
            got = _convert_unit(7.0, given + base, unit + base, "x", "7")
            assert got == pytest.approx(expected, rel=1e-14)


def test_simple_units_need_no_pint():
    code = """
import sys
from neuromodels import Parameters, parameter
class P(Parameters):
    pause: float = parameter("25 s", unit="ms", doc="A time")
assert P.resolve({"pause": "5 us"}).pause == 0.005
assert "pint" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("text", ["1,5", "1;5", "1,5 ms"])
def test_a_decimal_comma_is_no_unit(text):
    with pytest.raises(ParameterError, match="is not a number"):
        Schema.resolve({"pause": text})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("rate", "1, 2,3", ["1", "2", "3"]),
        ("pause", "1 s,2 s", ["1 s", "2 s"]),
        ("pause", "1, 2, 3 s", ["1 s", "2 s", "3 s"]),
        ("label", "a,b", ["a", "b"]),
        ("delays", "1, 2, 3", ["1, 2, 3"]),
        ("delays", "[1, 2] s, [3]", ["[1, 2] s", "[3]"]),
        ("pair", "[1, 2],[3, 4] mV", ["[1, 2]", "[3, 4] mV"]),
    ],
)
def test_values_to_sweep_over(name, text, expected):
    found = Schema.alternatives(name, text)
    assert found == expected
    for value in found:
        Schema.resolve({name: value})


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("rat", "1", UnknownNameError),
        ("rate", " , ", ParameterError),
        ("pair", "", ParameterError),
        ("pair", "[", ParameterError),
    ],
)
def test_no_values_to_sweep_over(name, text, error):
    with pytest.raises(error):
        Schema.alternatives(name, text)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rate", "9" * 400, "not finite|too large"),
        ("rate", "9" * 5000, "not finite|too large"),
        ("n_neurons", "9" * 400, "too large"),
        ("n_neurons", 10**400, "too large"),
        ("rate", 10**400, "too large"),
        ("rate", "1 10**10**10 Hz", "is not a unit"),
        ("rate", "1 Hz**9**9**9", "is not a unit"),
        ("rate", "1 (Hz)**(9**9)", "is not a unit"),
        ("rate", "1 " + "Hz " * 10_000, "is not a unit"),
        ("rate", "1 9^9^9^9", "is not a unit"),
        ("label", "x" * 10**6, "is not accepted"),
        ("delays", [[[["x"] * 9] * 9] * 9] * 9, "is not accepted"),
    ],
)
def test_values_without_measure_are_refused_at_once(name, text, message):
    with pytest.raises(ParameterError, match=message) as caught:
        Schema.resolve({name: text})
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("unit", ["1/s", "s^-1", "s**-1", "kHz"])
def test_units_that_are_still_understood(unit):
    factor = 1000.0 if unit == "kHz" else 1.0
    assert Schema.resolve({"rate": f"0.5 {unit}"}).rate == 0.5 * factor
