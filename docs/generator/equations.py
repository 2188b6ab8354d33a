r"""Equations as they are typed in comments of NESTML files, as LaTeX.

``C_s dV_s/dt = (C_s/tau_s) [E_L - V_s] + I_s`` becomes
``C_{s}\,\frac{dV_{s}}{dt} = (C_{s} / \tau_{s})\,[E_{L} - V_{s}] + I_{s}``.

A reading that cannot go wrong badly: what is no symbol, number or operator stays the words it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

__all__ = ["is_equation", "latex"]

_GREEK = frozenset(
    {
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda",
        "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega", "Gamma", "Delta",
        "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega",
    }
)  # fmt: skip
_FUNCTIONS = {
    "exp": r"\exp", "ln": r"\ln", "log": r"\log", "sqrt": r"\sqrt", "min": r"\min",
    "max": r"\max", "sin": r"\sin", "cos": r"\cos", "tanh": r"\tanh",
    "round": r"\operatorname{round}", "floor": r"\operatorname{floor}", "sum": r"\textstyle\sum",
}  # fmt: skip
_OPERATORS = {
    "<-": r"\leftarrow", "->": r"\rightarrow", "<=": r"\le", ">=": r"\ge", "!=": r"\ne",
    "*": r"\cdot", "**": "^", "±": r"\pm", "×": r"\times", "<": r"\lt", ">": r"\gt",
    "%": r"\%", "…": r"\dots",
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<derivative>\bd(?P<of>[A-Za-z]\w*)\s*/\s*dt\b)"
    r"|(?P<gap>\s{3,})|(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*'?)"
    r"|(?P<operator><-|->|<=|>=|!=|\*\*|.)"
)


def is_equation(line: str) -> bool:
    """Whether a line of an indented block states something to be typeset."""
    return "``" not in line and '"' not in line and re.search(r"\s(=|<-|<|>=)\s", line) is not None


def latex(line: str, symbols: Collection[str]) -> str:
    """Typeset one line.

    Parameters
    ----------
    line : str
    symbols : collection of str
        Names that the model declares: whatever they look like, they are not words.
    """
    tokens = list(_TOKEN.finditer(line.strip()))
    parts: list[str] = []
    words: list[str] = []

    def flush() -> None:
        if words:
            parts.append(r"\text{ " + " ".join(words) + " }")
            words.clear()

    for index, token in enumerate(tokens):
        kind, text = token.lastgroup, token.group()
        if kind == "of":  # the group inside `derivative`
            kind = "derivative"
        if kind == "space":
            continue
        if kind == "gap":
            flush()
            parts.append(r"\qquad ")
            continue
        if kind == "name" and not _is_symbol(tokens, index, symbols):
            words.append(text)
            continue
        if kind == "operator" and text in ",;:." and words:
            words[-1] += text
            continue
        flush()
        if kind == "derivative":
            parts.append(rf"\frac{{d{symbol(token['of'])}}}{{dt}}")
        elif kind == "name":
            parts.append(_name(text))
        elif kind == "number":
            parts.append(text)
        else:
            parts.append(_OPERATORS.get(text, _escaped(text)))
    flush()
    return _grouped(_spaced(parts))


def symbol(name: str) -> str:
    r"""Typeset a name: ``tau_s`` as ``\tau_{s}``, ``g_exc_s`` as ``g_{\mathrm{exc},s}``."""
    base, *indices = name.rstrip("_").split("_")
    primed = base.endswith("'") or (indices and indices[-1].endswith("'"))
    base, indices = base.rstrip("'"), [index.rstrip("'") for index in indices]
    if len(base) > 1 and base not in _GREEK and indices:  # a word, not a letter with indices
        return r"\mathrm{" + name.rstrip("'").replace("_", r"\_") + "}"
    text = _letters(base)
    if indices:
        text += "_{" + ",".join(_letters(index) for index in indices if index) + "}"
    return rf"\frac{{d{text}}}{{dt}}" if primed else text


def _letters(text: str) -> str:
    if text in _GREEK:
        return rf"\{text}"
    if text == "dt":
        return r"\Delta t"
    return text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{text}}}"


def _name(text: str) -> str:
    return _FUNCTIONS.get(text) or symbol(text)


def _is_symbol(tokens: Sequence[re.Match[str]], index: int, symbols: Collection[str]) -> bool:
    """Whether a name stands for something, or is a word of English."""
    text = tokens[index].group()
    plain = text.rstrip("'")
    around = [token.group() for token in tokens[max(0, index - 2) : index + 3]]
    beside = [other for step in (-1, 1) if (other := _neighbour(tokens, index, step)) is not None]
    if text in _FUNCTIONS:
        return _neighbour(tokens, index, 1) == "(" or (text == "sum" and "of" not in around)
    if plain in {"a", "A", "I"}:  # also words: a symbol only between operators
        return not any(other.isalpha() and len(other) > 1 for other in beside)
    following = tokens[index + 1 : index + 2]
    called = bool(following) and following[0].group() == "("
    return (
        plain in symbols or "_" in plain or plain in _GREEK or len(plain) == 1 or plain == "dt"
        or text.endswith("'") or called
    )  # fmt: skip


def _neighbour(tokens: Sequence[re.Match[str]], index: int, step: int) -> str | None:
    at = index + step
    while 0 <= at < len(tokens):
        if tokens[at].lastgroup == "gap":
            return None
        if tokens[at].lastgroup != "space":
            return tokens[at].group()
        at += step
    return None


def _escaped(text: str) -> str:
    return rf"\{text}" if text in "#$&_{}" else text


_NO_SPACE = frozenset("([{^") | frozenset(_FUNCTIONS.values())


def _spaced(parts: Sequence[str]) -> list[str]:
    r"""Put ``\,`` between factors that stand side by side."""
    spaced: list[str] = []
    for part in parts:
        before = spaced[-1] if spaced else ""
        factor = bool(re.match(r"[A-Za-z0-9(\[]|\\(?:frac|mathrm|[A-Za-z]+(?:$|_))", part))
        ends = bool(re.search(r"[A-Za-z0-9)\]}]$", before)) and before not in _OPERATORS.values()
        call = part in {"(", "["} and bool(re.fullmatch(r"[A-Za-z]|\\[a-z]+(\{\w+\})?", before))
        if (
            factor
            and ends
            and before not in _NO_SPACE
            and not before.startswith((r"\text{", r"\qquad"))
            and not part.startswith((r"\qquad", r"\cdot", r"\le", r"\ge", r"\ne", r"\right"))
            and not part.startswith((r"\text{", r"\pm", r"\times", r"\lt", r"\gt", r"\dots"))
            and not call
        ):
            spaced.append(r"\,")
        spaced.append(part)
    return spaced


def _grouped(parts: Sequence[str]) -> str:
    """Join, with exponents and radicands in braces."""
    result: list[str] = []
    index = 0
    while index < len(parts):
        part = parts[index]
        index += 1
        result.append(part)
        if part not in {"^", r"\sqrt"} or index == len(parts):
            continue
        inner, depth = [], 0
        while index < len(parts):
            inner.append(parts[index])
            depth += (parts[index] == "(") - (parts[index] == ")")
            index += 1
            if depth == 0:
                break
        if inner[0] == "(" and inner[-1] == ")":
            inner = inner[1:-1]
        result.append("{" + _grouped(inner) + "}")
    return " ".join(result)
