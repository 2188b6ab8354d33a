"""The root command, and what becomes of errors: one line and an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import click

import neuromodels.cli.completion  # noqa: F401  registers itself with click
from neuromodels.cli.group import Group
from neuromodels.errors import EnvironmentProblem, NeuromodelsError, one_line, reason
from neuromodels.machine.memory import problem, wanted
from neuromodels.machine.ranks import ERROR_TIMEOUT, is_known_to_all, launched
from neuromodels.machine.threads import set_passive_wait_policy

INTERRUPTED = 130
DEFECT = 70  # EX_SOFTWARE of sysexits.h
_NO_OUTPUT = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPIPE}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass
class Settings:
    """What holds for every command; the click context's ``obj``."""

    debug: bool = False


def _print_versions(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    def installed(distribution: str) -> str:
        try:
            return version(distribution)
        except PackageNotFoundError:
            return "not found"

    click.echo(
        f"neuromodels {installed('neuromodels')}, NEST {installed('nest-simulator')}, "
        f"NESTML {installed('nestml')}"
    )
    context.exit()


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the Python traceback of an error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of neuromodels, NEST and NESTML, and exit.",
)
@click.pass_obj
def cli(settings: Settings, debug: bool) -> None:
    """Run published theories of cortical learning, written in NESTML, on NEST."""
    settings.debug = debug


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (that of the process by default) and give its exit code."""
    settings = Settings()
    set_passive_wait_policy()
    rank, _ = launched()
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _show_warning
        if rank != 0:  # what the first rank prints is enough
            nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            warnings.simplefilter("ignore")
        try:
            code = cli.main(
                None if arguments is None else list(arguments),
                prog_name="neuromodels",
                standalone_mode=False,
                obj=settings,
            )
            if sys.stdout is not None:
                sys.stdout.flush()  # here an error can still be told
        except BaseException as error:
            if isinstance(error, SystemExit):
                raise
            if isinstance(error, OSError) and error.errno in _NO_OUTPUT and error.filename is None:
                _discard_output()
            if settings.debug:
                traceback.print_exc()
            message, exit_code = _explain(error, as_json=_wants_json(arguments))
            if rank != 0:
                if is_known_to_all(error):
                    return exit_code
                # Where the first rank has the same error it prints it, and the launcher ends all.
                time.sleep(ERROR_TIMEOUT)
            click.echo(message, err=True)
            return exit_code
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """Entry point of the script ``neuromodels``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show must not end a command.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(execute())


def _wants_json(arguments: Sequence[str] | None) -> bool:
    """Whether the command line has ``--json``, also where it could not be parsed."""
    return "--json" in (sys.argv[1:] if arguments is None else arguments)


def _discard_output() -> None:
    """Forget what could not be written: Python would try again at exit, and complain itself."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@dataclass
class _Failure:
    """How a command failed, as it is printed: a line for people or JSON for a program."""

    exit_code: int
    code: str
    what: str
    where: str | None = None
    fix: str | None = None

    def text(self) -> str:
        """One line: what, where, how to mend it."""
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.fix})" if self.fix else ""
        return one_line(f"error[{self.code}]: {place}{self.what}{hint}")

    def json(self) -> str:
        """One line of JSON: ``{"error": {"code": …, "what": …, "where": …, "fix": …}}``."""
        content = {"code": self.code, "what": self.what, "where": self.where, "fix": self.fix}
        return json.dumps({"error": content}, ensure_ascii=False)


def _failure(error: BaseException) -> _Failure:
    if isinstance(error, NeuromodelsError):
        return _Failure(error.exit_code, error.code, error.what, error.where, error.fix)
    if isinstance(error, click.UsageError):
        place = error.ctx.command_path if error.ctx is not None else "neuromodels"
        message = error.format_message().removesuffix(".")
        return _Failure(error.exit_code, "NM201", message, place, f"see {place} --help")
    if isinstance(error, click.ClickException):
        return _Failure(error.exit_code, "NM201", error.format_message())
    if isinstance(error, OSError) and error.errno in _NO_OUTPUT:
        what = f"the output cannot be written: {error.strerror}"
        return _Failure(EnvironmentProblem.exit_code, "NM324", what)
    if isinstance(error, OSError) and error.errno in _REFUSED and error.filename is not None:
        what = str(error.strerror)
        return _Failure(EnvironmentProblem.exit_code, "NM321", what, str(error.filename))
    asked = wanted(error)
    if asked is not None:
        return _failure(problem(asked))
    hint = "this is a defect of neuromodels or of a plugin; `neuromodels --debug …` shows where"
    return _Failure(DEFECT, "NM900", reason(error), fix=hint)


def _explain(error: BaseException, *, as_json: bool) -> tuple[str, int]:
    """Give what is printed about an error, and the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # no mistake: the whole help
        return error.format_message(), error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted", INTERRUPTED
    failure = _failure(error)
    return failure.json() if as_json else failure.text(), failure.exit_code


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: IO[str] | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    click.echo(f"warning: {one_line(str(message))}", err=True)
