"""Physical units: each number is astropy's conversion of it, wherever it stands in a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from astropy import units
from small_plugins import neuron, registered

import neuromodels
from neuromodels.errors import ModelError
from neuromodels.nestml.family import Family
from neuromodels.nestml.generate import generate

# The quantities that NESTML rescales, each with NEST's unit of it.
NESTS = {"s": "ms", "V": "mV", "A": "pA", "S": "nS", "F": "pF", "Ohm": "GOhm"}
PREFIXES = ("f", "p", "n", "u", "m", "", "k", "M", "G")
PAIRS = [
    (f"{base}_{prefix or 'one'}", nests, prefix + base)
    for base, nests in NESTS.items()
    for prefix in PREFIXES
]

# Expressions with other units: what takes the value, the expression, and its value.
PARAMETERS = """
        k Hz = 100 Hz
        fast MHz = 5 MHz
        alpha kHz = 0.1 kHz
        tau ms = 10 ms
        tau_s s = 0.01 s
        i pA = 50 pA
        R MOhm = 40 MOhm
        cc nF = 0.1 nF
        n integer = 3
"""
EXPRESSIONS = {
    "v_i mV": ("i * (1 MOhm)", 0.05),
    "v_R mV": ("R * (100 pA)", 4.0),
    "v_sum mV": ("R * i + 1 mV", 3.0),
    "v_rsum uV": ("1 mV + R * i", 3000.0),
    "x_product real": ("fast * (1 us)", 5.0),
    "x_ratio real": ("k / (1 kHz)", 0.1),
    "r_inverse Hz": ("3 / (1 s)", 3.0),
    "r_sum Hz": ("1 / (1 s) + k", 101.0),
    "r_kHz Hz": ("k + 1 kHz", 1100.0),
    "r_tau kHz": ("1 / tau", 0.1),
    "x_kk real": ("alpha * tau", 1.0),
    "t_max ms": ("max(tau, 1 s)", 1000.0),
    "t_maxs s": ("max(tau, 0.001 s)", 0.01),
    "x_exp real": ("exp(-tau / (1 s))", np.exp(-0.01)),
    "t_per ms": ("1 / (100 Hz)", 10.0),
    "t_day ms": ("3 d", 2.592e8),
    "t_h ms": ("3 h", 1.08e7),
    "v_square mV": ("((2 V)**2 * (1 uV)) / (1 mV)**2 * 0.5", 2e3),
    "v_root mV": ("((4 V) * (1 mV))**0.5", 63.245553203367585),
    "v_pow real": ("pow((2 V) / (1 mV), 2)", 4e6),
    "v_if mV": ("tau > 0.001 s ? 2 V : 1 mV", 2000.0),
    "v_negative mV": ("-1 V * 2", -2000.0),
    "c_sum pF": ("cc + 1 pF", 101.0),
    "q_time ms": ("(cc * (2 mV)) / (i * 2)", 2.0),
    "v_scaled mV": ("1 mV * n", 3.0),
    "v_scaled2 mV": ("-1 mV * n * (2 ms) / (1 ms)", -6.0),
    "v_scaled3 mV": ("6 mV / n", 2.0),
    "v_scaled4 V": ("6 mV / n * n / n", 0.002),
    "x_over real": ("n / 2 mV * n * (1 V)", 4500.0),
    "x_floor real": ("floor(tau_s / (1 ms))", 10.0),
    "x_steps real": ("steps(tau_s)", 100.0),
    "v_called mV": ("doubled(1 V)", 2000.0),
    "x_res real": ("resolution() / (1 s)", 1e-4),
    "v_clip mV": ("clip(3 V, -1 mV, 2 V)", 2000.0),
    "x_abs real": ("abs(-2 V) / (1 mV)", 2000.0),
}


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)


def _model() -> str:
    """Every unit as a type, a literal and an operand; every expression."""
    declared = list(EXPRESSIONS)
    return f"""\
model unit_neuron:
    state:
{_lines(f"literal_{name} {nests} = 3 {unit}" for name, nests, unit in PAIRS)}
{_lines(f"typed_{name} {unit} = 3 {nests}" for name, nests, unit in PAIRS)}
{_lines(f"later_{name} {nests} = 0 {nests}" for name, nests, unit in PAIRS)}
{_lines(f"sum_{name} {nests} = 0 {nests}" for name, nests, unit in PAIRS)}
{_lines(f"{name} = 0 {name.split()[1] if name.split()[1] != 'real' else ''}" for name in declared)}
        weight real = 0
        rate Hz = 0 Hz
        rate_k kHz = 0 kHz
        current pA = 0 pA
    parameters:
{_lines(f"given_{name} {unit} = 3 {unit}" for name, nests, unit in PAIRS)}
{PARAMETERS}
    function doubled(v uV) V:
        return 2 * v
    input:
        exc <- spike
    output:
        spike
    update:
{_lines(f"later_{name} = 3 {unit}" for name, nests, unit in PAIRS)}
{_lines(f"sum_{name} = 2 * (given_{name} + 1 {nests})" for name, nests, unit in PAIRS)}
{_lines(f"{name.split()[0]} = {text}" for name, (text, _) in EXPRESSIONS.items())}
        if weight > 1000:
            emit_spike()
    onReceive(exc):
        weight += exc
        rate += exc
        rate_k += exc
        current += exc * (1 nA) * (1 s)
"""


# Equations: state variable, right-hand side, value after 10 ms.
EQUATIONS = {
    "V1 mV": ("(0.25 nA) / cc", 25.0),
    "V2 mV": ("(1 uS) * (1 mV) / cc", 100.0),
    "V3 mV": ("(0.02 V) / tau", 20.0),
    "I1 pA": ("(1 nA) / tau", 1000.0),
    "x1 real": ("-x1 / (0.01 s)", np.exp(-1)),
    "x2 real": ("-k * x2", np.exp(-1)),
    "x3 real": ("k", 2.0),
    "x4 real": ("100 Hz", 2.0),
    "x5 real": ("-x5 * (alpha + k)", np.exp(-2)),
    "V4 mV": ("(-V4 + R * i) / tau_s", 2.0 * (1 - np.exp(-1))),
    "V5 V": ("(0.02 V) / tau", 0.02),
    "V6 mV": ("1 mV * k", 1.0),
    "t1 ms": ("-1e3 * (1 ms) / (1 s)", -10.0),
    "t2 ms": ("-1", -10.0),
    "q1 s": ("-1", -0.01),
    "V7 mV": ("inlined / tau", 20.0),
    "x6 real": ("-x6 / tau + exc", 3.0 * np.exp(-0.5)),
    "V8 mV": ("-V8 / tau_s + 1 V * exc", 3000.0 * np.exp(-0.5)),
    "V9 mV": ("convolve(decay, exc) * (1 V) / (1 s)", 3.0 * 10 * (1 - np.exp(-0.5))),
}
PREFIXED = [pair for pair in PAIRS if pair[0].split("_")[1] in ("f", "u", "one", "G")]


def _equations() -> str:
    initial = {name: "1" if name in ("x1 real", "x2 real", "x3 real", "x4 real", "x5 real") else "0"
               for name in EQUATIONS}  # fmt: skip
    return f"""\
model unit_equations_neuron:
    state:
{_lines(f"{n} = {v} {n.split()[1].replace('real', '')}" for n, v in initial.items())}
{_lines(f"y_{name} {nests} = 0 {nests}" for name, nests, unit in PREFIXED)}
    equations:
        kernel decay = exp(-t / tau_s)
        inline inlined mV = 0.02 V
{_lines(f"{name.split()[0]}' = {text}" for name, (text, _) in EQUATIONS.items())}
{_lines(f"y_{name}' = (3 {unit}) / tau" for name, nests, unit in PREFIXED)}
    parameters:
{PARAMETERS}
    input:
        exc <- spike
    output:
        spike
    update:
        integrate_odes()
    onCondition(x1 > 100):
        emit_spike()
"""


def _installed(nest: ModuleType, tmp_path: Path, text: str) -> Iterator[ModuleType]:
    name = text.split(":")[0].split()[1]
    (tmp_path / f"{name}.nestml").write_text(text)
    with registered(neuron(name, tmp_path / f"{name}.nestml")):
        neuromodels.install(name)
        yield nest.Create(name)


def _factor(source: str, target: str) -> float:
    return float(units.Unit(source).to(units.Unit(target)))


def test_every_unit_is_converted_everywhere(nest: ModuleType, tmp_path: Path) -> None:
    for cell in _installed(nest, tmp_path, _model()):
        generator = nest.Create("spike_generator", params={"spike_times": [1.0]})
        nest.Connect(generator, cell, syn_spec={"weight": 3.0, "receptor_type": 0})
        before = cell.get()
        nest.Simulate(5.0)
        after = cell.get()
    for name, nests, unit in PAIRS:
        right = 3 * _factor(unit, nests)
        assert before[f"literal_{name}"] == pytest.approx(right, rel=1e-12), name
        assert before[f"typed_{name}"] == pytest.approx(3 * _factor(nests, unit), rel=1e-12), name
        assert before[f"given_{name}"] == 3.0, name
        assert after[f"later_{name}"] == pytest.approx(right, rel=1e-12), name
        assert after[f"sum_{name}"] == pytest.approx(2 * (right + 1), rel=1e-12), name
    for name, (text, value) in EXPRESSIONS.items():
        assert after[name.split()[0]] == pytest.approx(value, rel=1e-12), text
    assert after["weight"] == after["rate"] == 3.0
    assert after["rate_k"] == pytest.approx(0.003, rel=1e-12)
    assert after["current"] == pytest.approx(3000.0, rel=1e-12)


def test_every_equation_is_in_milliseconds(nest: ModuleType, tmp_path: Path) -> None:
    for cell in _installed(nest, tmp_path, _equations()):
        generator = nest.Create("spike_generator", params={"spike_times": [4.0]})
        nest.Connect(generator, cell, syn_spec={"weight": 3.0, "receptor_type": 0, "delay": 1.0})
        nest.Simulate(10.0)
        after = cell.get()
    for name, (text, value) in EQUATIONS.items():
        assert after[name.split()[0]] == pytest.approx(value, rel=1e-9), text
    for name, nests, unit in PREFIXED:
        assert after[f"y_{name}"] == pytest.approx(3 * _factor(unit, nests), rel=1e-9), name


def test_what_is_set_is_in_the_declared_unit(nest: ModuleType, tmp_path: Path) -> None:
    """Create, GetDefaults, show and the equations agree."""
    text = """\
model megohm_neuron:
    state:
        V_m mV = E_L
    equations:
        V_m' = (-(V_m - E_L) + R * I_e) / tau_m
    parameters:
        E_L mV = -70 mV
        R MOhm = 20 MOhm
        I_e pA = 100 pA
        tau_m ms = 10 ms
    output:
        spike
    update:
        integrate_odes()
    onCondition(V_m > 0 mV):
        emit_spike()
"""
    (tmp_path / "megohm_neuron.nestml").write_text(text)
    with registered(neuron("megohm_neuron", tmp_path / "megohm_neuron.nestml")):
        neuromodels.install("megohm_neuron")
        assert nest.GetDefaults("megohm_neuron")["R"] == 20.0
        cell = nest.Create("megohm_neuron", params={"R": 40.0})
        nest.Simulate(500.0)
        assert cell.V_m == pytest.approx(-66.0, abs=1e-9)


BAD = """\
model bad_unit_neuron:
    state:
        x real = 0
        v mV = 0 mV
    parameters:
        R MOhm = 40 MOhm
        I nA = 1 nA
    input:
        stim {port} <- continuous
    output:
        spike
    update:
        {line}
        if v > 0 mV:
            emit_spike()
"""


@pytest.mark.parametrize(
    ("port", "line", "message"),
    [
        ("pA", "x = R", "x mixes a number without a unit and a quantity in"),
        ("pA", "x = 3 nA", "not one of NEST's units"),
        ("pA", "x = exp(I)", "an argument of exp mixes"),
        ("pA", "x = I > 2 ? 1 : 0", "the comparison mixes"),
        ("nA", "x = 1", "the continuous port 'stim' is in nA"),
    ],
    ids=["parameter", "literal", "argument", "comparison", "port"],
)
def test_a_number_whose_unit_is_ambiguous_is_refused(
    tmp_path: Path, port: str, line: str, message: str
) -> None:
    source = tmp_path / "bad_unit_neuron.nestml"
    source.write_text(BAD.format(port=port, line=line))
    (tmp_path / "work").mkdir()
    with pytest.raises(ModelError, match=message) as caught:
        generate(Family(neuron("bad_unit_neuron", source)), "x", tmp_path / "work", "3.10.0")
    assert caught.value.where == f"{source}:{9 if port == 'nA' else 13}"
