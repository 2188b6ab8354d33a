"""What the names of the reference's table say, in words."""

from __future__ import annotations

import re

QUANTITIES = {
    "phiE": "mean rate of the excitatory population",
    "I": "inhibition",
    "S": "relevance signal",
    "beta": "temporal-difference error",
    "maxy": "largest output as published, a ratio whose denominator crosses zero",
    "yraw": "output of the amygdala",
    "pact": "share of the time in which the output of the amygdala is positive",
    "P_active": "share of the time in which the output of the amygdala is positive",
    "w": "mean weight, input to inhibitory",
    "W": "mean weight, input to excitatory",
    "q": "strength of the inhibition of excitatory units, mean",
    "acc": "share of right answers of the classifier",
    "loss": "loss of the classifier",
}
"""Quantity, as names begin or end with it -> words."""

_STATE = {
    "b_I_pre": "learnt bias of inhibition at the end of the time before training",
    "pre_I_last10": "inhibition, last 10 s before training",
    "pre_S_last10": "relevance signal, last 10 s before training",
    "mphi_last100": "mean rate of the excitatory population, last 100 s",
    "rateE_last100": "rate of excitatory spikes, last 100 s",
    "W_E2y_mean": "mean weight, excitatory to classifier",
    "W_x2E_mean": "mean weight, input to excitatory",
    "b_y_mean": "mean bias of the classifier",
}
_CLASSIFIER = {
    "time_to_90pct(5-test running mean)": "time (s) until 90 % are right, over five tests",
    "final10s": "last 10 s",
    "n_tests_100pct_of_500": "tests, of 500, in which all are right",
    "nonfinite_steps": "steps in which it is not finite",
}
_WORDS = (
    (r"^first1$", "first presentation"),
    (r"(?:first|early)(\d+)$", r"first \1 presentations"),
    (r"(?:last|late)(\d+)$", r"last \1 presentations"),
    (r"^late(\d+)clean$", r"those of the last \1 presentations that no other event is near"),
    (r"^test(\d+)$", r"test, first \1 presentations"),
    (r"^fig(\w+)$", r"as in Fig. \1"),
    (r"^all$", "whole training"),
    (r"^paired_(\d+)to(\d+)$", r"pairings \1 to \2"),
    (r"^cond(\d+)$", r"conditioning, \1 presentations"),
    (r"^preexp(?=_)", "pre-exposure"),
    (r"^cond(?=_)", "conditioning"),
    (r"^base_preFC$", "before conditioning"),
    (r"^stim_preFC(?=_)", "before conditioning, stimulated"),
    (r"I2E(\S+?)(?=\(|$)", r"inhibition times \1"),
    (r"(?<=\S)\(", " ("),
)
_TARGETS = (
    (r"_minus_", " minus "),
    (r"\bno\b", "no stimulus"),
    (r"unrewarded_(?:mean|blocks)", "unrewarded stimuli"),
    (r"\brewarded(?:_block)?\b", "rewarded stimulus"),
    (r"\bother\b", "all other inputs"),
    (r"^(?:last)_", "last "),
    (r"^fig_(.*)$", r"\1, window of the published figure"),
    (r"^on_(.*)$", r"\1, while it is on"),
    (r"clean\b", " with nothing else near"),
)


def meaning(metric: str) -> str:
    """Give the words for a metric's name: quantity, what it is of, and when."""
    part, _, rest = metric.partition(".")
    if part == "state":
        return _STATE.get(rest) or _state(rest)
    if part in ("acc", "loss"):
        span = re.sub(r"^(\d+)-(\d+)s$", r"from \1 to \2 s", rest)
        return f"{QUANTITIES[part]}: {_CLASSIFIER.get(rest, span)}"
    if "." in rest:  # a factor in the name of a group: retrieval_I2E0.8(CS1 22-25).S
        part, _, rest = metric.rpartition(".")
    quantity, _, target = (rest, "", "") if rest in QUANTITIES else rest.partition("_")
    words = QUANTITIES.get(quantity, quantity)
    for pattern, text in _TARGETS:
        target = re.sub(pattern, text, target)
    for pattern, text in _WORDS:
        part = re.sub(pattern, text, part)
    of = f" ({target})" if target else ""
    return f"{words}{of}: {part.replace('_', ', ')}"


def _state(name: str) -> str:
    quantity, _, rest = name.partition("_")
    words = QUANTITIES.get(quantity, quantity)
    if match := re.fullmatch(r"(first|last)(\d+)", rest):
        return f"{words}, {match[1]} {match[2]} s of training"
    if rest in ("mean", "sd"):
        kind = "standard deviation" if rest == "sd" else "mean"
        return f"{words}, {kind} over training"
    for pattern, text in _TARGETS:
        rest = re.sub(pattern, text, rest)
    return f"{words}{f' ({rest})' if rest else ''}, at the end"


__all__ = ["QUANTITIES", "meaning"]
