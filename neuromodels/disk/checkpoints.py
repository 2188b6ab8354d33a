"""What a long run is continued from after a crash: one file, replaced as the run goes on.

NEST cannot store the state of a kernel.  A circuit knows which of it matters: `Circuit.state` gives
it as arrays, and `Circuit.restore` puts it into a network that was built anew from the same seed.
What the circuit leaves out starts afresh (spikes on their way, at least), and NEST's generators get
another seed, so that a continued run does not repeat the random numbers of its beginning: it equals
an uninterrupted one in distribution, not spike for spike.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.disk.files import reading, replacing
from neuromodels.disk.npz import Arrays

MIN_SECONDS = 60.0
"""Wall time between two checkpoints, at least."""

_STATE = "state/"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a network at the end of a phase.

    Parameters
    ----------
    step : int
        Of the protocol.
    rng : mapping
        State of the network's `rng`.
    state : mapping
        What `Circuit.state` gave.
    """

    step: int
    rng: Mapping[str, Any]
    state: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Replace the checkpoint in `path`."""
        arrays = {_STATE + name: np.asarray(values) for name, values in self.state.items()}
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                allow_pickle=False,
                step=np.array(self.step),
                rng=np.array(json.dumps(self.rng)),
                **arrays,
            )

    @classmethod
    def read(cls, path: Path) -> Checkpoint | None:
        """The checkpoint in `path`, or None if there is none.

        Raises
        ------
        RunError
            It is damaged.
        """
        if not os.path.lexists(path):
            return None
        what, fix = "the checkpoint", "delete it, and the run starts again from the beginning"
        with Arrays(path, what, fix) as file, reading(path, what, fix):
            state = {
                name.removeprefix(_STATE): file[name] for name in file if name.startswith(_STATE)
            }
            return cls(int(file["step"]), json.loads(str(file["rng"])), state)

    def seed(self, seed: int) -> int:
        """Seed of NEST's generators from here on, for a run with `seed`."""
        drawn = np.random.SeedSequence([seed, self.step]).generate_state(1, np.uint32)
        return max(1, int(drawn[0]) % (2**32 - 1))


__all__ = ["MIN_SECONDS", "Checkpoint"]
