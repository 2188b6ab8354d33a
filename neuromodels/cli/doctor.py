"""``neuromodels doctor``: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neuromodels.cli.output import human_size, json_option, print_json
from neuromodels.errors import UsageError
from neuromodels.registry import registry

if TYPE_CHECKING:
    from neuromodels.machine.checks import Check


@click.command(name="doctor", short_help="What works on this machine, and how to mend the rest.")
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check NEST, NESTML, compiler, headers, MPI, cache and plugins."""
    from neuromodels.machine import diagnosis

    checks = [*diagnosis.diagnose(), *_engine(), *_cache(), *_plugins()]
    if as_json:
        print_json(
            [
                {"name": check.name, "ok": check.ok, "detail": check.detail, "fix": check.fix}
                for check in checks
            ]
        )
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            state = "ok     " if check.ok else "PROBLEM"
            mend = f" ({check.fix})" if not check.ok and check.fix else ""
            click.echo(f"{state}  {check.name.ljust(width)}  {check.detail}{mend}".rstrip())
    context.exit(0 if all(check.ok for check in checks) else 1)


def _engine() -> Iterator[Check]:
    """Which C++ models are compiled to."""
    from neuromodels.machine.checks import Check
    from neuromodels.nestml import engine

    try:
        said = {
            "fast": "fast",
            "plain": f"plain: as NESTML generates it, slower ({engine.VARIABLE} is set)",
        }
        yield Check("engine", True, said[engine.chosen()], "")
    except UsageError as error:
        yield Check("engine", False, error.what, error.fix or "")


# A module of several models takes about 2 MiB, its build some ten times that for a moment.
ENOUGH_SPACE = 200 * 2**20  # bytes


def _cache() -> Iterator[Check]:
    """Which directories compiled models are taken from, and which one they are built into."""
    from neuromodels.machine.checks import Check
    from neuromodels.nestml import cache
    from neuromodels.nestml.stores import Store, stores

    elsewhere = "point NEUROMODELS_CACHE to another directory"
    target: Store | None = None
    try:
        places = stores()
    except UsageError as error:
        yield Check("model cache", False, str(error), error.fix or "")
        return
    for store in places:
        problem = store.distrust() or (_refusal(store.path) if store.writable else None)
        detail = str(store.path)
        if problem is None and store.path.is_dir():
            keys = [folder.name for folder in (store.path / "modules").glob("*")]
            problem = next(filter(None, map(store.distrust, keys)), None)
            count = len(cache.entries(store))
            detail += f": {count} module{'s' * (count != 1)}"
            if not store.writable:
                detail += ", only read"
        elif problem is None and not store.writable:
            problem = "cannot be made"
        if problem is not None:
            yield Check("model cache", False, f"{store.path}: {problem}", elsewhere)
        else:
            if target is None and store.writable:
                target = store
                detail += ", new ones are built here"
            yield Check("model cache", True, detail, "")
    if target is None:
        yield Check(
            "model cache", False, "there is no directory to build new modules in", elsewhere
        )
        return
    free = shutil.disk_usage(target.path).free
    yield Check(
        "disk space", free >= ENOUGH_SPACE, f"{human_size(free)} free", f"free some, or {elsewhere}"
    )


def _refusal(folder: Path) -> str | None:
    """Why nothing can be written to a directory; it is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _plugins() -> Iterator[Check]:
    from neuromodels.machine.checks import Check

    found = registry()
    for plugin in found.plugins.values():
        origin = f"{plugin.distribution} {plugin.version}".strip()
        broken = [item for item in found.broken if item.plugin == plugin.name]
        if plugin.status == "broken":
            fix = f"update or remove {plugin.distribution or plugin.name}"
            yield Check(
                f"plugin {plugin.name}", False, f"{origin}: {plugin.reason}".lstrip(": "), fix
            )
        elif not broken:
            yield Check(f"plugin {plugin.name}", True, origin, "")
        for item in broken:
            yield Check(
                f"{item.kind} {item.name}",
                False,
                item.reason,
                f"tell the authors of {plugin.distribution or plugin.name}",
            )
