"""One line a claim: what became of it, and by which numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from neuromodels.cli.output import print_table

if TYPE_CHECKING:
    from neuromodels.comparing.evaluate import Evaluated


def print_claims(evaluated: Iterable[Evaluated]) -> None:
    """Print the claims of comparisons, and why one could not be called."""
    rows = []
    for each in evaluated:
        if each.error:
            click.echo(f"{each.name}: {each.error}", err=True)
        for ruling in each.rulings:
            finding = f"{ruling.finding}: {ruling.reason}" if ruling.reason else ruling.finding
            sentence = f"{ruling.claim.sentence} ({ruling.claim.source})"
            measured = f"{ruling.text}, claimed {ruling.claim.range}" if ruling.text else ""
            rows.append((f"{each.name}: {ruling.claim.measure}", sentence, measured, finding))
    if rows:
        print_table(("claim", "the paper says", "measured [95 % interval]", "finding"), rows)


__all__ = ["print_claims"]
