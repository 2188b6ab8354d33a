"""The root command, and what becomes of errors: one line and an exit code."""

from __future__ import annotations

import contextlib
import errno
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
from neuromodels.errors import EnvironmentProblem, NeuromodelsError
from neuromodels.machine.ranks import PATIENCE, is_settled, launched
from neuromodels.machine.threads import let_threads_sleep

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
    let_threads_sleep()
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
            message, exit_code = _explain(error)
            if rank != 0:
                if is_settled(error):
                    return exit_code
                # Where the first rank has the same error it prints it, and the launcher ends all.
                time.sleep(PATIENCE)
            click.echo(message, err=True)
            return exit_code
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """Entry point of the script ``neuromodels``."""
    sys.exit(execute())


def _discard_output() -> None:
    """Forget what could not be written: Python would try again at exit, and complain itself."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _explain(error: BaseException) -> tuple[str, int]:
    if isinstance(error, NeuromodelsError):
        return f"error: {_one_line(str(error))}", error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted", INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # no mistake: the whole help
        return error.format_message(), error.exit_code
    if isinstance(error, click.UsageError):
        place = error.ctx.command_path if error.ctx is not None else "neuromodels"
        message = _one_line(error.format_message()).removesuffix(".")
        return f"error: {place}: {message} (see {place} --help)", error.exit_code
    if isinstance(error, click.ClickException):
        return f"error: {_one_line(error.format_message())}", error.exit_code
    if isinstance(error, OSError) and error.errno in _NO_OUTPUT:
        return (
            f"error: the output cannot be written: {error.strerror}",
            EnvironmentProblem.exit_code,
        )
    if isinstance(error, OSError) and error.errno in _REFUSED and error.filename is not None:
        return f"error: {error.filename}: {error.strerror}", EnvironmentProblem.exit_code
    text = _one_line(f"{type(error).__name__}: {error}")
    hint = "this is a defect of neuromodels or of a plugin; `neuromodels --debug …` shows where"
    return f"error: {text} ({hint})", DEFECT


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: IO[str] | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    click.echo(f"warning: {_one_line(str(message))}", err=True)
