"""A circuit: parameters, models, populations, and a protocol of named phases.

The runner (`neuromodels.running.runner`) owns time: a circuit says what happens in which order, and
never calls ``nest.Simulate`` itself.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from neuromodels.parameters import Parameters

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

P = TypeVar("P", bound=Parameters)
T = TypeVar("T")


@dataclass(frozen=True)
class Phase:
    """A stretch of biological time with a name.

    Parameters
    ----------
    name : str
        Unique within the protocol; identifies the phase in ``run.json`` and in signals.
    duration : float
        Biological time (ms), a multiple of the resolution.
    enter : callable, optional
        Called with the network just before the phase is simulated: change inputs, switch
        plasticity.
        Must not call ``nest.Simulate``.
    checkpoint : bool
        Whether an interrupted run may be continued from the end of this phase: then the circuit
        has `Circuit.state` and `Circuit.restore`.
    """

    name: str
    duration: float
    enter: Callable[[Network], None] | None = None
    checkpoint: bool = False


@dataclass(frozen=True)
class Cost:
    """What a second of biological time costs, whatever the machine.

    Parameters
    ----------
    neuron_updates : float
        Neuron update steps per second of biological time.
    synaptic_events : float
        Expected spike deliveries per second of biological time.
    """

    neuron_updates: float
    synaptic_events: float


class Network(abc.ABC):
    """The kernel as a circuit sees it: NEST, a seeded generator, and what is to be recorded.

    Attributes
    ----------
    nest : module
        The ``nest`` module, reset, with models installed, resolution, threads and seed set.  Under
        MPI every rank builds the same network with the same calls and holds a part of its neurons;
        what it says of the others (``get`` of nodes and connections) is missing or old.
        `neuromodels.get_values`, `set_values`, `weights` and `weight_summary` are about all of
        them, and must be called by all ranks alike.
    rng : numpy.random.Generator
        Seeded from the run's seed, the same on every MPI rank: for structure (initial values, drawn
        rates), never for what differs between ranks.
    origin : float
        Time of the protocol (ms) at which the kernel's time is 0: other than 0 in a run that was
        continued from a checkpoint.  What a circuit tells the kernel about time is relative to it.
    """

    nest: Any
    rng: np.random.Generator
    origin: float

    @abc.abstractmethod
    def population(self, name: str, nodes: Any, *, spikes: bool = True) -> Any:
        """Name a population and, if `spikes`, record all its spikes; returns `nodes`."""

    @abc.abstractmethod
    def signal(
        self,
        name: str,
        read: Callable[[], npt.ArrayLike],
        *,
        interval: float,
        unit: str,
        dims: Sequence[str] = (),
        coords: Mapping[str, npt.ArrayLike] | None = None,
        doc: str = "",
    ) -> None:
        """Call `read` at time 0 and then every `interval` ms, and keep what it returns.

        A sample on the border of two phases is taken before `Phase.enter` of the second one.

        `read` returns a scalar, or an array whose axes are named by `dims` (the time axis is added
        in front).  It only reads.  `interval` should be a multiple of the network's minimal delay:
        other samples cut NEST's communication slices in two, which costs time and changes the order
        in which neurons draw random numbers.
        """

    @abc.abstractmethod
    def control(self, act: Callable[[], None], *, interval: float) -> None:
        """Call `act` every `interval` ms, the first time at `interval`: a closed loop.

        For what is not in the network and acts back on it, an environment or a rule that is not
        local.  `act` may read, and set with `neuromodels.set_values`, state variables of neurons
        and weights; it must not call ``nest.Simulate``.  `interval` should be a multiple of the
        network's minimal delay, as in `signal`.  Signals that are due at the same time are read
        after it.
        """

    @abc.abstractmethod
    def traces(
        self,
        name: str,
        nodes: Any,
        variables: Mapping[str, str],
        *,
        interval: float,
        average: bool = False,
    ) -> None:
        """Record state `variables` (name -> unit) of `nodes` with a multimeter every `interval` ms.

        With `average` only their mean over `nodes` is kept.
        """

    @abc.abstractmethod
    def once(self, do: Callable[[], T]) -> T:
        """Call `do` on the first MPI rank only; all ranks get what it returns, or its error.

        For what knows nothing of MPI and is no part of the network.  Without MPI it is a call.
        """


class Circuit(abc.ABC, Generic[P]):
    """Base class of circuits.

    Class attributes
    ----------------
    name : str
        ``study/thing``.
    summary : str
        One line.
    Parameters : type[Parameters]
        The schema; `presets` give values that differ from its defaults.
    models : sequence of str
        Plain names of the NESTML models that `build` uses.
    presets : mapping
        At least ``smoke`` (seconds of wall time) and ``paper`` (the published size).
    default_preset : str
        What runs when the user names none.
    conditions : mapping
        What the paper compares: name of a condition -> parameters on top of a preset.
        ``neuromodels reproduce`` runs each; a circuit without any is run as its preset says.
    analyses : sequence of str
        Names of the analyses that run after a simulation, in order.
    resolution : float
        Kernel resolution (ms).

    Attributes
    ----------
    seed : int
        Of the run, set before `protocol` is called: for what is drawn before there is a network,
        such as the order of stimuli.  Not known yet in ``__init__``.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]
    models: ClassVar[Sequence[str]] = ()
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"smoke": {}, "paper": {}}
    default_preset: ClassVar[str] = "paper"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    analyses: ClassVar[Sequence[str]] = ()
    resolution: ClassVar[float] = 0.1
    seed: int = 1

    def __init__(self, parameters: P) -> None:
        self.parameters: P = parameters

    @abc.abstractmethod
    def build(self, network: Network) -> None:
        """Create populations, projections and recorders in an empty kernel."""

    @abc.abstractmethod
    def protocol(self) -> Iterator[Phase]:
        """Yield the phases in order, without touching a kernel.

        What changes from one phase to the next is in `Phase.enter`, so that the total biological
        time, and the place of any phase in it, are known before anything runs.
        """

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any] | None:  # noqa: ARG003
        """Parameters of this circuit at another size: what ``neuromodels bench`` measures.

        Optional.  Values on top of the preset ``paper``.  What a neuron receives should stay as it
        is as far as possible: connection probabilities rise where populations shrink.

        Parameters
        ----------
        size : float
            Number of neurons, relative to the published one.
        seconds : float
            Biological time (s) that the protocol should take, about, with all that it consists of:
            a measurement cuts what is longer.  Other values must not follow from it.

        Returns
        -------
        mapping or None
            None: the circuit has one size only, and is measured as published.
        """
        return None

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """Give what `restore` needs to continue from now: name -> numbers.

        Called at the end of phases with `Phase.checkpoint`.

        Parameters
        ----------
        network : Network
            Simulated up to the end of the phase.
        """
        raise NotImplementedError(f"{self.name} has checkpoints, but no state()")

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put `state` into a network that was built anew, with the same seed and threads.

        Parameters
        ----------
        network : Network
            Built; `Network.origin` is the time of the checkpoint.
        state : mapping
            What `state` gave.
        """
        raise NotImplementedError(f"{self.name} has checkpoints, but no restore()")

    def cost(self) -> Cost | None:
        """Cost per second of biological time, or None where it cannot be told beforehand."""
        return None
