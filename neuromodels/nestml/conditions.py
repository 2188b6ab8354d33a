"""Conditions of a neuron that are about time, looked at once for all neurons of its class.

``onCondition(steps(t) % 4 == 1 and x > 0)`` can hold in every fourth step only, whatever `x` is.
Such a part of a condition is the same for all neurons, so the call for the first of them
(`neuromodels.nestml.updates`) evaluates it.  A part about parameters is the same for a neuron as
long as nobody sets them.  So a class that does nothing between its conditions rests in steps in
which none of them can hold for any neuron, and nothing has come; but for neurons that somebody
records from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from neuromodels.nestml.rewriting import closing, code, substitute

_MOST = 64
"""Conditions that `neuromodels::Inputs::Step` has room for."""

_TIME = re.compile(
    r"std::\w+|nest::Time::ms|nest::Time|get_steps|get_t|\bdouble\b"
    r"|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[\s().,+\-*/%<>=!&|]"
)

_IF = re.compile(r"\s*if \(")

_BODY = re.compile(
    r"(?P<begin>::__update_one\(.*?)(?P<take>const auto received = [^;]*;)(?P<before>.*?)"
    r"(?P<handlers>/\*\*\s*\* Begin NESTML generated code for the onReceive block\(s\).*?)"
    r"(?P<after>/\*\*\s*\* subthreshold updates of the convolution variables\s*\*\s*\* step 2.*?)"
    r"(?P<mark>\* Begin NESTML generated code for the onCondition block\(s\)\s*\*\*/\n)"
    r"(?P<conditions>.*?)(?P<ports>/\*\*\s*\* handle continuous input ports.*?)"
    r"(?P<end>if \( logs \))",
    re.DOTALL,
)


def _conjuncts(condition: str) -> list[str]:
    """Parts of a condition that all have to hold."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[()]|&&|\|\|", condition):
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        elif depth == 0 and found[0] == "||":
            return [condition]
        elif depth == 0:
            parts.append(condition[start : found.start()])
            start = found.end()
    return [part.strip() for part in (*parts, condition[start:])]


def _is_about_time(part: str) -> bool:
    return "get_t()" in part and not _TIME.sub("", part)


def _is_settled(part: str) -> bool:
    """Whether only parameters, and internals, are in it."""
    return "get_t()" not in part and not _TIME.sub("", re.sub(r"\b[PV]_\.\w+", "", part))


def internals_are_settled(source: str) -> bool:
    """Whether the internals of a neuron depend on parameters alone."""
    internals = re.search(r"::recompute_internal_variables\([^)]*\)\s*\{.*?\n\}", source, re.DOTALL)
    return internals is not None and not re.search(r"\bS_\.|_rng\b|random", internals[0])


@dataclass
class _Conditions:
    """C++ of conditions, of what time and parameters say, and whether there is nothing else."""

    text: str
    timed: list[str]
    settled: list[str]
    alone: bool


def _split(text: str) -> _Conditions | None:
    """Take time out of the conditions in a piece of C++; None if it is not a row of them."""
    result: list[str] = []
    timed: list[str] = []
    settled: list[str] = []
    alone, at = True, 0
    while found := _IF.match(text, at):
        condition_end = closing(text, found.end() - 1)
        begin = text.find("{", condition_end)
        end = closing(text, begin) if begin >= 0 else -1
        if condition_end < 0 or end < 0 or text[condition_end:begin].strip():
            return None
        condition = text[found.end() : condition_end - 1]
        parts = _conjuncts(condition)
        about_time = [part for part in parts if _is_about_time(part)]
        if not about_time or "drand" in condition or len(timed) == _MOST:
            alone = False
            result.append(text[at:end])
        else:
            rest = [part for part in parts if part not in about_time]
            bit = f"steps[ lag ].holds( {len(timed)} )"
            timed.append(" && ".join(about_time))
            settled.append(" && ".join(filter(_is_settled, parts)) or "true")
            result.append(f"{found[0]}{' && '.join([bit, *rest])}){text[condition_end:end]}")
        at = end
    if code(text[at:]).strip():
        return None
    return _Conditions("".join(result) + text[at:], timed, settled, alone)


_LOOK = """\
const auto look = [ & ]( const long lag )
  {{
    [[maybe_unused]] const auto get_t = [ & ]
    {{
      return nest::Time( nest::Time::step( origin.get_steps() + lag + 1 ) ).get_ms();
    }};
    return {timed};
  }};
  const auto may = []( const nest::Node* node )
  {{
    using Self = std::decay_t< decltype( *this ) >;
    [[maybe_unused]] const auto& of = *static_cast< const Self* >( node );
    return {settled};
  }};
  const auto* steps = inputs.steps( from, to, origin_steps, {rests}, look, may );"""

_REST = """\
  if ( neuromodels::Inputs::idle( steps + from, steps + to ) )
  {
    inputs.order().for_logged( run, update );
    return;
  }
\\g<0>"""


def _bits(conditions: list[str]) -> str:
    """C++ of a number whose bit k says whether condition k holds."""
    bits = [f"static_cast< unsigned long >( {c} ) << {k}" for k, c in enumerate(conditions)]
    return "".join(f"\n      | {bit}" for bit in bits).removeprefix("\n      | ") or "0UL"


def look_once(source: str, file: Path) -> str:
    """Let time be looked at once for all neurons that are updated together.

    Parameters
    ----------
    source : str
        C++ of a neuron that `neuromodels.nestml.updates.update_in_runs` has changed.
    file : Path
        Named in errors.

    Raises
    ------
    ModelError
        The generated code looks different.
    """
    what = "find the conditions of a neuron"
    body = _BODY.search(source)
    found = _split(body["conditions"]) if body else None
    timed = found.timed if found else []
    rests = False
    if body and found and timed:
        between = code(body["before"] + body["after"] + body["ports"])
        rests = found.alone and not re.sub(r"[/*\s]", "", between)
        source = source[: body.start("conditions")] + found.text + source[body.end("conditions") :]
    settled = [re.sub(r"\b([PV]_\.)", r"of.\1", part) for part in found.settled] if found else []
    if not internals_are_settled(source):
        settled = ["true" if "V_." in part else part for part in settled]
    look = _LOOK.format(timed=_bits(timed), settled=_bits(settled), rests=str(rests).lower())
    source = substitute(
        r"const auto\* steps = inputs\.steps\( from, to \);",
        look.replace("\\", r"\\"),
        source,
        what,
        file,
    )
    if not rests:
        return source
    source = substitute(r"  for \( const auto\* it = run\.first;", _REST, source, what, file)
    return substitute(
        r"(::__update_one\([^{]*\{[^{]*for \( long lag = from ; lag < to ; \+\+lag \)\s*\{)",
        r"\1\n    if ( steps[ lag ].idle and not logs )\n    {\n      continue;\n    }",
        source,
        what,
        file,
    )
