"""``neuromodels verify``: whether runs on disk are as they were written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from neuromodels.cli.output import json_option, print_json, print_table
from neuromodels.errors import RunError


@click.command(name="verify", short_help="Compare runs on disk with the checksums they hold.")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@json_option
def command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check every file of the runs and sweeps in the directories PATH.

    The code is not 0 where a file is damaged, was changed, or is missing.
    """
    from neuromodels.sweeps.verification import verify

    found = [one for path in dict.fromkeys(paths) for one in verify(path)]
    bad = [one for one in found if one.problems]
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        print_table(
            ("directory", "what", "status", "files", "found"),
            [
                (
                    one.path,
                    one.kind,
                    one.status,
                    one.files,
                    "; ".join(one.problems)
                    or (f"ok; not known: {', '.join(one.unknown)}" if one.unknown else "ok"),
                )
                for one in found
            ],
        )
    if bad:
        raise RunError(
            f"{len(bad)} of {len(found)} directories are not as they were written",
            code="NM617",
            where=str(bad[0].path),
            fix="restore the files from a copy, or run them again",
        )
