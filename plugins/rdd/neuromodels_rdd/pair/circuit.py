"""The circuits ``rdd/pair`` and ``rdd/many-inputs``: a unit learns what its spikes do.

Trials of a few units that project to one upper unit, all in one network.  A lower unit estimates
its effect on what the upper unit sends back by regression discontinuity: from moments at which it
barely spiked, and moments at which it barely did not.  The true effect is the weight of its
connection.  Noise that the units share (``alpha`` < 1) confounds estimates that use all spikes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Cost, Network, Parameters, Phase, get_values, parameter, set_values
from neuromodels.errors import ParameterError
from neuromodels_rdd.parameters import CODE

NEURON = "rdd_pair_neuron"
LOWER, UPPER = "lower", "upper"
SEEDS = {"seed_1": 2147483562, "seed_2": 2147483398}
"""Variables of the generator that units of a trial share, and their largest values."""

Array = npt.NDArray[np.float64]


class EffectParameters(Parameters):
    """What both circuits have."""

    trials: int = parameter(200, unit="", ge=1, doc="Upper units, each with lower units of its own")
    units: int = parameter(2, unit="", ge=1, doc="Lower units of a trial", source=CODE)
    duration: float = parameter(30.0, unit="s", gt=0, doc="Time simulated", source=CODE)
    alpha: float = parameter(
        1.0,
        unit="",
        ge=0,
        le=1,
        doc="Weight of the units' own noise; 1 - alpha is that of the noise that a trial shares",
        source=CODE,
    )
    interval: float = parameter(
        2.5, unit="s", gt=0, doc="Interval at which estimates are recorded; divides `duration`"
    )
    own_sd: float = parameter(
        250.0, unit="", ge=0, doc="Own noise: standard deviation", source=CODE
    )
    own_mean: float = parameter(50.0, unit="", doc="Own noise: mean", source=CODE)
    shared_sd: float = parameter(
        100.0, unit="", ge=0, doc="Shared noise: standard deviation", source=CODE
    )
    shared_mean: float = parameter(50.0, unit="", doc="Shared noise: mean", source=CODE)
    window: int = parameter(20, unit="ms", ge=2, doc="Length of an RDD window", source=CODE)
    band: float = parameter(
        0.2, unit="", gt=0, doc="Distance from the threshold at which a window opens", source=CODE
    )
    usable: float = parameter(
        1.0, unit="", gt=0,
        doc="Windows count if their maximum is at most so far from the threshold", source=CODE,
    )  # fmt: skip
    eta: float = parameter(3e-4, unit="", ge=0, doc="Learning rate of the fits", source=CODE)


class PairParameters(EffectParameters):
    """Parameters of ``rdd/pair``; defaults are the published ones, but for the number of trials."""

    w_max: float = parameter(
        1000.0, unit="", gt=0, doc="Weights are drawn from U(-w_max, w_max)", source=CODE
    )
    weights: tuple[float, ...] | None = parameter(
        None, unit="", doc="Weights of the units of every trial, in place of drawn ones"
    )


class ManyInputsParameters(EffectParameters):
    """Parameters of ``rdd/many-inputs``; defaults are the published ones."""

    trials: int = parameter(
        1, unit="", ge=1, doc="Upper units, each with lower units of its own", source=CODE
    )
    units: int = parameter(200, unit="", ge=1, doc="Lower units of a trial", source=CODE)
    duration: float = parameter(100.0, unit="s", gt=0, doc="Time simulated", source=CODE)
    w_max: float = parameter(
        50.0, unit="", gt=0, doc="Weights are U(0, w_max), or of the other sign", source=CODE
    )
    negative: float = parameter(
        0.2, unit="", ge=0, le=1, doc="Part of the weights that are negative", source=CODE
    )
    own_sd: float = parameter(
        100.0, unit="", ge=0, doc="Own noise: standard deviation", source=CODE
    )
    own_mean: float = parameter(20.0, unit="", doc="Own noise: mean", source=CODE)
    shared_mean: float = parameter(0.0, unit="", doc="Shared noise: mean", source=CODE)
    window: int = parameter(50, unit="ms", ge=2, doc="Length of an RDD window", source=CODE)
    usable: float = parameter(
        10.0, unit="", gt=0,
        doc="Windows count if their maximum is at most so far from the threshold", source=CODE,
    )  # fmt: skip
    eta: float = parameter(1e-4, unit="", ge=0, doc="Learning rate of the fits", source=CODE)
    leaky_u: bool = parameter(
        False,
        unit="",
        doc="Whether u has a leak of its own in windows, as in the experiment with pairs; as "
        "published it is changed by what v is changed by",
        source=CODE,
    )
    upper_noise: bool = parameter(
        False, unit="", doc="Whether the upper unit has noise too; as published it has none",
        source=CODE,
    )  # fmt: skip


SINGLE: Mapping[str, Any] = {"units": 1, "trials": 100}
"""The experiment with one unit a trial."""

P = TypeVar("P", bound=EffectParameters)


class EffectCircuit(Circuit[P]):
    """Trials in one network; the circuits differ in their weights and units."""

    models = (NEURON,)
    resolution = 1.0

    def __init__(self, parameters: P) -> None:
        super().__init__(parameters)
        p = parameters
        if abs(p.duration / p.interval - round(p.duration / p.interval)) > 1e-9:
            raise ParameterError(
                f"{p.duration:g} s are no multiple of {p.interval:g} s",
                where=f"{self.name}: interval",
                fix="make duration a multiple of interval",
            )

    def draw(self, rng: np.random.Generator) -> Array:
        """Weights, shape (trials, units)."""
        raise NotImplementedError

    def unit(self) -> dict[str, Any]:
        """Parameters of all units beyond the common ones."""
        return {}

    def upper_unit(self) -> dict[str, Any]:
        """Parameters of upper units that lower ones do not have."""
        return {}

    def protocol(self) -> Iterator[Phase]:
        """One phase."""
        yield Phase("trials", 1000.0 * self.parameters.duration)

    def build(self, network: Network) -> None:
        """Create the units of all trials, connect them, and record estimates and spikes."""
        p, nest, rng = self.parameters, network.nest, network.rng
        settings = {
            **{name: getattr(p, name) for name in (
                "alpha", "own_sd", "own_mean", "shared_sd", "shared_mean", "window", "band",
                "usable", "eta",
            )},
            **self.unit(),
        }  # fmt: skip
        self.weights = self.draw(rng)
        lower = nest.Create(NEURON, p.trials * p.units, params=settings)
        upper = nest.Create(NEURON, p.trials, params={**settings, **self.upper_unit()})
        for name, largest in SEEDS.items():
            seeds = rng.integers(1, largest, p.trials, endpoint=True)
            set_values(upper, name, seeds)
            set_values(lower, name, np.repeat(seeds, p.units))
        ports = nest.GetDefaults(NEURON)["receptor_types"]
        sources = np.array(lower.tolist())
        targets = np.repeat(np.array(upper.tolist()), p.units)
        delay = np.full(sources.size, self.resolution)
        forward = {"weight": self.weights.ravel(), "delay": delay}
        nest.Connect(
            sources, targets, "one_to_one",
            {"synapse_model": "static_synapse", "receptor_type": ports["FEEDFORWARD"], **forward},
        )  # fmt: skip
        back = {"weight": np.ones(sources.size), "delay": delay}
        nest.Connect(
            targets, sources, "one_to_one",
            {"synapse_model": "static_synapse", "receptor_type": ports["FEEDBACK"], **back},
        )  # fmt: skip
        network.population(LOWER, lower)
        network.population(UPPER, upper)
        self.lower, self.upper = lower, upper
        self._record(network)

    def _record(self, network: Network) -> None:
        shape = (self.parameters.trials, self.parameters.units)

        def record(name: str, read: Callable[[], Array], doc: str, unit: str = "") -> None:
            network.signal(
                name, lambda: read().reshape(shape), interval=1000.0 * self.parameters.interval,
                unit=unit, dims=("trial", "unit"), doc=doc,
            )  # fmt: skip

        record("weight", lambda: self.weights, "True weight")
        record("rdd_grad", lambda: self._online(""), "Online RDD estimate")
        record(
            "rdd_grad_net",
            lambda: self._online("_net"),
            "The same of R minus what came from above before the window",
        )
        record("rdd_lsq", self._least_squares, "RDD estimate by least squares")
        record("meandiff", self._mean_difference, "Difference of mean R of the two kinds of window")
        for side in ("upper", "lower"):
            record(
                f"windows_{side}",
                partial(get_values, self.lower, f"n_{side}"),
                f"Windows {'with' if side == 'upper' else 'without'} a spike",
            )

    def _online(self, kind: str) -> Array:
        m, c = ([get_values(self.lower, f"{name}_{side}{kind}") for side in ("upper", "lower")]
                for name in ("m", "c"))  # fmt: skip
        return np.asarray((m[0] + c[0]) - (m[1] + c[1]))

    def _sums(self, side: str) -> list[Array]:
        names = (f"n_{side}", *(f"sum_{name}_{side}" for name in ("M", "MM", "R", "MR")))
        return [get_values(self.lower, name) for name in names]

    def _least_squares(self) -> Array:
        """Difference of the two regression lines at the threshold; NaN without windows."""
        at_threshold = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for side in ("upper", "lower"):
                n, M, MM, R, MR = self._sums(side)
                slope = (n * MR - M * R) / (n * MM - M * M)
                at_threshold.append(slope + (R - slope * M) / n)
        return np.asarray(at_threshold[0] - at_threshold[1])

    def _mean_difference(self) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            means = [R / n for n, _, _, R, _ in map(self._sums, ("upper", "lower"))]
        return np.asarray(means[0] - means[1])

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """More trials; less than one of them has fewer units."""
        p: Any = cls.Parameters()
        trials, duration = round(size * p.trials), max(0.1, round(seconds, 1))
        return {
            "trials": max(1, trials),
            "units": p.units if trials else max(1, round(size * p.units)),
            "duration": duration,
            "interval": duration / 4.0,
        }

    def cost(self) -> Cost:
        """Updates of all units; both directions at 35 spikes/s."""
        p = self.parameters
        units = p.trials * (p.units + 1)
        return Cost(
            neuron_updates=units * 1000.0 / self.resolution,
            synaptic_events=2 * 35.0 * p.trials * p.units,
        )


class Pair(EffectCircuit[PairParameters]):
    """Two units that project to one."""

    name = "rdd/pair"
    summary = "Units estimate their effect on one other; estimators, confounded by shared noise"
    Parameters = PairParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"trials": 20, "duration": 5.0},
        "paper": {},
    }
    # Shared noise confounds more and more; at 0, where all input is shared, every estimate fails.
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **{f"alpha {alpha:g}": {"alpha": alpha} for alpha in (1.0, 0.75, 0.5, 0.25, 0.1, 0.0)},
        "one unit": SINGLE,
    }
    analyses = ("rdd/pair",)

    def __init__(self, parameters: PairParameters) -> None:
        super().__init__(parameters)
        p = parameters
        if p.weights is not None and len(p.weights) != p.units:
            raise ParameterError(
                f"{len(p.weights)} weights for {p.units} units",
                where=f"{self.name}: weights",
                fix=f"give {p.units}, or another number of units",
            )

    def draw(self, rng: np.random.Generator) -> Array:
        """Given weights in every trial, or U(-w_max, w_max)."""
        p = self.parameters
        if p.weights is not None:
            return np.tile(np.array(p.weights), (p.trials, 1))
        return rng.uniform(-p.w_max, p.w_max, (p.trials, p.units))


class ManyInputs(EffectCircuit[ManyInputsParameters]):
    """Two hundred units that project to one."""

    name = "rdd/many-inputs"
    summary = "Two hundred units estimate their effect on one, with a running-mean baseline"
    Parameters = ManyInputsParameters
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"duration": 5.0},
        "paper": {},
    }
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        f"alpha {alpha:g}": {"alpha": alpha} for alpha in (1.0, 0.5)
    }
    analyses = ("rdd/many-inputs",)

    def draw(self, rng: np.random.Generator) -> Array:
        """Uniform, and as many of them negative as `negative` says."""
        p = self.parameters
        weights = rng.uniform(0.0, p.w_max, (p.trials, p.units))
        n = round(p.negative * p.units)
        signs = np.repeat([-1.0, 1.0], [n, p.units - n])
        return np.asarray(weights * rng.permuted(np.tile(signs, (p.trials, 1)), axis=1))

    def unit(self) -> dict[str, Any]:
        """An input gain of 2 /s, u without a leak, and the running mean of R as baseline."""
        return {
            "gain": 0.002,
            "kept": 0.898,
            "u_leaks": self.parameters.leaky_u,
            "running_baseline": True,
        }

    def upper_unit(self) -> dict[str, Any]:
        """Without noise, as published."""
        if self.parameters.upper_noise:
            return {}
        return {"own_sd": 0.0, "own_mean": 0.0, "shared_sd": 0.0, "shared_mean": 0.0}
