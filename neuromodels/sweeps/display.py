"""One display for all runs of a sweep: how many are done, and how long the rest will take.

A terminal gets a bar; elsewhere, where progress is asked for, each run that ends gets a line.  Runs
differ in size, so what counts is not their number but their expected operations
(`neuromodels.sweeps.definition.Entry.effort`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from neuromodels.running.progress import Rate, duration, new_bar
from neuromodels.sweeps.definition import Entry

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

# Long: building models, and the beginning of runs of a new size, must not shake the estimate.
_WINDOW = 600.0


class SweepDisplay:
    """Shows how a sweep goes on.

    Parameters
    ----------
    entries : sequence of Entry
        All that are to be run.
    done : int
        Runs that were complete before.
    show : bool or None
        As in `neuromodels.run`.
    """

    def __init__(self, entries: Sequence[Entry], done: int = 0, show: bool | None = None) -> None:
        self._total = len(entries) + done
        self._done = done
        self._failed = 0
        self._shares: dict[int, float] = {}
        self._effort = {entry.number: entry.effort for entry in entries}
        self._all = sum(self._effort.values())
        self._ended = 0.0
        self._rate = Rate(_WINDOW)
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._lines = False
        if show is not False:
            self._bar = new_bar()
            self._lines = self._bar is None and show is True

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._all, note="")
        self.draw()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def began(self, entry: Entry) -> None:
        """A run was started."""
        self._shares[entry.number] = 0.0

    def went_on(self, entry: Entry, share: float) -> None:
        """A run has simulated this share of its biological time."""
        self._shares[entry.number] = share

    def ended(self, entry: Entry, error: str | None) -> None:
        """A run has ended, with an error or without."""
        self._shares.pop(entry.number, None)
        self._ended += self._effort[entry.number]
        self._done += error is None
        self._failed += error is not None
        text = f"failed: {entry.name}: {error}" if error else f"done: {entry.name}"
        if self._bar is not None:
            if error:
                self._bar.console.print(text, markup=False, highlight=False)
        elif self._lines:
            print(f"{text} ({self._note()})", file=sys.stderr, flush=True)

    def draw(self) -> None:
        """Bring the bar to what is known now."""
        self._rate.update(time.monotonic(), self._reached)
        if self._bar is not None and self._task is not None:
            running = f", {len(self._shares)} running" if self._shares else ""
            failed = f", {self._failed} failed" if self._failed else ""
            self._bar.update(
                self._task,
                description=f"{self._done} of {self._total} runs{running}{failed}",
                completed=self._reached,
                note=self._note(),
            )

    @property
    def _reached(self) -> float:
        under_way = sum(share * self._effort[n] for n, share in self._shares.items())
        return self._ended + under_way

    def _note(self) -> str:
        rate = self._rate.value
        if rate is None:
            return ""
        return f"{duration((self._all - self._reached) / rate)} left"


__all__ = ["SweepDisplay"]
