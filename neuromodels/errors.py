"""Errors a user can mend: what is wrong, where, and what to do about it.

Every exception that neuromodels raises on purpose derives from `NeuromodelsError`.
The command line prints it as one line and exits with a code other than 0; from Python it is an
ordinary exception.  Anything else that escapes is a defect of ours (or of a plugin) and is
reported as such.

Every error has a code by which its cause can be searched: ``neuromodels explain NM203``, or the
page of the documentation that is made from `neuromodels.error_codes`.  The first digit of a code is
the exit code of the error's class.
"""

from __future__ import annotations

import contextlib
import reprlib
import shlex
import unicodedata
from collections.abc import Iterator
from typing import Any


class NeuromodelsError(Exception):
    """Base class of all errors that a user can mend.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence without a final full stop.
    code : str, optional
        Code of the cause.  Codes that begin with ``NM`` are neuromodels' own, and listed in
        `neuromodels.error_codes`; a plugin that gives none has that of the class.
    where : str, optional
        File and line, parameter, directory or plugin that it is about.
    fix : str, optional
        How to mend it, as an imperative sentence without a final full stop.
    """

    exit_code = 1
    code = "NM100"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.code = code or type(self).code
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(what, where, fix)
        if self.code.startswith("NM"):
            self.add_note(f"{self.code}: neuromodels explain {self.code}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.fix})" if self.fix else text


def _again(kind: type[NeuromodelsError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    """Make an error anew from what another process sent."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UsageError(NeuromodelsError):
    """A name, value or option that the caller gave is not acceptable."""

    exit_code = 2
    code = "NM200"


class UnknownNameError(UsageError):
    """A model, circuit, analysis, parameter, preset or plugin of that name does not exist."""

    code = "NM210"


class ParameterError(UsageError):
    """A parameter has the wrong type, unit or range."""

    code = "NM221"


class EnvironmentProblem(NeuromodelsError):
    """Something this machine lacks: compiler, headers, NEST, MPI, disk space."""

    exit_code = 3
    code = "NM300"


class ModelError(NeuromodelsError):
    """A NESTML model that cannot be compiled, or that would compute something else than it says."""

    exit_code = 4
    code = "NM400"


class ConnectionRefused(ModelError):
    """A `nest.Connect` call that would end the process or be silently wrong."""

    code = "NM420"


class PluginError(NeuromodelsError):
    """A plugin that breaks the rules of the registry."""

    exit_code = 5
    code = "NM500"


class RunError(NeuromodelsError):
    """A run that cannot start, be read or be finished."""

    exit_code = 6
    code = "NM600"


class RunInterrupted(RunError):
    """A run that was stopped (Ctrl-C, SIGTERM, SIGHUP); what was recorded is on disk."""

    exit_code = 130
    code = "NM602"


class AnalysisFailed(RunError):
    """A run whose simulation is complete and on disk, but an analysis or observer raised.

    Attributes
    ----------
    run : neuromodels.runs.Run
        The run, with the results of all other analyses.
    """

    exit_code = 7
    code = "NM700"

    def __init__(
        self,
        what: str,
        *,
        run: Any,
        code: str | None = None,
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what, code=code, where=where, fix=fix)
        self.run = run


@contextlib.contextmanager
def wrap_errors(what: str) -> Iterator[None]:
    """Raise as a `RunError` what the code of a circuit, a plugin or NEST raises inside the block.

    Parameters
    ----------
    what : str
        What failed, in front of the original message: ``"the simulation failed"``.
    """
    try:
        yield
    except NeuromodelsError:
        raise
    except (Exception, SystemExit) as error:  # sys.exit(0) in a circuit must not look like success
        raise RunError(f"{what}: {reason(error)}", code="NM601") from error


def reason(error: BaseException) -> str:
    """Describe an exception in one line, with its type if it is not a `NeuromodelsError`."""
    try:
        text = one_line(str(error))
    except (Exception, SystemExit) as second:  # noqa: BLE001  a plugin's exception may do this
        text = f"(its text cannot be had: {type(second).__name__})"
    if isinstance(error, NeuromodelsError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def command(*words: object) -> str:
    """Write a command line of ours, as a shell takes it."""
    return shlex.join(["neuromodels", *map(str, words)])


def shown(value: object) -> str:
    """Give a value as a message quotes it: what it is, and not megabytes of it."""
    try:
        text = _SHORT.repr(value)
    except (Exception, SystemExit):  # noqa: BLE001  of a plugin
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


_LONGEST_VALUE = 300
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 10
_SHORT.maxlevel = 3

LONGEST = 2000
"""Characters of a message that a person reads: a value of megabytes is of no use there."""


def one_line(text: str) -> str:
    """Put a message in one line that a terminal shows as it is, and cut it in the middle."""
    text = " ".join(text.split())
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    return visible(text)


def visible(text: str) -> str:
    """Write control characters as escapes: names may come from files of others."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or unicodedata.category(c) == "Zs" else repr(c)[1:-1] for c in text
    )
