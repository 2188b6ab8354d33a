"""The processes of one run: this one alone, or the ranks of an MPI job.

Every rank runs the same program and owns a part of the neurons.  The first rank does what must
happen once: it claims a directory, compiles, analyses (`Ranks.first`).  Arrays that are distributed
over ranks are gathered on all of them (`Ranks.allgather_arrays`), in an order that does not depend
on how virtual processes are split into ranks and threads.  An error on any rank ends all ranks
(`Ranks.agree_on_error`).

Messages go through mpi4py, on communicators other than NEST's.  mpi4py finds the MPI library that
NEST has loaded, or is linked to the same one.  NEST itself has no collective calls that a Python
program could use.
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

MEETING_TIMEOUT = 60.0
"""Wall time (s) after which a rank that waits for the others in a call of NEST's says so."""
ERROR_TIMEOUT = 3.0
"""Wall time (s) for which a rank with an error waits for the other ranks to have one, too."""
# Wall time (s) by which each further rank waits longer.
_TIMEOUT_STEP = 0.2

# Environment variables by which launchers pass a process its rank and the number of processes.
# Slurm's are those of srun: in the script of a batch job SLURM_STEP_NUM_TASKS is not set.
_LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


class Ranks:
    """The interface to all processes of a run, for a run of one process; see `MpiRanks`.

    Attributes
    ----------
    rank, size : int
        This process's number, from 0, and how many there are.
    """

    rank = 0
    size = 1
    in_first = False  # whether this rank runs something that the others do not

    @property
    def is_first(self) -> bool:
        """Whether this is the rank that writes, prints, compiles and analyses."""
        return self.rank == 0

    def first(self, do: Callable[[], T]) -> T:
        """Call `do` on the first rank; all ranks return its result or raise its error."""
        return do()

    def allgather(self, value: T) -> list[T]:
        """Gather the values of all ranks on all ranks, in order of rank."""
        return [value]

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true on any rank."""
        return flag

    def allgather_arrays(self, local: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Gather the arrays of all ranks on all ranks, in order of rank.

        Shapes may differ in their first axis only.
        """
        return [local]

    def owns(self, ids: npt.NDArray[np.int64], rank: int | None = None) -> npt.NDArray[np.bool_]:
        """Tell which nodes of NEST are on `rank`, by default this one.

        NEST assigns neurons to virtual processes in turn (round robin), and these to ranks in turn.
        """
        owned: npt.NDArray[np.bool_] = ids % self.size == (self.rank if rank is None else rank)
        return owned

    def meet(self, what: str) -> None:
        """Wait for all ranks before a call that involves all of them, and warn if that is long."""

    def check_equal(self, values: Mapping[str, npt.NDArray[Any]]) -> None:
        """Check that arrays are the same on all ranks.

        Raises
        ------
        RunError
            An array differs; the message names it.
        """

    @contextlib.contextmanager
    def collective_errors(self) -> Iterator[None]:
        """Make an error on any rank, inside the block, the error of all ranks, or abort them."""
        try:
            yield
        except BaseException as error:
            agreed = self.agree_on_error(error, lambda mine: mine)
            if agreed is error:
                raise
            raise agreed from error

    def agree_on_error(
        self, error: BaseException, before_abort: Callable[[BaseException], BaseException]
    ) -> Any:
        """Give the error that all ranks raise, now that this rank has one.

        If all ranks have an error, it is that of the first rank, and each rank ends by itself.
        Otherwise the other ranks may wait for this one without end, and it aborts all of them.

        Parameters
        ----------
        error : BaseException
            The error of this rank.
        before_abort : callable
            Takes the error before ranks are aborted, saves what must be kept, and returns the error
            to print.

        Returns
        -------
        BaseException
        """
        del before_abort
        return error


class MpiRanks(Ranks):
    """One rank of several.

    Parameters
    ----------
    world : mpi4py.MPI.Comm
        Communicator of all ranks.
    """

    def __init__(self, world: Any) -> None:
        self._world = world
        self._data_comm = world.Dup()
        self._error_comm = world.Dup()
        self._meeting_comm = world.Dup()
        self.rank, self.size = world.rank, world.size

    def first(self, do: Callable[[], T]) -> T:
        """As `Ranks.first`; the other ranks sleep meanwhile, instead of spinning inside MPI."""
        value: Any = None
        original: Exception | None = None
        sent: NeuromodelsError | None = None  # an error that can be pickled
        if self.is_first:
            self.in_first = True
            try:
                value = do()
            except Exception as error:  # noqa: BLE001 - all ranks raise it
                original = error
                sent = (
                    error
                    if isinstance(error, NeuromodelsError)
                    else RunError(reason(error), code="NM601")
                )
            finally:
                self.in_first = False
        self._wait(self._data_comm.Ibarrier(), None)
        value, sent = self._data_comm.bcast((value, sent))
        if sent is not None:
            raise original or sent
        return value  # type: ignore[no-any-return]

    def allgather(self, value: T) -> list[T]:
        """As `Ranks.allgather`."""
        return self._data_comm.allgather(value)  # type: ignore[no-any-return]

    def any(self, flag: bool) -> bool:
        """As `Ranks.any`."""
        return any(self._data_comm.allgather(flag))

    def allgather_arrays(self, local: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """As `Ranks.allgather_arrays`."""
        import numpy as np

        local = np.ascontiguousarray(local)
        row = int(np.prod(local.shape[1:], dtype=np.int64))
        rows = self._data_comm.allgather(len(local))
        gathered = np.empty((sum(rows), *local.shape[1:]), local.dtype)
        self._data_comm.Allgatherv(local, [gathered, [n * row for n in rows]])
        return np.split(gathered, np.cumsum(rows)[:-1])

    def meet(self, what: str) -> None:
        """As `Ranks.meet`."""
        request = self._meeting_comm.Ibarrier()
        if not self._wait(request, MEETING_TIMEOUT):
            print(
                f"warning: rank {self.rank} has waited {MEETING_TIMEOUT:g} s in {what} for the "
                "other ranks: all of them must call it, or none",
                file=sys.stderr,
                flush=True,
            )
            self._wait(request, None)

    def check_equal(self, values: Mapping[str, npt.NDArray[Any]]) -> None:
        """As `Ranks.check_equal`."""
        import hashlib

        import numpy as np

        digests = {
            name: hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=8).digest()
            for name, value in values.items()
        }
        gathered = self.allgather(digests)
        for name in values:
            if any(other.get(name) != digests[name] for other in gathered):
                raise RunError(
                    f"{name} differs between MPI ranks",
                    code="NM620",
                    fix="read neurons and synapses with neuromodels.get_values, weights or "
                    "weight_summary, which give all ranks the same; draw from network.rng on all",
                )

    def agree_on_error(
        self, error: BaseException, before_abort: Callable[[BaseException], BaseException]
    ) -> Any:
        """As `Ranks.agree_on_error`."""
        if is_known_to_all(error):
            return error
        # If ranks fail together but not all of them, the first to time out prints its message and
        # aborts the others: different timeouts give one message.
        timeout = ERROR_TIMEOUT + min(_TIMEOUT_STEP * self.rank, ERROR_TIMEOUT)
        if not self._wait(self._error_comm.Ibarrier(), timeout):
            self._abort(before_abort(error))
        described = error if isinstance(error, NeuromodelsError) else None
        interrupted = isinstance(error, KeyboardInterrupt)
        gathered = self._error_comm.allgather((interrupted, described, reason(error)))
        # The first rank with a cause of its own: the others may only have been interrupted.
        chosen = min(range(self.size), key=lambda rank: (gathered[rank][0], rank))
        if chosen != self.rank:
            interrupted, described, text = gathered[chosen]
            error = (
                KeyboardInterrupt() if interrupted else described or RunError(text, code="NM601")
            )
        return mark_known_to_all(error)

    def _abort(self, error: BaseException) -> NoReturn:
        known = error if isinstance(error, NeuromodelsError) else RunError("", code="NM601")
        print(
            f"error[{known.code}]: rank {self.rank}: {reason(error)}", file=sys.stderr, flush=True
        )
        self._world.Abort(known.exit_code if known is error else 1)
        raise AssertionError from error  # Abort does not return

    @staticmethod
    def _wait(request: Any, timeout: float | None) -> bool:
        """Wait for an MPI request without spinning; return False after `timeout` (s)."""
        end = None if timeout is None else time.monotonic() + timeout
        pause = 1e-4
        while not request.Test():
            if end is not None and time.monotonic() > end:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return True


def mark_known_to_all(error: E) -> E:
    """Mark an error as one that all ranks raise; returns it."""
    error._known_to_all = True  # type: ignore[attr-defined]
    return error


def is_known_to_all(error: BaseException) -> bool:
    """Whether an error is marked as one that all ranks raise."""
    return getattr(error, "_known_to_all", False)


def launched() -> tuple[int, int]:
    """Rank and number of processes according to the launcher (mpirun, srun); (0, 1) without one.

    This needs no MPI: it is known before anything is imported, and in processes whose MPI library
    is not the launcher's.
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
    """Set environment variables that MPI reads when it is initialised.

    Ranks of Open MPI spin while they wait for a message; this makes them yield the core.
    """
    os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")


def _library(MPI: Any) -> str:
    """Name and version of the MPI library."""
    return str(MPI.Get_library_version()).split(",")[0].splitlines()[0].strip("\0 ")


__all__ = [
    "MpiRanks", "Ranks", "is_known_to_all", "launched", "mark_known_to_all", "prepare_mpi", "world",
]  # fmt: skip
