"""Calls analyses on a run and keeps what they give: ``metrics.json`` and ``figures/``."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels import registry, style
from neuromodels.disk.directory import FIGURES, METRICS, OVERVIEW, STAGES
from neuromodels.disk.files import plain, write_json
from neuromodels.disk.written import Batch
from neuromodels.errors import EnvironmentProblem, NeuromodelsError, PluginError, RunError, reason
from neuromodels.running.fingerprint import analysis_code
from neuromodels.running.overview import overview
from neuromodels.runs import load_run, read_results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neuromodels.disk.directory import RunDirectory
    from neuromodels.runs import Run

logger = logging.getLogger(__name__)

MARKS = 1000
"""Largest number of marks of one kind that a vector graphic draws one by one."""


def run_analyses(directory: RunDirectory, names: Sequence[str]) -> list[str]:
    """Run analyses and write what they give.

    Returns
    -------
    list of str
        What went wrong: an analysis that failed, metrics that are missing.
    """
    with Batch(directory.path, directory.written_figures()) as batch:
        return _run_analyses(directory, names, batch)


def _run_analyses(directory: RunDirectory, names: Sequence[str], batch: Batch) -> list[str]:
    path = directory.path / METRICS
    earlier = _earlier(path)
    analyses = {n: a for n, a in earlier.get("analyses", {}).items() if n not in names}
    metrics = [m for m in earlier.get("metrics", []) if m["analysis"] in analyses]
    figures = {f: a for f, a in earlier.get("figures", {}).items() if a in analyses}
    captions = {f: c for f, c in earlier.get("captions", {}).items() if f in figures}
    failures: list[str] = []
    for name in names:
        begin = time.perf_counter()
        error = None
        try:
            result = registry.registry().evaluate(name, load_run(directory.path))
            rows = [{**plain(m.as_dict()), "analysis": name} for m in result.metrics]
            _unique("metric", [m["name"] for m in metrics] + [r["name"] for r in rows])
            _unique("figure", [*figures, *result.figures, OVERVIEW])
            for title, figure in result.figures.items():
                save_figure(batch, title, figure)
                figures[title] = name
                if title in result.captions:
                    captions[title] = " ".join(result.captions[title].split())
            metrics += rows
        except EnvironmentProblem:
            raise
        except (Exception, SystemExit) as failure:  # whatever a plugin raises
            error = reason(failure)
            failures.append(f"{name} failed: {error}")
            logger.exception("analysis %s failed", name)
        analyses[name] = {
            "status": "failed" if error else "ok",
            "error": error,
            "wall": time.perf_counter() - begin,
            "code": analysis_code(name),
        }
    _save_overview(directory, batch)
    missing = _missing(directory.info, metrics, analyses)
    if missing:
        failures.append(f"the circuit owes metrics that are missing: {', '.join(missing)}")

    def kept(name: str) -> bool:
        return any(name in _files_of(title) for title in figures)

    write_json(
        path,
        {
            "metrics": metrics,
            "figures": figures,
            "captions": captions,
            "analyses": analyses,
            "missing": missing,
            "files": batch.record(kept),
        },
    )
    batch.publish(kept)
    return failures


def _files_of(title: str) -> tuple[str, str]:
    """Names of the files of a figure."""
    return f"{FIGURES}/{title}.png", f"{FIGURES}/{title}.svg"


def draw(run: Run) -> dict[str, Figure]:
    """Figures of the circuit's analyses by name, the main one first, and the overview last."""
    figures: dict[str, Figure] = {}
    for name in run.info["analyses"]:
        figures.update(registry.registry().evaluate(name, run).figures)
    with style.applied():
        general = overview(run)
    if general is not None:
        figures[OVERVIEW] = general
    return figures


def _missing(
    info: Mapping[str, Any],
    metrics: Sequence[Mapping[str, Any]],
    analyses: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Metrics that a complete run owes and does not have, once all its analyses were called."""
    if STAGES.index(info["stage"]) < STAGES.index("assembled"):
        return []
    if any(name not in analyses for name in info["analyses"]):
        return []
    found = {metric["name"] for metric in metrics}
    return [name for name in info.get("owed", ()) if name not in found]


def _earlier(path: Path) -> dict[str, Any]:
    """What earlier analyses gave; nothing where the file is damaged, since it is made again."""
    if not path.exists():
        return {}
    try:
        return read_results(path)
    except RunError as error:
        logger.warning("%s; it is replaced", error)
        return {}


def _save_overview(directory: RunDirectory, batch: Batch) -> None:
    """Draw the figure that every run has; a run of which it cannot be drawn has none."""
    try:
        with style.applied():
            figure = overview(load_run(directory.path))
    except (NeuromodelsError, ValueError) as error:
        logger.warning("no overview: %s", reason(error))
        return
    if figure is not None:
        save_figure(batch, OVERVIEW, figure)


def save_figure(batch: Batch, title: str, figure: Any) -> None:
    """Write a figure as PNG for a quick look and as SVG for reports and papers."""
    if not title or "/" in title or title.startswith("."):
        raise PluginError(f"{title!r} cannot name a figure", code="NM507")
    _rasterize(figure)
    pixels, vectors = _files_of(title)
    options = {"dpi": 150, "bbox_inches": "tight"}
    batch.put(pixels, lambda file: figure.savefig(file, format="png", **options))
    batch.put(
        vectors, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}, **options)
    )
    if "matplotlib.pyplot" in sys.modules:
        # Figures made with pyplot stay alive until they are closed.
        sys.modules["matplotlib.pyplot"].close(figure)


def _rasterize(figure: Any) -> None:
    """Have clouds of marks stored as pixels inside the vector graphic, which stays small."""
    from matplotlib.collections import PathCollection
    from matplotlib.lines import Line2D

    for line in figure.findobj(Line2D):
        if line.get_marker() not in {"", "None", " ", None} and len(line.get_xdata()) > MARKS:
            line.set_rasterized(True)
    for cloud in figure.findobj(PathCollection):
        if len(cloud.get_offsets()) > MARKS:
            cloud.set_rasterized(True)


def _unique(kind: str, names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise PluginError(f"the {kind} {min(twice)!r} exists already in this run", code="NM507")


__all__ = ["draw", "run_analyses", "save_figure"]
