"""Runs circuits: from a name and parameters to a run on disk.

`run` builds, simulates, records and analyses; `resume` finishes what was interrupted; `analyze`
analyses again; `rerun` repeats a run from its ``run.json`` alone, spike for spike.

A simulation happens in this process's NEST kernel, which is reset first: whatever network the
caller had built is gone.  The network of the run stays in the kernel afterwards, to be looked at.

Under MPI every rank calls these functions in the same order (`neuromodels.machine.ranks`).  The
first rank compiles, writes, shows progress and analyses; an error on any rank ends all of them.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import platform
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels import registry
from neuromodels.disk.checkpoints import Checkpoint
from neuromodels.disk.directory import INFO, SCHEMA, RunDirectory, new_directory, read_info
from neuromodels.disk.files import disk_errors
from neuromodels.errors import (
    AnalysisFailed,
    EnvironmentProblem,
    NeuromodelsError,
    RunError,
    RunInterrupted,
    command,
    reason,
    wrap_errors,
)
from neuromodels.kernel.mpi_defects import (
    clear_target_buffers,
    explain_missing_values,
    guard_collective_calls,
    patch_set_with_arrays,
    quiet,
)
from neuromodels.machine import memory, provenance
from neuromodels.machine.importing import import_nest
from neuromodels.machine.ranks import Ranks, mark_known_to_all, world
from neuromodels.machine.threads import (
    set_passive_wait_policy,
    warn_of_active_waiting,
    warn_of_small_slices,
)
from neuromodels.running import account
from neuromodels.running.evaluation import run_analyses
from neuromodels.running.fingerprint import Now
from neuromodels.running.interrupts import Interrupts
from neuromodels.running.planning import Plan, make_plan, plan_again, warn_of_changes
from neuromodels.running.progress import Progress, Report
from neuromodels.running.simulation import Simulation, pace, work
from neuromodels.runs import Run, load_run

if TYPE_CHECKING:
    from neuromodels.circuit import Circuit
    from neuromodels.kernel.recording import KernelNetwork

logger = logging.getLogger(__name__)


def run(
    circuit: str | type[Circuit[Any]] | Circuit[Any],
    *,
    parameters: Mapping[str, Any] | None = None,
    preset: str | None = None,
    seed: int = 1,
    threads: int = 1,
    out: str | os.PathLike[str] | None = None,
    analyze: bool = True,
    progress: bool | Report | None = None,
) -> Run:
    """Build, simulate, record and analyse a circuit.

    Resets the NEST kernel of this process.

    Parameters
    ----------
    circuit : str, Circuit class or Circuit
        Registered name, or a class of your own, or an instance that has its parameters already.
    parameters : mapping, optional
        Values that differ from those of the preset: numbers in the declared unit, or text with a
        unit (``"25 s"``).
    preset : str, optional
        Named set of parameters; the circuit's default when left out.
    seed : int
        Of all random numbers, 1 to 2**32 - 1.
    threads : int
        NEST's threads, on each MPI rank.  Results depend on the number of virtual processes
        (threads times ranks) where random numbers are used, and not on how it is split.
    out : path, optional
        New or empty directory.  By default ``runs/<study>-<thing>-<UTC time>-s<seed>`` under the
        current directory.
    analyze : bool
        Whether the circuit's analyses run at the end.
    progress : bool or callable, optional
        True or False; by default a bar if there is a terminal or notebook to draw it on.  A
        callable is told what is going on and the share of the biological time that has passed.

    Returns
    -------
    Run
        Complete.

    Raises
    ------
    UsageError
        Unknown names, parameters out of range, a directory that cannot be used, a wrong seed or
        number of threads; before anything is written.
    RunError
        The circuit or NEST failed; the directory says ``failed`` and why.
    RunInterrupted
        Ctrl-C, SIGTERM or SIGHUP; what was recorded is on disk.
    EnvironmentProblem
        The disk is full or not writable, or the machine lacks something.
    AnalysisFailed
        The run is complete, but an analysis raised; its attribute `run` has the rest.
    """
    set_passive_wait_policy()
    ranks = world()
    with ranks.collective_errors():
        plan = make_plan(circuit, parameters, preset, seed, threads)
        _warn_of_few_cores(plan, ranks)
        directory = _claimed(plan, out, ranks)
    return _execute(directory, plan, ranks, analyze=analyze, progress=progress)


def resume(
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    analyze: bool | None = None,
    progress: bool | Report | None = None,
) -> Run:
    """Finish a run that was interrupted or failed, in its directory and as it was asked for.

    A simulation that had ended is not repeated: what is left of writing and analysing is done.  One
    that had not is continued from its last checkpoint, where the circuit writes some
    (`neuromodels.disk.checkpoints`); the result equals an uninterrupted one in distribution.
    Otherwise it starts from the beginning, because NEST cannot restore the state of a kernel; with
    the same seed it gives the same spikes.  A complete run is returned as it is.

    Parameters
    ----------
    path : path
        Directory of the run.
    force : bool
        Whether a simulation is continued although something that made its beginning has changed:
        a model, the circuit's code, a version.  The run says so ever after.
    analyze : bool, optional
        As in `run`; by default as the run was asked for.
    progress : bool or callable, optional
        As in `run`.

    Returns
    -------
    Run

    Raises
    ------
    NeuromodelsError
        As `run`; in addition `RunError` if the run is still running, or if something that made it
        has changed.
    """
    set_passive_wait_policy()
    ranks = world()
    with ranks.collective_errors():
        directory = RunDirectory.shared(ranks, lambda: RunDirectory.reopen(Path(path).absolute()))
    info = directory.info
    wanted = bool(info["analyze"]) if analyze is None else analyze
    if info["status"] == "complete":
        directory.release()
        return load_run(path)
    if directory.reached("simulated"):
        return _execute(directory, None, ranks, analyze=wanted, progress=progress)

    def last_state() -> Checkpoint | None:
        checkpoint = Checkpoint.read(directory.checkpoint)
        if checkpoint is None:
            with disk_errors(directory.path):
                directory.clear()
        return checkpoint

    try:
        with ranks.collective_errors():
            plan = plan_again(info, ranks.size)
            changed = _changes(plan, directory, force=force)
            if ranks.is_first:
                warn_of_changes(info, changed)
            checkpoint = ranks.first(last_state)
    except BaseException:
        directory.release()
        raise
    if checkpoint is None:
        directory.info = {"schema": SCHEMA}
    return _execute(
        directory, plan, ranks, checkpoint, analyze=wanted, progress=progress, changed=changed
    )


def _changes(plan: Plan, directory: RunDirectory, *, force: bool) -> list[str]:
    """What made the run in `directory` that would be another now; an error unless forced."""
    changed = Now(type(plan.circuit)).differences(directory.info)
    if changed and not force:
        raise RunError(
            f"what made this run has changed since: {', '.join(changed)}",
            code="NM619",
            where=str(directory.path),
            fix=f"restore that, repeat the run (neuromodels run {plan.name} --params "
            f"{directory.path / INFO}), or mix both halves with --force",
        )
    return changed


def rerun(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    analyze: bool | None = None,
    progress: bool | Report | None = None,
) -> Run:
    """Repeat a run from its ``run.json``: same parameters, seed and threads, so the same spikes.

    Other versions of NEST, other code of a model or of the circuit may give other spikes; a warning
    says what differs.

    Parameters
    ----------
    path : path
        Directory of the run, or its ``run.json``, which is all that is read.
    out : path, optional
        As in `run`.
    analyze, progress : bool, optional
        As in `run`; `analyze` by default as the run was asked for.

    Returns
    -------
    Run

    Raises
    ------
    NeuromodelsError
        As `run`.
    """
    set_passive_wait_policy()
    ranks = world()
    source = Path(path).absolute()
    with ranks.collective_errors():
        info = read_info(source.parent if source.name == INFO else source)
        plan = plan_again(info, ranks.size)
        if ranks.is_first:
            warn_of_changes(info, Now(type(plan.circuit)).differences(info))
        directory = _claimed(plan, out, ranks)
    wanted = bool(info["analyze"]) if analyze is None else analyze
    return _execute(directory, plan, ranks, analyze=wanted, progress=progress)


def analyze(path: str | os.PathLike[str], names: Sequence[str] | None = None) -> Run:
    """Analyse a run again; metrics and figures of these analyses are replaced.

    Works on an interrupted run too, with what it recorded; its status stays.

    Parameters
    ----------
    path : path
        Directory of the run.
    names : sequence of str, optional
        Registered analyses; by default those of the run's circuit.

    Returns
    -------
    Run

    Raises
    ------
    UnknownNameError
        No such analysis.
    RunError
        `path` holds no run, or one that is running.
    AnalysisFailed
        An analysis raised; the others are done.
    """
    ranks = world()
    with ranks.collective_errors():
        directory = RunDirectory.shared(ranks, lambda: RunDirectory.reopen(Path(path).absolute()))
        try:
            wanted = [names] if isinstance(names, str) else names
            wanted = list(directory.info["analyses"] if wanted is None else wanted)
            for name in wanted:
                registry.registry().analysis(name)
            with directory.logging():
                failures = ranks.first(lambda: run_analyses(directory, wanted))
        finally:
            directory.release()
    return _finished(directory, failures)


# -- executing ------------------------------------------------------------------------------------


def _execute(
    directory: RunDirectory,
    plan: Plan | None,
    ranks: Ranks,
    checkpoint: Checkpoint | None = None,
    *,
    analyze: bool,
    progress: bool | Report | None,
    changed: Sequence[str] = (),
) -> Run:
    """Run a circuit in a directory that is locked; without `plan`, only assemble and analyse."""
    failures: list[str] = []
    with contextlib.ExitStack() as stack:
        stack.callback(directory.release)
        stack.enter_context(directory.logging())
        interrupts = stack.enter_context(Interrupts())
        show = stack.enter_context(Progress(progress, rank=ranks.rank))
        reserve = memory.Reserve()
        begin = time.perf_counter()
        try:
            if plan is not None:
                _begin(directory, plan, ranks, checkpoint, changed, analyze=analyze)
                _simulate(directory, plan, ranks, checkpoint, show, interrupts)
            else:
                directory.info.update(status="running", error=None)
                directory.save()
            show.stage("writing")
            with _timed(directory, "assemble"):
                ranks.first(directory.assemble)
            if analyze:
                show.stage("analysing")
                with _timed(directory, "analyse"):
                    failures = ranks.first(
                        lambda: run_analyses(directory, directory.info["analyses"])
                    )
            ranks.first(lambda: _complete(directory, begin))
        except BaseException as raised:
            error = raised
            reserve.release()
            if isinstance(error, KeyboardInterrupt) and ranks.size == 1 and not interrupts.pending:
                error = RunError(
                    "failed: KeyboardInterrupt was raised without a Ctrl-C", code="NM601"
                )
            agreed = ranks.agree_on_error(
                error, lambda mine: _stopped(directory, mine, begin, last_words=True)
            )
            reported = mark_known_to_all(_stopped(directory, agreed, begin))
            if reported is raised:
                raise
            raise reported from raised
    with ranks.collective_errors():
        ranks.first(lambda: _observed(directory))
    return _finished(directory, failures)


def _observed(directory: RunDirectory) -> None:
    """Call the hook after a run."""
    registry.registry().hook.neuromodels_after_run(run=load_run(directory.path))


def _warn_of_few_cores(plan: Plan, ranks: Ranks) -> None:
    """Warn, on the first rank, if there are more threads than cores."""
    cores = provenance.usable_cores()
    here = ranks.allgather(platform.node()).count(platform.node())
    if not ranks.is_first:
        return
    if plan.threads > cores:
        text = f"{plan.threads} threads on {cores} usable cores will be slower than {cores}"
        if here > 1:
            text += "; mpirun ties ranks to cores unless it is told --bind-to none"
        warnings.warn(text, stacklevel=3)
    elif here * plan.threads > (os.cpu_count() or 1):
        warnings.warn(
            f"{here} ranks of {plan.threads} threads on the {os.cpu_count()} cores of "
            f"{platform.node()} will be slower than one for each core",
            stacklevel=3,
        )


def _claimed(plan: Plan, out: str | os.PathLike[str] | None, ranks: Ranks) -> RunDirectory:
    """Create and lock the directory of a new run, on the first rank."""

    def claim() -> RunDirectory:
        if out is None:
            return new_directory(plan.name, plan.seed)
        return RunDirectory.create(Path(out).absolute())

    return RunDirectory.shared(ranks, claim)


def _begin(
    directory: RunDirectory,
    plan: Plan,
    ranks: Ranks,
    checkpoint: Checkpoint | None,
    changed: Sequence[str],
    *,
    analyze: bool,
) -> None:
    step = None if checkpoint is None else checkpoint.step
    directory.info.update(
        account.opening(
            plan, ranks.size, directory.info, resumed_at=step, analyze=analyze, changed=changed
        )
    )
    directory.save()
    logger.info(
        "run of %s, seed %d, %d threads, %d ranks", plan.name, plan.seed, plan.threads, ranks.size
    )


def _simulate(
    directory: RunDirectory,
    plan: Plan,
    ranks: Ranks,
    checkpoint: Checkpoint | None,
    progress: Progress,
    interrupts: Interrupts,
) -> None:
    from neuromodels.disk.parts import Spool, rewind
    from neuromodels.kernel.recording import KernelNetwork

    circuit, info, hook = plan.circuit, directory.info, registry.registry().hook
    provenance.forget_peak_memory()
    if circuit.models:
        progress.stage("compiling models")
        with _timed(directory, "build"):
            info["models"] = ranks.first(lambda: _built(circuit.models, progress))
    progress.stage("constructing the network")
    nest = _imported(plan, ranks)
    with (
        _timed(directory, "construct"),
        _connecting(nest, directory),
        quiet(nest, "WARNING"),
    ):
        _set_up(nest, plan)
        network = KernelNetwork(nest, plan.clock, plan.seed, ranks)
        hook.neuromodels_before_build(circuit=circuit, network=network)
        with wrap_errors(f"{plan.name} cannot be built"), explain_missing_values(ranks):
            circuit.build(network)
            origin = 0 if checkpoint is None else checkpoint.step
            network.continue_from(origin)
            network.seal()
        if checkpoint is not None:
            _restore(nest, plan, network, checkpoint)
        index = 0 if checkpoint is None else ranks.first(lambda: rewind(directory.parts, origin))
        spool = Spool(directory.parts, rank=ranks.rank, ranks=ranks.size, start=origin, index=index)
        with wrap_errors("a signal cannot be read"):
            if checkpoint is None:
                network.sample(0, spool)
            info["recordings"] = network.layout()
        if ranks.is_first:
            directory.save_coords(network.coords)
    directory.save()
    if cut := network.off_slice():
        logger.warning(
            "the intervals of %s are no multiples of the minimal delay, %g ms: "
            "recording them changes the order in which random numbers are drawn",
            ", ".join(cut), plan.clock.ms(network.slice),
        )  # fmt: skip
    # Queries of the kernel are collective calls: all ranks must make them.
    seconds, interval = work(network, circuit.cost()), plan.clock.ms(network.slice)
    if ranks.is_first:
        warn_of_small_slices(plan.threads, seconds, interval)
    chosen = pace(network, seconds)
    simulation = Simulation(
        network,
        plan.spans,
        spool,
        progress,
        interrupts,
        pace=chosen,
        after_phase=lambda phase: hook.neuromodels_after_phase(
            circuit=circuit, network=network, phase=phase
        ),
        checkpoint=lambda step: _keep_state(directory, plan, network, step),
        commit=lambda: _commit_state(directory, plan, network, simulation),
        origin=origin,
    )
    try:
        # NEST would repeat the warning above for every sample.
        with (
            quiet(nest, "ERROR"),
            interrupts.deferred(),
            wrap_errors("the simulation failed"),
            explain_missing_values(ranks),
        ):
            finished = simulation.run()
    finally:
        account.simulated(info, plan, simulation)
    # What all ranks recorded is on disk from here on.
    for what in ("cpu_time", "peak_memory"):
        info[what] = sum(ranks.allgather(info[what]))
    if not finished:
        interrupts.pending = True  # the signal may have come to another rank
        raise KeyboardInterrupt
    info["stage"] = "simulated"
    directory.save()


def _restore(nest: Any, plan: Plan, network: KernelNetwork, checkpoint: Checkpoint) -> None:
    """Set a network that has just been built to the state of a checkpoint."""
    # NEST sorts synapses when a simulation begins; the state of a checkpoint is in that order.
    nest.Prepare()
    nest.Cleanup()
    with wrap_errors(f"the checkpoint does not fit {plan.name}"):
        plan.circuit.restore(network, checkpoint.state)
    network.rng.bit_generator.state = dict(checkpoint.rng)
    nest.rng_seed = checkpoint.seed(plan.seed)


def _keep_state(directory: RunDirectory, plan: Plan, network: KernelNetwork, step: int) -> None:
    """Write the state of the network beside the last checkpoint, which stays valid."""
    with wrap_errors(f"the state of {plan.name} cannot be read"):
        state = plan.circuit.state(network)
    saved = Checkpoint(step, network.rng.bit_generator.state, state)
    network.ranks.first(lambda: saved.write(directory.next_checkpoint))


def _commit_state(
    directory: RunDirectory, plan: Plan, network: KernelNetwork, simulation: Simulation
) -> None:
    """Let a resumed run begin from the state that was kept last."""
    # Wait until all ranks have written what they recorded up to its step.
    network.ranks.allgather(None)
    network.ranks.first(directory.commit_checkpoint)
    account.simulated(directory.info, plan, simulation)
    directory.save()


def _built(models: Sequence[str], progress: Progress) -> dict[str, str]:
    """Compile the models that are not cached; return the hash of each model's module."""
    from neuromodels.nestml.build import build

    doing = {"generate": "generating C++ for", "compile": "compiling"}

    def report(stage: str, name: str) -> None:
        if stage in doing:
            progress.stage(f"{doing[stage]} {name}")

    entries = build(models, report)
    return {name: entry.key for entry in entries for name in entry.models}


def _imported(plan: Plan, ranks: Ranks) -> Any:
    """Import NEST, after setting the environment variables that it reads at import."""
    if "nest" not in sys.modules:
        os.environ.setdefault("PYNEST_QUIET", "1")
        set_passive_wait_policy()
    elif ranks.is_first:
        warn_of_active_waiting(plan.threads)
    try:
        nest = import_nest()
    except Exception as error:
        raise EnvironmentProblem(
            f"NEST cannot be imported: {reason(error)}",
            code="NM301",
            fix="neuromodels doctor says more",
        ) from error
    processes = nest.NumProcesses()
    if processes != ranks.size:
        raise EnvironmentProblem(
            f"NEST sees {processes} MPI processes, mpi4py {ranks.size}: "
            "they use different MPI libraries",
            code="NM332",
            fix="install mpi4py for the MPI library that NEST was built with; "
            "neuromodels doctor says more",
        )
    if ranks.size > 1:
        patch_set_with_arrays(nest)
        guard_collective_calls(nest, ranks)
    return nest


def _set_up(nest: Any, plan: Plan) -> None:
    """Reset the kernel, load the models, and set resolution, threads and seed."""
    with wrap_errors("NEST cannot be set up"):
        if nest.NumProcesses() > 1:
            clear_target_buffers(nest, plan.threads)
        from neuromodels.kernel.install import attach, install

        attach()
        nest.ResetKernel()
        if plan.circuit.models:
            # First: NEST loads modules only before resolution or threads are set.
            install(*plan.circuit.models)
        # NEST warns that a new resolution resets the models' state; there is none yet.
        with quiet(nest, "ERROR"):
            nest.set(
                resolution=plan.clock.resolution,
                local_num_threads=plan.threads,
                rng_seed=plan.seed,
                print_time=False,
                # NEST logs each change of its buffers' sizes, and copies the log whenever a kernel
                # attribute is read: buffers that shrink in quiet slices make both grow with time.
                spike_buffer_shrink_limit=0.0,
            )


def _complete(directory: RunDirectory, begin: float) -> None:
    info = directory.info
    info["wall"]["total"] = time.perf_counter() - begin
    info.update(status="complete", stage="analysed", finished=provenance.utc_now())
    directory.save()
    logger.info("complete after %.1f s", info["wall"]["total"])


def _stopped(
    directory: RunDirectory, error: BaseException, begin: float, *, last_words: bool = False
) -> BaseException:
    """Save in run.json why a run ends early; return the error to raise."""
    info = directory.info
    interrupted = isinstance(error, KeyboardInterrupt)
    asked = memory.wanted(error)
    if asked is not None:  # of this machine, and not of the run: it can be resumed elsewhere
        fix = f"with more memory, {command('run', '--resume', directory.path)}"
        error = memory.problem(asked, str(directory.path), fix)
    why = "stopped by a signal: Ctrl-C, SIGTERM or SIGHUP" if interrupted else reason(error)
    info.update(
        status="interrupted" if interrupted or asked is not None else "failed",
        error=why,
        finished=provenance.utc_now(),
    )
    info.setdefault("wall", {})["total"] = time.perf_counter() - begin
    # If this cannot be written, run.json still says "running"; a run that says so but is not locked
    # counts as interrupted.
    with contextlib.suppress(OSError, EnvironmentProblem, MemoryError):
        (directory.save_last_words if last_words else directory.save)()
        logger.error("%s: %s", info["status"], why)
    if interrupted:
        seconds = info.get("biological_time", 0.0) / 1000
        planned = info["phases"][-1]["stop"] / 1000 if info.get("phases") else 0.0
        return RunInterrupted(
            f"stopped after {seconds:g} of {planned:g} s of biological time; "
            f"what was recorded is in {directory.path}",
            code="NM602",
            fix=command("run", "--resume", directory.path),
        )
    if isinstance(error, NeuromodelsError) or not isinstance(error, Exception):
        return error
    return RunError(f"failed: {why}", code="NM601", where=str(directory.path))


def _finished(directory: RunDirectory, failures: Sequence[str]) -> Run:
    result = load_run(directory.path)
    if failures:
        # All ranks raise it.
        error = AnalysisFailed(
            "; ".join(failures),
            code="NM700",
            where=str(directory.path),
            fix="the simulation is complete; repeat the analysis with `neuromodels analyze`"
            if result.status == "complete"
            else "the simulation is not complete: " + command("run", "--resume", directory.path),
            run=result,
        )
        raise mark_known_to_all(error)
    return result


# -- helpers --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _timed(directory: RunDirectory, what: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        directory.info["wall"][what] = time.perf_counter() - begin


@contextlib.contextmanager
def _connecting(nest: Any, directory: RunDirectory) -> Iterator[None]:
    """Time what is spent in ``nest.Connect`` inside the block."""
    connect, wall = nest.Connect, directory.info["wall"]
    wall["connect"] = 0.0

    @functools.wraps(connect)
    def timed(*args: Any, **kwargs: Any) -> Any:
        begin = time.perf_counter()
        try:
            return connect(*args, **kwargs)
        finally:
            wall["connect"] += time.perf_counter() - begin

    # Attributes of the module cannot be set with setattr.
    vars(nest)["Connect"] = timed
    try:
        yield
    finally:
        vars(nest)["Connect"] = connect


__all__ = ["analyze", "rerun", "resume", "run"]
