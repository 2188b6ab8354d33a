"""Equations of comments as LaTeX, and LaTeX as MathML."""

from __future__ import annotations

import pytest
from generator import equations

SYMBOLS = {"w_s", "w", "a", "b", "I_s", "learning", "burst_valence", "x", "u"}


@pytest.mark.parametrize(
    ("typed", "typeset"),
    [
        ("tau_s dV_s/dt = -V_s + I_s", r"\tau_{s} \, \frac{dV_{s}}{dt} = - V_{s} + I_{s}"),
        ("V_m' = -V_m / tau_m", r"\frac{dV_{m}}{dt} = - V_{m} / \tau_{m}"),
        ("g_exc_s (E_exc - V_s)", r"g_{\mathrm{exc},s} \, ( E_{\mathrm{exc}} - V_{s} )"),
        ("w <- w + b at a spike", r"w \leftarrow w + b \text{ at a spike }"),
        ("a (V_m - E_L) - w", r"a ( V_{m} - E_{L} ) - w"),
        ("(1 - dt/tau_D)^n", r"( 1 - \Delta t / \tau_{D} ) ^ {n}"),
        ("x^(a + b)", "x ^ {a + b}"),
        ("S(t) = sqrt(n(t))", r"S ( t ) = \sqrt {n ( t )}"),
        ("learning * burst_valence", r"\mathrm{learning} \cdot \mathrm{burst\_valence}"),
        ("P = min(1, burst rate / event rate)",
         r"P = \min ( 1 , \text{ burst rate } / \text{ event rate } )"),
        ("u <= 1      always", r"u \le 1 \qquad  \text{ always }"),
    ],
)  # fmt: skip
def test_typeset(typed, typeset):
    assert equations.latex(typed, SYMBOLS) == typeset


def test_what_is_an_equation():
    assert equations.is_equation("w <- w + 1 at a spike")
    assert not equations.is_equation("PV          10 nS  2 mV     -48 mV")
    assert not equations.is_equation("phase 0   inputs draw x(t)")


def test_mathml_is_well_formed():
    pytest.importorskip("latex2mathml")
    import xml.etree.ElementTree as ET

    from generator import mathml

    lines = [equations.latex("tau dw/dt = -w^2 + sqrt(x) if x < 1", SYMBOLS), r"x \cdot y"]
    body = " \\\\\n".join(lines)
    text = mathml.convert(f"\\begin{{array}}{{l}}\n{body}\n\\end{{array}}", block=True)
    root = ET.fromstring(text)
    assert root.tag.endswith("math")
    assert len(root.findall(".//{*}mtr")) == 2


def test_equations_of_all_models_are_typeset_without_rest():
    pytest.importorskip("latex2mathml")
    import re
    import xml.etree.ElementTree as ET

    from generator import mathml, models

    from neuromodels.registry import registry

    n_equations = 0
    for name, page in models.pages(registry()).items():
        for body in re.findall(r"```\{math\}\n(.*?)\n```", page, re.DOTALL):
            shown = "".join(ET.fromstring(mathml.convert(body, block=True)).itertext())
            assert not set(shown) & set("\\{}&`"), (name, shown)
            n_equations += 1
    assert n_equations > 20
