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
        MPI every rank builds the same network with the same calls and holds a part of its neurons.
        ``get`` of nodes and connections of other ranks returns nothing or old values.
        `neuromodels.get_values`, `set_values`, `weights` and `weight_summary` cover the whole
        network; all ranks must call them together.
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
        """Name a population and, if `spikes`, record all its spikes.

        Parameters
        ----------
        name : str
            Unique among the populations of the circuit.
        nodes : nest.NodeCollection
            Neuron ``i`` of the run on disk is ``nodes[i]``.
        spikes : bool
            Whether to record.

        Returns
        -------
        nest.NodeCollection
            `nodes`.

        Raises
        ------
        UsageError
            The name is taken or cannot be used, `nodes` is empty, or the simulation has begun.
        """

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

        A sample on the border of two phases is taken before `Phase.enter` of the second.  Time 0 is
        before `Phase.enter` of the first.

        Parameters
        ----------
        name : str
            Unique among the signals.
        read : callable
            Returns a scalar, or an array of constant shape with one axis for each entry of `dims`.
            It must not set anything: a value may not reach the kernel before the end of the phase.
        interval : float
            Biological time between samples (ms), a multiple of the resolution.  It should also be a
            multiple of the network's minimal delay.  Otherwise a sample ends a communication
            interval of NEST early.  This costs time and changes the order in which neurons draw
            random numbers, so that the same circuit without the signal gives other spikes.
        unit : str
            Unit of the values, ``""`` for a pure number.
        dims : sequence of str
            Names of the axes; the axis of time comes in front of them.
        coords : mapping, optional
            Dimension -> labels along it, shape (length of the dimension,).
        doc : str
            Description in one line.

        Raises
        ------
        UsageError
            A name is taken or reserved, `interval` is no multiple of the resolution, coordinates
            contradict those of another signal, or the simulation has begun.
        """

    @abc.abstractmethod
    def control(self, act: Callable[[], None], *, interval: float) -> None:
        """Call `act` every `interval` ms, the first time at `interval`: a closed loop.

        For an environment, or a learning rule that is not local: what is outside the network and
        acts on it.  Signals that are due at the same time are read after `act`.

        Parameters
        ----------
        act : callable
            May read and set what it likes, in nodes and weights.  `neuromodels.set_values` costs
            least; where a parameter of a device or of one of NEST's own neurons is set, NEST
            prepares the network anew.  It must not call ``nest.Simulate``.
        interval : float
            Biological time (ms), a multiple of the resolution; see `signal` for the minimal delay.

        Raises
        ------
        UsageError
            `interval` is no multiple of the resolution, or the simulation has begun.
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
        """Record state variables with a multimeter.

        Samples are those of NEST's multimeter: the first one at `interval`, none at time 0.

        Parameters
        ----------
        name : str
            Unique among the traces.
        nodes : nest.NodeCollection
            Neurons to record; column ``i`` of the trace is ``nodes[i]``.
        variables : mapping
            Recordable -> unit.
        interval : float
            Biological time between samples (ms), a multiple of the resolution.
        average : bool
            Keep the mean over `nodes` only.  The multimeter still reads each of them, so this saves
            disk rather than time.

        Raises
        ------
        UsageError
            The name is taken, `interval` is no multiple of the resolution, nothing is to be
            recorded, or the simulation has begun.
        """

    @abc.abstractmethod
    def once(self, do: Callable[[], T]) -> T:
        """Call `do` on the first MPI rank; all ranks return its result or raise its error.

        For work that is not part of the network and does not use MPI itself.  In one process it is
        a plain call.
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
    reproduced : str
        Preset that ``neuromodels reproduce`` runs unless it is told another: ``paper``, or a
        shorter one where the published size takes longer than an evening.
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
    reproduced: ClassVar[str] = "paper"
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

    def owed(self) -> Sequence[str]:
        """Names of the metrics that its analyses must give for a complete run.

        One that is missing then is reported as missing, and the command ends with an error: a
        metric that silently disappears would leave nothing that could differ.  They may depend on
        the parameters.
        """
        return ()

    def other_time(self) -> float:
        """CPU time (s) of a run that `cost` does not tell: what is not simulated by NEST.

        About, on one core of a present machine; it says how long a reproduction will take.
        """
        return 0.0

    def cost(self) -> Cost | None:
        """Cost per second of biological time, or None where it cannot be told beforehand."""
        return None
