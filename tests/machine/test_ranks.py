"""What several ranks share, as far as one process can tell."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from neuromodels import errors
from neuromodels.disk import parts
from neuromodels.machine import installation, ranks
from neuromodels.running import planning


@pytest.fixture
def outside(monkeypatch):
    """No launcher, and nothing remembered of one."""
    for names in ranks._LAUNCHERS:
        for name in names:
            monkeypatch.delenv(name, raising=False)
    ranks.world.cache_clear()
    yield monkeypatch
    ranks.world.cache_clear()


def test_alone(outside):
    assert ranks.launched() == (0, 1)
    world = ranks.world()
    assert (world.rank, world.size, world.is_first) == (0, 1, True)
    assert world.first(lambda: 3) == 3
    assert world.allgather("x") == ["x"]
    assert world.owns(np.arange(1, 5)).all()


@pytest.mark.parametrize(
    ("rank", "size"),
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        ("PMI_RANK", "PMI_SIZE"),
        ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ],
)
def test_launchers_are_known(outside, rank, size):
    outside.setenv(rank, "2")
    outside.setenv(size, "4")
    assert ranks.launched() == (2, 4)


def test_a_batch_script_is_no_launcher(outside):
    outside.setenv("SLURM_PROCID", "0")
    outside.setenv("SLURM_NTASKS", "4")
    assert ranks.launched() == (0, 1)


def test_several_processes_need_a_nest_with_mpi(outside):
    outside.setenv("OMPI_COMM_WORLD_RANK", "0")
    outside.setenv("OMPI_COMM_WORLD_SIZE", "2")
    outside.setattr(installation.NestInstallation, "mpi", property(lambda _: False))
    with pytest.raises(errors.EnvironmentProblem, match="2 processes, but this NEST is built"):
        ranks.world()


def test_srun_without_a_plugin_for_mpi(outside):
    for name in [n for n in os.environ if n.startswith(("PMI", "PALS_", "OMPI_"))]:
        outside.delenv(name)
    outside.setenv("SLURM_PROCID", "0")
    outside.setenv("SLURM_STEP_NUM_TASKS", "2")
    outside.setattr(installation.NestInstallation, "mpi", property(lambda _: True))
    with pytest.raises(errors.EnvironmentProblem, match="srun --mpi=pmix"):
        ranks.world()


@pytest.mark.parametrize(
    "error",
    [
        errors.UsageError("wrong"),
        errors.RunError("wrong", where="there", fix="mend it"),
        errors.EnvironmentProblem("wrong", fix="mend it"),
    ],
)
def test_errors_travel_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.what, again.where, again.fix) == (error.what, error.where, error.fix)
    assert str(again) == str(error)


def test_traces_of_several_ranks_are_put_side_by_side(tmp_path):
    """A neuron without samples is NaN; a value that is NaN stays."""
    for rank, columns in enumerate(([0, 2], [1])):
        spool = parts.Spool(tmp_path, rank=rank, ranks=3)
        spool.keep("traces/t/size", np.array(4))
        spool.keep("traces/t/columns", np.array(columns))
        for stop in (10, 20):
            spool.add("traces/t/steps", np.array([stop - 5, stop]))
            values = np.array([[stop + c] * 2 for c in columns], float).T
            values[0, 0] = np.nan if rank else values[0, 0]
            spool.add("traces/t/V", values)
            spool.write(stop)
    other = parts.Spool(tmp_path, rank=2, ranks=3)
    other.write(10)
    other.write(20)
    found = parts.Parts(tmp_path)
    assert [list(steps) for steps in found.rows("traces/t", "steps")] == [[5, 10], [15, 20]]
    first, _ = found.rows("traces/t", "V")
    np.testing.assert_array_equal(first, [[10, np.nan, 12, np.nan], [10, 11, 12, np.nan]])


def test_means_are_made_of_the_sums_of_all_ranks(tmp_path):
    """Three virtual processes on two ranks, with five neurons."""
    for rank, (columns, sums) in enumerate((([0, 2], [[1.0, 4.0]]), ([1], [[5.0]]))):
        spool = parts.Spool(tmp_path, rank=rank, ranks=2)
        spool.keep("traces/t/size", np.array(3))
        spool.keep("traces/t/columns", np.array(columns))
        spool.keep("traces/t/averaged", np.array(5))
        spool.add("traces/t/steps", np.array([7]))
        spool.add("traces/t/V", np.array(sums))
        spool.write(10)
    found = parts.Parts(tmp_path)
    assert [list(steps) for steps in found.rows("traces/t", "steps")] == [[7]]
    assert [list(mean) for mean in found.rows("traces/t", "V")] == [[2.0]]


def test_a_run_may_go_on_with_other_ranks(run):
    info = dict(run(preset="smoke", analyze=False).info)
    info.update(threads=2, ranks=2)
    assert planning.plan_again(info).threads == 4
    assert planning.plan_again(info, 2).threads == 2
    assert planning.plan_again(info, 4).threads == 1
    with pytest.raises(errors.UsageError, match="4 virtual processes .* 3 MPI ranks"):
        planning.plan_again(info, 3)
