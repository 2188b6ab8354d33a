"""Damages of run directories: what disks, transfers, editors and strangers do to files."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuromodels.disk.files import read_json, write_json

NONSENSE = (
    "x", "", -1, 0, 1e300, 10**30, True, None, [], {}, ["x"], {"x": 1}, "\x1b[31m\n", 0.5, [None],
    "../../x", "9" * 400, [[]], {"value": "x", "unit": ""},
)  # fmt: skip


def flip(path: Path, draw: random.Random) -> None:
    """Change one bit."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def cut(path: Path, draw: random.Random) -> None:
    """Lose the end."""
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))])


def zeros(path: Path, draw: random.Random) -> None:
    """Lose a block, as after a crash of the system."""
    content = bytearray(path.read_bytes())
    first = draw.randrange(len(content))
    content[first : first + 4096] = bytes(len(content[first : first + 4096]))
    path.write_bytes(content)


def noise(path: Path, draw: random.Random) -> None:
    """Hold something else."""
    path.write_bytes(draw.randbytes(draw.randrange(5000)))


def missing(path: Path, draw: random.Random) -> None:
    """Be gone."""
    path.unlink()


def device(path: Path, draw: random.Random) -> None:
    """Lead to something that never ends."""
    path.unlink()
    path.symlink_to("/dev/zero")


def pipe(path: Path, draw: random.Random) -> None:
    """Be a pipe that nobody writes to."""
    path.unlink()
    os.mkfifo(path)


def folder(path: Path, draw: random.Random) -> None:
    """Be a directory."""
    path.unlink()
    path.mkdir()


def nonsense(path: Path, draw: random.Random) -> None:
    """Hold, with a valid checksum, a value that no run writes; in JSON files only."""
    if path.suffix != ".json":
        flip(path, draw)
        return
    content = read_json(path)
    where: Any = content
    while True:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = draw.choice(keys)
        if not isinstance(where[key], (dict, list)) or not where[key] or draw.random() < 0.3:
            break
        where = where[key]
    if draw.random() < 0.2:
        del where[key]
    else:
        where[key] = json.loads(json.dumps(draw.choice(NONSENSE)))
    write_json(path, content)


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    flip, cut, zeros, noise, missing, device, pipe, folder, nonsense, nonsense, nonsense,
)  # fmt: skip


def damage(run: Path, seed: int) -> str:
    """Damage one file of a run; says which, and how."""
    draw = random.Random(seed)
    files = sorted(
        path
        for path in run.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != ".lock" and path.stat().st_size
    )
    path = draw.choice(files)
    how = draw.choice(DAMAGES)
    how(path, draw)
    return f"{how.__name__} {path.relative_to(run)} (seed {seed})"
