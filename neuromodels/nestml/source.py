"""The text of NESTML models: read from files, one model at a time."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from neuromodels.errors import ModelError
from neuromodels.models import Model, Readable

_MODEL = re.compile(r"^model[ \t]+(\w+)[ \t]*:", re.MULTILINE)


def read_text(file: Readable) -> str:
    """Text of a NESTML file.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    shown = str(file)
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors write a mark
    except OSError as error:
        raise ModelError(
            f"the NESTML source cannot be read: {error.strerror or error}",
            code="NM401",
            where=shown,
            fix="correct the path",
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ModelError(
            "the NESTML source is not UTF-8",
            code="NM401",
            where=f"{shown}:{line}",
            fix="save the file as UTF-8",
        ) from error


def models_in(text: str, shown: str) -> list[str]:
    """Names of the models in a NESTML source, in its order.

    Raises
    ------
    ModelError
        There is none, or two have one name.
    """
    names = _MODEL.findall(text)
    if not names:
        raise ModelError(
            "there is no line 'model NAME:' in it",
            code="NM402",
            where=shown,
            fix="begin the model with 'model NAME:'",
        )
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        second = list(_MODEL.finditer(text))[-1]
        line = text[: second.start()].count("\n") + 1
        raise ModelError(
            f"the name '{name}' stands for {count} models",
            code="NM402",
            where=f"{shown}:{line}",
            fix="rename one",
        )
    return names


def alone(text: str, name: str) -> str:
    """The text of one model of several; lines of the others are empty, so numbers stay.

    The comment that stands in front of a model belongs to it.
    """
    lines = text.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if _MODEL.match(line)]
    if len(starts) == 1:
        return text
    bounds = []
    for start in starts:
        while start and lines[start - 1].startswith("#"):
            start -= 1
        bounds.append(start)
    bounds.append(len(lines))
    for start, begin, end in zip(starts, bounds, bounds[1:], strict=False):
        if _MODEL.findall(lines[start]) == [name]:
            blank = ["\n"] * begin
            return "".join([*blank, *lines[begin:end]])
    raise ValueError(name)


@dataclass(frozen=True)
class Source:
    """Text of a NESTML model, the file it came from and the model's name in it."""

    text: str
    shown: str
    model: str

    @classmethod
    def read(cls, model: Model) -> Source:
        """Read a model's file.

        Raises
        ------
        ModelError
            The file cannot be read, holds no model, or several and none of the model's name.
        """
        file = model.file
        shown = str(file)
        text = read_text(file)
        names = models_in(text, shown)
        if model.name in names:
            found = model.name
        elif len(names) == 1:
            found = names[0]
        else:
            raise ModelError(
                f"there is no model '{model.name}' in it, but {', '.join(names)}",
                code="NM402",
                where=shown,
                fix="name one of them",
            )
        return cls(alone(text, found), shown, found)

    def renamed(self, name: str) -> str:
        """The text with the model called `name`; line numbers stay the same."""
        return re.sub(
            rf"^model[ \t]+{self.model}[ \t]*:",
            f"model {name}:",
            self.text,
            count=1,
            flags=re.MULTILINE,
        )
