"""The circuit ``rdd/weight-alignment``: feedback weights learn the signs of forward weights.

A feedforward network of spiking units, as published a copy of the fully connected layers of an
image classifier.  In each of three stages one layer is driven by random input.  Whenever one of its
units comes near its threshold, what it then gets from the layer above tells whether a spike of its
own makes a difference there (Guerguiev, Kording & Richards 2020).  Every 10 s these estimates
become the feedback weights.

The forward weights are drawn as in the published network, or read from a file.
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neuromodels import Circuit, Cost, Network, Phase, parameter
from neuromodels.errors import ParameterError
from neuromodels_rdd import alignment_network as network_module
from neuromodels_rdd import measures
from neuromodels_rdd.alignment_network import AlignmentNetwork
from neuromodels_rdd.parameters import CODE, AlignmentParameters

Array = npt.NDArray[np.float64]

MEASURES = (*measures.RECORDED, *measures.STATISTICS, "windows_spiked", "windows_silent")
"""What is recorded of every layer at every write-out."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the maximum of u in a window."""


class WeightAlignmentParameters(AlignmentParameters):
    """Parameters of ``rdd/weight-alignment``; defaults are the published ones."""

    sizes: tuple[int, ...] = parameter(
        (1600, 384, 192, 10), unit="", ge=1, doc="Units of each layer, from the input on",
        source=CODE,
    )  # fmt: skip
    phases: int = parameter(
        1,
        unit="",
        ge=1,
        doc="Times that the RDD phase is repeated with the same forward weights; fits persist",
        source="the published training has one before each of 100 epochs",
    )
    forward: str | None = parameter(
        None,
        unit="",
        doc="File of numpy (.npz) with forward weights W1, W2 ... of shape (post, pre), and "
        "perhaps initial feedback weights Y1, Y2 ... of shape (pre, post); else they are drawn "
        "from U(-1, 1) / sqrt(pre)",
        source=CODE,
    )


class WeightAlignment(Circuit[WeightAlignmentParameters]):
    """Feedback weights come to have the signs of forward weights."""

    name = "rdd/weight-alignment"
    summary = "Feedback weights learn the signs of forward weights, by regression discontinuity"
    Parameters = WeightAlignmentParameters
    models = network_module.MODELS["synapses"]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"sizes": (200, 100, 50, 10), "stage": 3.0, "write_interval": 1.0},
        "small": {"sizes": (200, 100, 50, 10)},
        "paper": {},
    }
    default_preset = "paper"
    conditions: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "1600-384-192-10": {"sizes": (1600, 384, 192, 10)},
        "200-100-50-10": {"sizes": (200, 100, 50, 10)},
    }
    analyses = ("rdd/weight-alignment",)
    resolution = network_module.RESOLUTION

    def __init__(self, parameters: WeightAlignmentParameters) -> None:
        super().__init__(parameters)
        self.network = AlignmentNetwork(parameters.sizes, parameters, where=self.name)
        self.models = self.network.models  # type: ignore[misc]
        n = self.network.n_segments
        shape = (n + 1, self.network.n_stages, len(MEASURES))
        self._table = np.full(shape, np.nan)
        self.network.on_write.append(self._measure)
        self._given = None if parameters.forward is None else self._read(parameters.forward)

    def _read(self, name: str) -> dict[str, Array]:
        """Weights of the user's file, checked."""
        try:
            with np.load(Path(name).expanduser(), allow_pickle=False) as file:
                found = {key: np.asarray(file[key], dtype=np.float64) for key in file.files}
        except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
            raise ParameterError(
                f"{name} cannot be read: {error}", where=f"{self.name}: forward",
                fix="give a file written by numpy.savez, with W1, W2 ...",
            ) from error  # fmt: skip
        sizes = self.parameters.sizes
        for layer, (pre, post) in enumerate(itertools.pairwise(sizes), 1):
            for key, shape in ((f"W{layer}", (post, pre)), (f"Y{layer}", (pre, post))):
                if key not in found and key.startswith("Y"):
                    continue
                values = found.get(key)
                if values is None or values.shape != shape or not np.isfinite(values).all():
                    raise ParameterError(
                        f"{key} in {name} is "
                        + ("missing" if values is None else f"of shape {values.shape}, or not "
                           "finite"),
                        where=f"{self.name}: forward",
                        fix=f"layers of {list(sizes)} need it with shape {shape}",
                    )  # fmt: skip
                if values.std() == 0:
                    raise ParameterError(
                        f"{key} in {name} has no spread", where=f"{self.name}: forward",
                        fix="give weights that differ",
                    )  # fmt: skip
        return found

    def protocol(self) -> Iterator[Phase]:
        """RDD phases, one after the other."""
        for i in range(1, self.parameters.phases + 1):
            yield from self.network.phase(f"phase_{i}", lambda: self._forward)

    def build(self, network: Network) -> None:
        """Draw weights, build the network, and record measures."""
        self._rng = network.rng
        self._weights()
        self.network.build(network)
        layers = [f"{i + 1}" for i in range(self.network.n_stages)]
        times = self.network.segment / 1000.0 * np.arange(self.network.n_segments + 1)
        interval = self.network.duration

        def table() -> Array:
            self.network.finish()
            return self._table.copy()

        network.signal(
            "alignment",
            table,
            interval=interval,
            unit="",
            dims=("written", "layer", "measure"),
            coords={"written": times, "layer": layers, "measure": list(MEASURES)},
            doc="Measures of each forward matrix at the time (s) of each write-out of the phase "
            "before",
        )
        network.signal(
            "rates",
            lambda: self.network.rates.copy(),
            interval=interval,
            unit="Hz",
            dims=("stage", "population"),
            doc="Mean rate of each layer (from 0) in each stage of the phase before",
        )
        network.signal(
            "maxima",
            self._quantiles,
            interval=interval,
            unit="",
            dims=("layer", "side", "quantile"),
            coords={"side": ["spiked", "silent"], "quantile": np.array(QUANTILES)},
            doc="Quantiles of the maximum of u in windows of the phase before",
        )
        network.signal(
            "windows",
            self.network.harvest,
            interval=float(network_module.HARVEST),
            unit="",
            doc="Windows that have ended in driven layers",
        )
        for layer in range(self.network.n_stages):
            network.signal(
                f"feedback_{layer + 1}",
                partial(self._feedback_of, layer),
                interval=interval,
                unit="",
                dims=(f"lower_{layer}", f"upper_{layer + 1}"),
                doc="Feedback weights Y after the phase",
            )
            network.signal(
                f"forward_{layer + 1}",
                partial(self._forward_of, layer),
                interval=self.network.duration * self.parameters.phases,
                unit="",
                dims=(f"lower_{layer}", f"upper_{layer + 1}"),
                doc="Forward weights, transposed",
            )

    def _weights(self) -> None:
        sizes, given = self.parameters.sizes, self._given or {}
        self._forward: list[Array] = []
        self.network.feedback = []
        for layer, (pre, post) in enumerate(itertools.pairwise(sizes), 1):
            for weights, key, shape in (
                (self._forward, f"W{layer}", (post, pre)),
                (self.network.feedback, f"Y{layer}", (pre, post)),
            ):
                bound = 1.0 / np.sqrt(pre)
                drawn = self._rng.uniform(-bound, bound, shape)
                weights.append(given.get(key, drawn))

    def _feedback_of(self, layer: int) -> npt.NDArray[np.float32]:
        return self.network.feedback[layer].astype(np.float32)

    def _forward_of(self, layer: int) -> npt.NDArray[np.float32]:
        return self._forward[layer].T.astype(np.float32)

    def _measure(self, time: int) -> None:
        row = time // self.network.segment
        if row == 0:
            self._table[:] = np.nan
        beta, counts = self.network.beta, self.network.counts
        for layer, (W, Y) in enumerate(
            zip(self.network.forward, self.network.feedback, strict=True)
        ):
            x = self._rng.uniform(size=(W.shape[1],))
            found = {
                **measures.recorded(W, Y, x),
                **measures.statistics(W, Y, beta[layer]),
                "windows_spiked": counts[0, layer],
                "windows_silent": counts[1, layer],
            }
            self._table[row, layer] = [found[name] for name in MEASURES]

    def _quantiles(self) -> Array:
        self.network.finish()
        found = np.full((self.network.n_stages, 2, len(QUANTILES)), np.nan)
        for layer, sides in enumerate(self.network.maxima):
            for row, parts in enumerate(sides):
                values = np.concatenate([np.zeros(0), *parts])
                if values.size:
                    found[layer, row] = np.quantile(values, QUANTILES)
        return found

    def state(self, network: Network) -> Mapping[str, npt.ArrayLike]:
        """What the network has learned, and the measures of the running phase."""
        del network
        return {**self.network.state(), "table": self._table}

    def restore(self, network: Network, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Continue with the next phase."""
        del network
        self.network.restore(state)
        self._forward = self.network.forward
        self._table = np.array(state["table"])

    @classmethod
    def scaled(cls, size: float, seconds: float) -> Mapping[str, Any]:
        """Wider layers under as many output units, all connected to all; stages as one segment."""
        *layers, n_output = cls.Parameters().sizes
        stage = max(0.2, round(seconds / len(layers), 1))
        return {
            "sizes": (*(max(1, round(size * n)) for n in layers), n_output),
            "stage": stage,
            "write_interval": stage,
        }

    def cost(self) -> Cost:
        """Updates of all units, and spikes of saturated layers (170 Hz), mean over the stages."""
        p, n = self.parameters, self.network.n_stages
        sizes = np.array(p.sizes, dtype=np.float64)
        pairs = sizes[:-1] * sizes[1:]
        spikes = sum(
            (7.0 * pairs[stage] + 170.0 * pairs[stage + 1 :].sum()) / n for stage in range(n)
        )
        copies = 1
        if p.rule == "synapses":
            spikes *= 2.0
            spikes += 170.0 * float(pairs.sum()) / n
            copies = 2
        updates = (copies * sizes.sum() + sizes[:-1].sum()) * 1000.0 / self.resolution
        return Cost(neuron_updates=float(updates), synaptic_events=float(spikes))
