"""The circuit ``burstprop/images``: spiking neurons learn images from bursts.

Poisson inputs, two for each pixel (its brightness and its darkness), hidden layers in which every
neuron has weights of its own, and a group of output neurons for each answer.  Events travel up
through plastic synapses; bursts of the outputs travel down through fixed random ones to the
dendrites of the hidden neurons, one layer after the other.  An example is shown for a while
(`settle`), in which the answer is read; then a teacher's current into the dendrites of the outputs
makes those of the right answer burst more and the others less, and all layers learn (`learn`).
Nothing is reset between examples.

The rule is that of Payeur et al. (2021); their networks of this kind are populations that share
what they learn.  That a hidden layer must learn is plainest in the task ``xor``: two images side by
side, do they show the same digit?  No weighted sum of pixels, and hardly one of hidden neurons that
do not learn, tells.

`event_feedback` adds the second pathway of Greedy et al. (2022): every event of an output inhibits
what its bursts excite, so that dendrites rest at any rate of the outputs.

Homeostasis: after an example weights of a neuron whose event rate is below `rate_low` grow with the
activity of their inputs, those of one above `rate_high` shrink.

Checkpoints are taken after every hundredth example, and before tests.  They hold all variables of
all neurons and plastic synapses; what starts afresh are spikes on their way, and postsynaptic
spikes that a synapse has not looked at yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from neuromodels import (
    Circuit,
    Cost,
    Network,
    Phase,
    get_values,
    parameter,
    set_values,
    weights,
)
from neuromodels.errors import ParameterError
from neuromodels.images import ImageParameters, load
from neuromodels_burstprop.images import tasks
from neuromodels_burstprop.images.tasks import Examples, Task

NEURON = "burst_escape_neuron"
SYNAPSE = "burst_dependent_synapse_burst_escape"

PAPER = "Payeur et al. 2021"
GREEDY = "Greedy et al. 2022"
FOUND = "found with a prototype of this network"

RESOLUTION = 1.0
DELAY = 1.0
INPUT = "input"
CHECKPOINTS = 100
"""Examples from one checkpoint to the next."""

_TAU_BURST = 4.0
"""Decay of the trace that tells bursts from events (ms): the interval within a burst is 5 ms, and
15 ms pass at least until the next event."""
_EVENT_LIMIT = float(np.exp(-10.0 / _TAU_BURST))
_P_REST = 0.3
_START_RATE = 5.0
"""Event rate (Hz) with which running averages start."""
_DARKEST = 20.0
"""Bias of an input of rate 0, and minus that of one of the largest rate."""

NEURON_STATE = (
    "V", "u", "refractory_steps", "second_steps", "event_rate", "burst_rate", "burst_valence",
    "n_events", "n_bursts", "bias", "I_d", "learning",
)  # fmt: skip
SYNAPSE_STATE = ("w", "pre_event_trace", "pre_spike_trace", "post_spike_trace")
SYNAPSE_AGES = ("since_pre", "since_post")

Array = npt.NDArray[np.float64]


class ImagesParameters(ImageParameters):
    """Parameters of ``burstprop/images``."""

    dataset: str = parameter(
        "digits",
        unit="",
        choices=("digits", "fashion-mnist", "mnist", "idx"),
        doc="Images: the digits of scikit-learn; fashion-mnist (installed by Debian's package "
        "dataset-fashion-mnist, or in data_dir), mnist and any other IDX files (idx) in data_dir",
    )
    task: Literal["xor", "parity", "classes"] = parameter(
        "xor",
        unit="",
        doc="What is asked: do two images side by side show different classes, is the class odd, "
        "which class is it",
    )
    pair: tuple[int, int] = parameter((0, 1), unit="", ge=0, doc="Classes that xor is about")
    n_train: int | None = parameter(
        1440, unit="", ge=4, doc="Pairs of training images, or training images; none: 1440"
    )
    n_test: int | None = parameter(
        360, unit="", ge=4, doc="Pairs of test images, or test images; none: 360"
    )
    pool: int = parameter(1, unit="", ge=1, doc="Side of the squares of pixels that are averaged")

    examples: int = parameter(4000, unit="", ge=1, doc="Examples that are learned from")
    test_every: int = parameter(
        2000, unit="", ge=1, doc="Examples from one test to the next; the last one is at the end"
    )
    n_hidden: tuple[int, ...] = parameter(
        (100,), unit="", ge=1, doc="Neurons of each hidden layer", source=FOUND
    )
    n_output: int = parameter(20, unit="", ge=1, doc="Output neurons for each answer", source=FOUND)
    hidden_plasticity: bool = parameter(True, unit="", doc="Whether hidden layers learn")

    rate_input: float = parameter(
        100.0, unit="Hz", gt=0, doc="Rate of the inputs of a white or a black pixel", source=FOUND
    )
    w_input_sd: float = parameter(
        0.07, unit="", gt=0, doc="Spread of initial weights, input to hidden", source=FOUND
    )
    w_hidden_sd: float = parameter(
        0.15, unit="", gt=0, doc="Spread of initial weights from hidden layers", source=FOUND
    )
    feedback_sd: float = parameter(
        2.0, unit="", ge=0, doc="Spread of feedback weights, fixed", source=FOUND
    )
    event_feedback: float = parameter(
        0.0,
        unit="",
        ge=0,
        le=1,
        doc="Strength of the events' feedback pathway",
        source=f"{PAPER}; {GREEDY}: 1",
    )
    lateral: float = parameter(
        0.05, unit="", ge=0, doc="Inhibition between outputs of different answers", source=FOUND
    )

    eta_hidden: float = parameter(
        1e-3, unit="", ge=0, doc="Learning rate of hidden layers at the beginning", source=FOUND
    )
    eta_output: float = parameter(
        1e-2, unit="", ge=0, doc="Learning rate of the output at the beginning", source=FOUND
    )
    eta_end: float = parameter(
        0.2, unit="", ge=0, le=1, doc="Share of both that is left at the end", source=FOUND
    )
    tau_pre: float = parameter(
        100.0, unit="ms", gt=0, doc="Decay of the presynaptic event trace", source=PAPER
    )
    tau_average: float = parameter(
        2000.0, unit="ms", gt=0, doc="Averaging time of event and burst rates", source=PAPER
    )
    w_max: float = parameter(1.0, unit="", gt=0, doc="Largest weight of either sign", source=FOUND)

    settle: float = parameter(
        150.0, unit="ms", gt=0, doc="Time of an example before its teacher", source=FOUND
    )
    learn: float = parameter(250.0, unit="ms", gt=0, doc="Time with teacher", source=FOUND)
    test: float = parameter(500.0, unit="ms", gt=0, doc="Time of a test image", source=FOUND)
    teacher: float = parameter(
        3.0, unit="", ge=0, doc="Strongest input of the teacher to dendrites", source=FOUND
    )
    rate_right: float = parameter(
        15.0, unit="Hz", ge=0, doc="Event rate that the right answer should have", source=FOUND
    )
    rate_wrong: float = parameter(
        3.0, unit="Hz", ge=0, doc="Event rate that other answers should have", source=FOUND
    )

    record_spikes: bool = parameter(
        False, unit="", doc="Whether to keep all spikes (8 MB for 100 s of the preset xor)"
    )

    homeostasis: float = parameter(
        1e-4, unit="", ge=0, doc="Change of weights per example and Hz outside the limits",
        source=FOUND,
    )  # fmt: skip
    rate_low: float = parameter(
        4.0, unit="Hz", ge=0, doc="Event rate below which weights grow", source=FOUND
    )
    rate_high: float = parameter(
        20.0, unit="Hz", gt=0, doc="Event rate above which weights shrink", source=FOUND
    )


class SpikingImages(Circuit[ImagesParameters]):
    """Spiking neurons with weights of their own learn images from bursts."""

    name = "burstprop/images"
    summary = "Spiking neurons learn image tasks that need their hidden layer, from bursts"
    Parameters = ImagesParameters
    models = (NEURON, SYNAPSE, "event_synapse", "burst_synapse")
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"n_hidden": (20,), "n_output": 5, "examples": 40, "test_every": 40, "n_test": 12},
        "xor": {},
        "xor-3-8": {"pair": (3, 8), "examples": 8000, "test_every": 2000},
        "ten-digits": {
            "task": "classes", "n_output": 10, "examples": 5000, "w_input_sd": 0.1,
            "lateral": 0.1, "teacher": 2.0,
        },
        "fashion-mnist": {
            "dataset": "fashion-mnist", "task": "classes", "pool": 2, "n_hidden": (200,),
            "n_output": 10, "n_train": 20000, "examples": 20000, "test_every": 5000,
            "w_input_sd": 0.06, "lateral": 0.1, "teacher": 2.0,
        },
        "paper": {},
    }  # fmt: skip
    default_preset = "xor"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "bursts": {},
        "two-pathways": {"event_feedback": 1.0},
        "untrained-hidden": {"hidden_plasticity": False},
    }
    analyses = ("burstprop/images",)
    resolution = RESOLUTION
    _passed: int

    def __init__(self, parameters: ImagesParameters) -> None:
        super().__init__(parameters)
        p = parameters
        if not p.n_hidden:
            raise ParameterError(
                "no hidden layer", where=f"{self.name}: n_hidden", fix="give one number or more"
            )
        self.hidden = [f"hidden_{i}" for i in range(1, len(p.n_hidden) + 1)]
        self.layers = [INPUT, *self.hidden, "output"]
        self.images = load(p.dataset, p.data_dir)
        # The number of answers does not depend on what is drawn.
        self.answers = self.images.classes if p.task == "classes" else 2
        self.task = self._task(0)

    def _task(self, seed: int) -> Task:
        p = self.parameters
        return tasks.make(
            p.task,
            self.images,
            pair=p.pair,
            n_train=p.n_train or 1440,
            n_test=p.n_test or 360,
            pool=p.pool,
            rng=np.random.default_rng(seed),
        )

    # -- protocol -----------------------------------------------------------------------------

    @property
    def tests(self) -> list[int]:
        """Numbers of examples after which there is a test."""
        p = self.parameters
        return sorted({*range(0, p.examples, p.test_every), p.examples})

    def protocol(self) -> Iterator[Phase]:
        """A test, and examples, interrupted by tests."""
        p = self.parameters
        yield from self._test(0)
        tests = set(self.tests)
        for number in range(1, p.examples + 1):
            name = f"example_{number}"
            yield Phase(f"{name}_settle", p.settle, self._show(number))
            last = number in tests or number % CHECKPOINTS == 0
            yield Phase(f"{name}_learn", p.learn, self._teach(number), checkpoint=last)
            if number in tests:
                yield from self._test(number)

    def _test(self, number: int) -> Iterator[Phase]:
        p = self.parameters
        for image in range(len(self.task.test)):
            yield Phase(f"test_{number}_image_{image + 1}", p.test, self._examine(image))
        # As long as the interval of signals, so that one is read with the result.
        yield Phase(f"test_{number}_end", p.settle + p.learn, self._finish_test(number))

    def _show(self, number: int) -> Callable[[Network], None]:
        def enter(network: Network) -> None:
            if number > 1:
                self._regulate(network)
            x, _ = self._example(number)
            self._set_input(x)
            self._gate(0.0)
            set_values(self._nodes["output"], "I_d", 0.0)
            self._counted = self._output_events()

        return enter

    def _teach(self, number: int) -> Callable[[Network], None]:
        def enter(network: Network) -> None:
            p = self.parameters
            _, answer = self._example(number)
            rates = self._answer_rates(p.settle)
            self._shown += 1
            self._right += int(self._largest(rates) == answer)
            wanted = np.where(np.arange(self.answers) == answer, p.rate_right, p.rate_wrong)
            signal = p.teacher * (wanted - rates) / (p.rate_right - p.rate_wrong)
            signal = np.clip(signal, -p.teacher, p.teacher)
            right = np.arange(self.answers) == answer
            signal = np.where(right, np.maximum(signal, 0.0), np.minimum(signal, 0.0))
            set_values(self._nodes["output"], "I_d", np.repeat(signal, p.n_output))
            self._gate(1.0)
            share = 1.0 - (1.0 - p.eta_end) * (number - 1) / p.examples
            for pre, post in self.projections:
                eta = p.eta_output if post == "output" else p.eta_hidden
                network.nest.SetDefaults(plastic_model(pre, post), {"eta": share * eta})

        return enter

    def _examine(self, image: int) -> Callable[[Network], None]:
        def enter(_network: Network) -> None:
            if image:
                self._mark(image - 1)
            self._set_input(self.task.test.x[image])
            self._gate(0.0)
            set_values(self._nodes["output"], "I_d", 0.0)
            self._counted = self._output_events()
            self._hidden_counted = self._hidden_events()

        return enter

    def _finish_test(self, number: int) -> Callable[[Network], None]:
        def enter(_network: Network) -> None:
            self._mark(len(self.task.test) - 1)
            self._accuracy = 100.0 * self._passed / len(self.task.test)
            self._passed = 0
            self._tested = number
            if number == 0:
                self._before = self._responses.copy()

        return enter

    def _mark(self, image: int) -> None:
        rates = self._answer_rates(self.parameters.test)
        self._responses[image] = self._hidden_events() - self._hidden_counted
        self._passed += int(self._largest(rates) == self.task.test.answers[image])

    def _largest(self, rates: Array) -> int:
        """Answer with the highest rate; the first one of several."""
        return int(np.argmax(rates))

    def _example(self, number: int) -> tuple[Array, int]:
        index = self._order[(number - 1) % len(self._order)]
        train: Examples = self.task.train
        return train.x[index], int(train.answers[index])

    def _set_input(self, x: Array) -> None:
        with np.errstate(divide="ignore"):
            bias = np.log(x) - np.log1p(-x)
        bias = np.clip(bias, -_DARKEST, _DARKEST)
        set_values(self._nodes[INPUT], "bias", np.concatenate([bias, -bias]))
        self._input = np.concatenate([x, 1.0 - x])

    def _gate(self, learning: float) -> None:
        for name in self.hidden:
            on = learning if self.parameters.hidden_plasticity else 0.0
            set_values(self._nodes[name], "learning", on)
        set_values(self._nodes["output"], "learning", learning)

    def _output_events(self) -> Array:
        return np.asarray(get_values(self._nodes["output"], "n_events"))

    def _hidden_events(self) -> Array:
        """Of the uppermost hidden layer."""
        return np.asarray(get_values(self._nodes[self.hidden[-1]], "n_events"))

    def _answer_rates(self, time: float) -> Array:
        """Mean event rate (Hz) of the neurons of each answer since the last count."""
        events = self._output_events() - self._counted
        rates: Array = events.reshape(self.answers, -1).mean(axis=1) / (time / 1000.0)
        return rates

    def _regulate(self, network: Network) -> None:
        """Homeostasis of all plastic weights."""
        p = self.parameters
        now = float(network.nest.biological_time)
        for pre, post in self.projections:
            if post != "output" and not p.hidden_plasticity:
                continue
            rate = self._rate(post, now)
            change = np.maximum(p.rate_low - rate, 0.0) - np.maximum(rate - p.rate_high, 0.0)
            if not change.any():
                continue
            model = plastic_model(pre, post)
            order = self._synapses(model)
            activity = self._input if pre == INPUT else self._rate(pre, now) * p.tau_pre / 1000.0
            w = get_values(model, "w")
            w[order] += p.homeostasis * np.outer(change, activity).ravel()
            set_values(model, "w", np.clip(w, -p.w_max, p.w_max))

    def _rate(self, population: str, now: float) -> Array:
        nodes = self._nodes[population]
        elapsed = now - get_values(nodes, "t_last_spike")
        rate: Array = get_values(nodes, "event_rate") * np.exp(
            -elapsed / self.parameters.tau_average
        )
        return rate

    def _synapses(self, model: str) -> npt.NDArray[np.int64]:
        """Places of the synapses, target by target, sources in order.

        Within a virtual process NEST sorts synapses by source, and every source has one on every
        target.
        """
        if model not in self._places:
            self._places[model] = np.argsort(weights(model)[1], kind="stable")
        return self._places[model]

    def matrix(self, pre: str, post: str) -> Array:
        """Weights of a projection, shape (post, pre)."""
        model = plastic_model(pre, post)
        shape = len(self._nodes[post]), len(self._nodes[pre])
        return np.asarray(get_values(model, "w")[self._synapses(model)].reshape(shape))

    # -- network ------------------------------------------------------------------------------

    @property
    def projections(self) -> list[tuple[str, str]]:
        """Plastic projections: names of their pre- and postsynaptic populations."""
        return list(pairwise(self.layers))

    def build(self, network: Network) -> None:
        """Create the populations, their projections, and what is recorded."""
        p, nest, rng = self.parameters, network.nest, network.rng
        self.task = self._task(int(rng.integers(2**31)))
        self._order = rng.permutation(len(self.task.train))
        self._places: dict[str, npt.NDArray[np.int64]] = {}
        self._shown = self._right = self._passed = 0
        self._tested = -1
        self._responses = np.zeros((len(self.task.test), p.n_hidden[-1]))
        self._before = self._responses.copy()
        self._accuracy = np.nan
        self._initial: dict[tuple[str, str], Array] = {}
        pixels = self.task.train.x.shape[1]
        self._input = np.zeros(2 * pixels)
        self._nodes: dict[str, Any] = {}
        self._create(network, INPUT, 2 * pixels, {
            "rate_max": p.rate_input, "bias": -_DARKEST, "bias_d": -1e3, "t_ref": 0.0,
        })  # fmt: skip
        for name, n in zip(self.hidden, p.n_hidden, strict=True):
            self._create(network, name, n, {"bias": -0.3})
        self._create(network, "output", self.answers * p.n_output, {"bias": -0.8})
        self._counted = np.zeros(self.answers * p.n_output)

        ports = nest.GetDefaults(NEURON)["receptor_types"]
        detector = {"tau_burst": _TAU_BURST, "event_limit": _EVENT_LIMIT}
        for model in ("event_synapse", "burst_synapse"):
            nest.CopyModel(model, f"images_{model}", detector)

        def connect(pre: Any, post: Any, model: str, port: str, w: Array) -> None:
            spec = {"synapse_model": model, "delay": DELAY, "receptor_type": ports[port]}
            nest.Connect(pre, post, "all_to_all", {**spec, "weight": w})

        for pre, post in self.projections:
            nest.CopyModel(SYNAPSE, plastic_model(pre, post), {
                "eta": p.eta_output if post == "output" else p.eta_hidden,
                "tau_pre": p.tau_pre, "w_min": -p.w_max, "w_max": p.w_max, "r_min": 0.0,
                # Every spike of an input is an event.
                **({"tau_burst": 0.1, "event_limit": 0.5} if pre == INPUT else detector),
            })  # fmt: skip
            sd = p.w_input_sd if pre == INPUT else p.w_hidden_sd
            shape = len(self._nodes[post]), len(self._nodes[pre])
            W = self._initial[pre, post] = rng.normal(0.0, sd, shape)
            connect(self._nodes[pre], self._nodes[post], plastic_model(pre, post), "SOMA", W)
        self._connect_back(connect, rng)
        self._record(network)

    def _connect_back(self, connect: Callable[..., None], rng: np.random.Generator) -> None:
        """Feedback from each layer to the one below, and inhibition between answers."""
        p, nodes = self.parameters, self._nodes
        for above, below in pairwise(reversed(self.layers[1:])):
            if above == "output":
                # The neurons of an answer have the same feedback weights.
                Y = np.repeat(
                    rng.normal(0.0, p.feedback_sd, (len(nodes[below]), self.answers)),
                    p.n_output,
                    axis=1,
                )
            else:
                Y = rng.normal(0.0, p.feedback_sd, (len(nodes[below]), len(nodes[above])))
            connect(nodes[above], nodes[below], "images_burst_synapse", "DEND", Y)
            if p.event_feedback:
                against = -p.event_feedback * _P_REST * Y
                connect(nodes[above], nodes[below], "images_event_synapse", "DEND", against)
        if p.lateral:
            groups = [
                nodes["output"][k * p.n_output : (k + 1) * p.n_output] for k in range(self.answers)
            ]
            for a, pre in enumerate(groups):
                for b, post in enumerate(groups):
                    if a != b:
                        shape = (p.n_output, p.n_output)
                        connect(
                            pre, post, "images_event_synapse", "SOMA", np.full(shape, -p.lateral)
                        )

    def _create(self, network: Network, name: str, n: int, parameters: Mapping[str, float]) -> None:
        common = {"tau_average": self.parameters.tau_average, "learning": 0.0}
        nodes = network.nest.Create(NEURON, n, params={**common, **parameters})
        if name != INPUT:
            set_values(nodes, "event_rate", _START_RATE)
            set_values(nodes, "burst_rate", _P_REST * _START_RATE)
        self._nodes[name] = network.population(name, nodes, spikes=self.parameters.record_spikes)

    def _record(self, network: Network) -> None:
        interval = self.parameters.settle + self.parameters.learn

        def signal(name: str, read: Callable[[], float], unit: str, doc: str) -> None:
            network.signal(name, lambda: float(read()), interval=interval, unit=unit, doc=doc)

        signal("shown", lambda: self._shown, "", "Examples that were learned from")
        signal("right", lambda: self._right, "", "Examples that were answered rightly before")
        signal("tested", lambda: self._tested, "", "Examples before the last test")
        signal("accuracy", lambda: self._accuracy, "%", "Right answers in the last test")
        populations = [*self.hidden, "output"]
        for variable, unit in (("n_events", "events"), ("n_bursts", "bursts")):
            network.signal(
                unit,
                lambda variable=variable: np.array(  # type: ignore[misc]
                    [get_values(self._nodes[name], variable).sum() for name in populations]
                ),
                interval=interval,
                unit="",
                dims=("population",),
                coords={"population": populations},
                doc=f"{unit.capitalize()} of each population since the beginning",
            )

        # The first and the last weights: a sample at time 0, and one at the end.
        whole = sum(phase.duration for phase in self.protocol())
        for name, doc in (("before", "in the test before learning"), ("after", "in the last test")):
            network.signal(
                f"responses_{name}",
                lambda name=name: self._responses_in(name),  # type: ignore[misc]
                interval=whole,
                unit="",
                dims=("image", self.hidden[-1]),
                coords={"image": self.task.test.cases},
                doc=f"Events of the uppermost hidden layer for each test image {doc}; images by "
                "their case",
            )
        for pre, post in self.projections:
            network.signal(
                f"weights_{post}",
                lambda pre=pre, post=post: self._weights(pre, post),  # type: ignore[misc]
                interval=whole,
                unit="",
                dims=(post, pre),
                doc=f"Weights from {pre} to {post}",
            )

    def _responses_in(self, test: str) -> Array:
        return (self._before if test == "before" else self._responses).copy()

    def _weights(self, pre: str, post: str) -> Array:
        """Weights of a projection; before the first example the kernel has not sorted them yet."""
        return self.matrix(pre, post) if self._shown else self._initial[pre, post]

    # -- checkpoints --------------------------------------------------------------------------

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """All variables of all neurons and plastic synapses; times as ages."""
        now = float(network.nest.biological_time)
        state: dict[str, npt.ArrayLike] = {
            "counts": np.array([self._shown, self._right, self._tested]),
            "before": self._before.copy(),
            "accuracy": np.array(self._accuracy),
            "input": self._input.copy(),
        }
        for name, nodes in self._nodes.items():
            for variable in NEURON_STATE:
                state[f"{name}/{variable}"] = get_values(nodes, variable)
            state[f"{name}/age"] = now - get_values(nodes, "t_last_spike")
        for pre, post in self.projections:
            model = plastic_model(pre, post)
            # In an order that does not depend on whether a simulation has begun.
            order = self._synapses(model)
            for variable in SYNAPSE_STATE:
                state[f"{model}/{variable}"] = get_values(model, variable)[order]
            waited = now - get_values(model, "t_last_update")
            for variable in SYNAPSE_AGES:
                state[f"{model}/{variable}"] = (get_values(model, variable) + waited)[order]
        return state

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put it into a network that was built anew; the kernel's time is 0."""
        del network
        self._shown, self._right, self._tested = map(int, state["counts"])
        self._accuracy = float(state["accuracy"])
        self._before = np.array(state["before"], dtype=np.float64)
        self._input = np.array(state["input"], dtype=np.float64)
        for name, nodes in self._nodes.items():
            for variable in NEURON_STATE:
                set_values(nodes, variable, state[f"{name}/{variable}"])
            set_values(nodes, "t_last_spike", -state[f"{name}/age"])
        for pre, post in self.projections:
            model = plastic_model(pre, post)
            order = np.argsort(weights(model)[1], kind="stable")
            for variable in (*SYNAPSE_STATE, *SYNAPSE_AGES):
                values = np.empty(len(order))
                values[order] = state[f"{model}/{variable}"]
                set_values(model, variable, values)

    def cost(self) -> Cost:
        """Updates of all populations; events of all projections at usual rates.

        Reckoned with 50, 12 and 5 events/s of input, hidden and output neurons.
        """
        p = self.parameters
        sizes = [2 * self.task.train.x.shape[1], *p.n_hidden, self.answers * p.n_output]
        rates = [p.rate_input / 2.0, *(12.0 for _ in p.n_hidden), 5.0]
        up = sum(r * a * b for r, a, b in zip(rates, sizes, sizes[1:], strict=False))
        back = sum(
            1.3 * r * a * b for r, a, b in zip(rates[2:], sizes[2:], sizes[1:], strict=False)
        )
        lateral = 1.3 * rates[-1] * sizes[-1] * (self.answers - 1) * p.n_output
        return Cost(1000.0 / RESOLUTION * sum(sizes), up + back + lateral)


def plastic_model(pre: str, post: str) -> str:
    """Name of the synapse model of one plastic projection."""
    return f"images_{pre}_to_{post}"
