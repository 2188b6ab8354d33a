"""Truth tables as text: ``"00:0 10:1 01:1 11:0"`` is exclusive or."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neuromodels.errors import ParameterError


@dataclass(frozen=True)
class Example:
    """One line of a truth table.

    Attributes
    ----------
    inputs, targets : tuple of int
        0 or 1 for each input and each output.
    """

    inputs: tuple[int, ...]
    targets: tuple[int, ...]

    @property
    def name(self) -> str:
        """Its inputs, as in the text."""
        return "".join(map(str, self.inputs))


def parse(text: str, where: str) -> tuple[Example, ...]:
    """Read a truth table.

    Parameters
    ----------
    text : str
        Examples ``inputs:targets`` in the order in which they are shown, separated by spaces or
        commas; one binary digit for each input and each output.
    where : str
        Parameter that holds it, for error messages.

    Raises
    ------
    ParameterError
        It is no truth table: other characters, examples of different lengths, an example twice.
    """
    examples = []
    for word in re.split(r"[\s,]+", text.strip()):
        found = re.fullmatch(r"([01]+):([01]+)", word)
        if found is None:
            raise ParameterError(
                f"{word!r} is not an example", where=where, fix="write inputs:targets, as 10:1"
            )
        inputs, targets = (tuple(map(int, digits)) for digits in found.groups())
        examples.append(Example(inputs, targets))
    if len({(len(e.inputs), len(e.targets)) for e in examples}) > 1:
        raise ParameterError("the examples have different lengths", where=where)
    names = [example.name for example in examples]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ParameterError(f"the inputs {twice} occur twice", where=where, fix="keep one of them")
    return tuple(examples)
