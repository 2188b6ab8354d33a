"""Options of commands that take NESTML files: how synapses are paired with neurons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from neuromodels.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def _pairs(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> Any:
    pairs = {}
    for value in values:
        synapse, sign, neuron = value.partition("=")
        if not (synapse and sign and neuron):
            raise UsageError(
                f"{value!r} is not a pair", code="NM241", fix="write --pair SYNAPSE=NEURON"
            )
        pairs[synapse] = neuron
    return pairs


def _options(_context: click.Context, _option: click.Parameter, path: Path | None) -> Any:
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the options of NESTML cannot be read: {error}",
            code="NM294",
            where=str(path),
            fix="give a JSON file with the mapping that NESTML takes as codegen_opts",
        ) from error
    if not isinstance(content, dict):
        raise UsageError(
            "the options of NESTML are not a mapping",
            code="NM294",
            where=str(path),
            fix='write {"neuron_synapse_pairs": [...]}',
        )
    return content


def pairing_options(function: F) -> F:
    """Add ``--pair`` and ``--codegen-opts``, passed as ``pairs`` and ``codegen_opts``."""
    function = click.option(
        "--codegen-opts",
        type=click.Path(path_type=Path),
        callback=_options,
        metavar="FILE",
        help="NESTML's code-generation options, a JSON file.",
    )(function)
    return click.option(
        "--pair",
        "pairs",
        multiple=True,
        callback=_pairs,
        metavar="SYNAPSE=NEURON",
        help="The neuron whose spikes a synapse sees; not needed where one neuron is given.",
    )(function)
