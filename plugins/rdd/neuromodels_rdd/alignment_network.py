"""The spiking network whose feedback weights are learned, for circuits that contain it.

Layers of `rdd_neuron`, each connected to all of the next; every layer but the last has a population
of `rdd_drive`, one for each unit, and is driven in one stage of an RDD phase.

No forward delay
----------------
In the published network a layer gets the spikes of the layer below in the same step.  NEST's
smallest delay is one step.  But nothing that is sent back acts on a unit's potential, so layers
need not be simulated at the same time: layer ``l`` here is ``(l + 1) * LAG`` steps late, by the
clock of its units, and connections between layers have a delay of `LAG`.  Spikes arrive in the step
of the model in which they were sent, for any `LAG`; and NEST communicates every `LAG` steps only.

Two places for the regression
-----------------------------
``rule="windows"``: units leave their last complete window, and their last spikes, in their state;
they are read every `HARVEST` steps, and `regression.Lines` fits the windows of some seconds at
once.

``rule="synapses"``: every pair of units has a `rdd_feedback_synapse`, whose target is a second copy
of the lower unit, an `rdd_detector`.  It gets the same input and sends the events of its windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromodels import Network, Phase, get_values, set_values
from neuromodels.errors import ParameterError
from neuromodels_rdd.parameters import AlignmentParameters
from neuromodels_rdd.regression import SIDES, Activity, Lines, Windows, kernel

Array = npt.NDArray[np.float64]
Forward = Callable[[], Sequence[Array]]

NEURON, DETECTOR, DRIVE = "rdd_neuron", "rdd_detector", "rdd_drive"
FORWARD, FEEDBACK = "rdd_forward_synapse", "rdd_feedback_synapse"
MODELS = {
    "windows": (NEURON, DRIVE, FORWARD),
    "synapses": (NEURON, DRIVE, FORWARD, DETECTOR, FEEDBACK),
}

RESOLUTION = 1.0
"""A step of the model (ms)."""
LAG = 30
"""Steps by which a layer is later than the one below, in NEST."""
HARVEST = 30
"""Steps between two readings of windows and spikes; the neurons keep the last of each."""
BATCH = 5000
"""Steps whose windows are fitted at once."""
BITS = 50
"""Blocks of the drive in one of the words that say which are chosen."""
WORDS = ("chosen_0", "chosen_1", "chosen_2")
IDLE = -(2**30)
NEVER = 2_000_000_000

_RESET = {
    "v": -1.0, "u": -1.0, "refractory_left": 0, "window_left": 0, "window_max": 0.0,
    "window_spikes": 0, "pre_step": -1, "A_long": 0.0, "A_short": 0.0, "age": 0, "recent": 0,
    "n_spikes": 0, "closed_step": -1,
}  # fmt: skip


class AlignmentNetwork:
    """Builds the network, yields the phases that train its feedback weights, and gives these back.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, from the input on.
    parameters : AlignmentParameters
    where : str
        Name of the circuit, for messages.

    Attributes
    ----------
    feedback : list of ndarray, shape (n_l, n_(l+1))
        Feedback weights Y onto each layer but the last.  Set before the first phase.
    lines : list of Lines
        Fits of each layer but the last; they persist over phases.
    forward : list of ndarray, shape (n_(l+1), n_l)
        Forward weights W of the last phase, as given.
    on_write : list of callable
        Called with the time (ms of the phase) after feedback weights have been written, at time 0
        too: measures are taken here.
    counts : ndarray of int, shape (2, layers)
        Windows of the phase with and without a spike that have been fitted.
    maxima : list of list of ndarray
        For each layer: window_max of these windows, by `SIDES`.
    fits : bool
        Whether windows are fitted here (``rule="windows"``), and not by synapses.
    rates : ndarray, shape (stages, layers)
        Mean rate (Hz) of each layer (column) in each stage (row) of the phase; NaN where it is not
        known yet.
    """

    def __init__(
        self, sizes: Sequence[int], parameters: AlignmentParameters, *, where: str
    ) -> None:
        self.sizes, self.parameters = tuple(sizes), parameters
        p = parameters
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ParameterError(
                f"{list(self.sizes)} are not the sizes of two layers or more",
                where=where,
                fix="give at least two positive numbers",
            )
        for name, value, unit in (
            ("stage", p.stage / p.write_interval, (f"multiple of write_interval = "
             f"{p.write_interval:g} s")),
            ("write_interval", 1000.0 * p.write_interval, "multiple of 1 ms"),
            ("redraw", p.redraw, "multiple of 1 ms"),
        ):  # fmt: skip
            if abs(value - round(value)) > 1e-9 * max(1.0, value):
                raise ParameterError(
                    f"{getattr(p, name):g} is no {unit}", where=f"{where}: {name}",
                    fix="choose another value",
                )  # fmt: skip
        self.fill = LAG * len(self.sizes)
        longest = BITS * len(WORDS) - 2 - self.fill / p.redraw
        if 1000.0 * p.write_interval / p.redraw > longest:
            raise ParameterError(
                f"{1000.0 * p.write_interval / p.redraw:g} times redraw in one write_interval",
                where=f"{where}: redraw",
                fix=f"keep write_interval / redraw at or below {longest:g}",
            )
        if 1000.0 * p.write_interval < self.fill:
            raise ParameterError(
                f"{p.write_interval:g} s are too short for {len(self.sizes)} layers",
                where=f"{where}: write_interval",
                fix=f"give at least {self.fill / 1000.0:g} s",
            )
        self.segment = round(1000.0 * p.write_interval)
        self.per_stage = round(p.stage / p.write_interval)
        self.n_stages = len(self.sizes) - 1
        self.n_segments = self.n_stages * self.per_stage
        self.block = round(p.redraw)
        self.lines = [
            Lines(n, above, eta=p.eta, window=p.window)
            for n, above in zip(self.sizes, self.sizes[1:], strict=False)
        ]
        self.feedback: list[Array] = []
        self.forward: list[Array] = []
        self.on_write: list[Callable[[int], None]] = []
        self._sigma = np.full(self.n_stages, np.nan)
        self._activity = [Activity(n, kernel()) for n in self.sizes[1:]]
        self._order: dict[str, npt.NDArray[np.int64]] = {}
        self._blocks: dict[tuple[int, int], npt.NDArray[np.int64]] = {}
        self.fits = p.rule == "windows"
        self._running = self._restored = False
        self._n_windows = self._due = 0
        self._begin_phase()

    @property
    def models(self) -> tuple[str, ...]:
        """NESTML models that it needs."""
        return MODELS[self.parameters.rule]

    @property
    def duration(self) -> float:
        """Time of one RDD phase in NEST (ms)."""
        flush = 2 * LAG if self.parameters.rule == "synapses" else 0
        return float(self.fill + self.n_segments * self.segment + flush)

    def lag(self, layer: int) -> int:
        """Steps by which a layer is late."""
        return LAG * (layer + 1)

    # -- network ------------------------------------------------------------------------------

    def build(self, network: Network) -> None:
        """Create layers, drives and connections; forward weights are set when a phase begins."""
        p, nest = self.parameters, network.nest
        self.layers: list[Any] = []
        self.drives: list[Any] = []
        self.detectors: list[Any] = []
        ports = nest.GetDefaults(NEURON)["receptor_types"]
        self._forward_models: list[list[str]] = []
        for layer, n in enumerate(self.sizes):
            times = self._driven(layer)
            units = nest.Create(NEURON, n, params={**self._unit(), **times})
            self.layers.append(network.population(f"layer_{layer}", units, spikes=False))
            groups = [units]
            if layer < self.n_stages:
                drive = nest.Create(
                    DRIVE,
                    n,
                    params={
                        **times,
                        "clock": IDLE,
                        "rate": p.drive_rate / 1000.0,
                        "block": self.block,
                        "offset": int(p.short_first_block),
                    },
                )
                set_values(drive, "waiting", network.rng.exponential(size=n))
                self.drives.append(drive)
                if p.rule == "synapses":
                    detectors = nest.Create(
                        DETECTOR, n, params={**self._unit(), **times, "reports_windows": True}
                    )
                    self.detectors.append(detectors)
                    groups.append(detectors)
                for group in groups:
                    spec = {
                        "weight": p.drive_weight,
                        "delay": float(LAG),
                        "receptor_type": ports["DRIVE"],
                    }
                    nest.Connect(drive, group, "one_to_one", spec)
            if layer:
                self._forward_models.append([])
                for i, group in enumerate(groups):
                    name = f"{FORWARD}_{layer}" + ("_detector" if i else "")
                    nest.CopyModel(FORWARD, name)
                    self._forward_models[-1].append(name)
                    delay = float(LAG + p.forward_delay)
                    self._connect(
                        network, name, self.layers[layer - 1], group, delay, ports["FEEDFORWARD"]
                    )
        self._clock = self.layers[0][:1]
        for layer, detectors in enumerate(self.detectors):
            name = f"{FEEDBACK}_{layer}"
            nest.CopyModel(FEEDBACK, name, {"eta": p.eta, "window": p.window})
            self._connect(
                network, name, self.layers[layer + 1], detectors, float(LAG), ports["FEEDFORWARD"]
            )

    def _connect(
        self, network: Network, model: str, pre: Any, post: Any, delay: float, port: int
    ) -> None:
        """All to all; for now the weight is the place of the pair in the matrix (post, pre)."""
        places = np.arange(len(pre) * len(post), dtype=np.float64).reshape(len(post), len(pre))
        spec = {"synapse_model": model, "delay": delay, "weight": places, "receptor_type": port}
        network.nest.Connect(pre, post, "all_to_all", spec)

    def _unit(self) -> dict[str, Any]:
        p = self.parameters
        exact = p.integration == "exact"
        left = float(np.exp(-0.7)) if exact else 0.3
        return {
            "clock": IDLE,
            "kept": left,
            "gain": (1.0 - left) * 6 / 7 if exact else 0.6,
            "truncated": p.truncated_kernel,
            "window": p.window,
            "band": p.band,
            "usable": p.usable,
            "stale_baseline": p.stale_baseline,
        }

    def _driven(self, layer: int) -> dict[str, int]:
        if layer >= self.n_stages:
            return {"drive_start": NEVER, "drive_stop": NEVER}
        stage = self.per_stage * self.segment
        return {"drive_start": layer * stage, "drive_stop": (layer + 1) * stage}

    # -- phases -------------------------------------------------------------------------------

    def phase(self, name: str, forward: Forward) -> Iterator[Phase]:
        """Yield the phases of NEST that make up one RDD phase.

        Parameters
        ----------
        name : str
            Unique; the names of the phases begin with it.
        forward : callable
            Gives the forward weights W, shape (n_(l+1), n_l), when the phase begins.

        Notes
        -----
        Call `finish` after the last one, before `feedback` is read.
        """

        def begin(network: Network) -> None:
            self._begin(network, forward())

        def go_on(k: int) -> Callable[[Network], None]:
            def enter(network: Network) -> None:
                self._go_on(network, k)

            return enter

        yield Phase(f"{name}_fill", float(self.fill), begin)
        for k in range(self.n_segments):
            stage, part = divmod(k, self.per_stage)
            seconds = (part + 1) * self.parameters.write_interval
            yield Phase(
                f"{name}_stage_{stage + 1}_{seconds:g}s",
                float(self.segment),
                go_on(k),
                checkpoint=True,
            )
        if self.parameters.rule == "synapses":
            yield Phase(f"{name}_flush", 2.0 * LAG, self._flush)

    def finish(self) -> None:
        """Fit and write what a phase that has been simulated to its end still has to write."""
        if self._due == self.n_segments:
            self._write(self._due)
            self._running, self._due = False, 0

    def _begin(self, network: Network, forward: Sequence[Array]) -> None:
        """A new phase: weights, and all units at rest."""
        self._resume(network)
        self.finish()
        self.forward = [np.asarray(W, dtype=np.float64) for W in forward]
        if not np.isfinite(self._sigma).all():
            self._sigma = np.array([Y.std() for Y in self.feedback])
        self._begin_phase()
        self._set_forward(network)
        self._rest(0)
        self._draw(network, 0)
        self._running = True
        for call in self.on_write:
            call(0)

    def _begin_phase(self) -> None:
        self.counts = np.zeros((2, self.n_stages), dtype=np.int64)
        self.maxima: list[list[list[Array]]] = [[[], []] for _ in range(self.n_stages)]
        self.rates = np.full((self.n_stages, len(self.sizes)), np.nan)
        self._spikes = np.zeros(len(self.sizes))
        self._pending: list[list[Windows]] = [[] for _ in range(self.n_stages)]
        self._seen = [np.full(n, -1, dtype=np.int64) for n in self.sizes[:-1]]
        self._fitted = 0
        self._due = 0

    def _rest(self, start: int) -> None:
        """All units at rest, with the clocks of step `start` since the phase began in NEST."""
        for groups, shift in ((self.layers, 1), (self.detectors, 1), (self.drives, 0)):
            for layer, units in enumerate(groups):
                if groups is not self.drives:
                    for variable, value in _RESET.items():
                        set_values(units, variable, value)
                set_values(units, "clock", start - 1 - LAG * (layer + shift))
        for layer, activity in enumerate(self._activity):
            activity.begin(max(0, start - self.lag(layer + 1)))
        for layer in range(len(self.detectors)):
            for variable in ("recent", "baseline"):
                set_values(f"{FEEDBACK}_{layer}", variable, 0.0)
        self._seen = [np.full(n, -1, dtype=np.int64) for n in self.sizes[:-1]]

    def _set_forward(self, network: Network) -> None:
        if not self._order:
            self._find_order(network)
        for W, names in zip(self.forward, self._forward_models, strict=True):
            scaled = (self.parameters.weight_gain * W.shape[1] / W.std() * W).ravel()
            for name in names:
                set_values(name, "w", scaled[self._order[name]])

    def _find_order(self, network: Network) -> None:
        """Learn where each connection is in the kernel's order, which ``Prepare`` makes."""
        network.nest.Prepare()
        network.nest.Cleanup()
        plastic = [f"{FEEDBACK}_{layer}" for layer in range(len(self.detectors))]
        for name in [name for names in self._forward_models for name in names] + plastic:
            self._order[name] = get_values(name, "w").astype(np.int64)
        for name in plastic:
            set_values(name, "w", 0.0)

    def _draw(self, network: Network, k: int) -> None:
        """Tell the drives which units they drive in segment `k`.

        Where the next layer follows, it is told too: by its clock, its stage begins before the next
        segment does in NEST.
        """
        for segment in (k, k + 1):
            layer = segment // self.per_stage
            if segment == k or (segment < self.n_segments and layer != k // self.per_stage):
                self._draw_layer(network, layer, segment)

    def _draw_layer(self, network: Network, layer: int, segment: int) -> None:
        n = self.sizes[layer]
        offset = int(self.parameters.short_first_block)
        first = (segment * self.segment + offset) // self.block
        last = ((segment + 1) * self.segment + self.fill + offset) // self.block
        self._blocks = {
            key: units for key, units in self._blocks.items() if key[0] > layer or key[1] >= first
        }
        chosen = np.zeros((len(WORDS), n), dtype=np.int64)
        for b in range(first, last + 1):
            if (layer, b) not in self._blocks:
                size = int(self.parameters.fraction * n)
                self._blocks[layer, b] = network.rng.choice(n, size, replace=False)
            word, bit = divmod(b - first, BITS)
            chosen[word, self._blocks[layer, b]] |= 1 << bit
        for name, values in zip(WORDS, chosen, strict=True):
            set_values(self.drives[layer], name, values)
        set_values(self.drives[layer], "first_block", first)

    def _go_on(self, network: Network, k: int) -> None:
        """Segment `k` begins: write what the one before has taught."""
        self._resume(network)
        if k:
            self._write(k)
            self._draw(network, k)
        self._due = k + 1

    def _flush(self, network: Network) -> None:
        """Let every unit spike once more: synapses look at their targets' events at spikes only."""
        self._resume(network)
        self._harvest()
        self._measure_rates(self.n_segments)
        self._running = False
        for units in self.layers:
            for variable, value in (("clock", -1), ("refractory_left", 0), ("v", 1e6)):
                set_values(units, variable, value)
        for units in (*self.detectors, *self.drives):
            set_values(units, "clock", IDLE)

    # -- learning -----------------------------------------------------------------------------

    def harvest(self) -> int:
        """Read the last windows and spikes of all units; call it every `HARVEST` steps.

        Returns
        -------
        int
            Windows that have been read in this phase.
        """
        if self._running:
            self._harvest()
            if self._activity[0].until - self._fitted >= BATCH + self.fill:
                self._fit(self._activity[-1].until)
        return self._n_windows

    def _harvest(self) -> None:
        clock = int(get_values(self._clock, "clock")[0])
        for layer, units in enumerate(self.layers):
            until = clock + 1 - LAG * layer
            if layer:
                bits = get_values(units, "recent").astype(np.int64)
                self._activity[layer - 1].add(bits, until)
            times = self._driven(layer)
            if until < times["drive_start"] or until > times["drive_stop"] + self.fill + HARVEST:
                continue
            closed = get_values(units, "closed_step").astype(np.int64)
            new = np.flatnonzero(closed > self._seen[layer])
            if new.size:
                self._seen[layer] = closed
                baseline, maximum, spikes = (
                    get_values(units, f"closed_{name}")[new] for name in ("pre", "max", "spikes")
                )
                self._pending[layer].append(
                    Windows(
                        new, closed[new], baseline.astype(np.int64), maximum,
                        spikes.astype(np.int64),
                    )
                )  # fmt: skip
                self._n_windows += new.size

    def _fit(self, until: int) -> None:
        """Fit all windows that ended before step `until`; forget what is not needed any more."""
        for layer, lines in enumerate(self.lines):
            windows = Windows.join(self._pending[layer])
            ready = windows.end < until
            self._pending[layer] = [windows.where(~ready)]
            windows = windows.where(ready)
            self._count(layer, windows)
            activity = self._activity[layer]
            if len(windows) and self.fits:
                first = min(
                    int(windows.baseline.min()), int(windows.end.min()) - self.parameters.window
                )
                first = max(first, 0)
                q = activity.q(first, int(windows.end.max()) + 1)
                lines.fit(windows, q, first)
            open_ = get_values(self.layers[layer], "window_left") > 0
            needed = get_values(self.layers[layer], "pre_step")[open_]
            waiting = self._pending[layer][0].baseline
            oldest = int(np.concatenate([[until], needed, waiting]).min()) - self.parameters.window
            activity.forget(min(oldest, until - 2 * self.parameters.window))
        self._fitted = until

    def _count(self, layer: int, windows: Windows) -> None:
        spiked = windows.spikes > 0
        for row, chosen in enumerate((spiked, ~spiked)):
            self.counts[row, layer] += int(chosen.sum())
            self.maxima[layer][row].append(windows.maximum[chosen])

    @property
    def beta(self) -> list[Array]:
        """Estimates for each layer but the last, shape (n_l, n_(l+1))."""
        if self.fits:
            return [lines.beta for lines in self.lines]
        return [self.of_synapses(layer, "w") for layer in range(self.n_stages)]

    def of_synapses(self, layer: int, variable: str) -> Array:
        """A variable of all feedback synapses onto a layer, shape (n_l, n_(l+1))."""
        name = f"{FEEDBACK}_{layer}"
        values = np.empty(self._order[name].size)
        values[self._order[name]] = get_values(name, variable)
        return values.reshape(self.sizes[layer], self.sizes[layer + 1])

    def _write(self, k: int) -> None:
        """Segment ``k - 1`` is over: estimates become feedback weights."""
        if self._running:
            self._harvest()
            self._measure_rates(k)
        self._fit(k * self.segment)
        for layer, beta in enumerate(self.beta):
            learned = beta != 0
            if learned.any():
                scaled = beta * (self._sigma[layer] / beta[learned].std())
                self.feedback[layer] = np.where(learned, scaled, self.feedback[layer])
        for call in self.on_write:
            call(k * self.segment)

    def _measure_rates(self, k: int) -> None:
        """Rates of a stage that ends with segment ``k - 1``."""
        stage, rest = divmod(k, self.per_stage)
        if rest:
            return
        spikes = self._n_spikes()
        self.rates[stage - 1] = (spikes - self._spikes) / self.sizes / self.parameters.stage
        self._spikes = spikes

    def _n_spikes(self) -> Array:
        """Spikes of each layer since its units were at rest."""
        return np.array([np.nansum(get_values(units, "n_spikes")) for units in self.layers])

    # -- checkpoints --------------------------------------------------------------------------

    def state(self) -> Mapping[str, npt.ArrayLike]:
        """What `restore` needs at the end of a segment, or after a phase and before the next.

        Units start from rest again, at their place in the phase: what a few windows per unit would
        have taught is lost, of thousands.
        """
        if self._running:
            self._harvest()
            self._fit(self._due * self.segment)
        state: dict[str, npt.ArrayLike] = {
            "due": self._due,
            "sigma": self._sigma,
            "counts": self.counts,
            "rates": self.rates,
            "spikes": self._n_spikes() - self._spikes,
        }
        for layer in range(self.n_stages):
            state[f"feedback_{layer}"] = self.feedback[layer]
            state[f"forward_{layer}"] = self.forward[layer]
            for row, side in enumerate(SIDES):
                state[f"maxima_{side}_{layer}"] = np.concatenate(
                    [np.zeros(0), *self.maxima[layer][row]]
                )
                for name in ("m", "c"):
                    state[f"{name}_{side}_{layer}"] = (
                        getattr(self.lines[layer], name)[side]
                        if self.fits
                        else self.of_synapses(layer, f"{name}_{side}")
                    )
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Continue from `state` with the next phase of NEST, in a network built anew."""
        self._begin_phase()
        self._due = int(state["due"])
        self._sigma, self.counts, self.rates = (
            np.array(state[name]) for name in ("sigma", "counts", "rates")
        )
        self._spikes = -np.array(state["spikes"])
        layers = range(self.n_stages)
        self.feedback = [np.array(state[f"feedback_{layer}"]) for layer in layers]
        self.forward = [np.array(state[f"forward_{layer}"]) for layer in layers]
        for layer in layers:
            for row, side in enumerate(SIDES):
                self.maxima[layer][row] = [np.array(state[f"maxima_{side}_{layer}"])]
                self.lines[layer].m[side] = np.array(state[f"m_{side}_{layer}"])
                self.lines[layer].c[side] = np.array(state[f"c_{side}_{layer}"])
        self._restored = True

    def _resume(self, network: Network) -> None:
        """Put what was restored into the kernel, before the first phase that is simulated."""
        if not self._restored:
            return
        self._restored = False
        self._set_forward(network)
        self._rest(self.fill + self._due * self.segment)
        self._fitted = self._due * self.segment
        for layer in range(len(self.detectors)):
            name, lines = f"{FEEDBACK}_{layer}", self.lines[layer]
            for side in SIDES:
                for variable, values in (("m", lines.m[side]), ("c", lines.c[side])):
                    set_values(name, f"{variable}_{side}", values.ravel()[self._order[name]])
            set_values(name, "w", lines.beta.ravel()[self._order[name]])
        self._running = True


__all__ = ["BATCH", "HARVEST", "LAG", "MODELS", "RESOLUTION", "AlignmentNetwork"]
