"""How far a run is and how long it will still take.

On a terminal (or in a notebook) a bar; otherwise, where progress is asked for, a line every half
minute.  The real-time factor is that of the last seconds of wall time.  The time left follows from
the latter half of the run so far: phases differ in cost, and many protocols repeat them.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

logger = logging.getLogger(__name__)

WINDOW = 10.0
RECENT = 0.5
LINE_EVERY = 30.0
_MARKS = 1000

Report = Callable[[str, float], None]
"""Told what is going on, and the share (0 to 1) of the biological time that has passed."""


class Rate:
    """Biological time per wall time over the last `window` seconds of wall time.

    Parameters
    ----------
    window : float
        Wall time (s).
    share : float
        The window is at least this share of the time since the first update.
    """

    def __init__(self, window: float = WINDOW, share: float = 0.0) -> None:
        self.window = window
        self.share = share
        self._begin: float | None = None
        self._marks: deque[tuple[float, float]] = deque()

    def update(self, wall: float, biological: float) -> None:
        """Note that `biological` (ms) had been reached at `wall` (s)."""
        if self._begin is None:
            self._begin = wall
        marks, window = self._marks, max(self.window, self.share * (wall - self._begin))
        # Marks that are close to each other would only take memory in a run of days.
        if len(marks) > 1 and marks[-1][0] - marks[-2][0] < window / _MARKS:
            marks.pop()
        marks.append((wall, biological))
        while len(marks) > 2 and marks[1][0] <= wall - window:
            marks.popleft()

    @property
    def value(self) -> float | None:
        """Biological ms per second of wall time; None while nothing is known."""
        if len(self._marks) < 2:
            return None
        (wall0, done0), (wall1, done1) = self._marks[0], self._marks[-1]
        if wall1 <= wall0 or done1 <= done0:
            return None
        return (done1 - done0) / (wall1 - wall0)


def duration(seconds: float) -> str:
    """Write a duration as a person would: ``48 s``, ``3 min 05 s``, ``2 h 07 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def new_bar() -> Bar | None:
    """Give a bar on standard error, or None where there is neither a terminal nor a notebook.

    Its tasks have a description and a field ``note``, shown behind the share that is done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return None
    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        refresh_per_second=4,
    )


class Progress:
    """Shows the progress of one run.

    Parameters
    ----------
    show : bool, callable or None
        None: a bar on a terminal and in a notebook, else nothing.  True: a bar where one can be
        drawn, else lines on standard error.  False: nothing.  A `Report` is called at every step
        instead.  The log file gets its lines anyway.
    rank : int
        MPI rank; only rank 0 shows anything.
    """

    def __init__(self, show: bool | Report | None = None, *, rank: int = 0) -> None:
        self._rate, self._pace = Rate(), Rate(share=RECENT)
        self._total = 0.0
        self._share = 0.0
        self._report = show if callable(show) and rank == 0 else None
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._last_line = time.monotonic()
        self._last_draw = 0.0
        self._lines = False
        if rank != 0 or show is False or callable(show) or (show is None and not _interactive()):
            return
        self._bar = new_bar()
        self._lines = self._bar is None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, note="")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def stage(self, text: str) -> None:
        """Say what is going on when it is not biological time that passes."""
        logger.info("%s", text)
        if self._report is not None:
            self._report(text, self._share)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=text, total=None, note="")

    def begin(self, total: float, done: float = 0.0) -> None:
        """Start a simulation of `total` biological time (ms), of which `done` have passed."""
        self._total = total
        self._share = done / total if total else 1.0
        self._mark(time.monotonic(), done)

    def update(self, phase: str, done: float) -> None:
        """Show that `done` (ms) of biological time have passed, in the phase of that name."""
        now = time.monotonic()
        self._mark(now, done)
        self._share = done / self._total if self._total else 1.0
        if self._report is not None:
            self._report(phase, self._share)
        if self._bar is not None and self._task is not None and now - self._last_draw > 0.1:
            self._last_draw = now
            self._bar.update(
                self._task,
                description=phase,
                total=self._total,
                completed=done,
                note=self._note(done),
            )
        if now - self._last_line >= LINE_EVERY:
            self._last_line = now
            line = f"{phase}: {self._share:.0%} of {self._total / 1000:g} s; {self._note(done)}"
            logger.info("%s", line)
            if self._lines:
                print(line, file=sys.stderr, flush=True)

    def _mark(self, wall: float, done: float) -> None:
        for rate in (self._rate, self._pace):
            rate.update(wall, done)

    def _note(self, done: float) -> str:
        rate, pace = self._rate.value, self._pace.value
        if rate is None or pace is None:
            return ""
        # The real-time factor as the field defines it: wall time per biological time.
        left = duration((self._total - done) / pace)
        return f"{left} left, real-time factor {1000.0 / rate:.2f}"


def _interactive() -> bool:
    return (sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules


__all__ = ["Progress", "Rate", "Report", "duration", "new_bar"]
