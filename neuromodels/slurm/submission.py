"""A run or a sweep, from its check to its job.

Everything that can be wrong with parameters is found here and not hours later, when the job begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels import registry
from neuromodels.disk.directory import INFO, new_path
from neuromodels.disk.files import disk_errors, replacing
from neuromodels.errors import EnvironmentProblem, RunError, UsageError, command
from neuromodels.machine import provenance
from neuromodels.running.planning import make_plan
from neuromodels.runs import load_run
from neuromodels.slurm import client, records, script
from neuromodels.slurm.profile import Profile
from neuromodels.sweeps import sweeper
from neuromodels.sweeps.definition import Definition
from neuromodels.sweeps.element import current, is_finished, status_of


@dataclass(frozen=True)
class Submitted:
    """What was handed to Slurm, or would be.

    Attributes
    ----------
    directory : Path
        Of the run or the sweep.
    scripts : list of Script
    record : Record or None
        None for a dry run.
    asks : str
        Resources of each job, in words.
    """

    directory: Path
    scripts: list[script.Script]
    record: records.Record | None
    asks: str


def submit_run(
    circuit: str,
    profile: Profile,
    *,
    parameters: Mapping[str, Any],
    preset: str | None = None,
    seed: int = 1,
    out: Path | None = None,
    dry: bool = False,
) -> Submitted:
    """Submit one run.

    Parameters
    ----------
    circuit : str
        Registered name.
    profile : Profile
        With the number of tasks and threads.
    parameters, preset, seed, out
        As in `neuromodels.run`.
    dry : bool
        Only make the script; nothing is written.

    Raises
    ------
    UsageError, EnvironmentProblem
        The run would not start, or Slurm does not accept the job.
    RunError
        `out` is not empty.
    """
    _check_mpi(profile)
    plan = make_plan(circuit, parameters, preset, seed, profile.threads)
    if out is not None:
        folder = out.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(
                "is not a new or an empty directory",
                code="NM613",
                where=str(folder),
                fix="choose another, or give --resume DIR",
            )
    elif dry:
        folder = Path.cwd() / "runs" / f"{circuit.replace('/', '-')}-s{seed}"
    else:
        folder = new_path(circuit, seed)
    words = [circuit, *([] if plan.preset is None else ["--preset", plan.preset])]
    words += script.as_words(dict(parameters))
    words += ["--seed", str(seed), "--threads", str(profile.threads)]
    made = script.run_script(profile, folder, words, circuit, _beside(folder))
    return _submit_run(circuit, folder, made, profile, plan.circuit.models, dry=dry)


def resume_run(folder: Path, profile: Profile, *, dry: bool = False) -> Submitted:
    """Submit what is left of a run that was interrupted.

    Raises
    ------
    RunError
        There is no run, or nothing is left of it, or it is running.
    """
    folder = folder.absolute()
    run = load_run(folder)
    if run.status in ("complete", "running"):
        raise RunError(f"the run is {run.status}", code="NM642", where=str(folder))
    virtual = run.info["threads"] * run.info.get("ranks", 1)
    if virtual % profile.tasks:
        raise UsageError(
            f"the run has {virtual} virtual processes (threads times tasks), "
            f"which {profile.tasks} tasks cannot share evenly",
            code="NM243",
            fix=f"give a number of tasks that divides {virtual}",
        )
    _check_mpi(profile)
    profile = profile.changed(threads=virtual // profile.tasks)
    made = script.run_script(profile, folder, None, run.circuit, _beside(folder))
    models = () if run.status == "complete" else _models_of(run.circuit)
    return _submit_run(run.circuit, folder, made, profile, models, dry=dry)


def _submit_run(
    circuit: str,
    folder: Path,
    made: script.Script,
    profile: Profile,
    models: Sequence[str],
    *,
    dry: bool,
) -> Submitted:
    if dry:
        return Submitted(folder, [made], None, asked(profile))
    _refuse_twice(folder)
    try:
        _compile(models, profile)
        job = client.submit(_written(made))
    except BaseException:
        _forget(folder, made)
        raise
    record = records.Record(job, "run", circuit, str(folder), str(made.file), provenance.utc_now())
    records.save(record)
    return Submitted(folder, [made], record, asked(profile))


def asked(profile: Profile) -> str:
    """What a job asks for, in words; also what it leaves to the site."""
    ranks, threads = profile.tasks, profile.threads
    found = [
        f"{ranks} task{'s' * (ranks > 1)} of {threads} core{'s' * (threads > 1)}",
        f"{profile.memory} of memory on each node" if profile.memory else "",
        f"{profile.time} of time" if profile.time else "",
        f"partition {profile.partition}" if profile.partition else "",
    ]
    named = {"memory": profile.memory, "time": profile.time, "partition": profile.partition}
    left = [name for name, value in named.items() if not value]
    said = ", ".join(filter(None, found))
    return f"{said}; the site's default for {' and '.join(left)}" if left else said


def _models_of(circuit: str) -> Sequence[str]:
    registered = registry.registry().circuits.get(circuit)
    return () if registered is None else tuple(registered.object.models)


def _compile(models: Sequence[str], profile: Profile) -> None:
    """Compile models here and now: a node of the cluster may have no compiler.

    Not where the profile calls another installation, of which nothing is known here.

    Raises
    ------
    ModelError, EnvironmentProblem
        They cannot be compiled here either.
    """
    if not models or profile.command is not None:
        return
    from neuromodels.nestml.build import build

    build(models)


def submit_sweep(
    definition: Definition,
    profile: Profile,
    folder: Path,
    *,
    at_once: int | None = None,
    extend: bool = False,
    dry: bool = False,
) -> Submitted:
    """Submit what a sweep lacks as a job array, and a job that then makes its table.

    Parameters
    ----------
    definition : Definition
    profile : Profile
    folder : Path
        Directory of the sweep.
    at_once : int, optional
        Runs at a time, at most.
    extend, dry
        As in `neuromodels.sweep` and `submit_run`.

    Raises
    ------
    UsageError, EnvironmentProblem
        Nothing is missing, or Slurm does not accept the job.
    RunError
        The directory holds another sweep, or a job is at work on it.
    """
    _check_mpi(profile)
    profile = profile.changed(threads=definition.threads)
    if not dry:
        _refuse_twice(folder)
        definition = sweeper.reconcile(folder, definition, extend=extend)
    now = current(definition)
    missing = [
        entry.number
        for entry in definition.entries
        if status_of(folder, entry) != "running" and not is_finished(folder, entry, now)
    ]
    if not missing:
        raise UsageError(
            "nothing is missing in this sweep",
            code="NM273",
            where=str(folder),
            fix=f"for its table: {command('sweep', '--resume', folder, '--collect')}",
        )
    name = definition.circuit
    array = script.array_script(profile, folder, missing, at_once, name)
    collect = script.collect_script(profile, folder, f"{name}-table")
    if dry:
        return Submitted(folder, [array, collect], None, asked(profile))
    _compile(_models_of(definition.circuit), profile)
    job = client.submit(_written(array))
    waiting = None
    try:
        waiting = client.submit(_written(collect), f"--dependency=afterany:{job}")
    finally:  # the array is under way, whatever became of the other one
        record = records.Record(
            job, "sweep", name, str(folder), str(array.file), provenance.utc_now(), waiting
        )
        records.save(record)
    return Submitted(folder, [array, collect], record, asked(profile))


def _beside(folder: Path) -> Path:
    """Script of a run: not in its directory, which must be empty when it begins."""
    return script.free(folder.with_name(f"{folder.name}.sbatch"))


def _written(made: script.Script) -> Path:
    with disk_errors(made.file.parent):
        made.file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(made.file) as temporary:
        temporary.write_text(made.text, encoding="utf-8")
    return made.file


def _forget(folder: Path, made: script.Script) -> None:
    """Leave nothing of a run that was not accepted."""
    if not (folder / INFO).exists():
        made.file.unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _refuse_twice(folder: Path) -> None:
    mine = [record.job for record in records.load_all() if record.directory == str(folder)]
    try:
        active = [job for job, state in client.states(mine).items() if state.active]
    except EnvironmentProblem:
        return  # sbatch says so itself
    if active:
        raise RunError(
            f"job {active[0]} is still at work in this directory",
            code="NM641",
            where=str(folder),
            fix="wait for it to end (`neuromodels jobs`), or cancel it (`scancel`)",
        )


def _check_mpi(profile: Profile) -> None:
    """Refuse several tasks of a NEST that knows nothing of MPI: each would do the whole run."""
    if profile.tasks == 1 or profile.command is not None:
        return
    from neuromodels.machine.installation import find_nest

    if not find_nest().mpi:
        raise EnvironmentProblem(
            f"{profile.tasks} tasks need a NEST that was built with MPI, and this one is not",
            code="NM330",
            fix="use more --threads, or name an environment whose NEST has MPI in the profile",
        )


__all__ = ["Submitted", "resume_run", "submit_run", "submit_sweep"]
