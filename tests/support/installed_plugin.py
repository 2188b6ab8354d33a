"""Puts a plugin that is one file of the tests where other processes find it."""

from __future__ import annotations

from pathlib import Path


def install(folder: Path, file: Path, name: str) -> None:
    """Make `folder` look like a place where `file` is installed, with an entry point `name`."""
    info = folder / f"{name}_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[neuromodels]\n{name} = {file.stem}:plugin\n")
    (folder / file.name).symlink_to(file)
