"""Many trials of one experiment: processes side by side, and their mean against the reference.

A trial is a run of its own, with its number as the seed of the network and of the schedule.  Runs
that
are complete already are not repeated.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neuromodels
from neuromodels.analysis import Metric, judge, tolerance
from neuromodels.errors import RunError
from neuromodels.runs import load_run
from neuromodels_relevance.analyses import reference


@dataclass(frozen=True)
class Job:
    """One trial of one condition.

    Parameters
    ----------
    circuit : str
        Registered name.
    condition : str
    trial : int
        Also the seed.
    parameters : mapping
        That differ from the preset's.
    preset : str or None
    path : Path
        Directory of the run.
    """

    circuit: str
    condition: str
    trial: int
    parameters: Mapping[str, Any]
    preset: str | None
    path: Path


@dataclass(frozen=True)
class Summary:
    """A metric over trials, compared with the reference.

    Attributes
    ----------
    metric : Metric
        Of one of the trials: name, unit and reference.
    values : ndarray, shape (n,)
        Trials that have it.
    quartiles : (float, float) or None
        Of the reference, where only a median can be compared.
    """

    metric: Metric
    values: np.ndarray[Any, np.dtype[np.float64]]
    quartiles: tuple[float, float] | None

    @property
    def mean(self) -> float:
        """Over trials."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Over trials; NaN for a single one."""
        return float(self.values.std(ddof=1)) if self.values.size > 1 else float("nan")

    @property
    def verdict(self) -> str:
        """Rule of `neuromodels.analysis`; for a ratio without a mean, the median in the
        quartiles.
        """
        if self.quartiles is not None:
            low, high = self.quartiles
            return "agrees" if low <= float(np.median(self.values)) <= high else "differs"
        return judge(self.mean, self.metric.reference, self.values.size)

    @property
    def tolerance(self) -> float | None:
        """Largest difference of means that agrees."""
        found = self.metric.reference
        return None if found is None else tolerance(found, self.values.size)


def run_jobs(
    jobs: Sequence[Job], workers: int, done: Callable[[Job, str | None], None]
) -> list[tuple[Job, str]]:
    """Run what is not complete, in `workers` processes with one thread each.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int
    done : callable
        Called with each job that has ended, and the reason if it failed.

    Returns
    -------
    list of (Job, str)
        Jobs that failed, and why.
    """
    failed: list[tuple[Job, str]] = []
    waiting = []
    for job in jobs:
        if _complete(job.path):
            done(job, None)
        else:
            waiting.append(job)
    # NEST lives once in a process and in its main thread; forking would copy a kernel.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, workers), mp_context=context) as pool:
        futures = {pool.submit(_execute, job): job for job in waiting}
        try:
            for future in as_completed(futures):
                reason = future.result()
                if reason is not None:
                    failed.append((futures[future], reason))
                done(futures[future], reason)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


def _complete(path: Path) -> bool:
    try:
        return load_run(path).status == "complete"
    except RunError:
        return False


def _execute(job: Job) -> str | None:
    """Run a trial in this process; the reason if it failed."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    try:
        if job.path.exists():
            neuromodels.resume(job.path, progress=False)
        else:
            neuromodels.run(
                job.circuit,
                parameters=job.parameters,
                preset=job.preset,
                seed=job.trial,
                out=job.path,
                progress=False,
            )
    except neuromodels.errors.NeuromodelsError as error:
        return str(error)
    return None


def summarize(experiment: str, condition: str, paths: Iterable[Path]) -> list[Summary]:
    """Summaries of all metrics of complete runs, in the order of the first run's metrics.

    Parameters
    ----------
    experiment : str
        Name in the reference's table.
    condition : str
    paths : iterable of Path
        Directories of the trials.
    """
    found: dict[str, list[Metric]] = {}
    for path in paths:
        for name, metric in load_run(path).metrics.items():
            found.setdefault(name, []).append(metric)
    summaries = []
    for name, metrics in found.items():
        quartiles = (
            reference.quartiles(experiment, condition, name) if name.endswith("maxy") else None
        )
        values = np.array([metric.value for metric in metrics], dtype=np.float64)
        summaries.append(Summary(metrics[0], values, quartiles))
    return summaries
