"""The processes of one run: this one alone, or the ranks of an MPI job.

Every rank runs the same program and owns a part of the neurons.  What must happen once (claiming a
directory, compiling, analysing) is done by the first rank (`Ranks.first`); what each knows a part
of is put together on all of them (`Ranks.pieces`), in an order that does not depend on how virtual
processes are split over ranks and threads; and an error on any rank ends all of them
(`Ranks.settle`).

Messages go through mpi4py, on communicators of their own beside NEST's: it finds the MPI library
that NEST has loaded, or is linked to the same one.  NEST itself has no collective calls that a
Python program could use.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from neuromodels.errors import EnvironmentProblem, NeuromodelsError, RunError, reason

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

PATIENCE = 3.0
"""Wall time (s) that a rank with an error waits for the others to have one too."""
_STAGGER = 0.2

# What launchers tell a process of its rank and of the number of processes.  Slurm's are those of
# srun: in the script of a batch job SLURM_STEP_NUM_TASKS is not set.
_LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


class Ranks:
    """A process alone, and what `MpiRanks` does for many.

    Attributes
    ----------
    rank, size : int
        This process's number, from 0, and how many there are.
    """

    rank = 0
    size = 1

    @property
    def leads(self) -> bool:
        """Whether this is the rank that writes, prints, compiles and analyses."""
        return self.rank == 0

    def first(self, do: Callable[[], T]) -> T:
        """Let the first rank call `do`; all get what it returns, or raise what it raises."""
        return do()

    def everyone(self, value: T) -> list[T]:
        """Values of all ranks, in order of rank."""
        return [value]

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true on any rank."""
        return flag

    def pieces(self, local: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Arrays of all ranks, in order of rank; they differ in their first axis only."""
        return [local]

    def of_nodes(
        self, ids: npt.NDArray[np.int64], rank: int | None = None
    ) -> npt.NDArray[np.bool_]:
        """Tell which of NEST's nodes live on `rank`, by default this one.

        NEST deals neurons out to virtual processes in turn, and these to ranks in turn.
        """
        owned: npt.NDArray[np.bool_] = ids % self.size == (self.rank if rank is None else rank)
        return owned

    def agree(self, values: Mapping[str, npt.NDArray[Any]]) -> None:
        """Check that arrays are the same on all ranks.

        Raises
        ------
        RunError
            One is not; the message names it.
        """

    @contextlib.contextmanager
    def united(self) -> Iterator[None]:
        """Within the block, an error on any rank becomes the error of all, or their end."""
        try:
            yield
        except BaseException as error:
            agreed = self.settle(error, lambda mine: mine)
            if agreed is error:
                raise
            raise agreed from error

    def settle(
        self, error: BaseException, give_up: Callable[[BaseException], BaseException]
    ) -> Any:
        """Agree on the error to raise, now that this rank has one.

        Where all ranks have one it is that of the first rank; they go on and end by themselves.
        Otherwise the others may wait for ever for this rank: it ends all of them.

        Parameters
        ----------
        error : BaseException
        give_up : callable
            Given the error before all ranks are ended, writes down what must be; returns the error
            to print.

        Returns
        -------
        BaseException
        """
        del give_up
        return error


class MpiRanks(Ranks):
    """One rank of several.

    Parameters
    ----------
    world : mpi4py.MPI.Comm
        All of them.
    """

    def __init__(self, world: Any) -> None:
        self._world = world
        self._common = world.Dup()
        self._errors = world.Dup()
        self.rank, self.size = world.rank, world.size

    def first(self, do: Callable[[], T]) -> T:
        """As `Ranks.first`; the others sleep meanwhile, instead of spinning inside MPI."""
        value: Any = None
        mine: Exception | None = None
        told: NeuromodelsError | None = None
        if self.leads:
            try:
                value = do()
            except Exception as error:  # noqa: BLE001 - all ranks raise it
                mine = error
                told = (
                    error
                    if isinstance(error, NeuromodelsError)
                    else RunError(reason(error), code="NM601")
                )
        self._sleep_until(self._common.Ibarrier(), None)
        value, told = self._common.bcast((value, told))
        if told is not None:
            raise mine or told
        return value  # type: ignore[no-any-return]

    def everyone(self, value: T) -> list[T]:
        """As `Ranks.everyone`."""
        return self._common.allgather(value)  # type: ignore[no-any-return]

    def any(self, flag: bool) -> bool:
        """As `Ranks.any`."""
        return any(self._common.allgather(flag))

    def pieces(self, local: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """As `Ranks.pieces`."""
        import numpy as np

        local = np.ascontiguousarray(local)
        row = int(np.prod(local.shape[1:], dtype=np.int64))
        rows = self._common.allgather(len(local))
        whole = np.empty((sum(rows), *local.shape[1:]), local.dtype)
        self._common.Allgatherv(local, [whole, [n * row for n in rows]])
        return np.split(whole, np.cumsum(rows)[:-1])

    def agree(self, values: Mapping[str, npt.NDArray[Any]]) -> None:
        """As `Ranks.agree`."""
        import hashlib

        import numpy as np

        digests = {
            name: hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=8).digest()
            for name, value in values.items()
        }
        everyone = self.everyone(digests)
        for name in values:
            if any(other.get(name) != digests[name] for other in everyone):
                raise RunError(
                    f"{name} differs between MPI ranks",
                    code="NM620",
                    fix="read neurons and synapses with neuromodels.get_values, weights or "
                    "weight_summary, which give all ranks the same; draw from network.rng on all",
                )

    def settle(
        self, error: BaseException, give_up: Callable[[BaseException], BaseException]
    ) -> Any:
        """As `Ranks.settle`."""
        if is_settled(error):
            return error
        # Ranks that raise together would all give up at the same moment: one message is enough.
        patience = PATIENCE + min(_STAGGER * self.rank, PATIENCE)
        if not self._sleep_until(self._errors.Ibarrier(), patience):
            self._end(give_up(error))
        described = error if isinstance(error, NeuromodelsError) else None
        interrupted = isinstance(error, KeyboardInterrupt)
        everyone = self._errors.allgather((interrupted, described, reason(error)))
        # That of the first rank that was not just told to stop.
        chosen = min(range(self.size), key=lambda rank: (everyone[rank][0], rank))
        if chosen != self.rank:
            interrupted, described, text = everyone[chosen]
            error = (
                KeyboardInterrupt() if interrupted else described or RunError(text, code="NM601")
            )
        return mark_settled(error)

    def _end(self, error: BaseException) -> NoReturn:
        known = error if isinstance(error, NeuromodelsError) else RunError("", code="NM601")
        print(
            f"error[{known.code}]: rank {self.rank}: {reason(error)}", file=sys.stderr, flush=True
        )
        self._world.Abort(known.exit_code if known is error else 1)
        raise AssertionError from error  # Abort does not return

    @staticmethod
    def _sleep_until(request: Any, patience: float | None) -> bool:
        """Wait for a request without spinning; False if `patience` (s) ran out."""
        end = None if patience is None else time.monotonic() + patience
        pause = 1e-4
        while not request.Test():
            if end is not None and time.monotonic() > end:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return True


def mark_settled(error: E) -> E:
    """Note that all ranks know of an error; returns it."""
    error._settled = True  # type: ignore[attr-defined]
    return error


def is_settled(error: BaseException) -> bool:
    """Whether all ranks know of an error."""
    return getattr(error, "_settled", False)


def launched() -> tuple[int, int]:
    """Rank and number of processes as the launcher (mpirun, srun) tells; (0, 1) without one.

    Known before anything is imported, and in processes that MPI does not connect.
    """
    for rank, size in _LAUNCHERS:
        if rank in os.environ and size in os.environ:
            try:
                return int(os.environ[rank]), int(os.environ[size])
            except ValueError:
                continue
    return 0, 1


@lru_cache(maxsize=1)
def world() -> Ranks:
    """All processes of this run.

    Raises
    ------
    EnvironmentProblem
        A launcher started several processes, and they cannot work together.
    """
    _, started = launched()
    if "mpi4py.MPI" not in sys.modules and started == 1:
        return Ranks()
    from neuromodels.machine import installation

    if not installation.find_nest().mpi:
        if started > 1:
            raise EnvironmentProblem(
                f"a launcher started {started} processes, but this NEST is built without MPI",
                code="NM330",
                fix="install a NEST with MPI (docs/mpi.md), or start one process",
            )
        return Ranks()
    if "SLURM_STEP_NUM_TASKS" in os.environ and not any(
        name.startswith(("PMI", "PALS_", "OMPI_")) for name in os.environ
    ):
        # MPI itself would end the process with a page of text.
        raise EnvironmentProblem(
            f"srun started {started} processes without telling MPI of one another",
            code="NM332",
            fix="srun --mpi=pmix (srun --mpi=list names what there is), or mpirun inside the job",
        )
    prepare_mpi()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise EnvironmentProblem(
            f"{started} processes were started, but mpi4py cannot be used: {reason(error)}",
            code="NM331",
            fix="pip install 'neuromodels[mpi]'; neuromodels doctor says more",
        ) from error
    comm = MPI.COMM_WORLD
    if comm.size < started:
        raise EnvironmentProblem(
            f"{started} processes were started, but MPI ({_library(MPI)}) sees {comm.size}",
            code="NM332",
            fix="start them with the mpirun of this library, or srun --mpi=pmix (pmi2)",
        )
    return MpiRanks(comm) if comm.size > 1 else Ranks()


def prepare_mpi() -> None:
    """Set what must be in the environment before MPI is initialised.

    Ranks of Open MPI that wait for a message spin; where others need the core they yield it.
    """
    os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")


def _library(MPI: Any) -> str:
    """Name and version of the MPI library."""
    return str(MPI.Get_library_version()).split(",")[0].splitlines()[0].strip("\0 ")


__all__ = [
    "MpiRanks", "Ranks", "is_settled", "launched", "mark_settled", "prepare_mpi", "world",
]  # fmt: skip
