"""Kills, nonsense, cold caches, full disks and a long soak: what must hold, counted.

``python benchmarks/robustness.py WHAT [--count N] [--seed N] [--seconds N]``

==========  ======================================================================================
``kills``   kill -9 at random moments of build, simulation, recording, checkpoint, writing,
            analysis, report and sweep; then resumed, and compared with a run that was left alone
``inputs``  malformed values, files of parameters, run directories, NESTML sources and plugins
``cold``    16 processes that want the same model from an empty cache
``disk``    runs on a disk that fills up, at 20 levels (needs root, for a file system in memory)
``soak``    tiny runs in one process: memory and open files
==========  ======================================================================================

Every line that is printed is a case that did not hold; the last one is the sum.  Processes are
forked from one that has loaded NEST, so that a kill costs the work that it interrupts and no more.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from neuromodels import (
    Analysis,
    Circuit,
    Metric,
    Parameters,
    Phase,
    Result,
    errors,
    hookimpl,
    load_run,
    parameter,
    registry,
)
from neuromodels.cli.main import execute
from neuromodels.disk.parts import Spool
from neuromodels.reports.page import write as write_report
from neuromodels.running import runner, simulation
from neuromodels.sweeps.sweeper import load_sweep
from neuromodels.sweeps.sweeper import sweep as run_sweep
from neuromodels.sweeps.verification import verify

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from damage import NONSENSE, damage

PHASES = (40.0, 33.3, 0.4, 60.0, 41.3)


class Size(Parameters):
    n: int = parameter(30, unit="", ge=1, le=10_000, doc="Neurons")
    rate: float = parameter(9000.0, unit="Hz", ge=0, doc="Background rate")
    seen: bool = parameter(True, unit="", doc="Whether traces are recorded")


class Net(Circuit[Size]):
    """A small random network with every kind of recording and a checkpoint after each phase."""

    name = "robust/net"
    summary = "A small random network"
    Parameters = Size
    presets: ClassVar = {"smoke": {}, "paper": {}}
    analyses = ("robust/rate",)

    def build(self, network):
        nest, p = network.nest, self.parameters
        self.cells = nest.Create("iaf_psc_alpha", p.n)
        noise = nest.Create("poisson_generator", params={"rate": p.rate})
        nest.Connect(noise, self.cells, syn_spec={"weight": 20.0, "delay": 1.5})
        rule = {"rule": "pairwise_bernoulli", "p": 0.1}
        nest.Connect(self.cells, self.cells, rule, {"weight": 5.0, "delay": 1.5})
        network.population("cells", self.cells)
        network.signal("v", lambda: float(np.mean(self.cells.V_m)), interval=1.5, unit="mV")
        network.traces("some", self.cells[:3], {"V_m": "mV"}, interval=0.7)
        network.traces("mean", self.cells, {"V_m": "mV"}, interval=0.4, average=True)

    def protocol(self):
        for number, duration in enumerate(PHASES):
            yield Phase(f"part_{number}", duration, checkpoint=True)

    def state(self, network):
        return {"V_m": self.cells.V_m}

    def restore(self, network, state):
        self.cells.V_m = state["V_m"]


class Rate(Analysis):
    name = "robust/rate"
    summary = "Rate"

    def __call__(self, run):
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().plot(run.signals["v"])
        return Result([Metric("rate", run.spikes("cells").rate, "Hz")], {"potential": figure})


class Plugin:
    @hookimpl
    def neuromodels_circuits(self):
        return [Net]

    @hookimpl
    def neuromodels_analyses(self):
        return [Rate]


class Tally:
    """Cases by what became of them, and those that did not hold."""

    def __init__(self, what: str) -> None:
        self.what, self.counts, self.wrong = what, Counter[str](), 0

    def note(self, kind: str) -> None:
        self.counts[kind] += 1

    def fault(self, text: str) -> None:
        self.wrong += 1
        print(f"WRONG: {text}", flush=True)

    def done(self) -> int:
        said = ", ".join(f"{number} {kind}" for kind, number in sorted(self.counts.items()))
        print(f"{self.what}: {said}; {self.wrong} did not hold", flush=True)
        return 1 if self.wrong else 0


def forked(work: Callable[[], None], *, kill_after: float | None = None) -> int:
    """Do something in a child; its exit code, or -9 where it was killed before its end."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            os.setpgid(0, 0)
            work()
            code = 0
        except errors.NeuromodelsError as error:
            code = error.exit_code
        finally:
            os._exit(code)
    if kill_after is not None:
        end = time.monotonic() + kill_after
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def whole(path: Path) -> None:
    """Simulate, analyse, report."""
    run = runner.run("robust/net", out=path, progress=False)
    write_report([run], path / "report.html")


def finish(path: Path) -> None:
    """What a user does after a crash."""
    if (path / "run.json").exists():
        run = runner.resume(path, progress=False)
    else:
        run = runner.run("robust/net", out=path, progress=False)
    if any(entry["status"] != "ok" for entry in run.analyses.values()) or not run.metrics:
        run = runner.analyze(path)
    write_report([run], path / "report.html")


def compare(path: Path, reference) -> str | None:
    """What is wrong with a finished run."""
    run = load_run(path)
    if run.status != "complete":
        return f"is {run.status}"
    if problems := [problem for one in verify(path) for problem in one.problems]:
        return problems[0]
    since = min((entry["time"] for entry in run.info["resumed"]), default=run.t_stop)
    if run.t_stop != reference.t_stop:
        return "has another length"
    mine, other = run.spikes("cells", 0, since), reference.spikes("cells", 0, since)
    if not (
        np.array_equal(mine.times, other.times) and np.array_equal(mine.node_ids, other.node_ids)
    ):
        return "has other spikes"
    for name, found in [("", run.signals), *run.traces.items()]:
        before = reference.traces[name] if name else reference.signals
        if not np.array_equal(found["time"], before["time"]):
            return f"has another axis of time in {name or 'signals'}"
        past = np.asarray(found["time"]) <= since
        for variable in set(found.data_vars) & {"v", "V_m"}:
            if not np.array_equal(found[variable][past], before[variable][past]):
                return f"has other values in {name or 'signals'}"
    if not run.metrics or set(run.figures) != {"potential", "overview"}:
        return "lacks results"
    return None


def kills(count: int, draw: random.Random, deadline: float, folder: Path) -> int:
    tally = Tally("kill -9")
    simulation.MIN_SECONDS = 0.0
    Spool.due = True
    forked(lambda: whole(folder / "reference"))
    reference = load_run(folder / "reference")
    begin = time.monotonic()
    forked(lambda: whole(folder / "again"))
    longest = 1.1 * (time.monotonic() - begin)
    for number in range(count):
        if time.monotonic() > deadline:
            break
        path = folder / "run"
        shutil.rmtree(path, ignore_errors=True)
        killed = 0
        # Half of the runs are killed a second time while they are finished.
        for task in [whole, finish][: draw.choice([1, 2])]:
            code = forked(partial(task, path), kill_after=draw.uniform(0, longest))
            killed += code < 0
            what = f"case {number}: "
            if not (path / "run.json").exists():
                tally.note("before run.json")
                continue
            run = load_run(path)
            status, stage = run.status, run.info["stage"]
            tally.note(f"{status} ({stage})" if code < 0 else "not killed in time")
            if status == "running":
                tally.fault(what + "reads as running")
            if status == "complete":
                wrong = compare(path, reference)
                # The figures of an analysis are renamed one by one: `verify` says so.
                if wrong is not None and "figures/" not in wrong:
                    tally.fault(f"{what}looks complete and {wrong}")
        code = forked(partial(finish, path))
        if code != 0:
            tally.fault(f"case {number}: could not be finished (exit code {code})")
            shutil.copytree(path, folder / f"failed-{number}", dirs_exist_ok=True)
        elif (wrong := compare(path, reference)) is not None:
            tally.fault(f"case {number}: finished, and {wrong}")
        else:
            resumed = bool(load_run(path).info["resumed"])
            tally.note("finished from a checkpoint" if resumed else "finished bit for bit")
    return tally.done()


def sweeps(count: int, draw: random.Random, deadline: float, folder: Path) -> int:
    tally = Tally("kill -9 of a sweep")
    path = folder / "sweep"

    def work() -> None:
        run_sweep("robust/net", seeds=[1, 2], out=path, workers=2, progress=False)

    for number in range(count):
        if time.monotonic() > deadline:
            break
        shutil.rmtree(path, ignore_errors=True)
        code = forked(work, kill_after=draw.uniform(0, 12))
        tally.note("killed" if code < 0 else "not killed in time")
        time.sleep(1.0)  # workers stop with their parent, and write what they have
        if forked(work) != 0:
            tally.fault(f"case {number}: the sweep could not be finished")
            continue
        found = load_sweep(path)
        if set(found.statuses.values()) != {"complete"} or len(found.table) != 2:
            tally.fault(f"case {number}: {found.statuses}")
        if problems := [problem for one in verify(path) for problem in one.problems]:
            tally.fault(f"case {number}: {problems[0]}")
        tally.note("finished")
    return tally.done()


@contextlib.contextmanager
def in_time(seconds: int) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError(f"takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def one_line(arguments: list[str]) -> str | None:
    """Why a command line does not end as it must: a code, and one line where it failed."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with in_time(30), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = execute(arguments)
    except BaseException as error:  # noqa: BLE001
        return f"raises {type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"
    lines = [line for line in err.getvalue().splitlines() if not line.startswith("warning")]
    if code == 70:
        return f"is called a defect: {lines}"
    if code != 0 and (len(lines) != 1 or not lines[0].startswith("error")):
        return f"ends with {code} and {len(lines)} lines: {lines[:3]}"
    return None


def words(draw: random.Random) -> str:
    """A value as somebody may write it."""
    pieces = [
        "1", "-1", "1e400", "9" * draw.choice([1, 20, 400, 5000]), "nan", "inf", "Hz", "kHz", "ms",
        "10**10**10", "**", "[", "]", ",", "(", "true", "", " ", "µ", "\x1b[2J", "0x10", "1_0",
        "é", "\u202e", "'", '"', "None", "/", "1/0", "^", ";", "{", "}", "=", "\n", "%", "1e-400",
    ]  # fmt: skip
    return "".join(draw.choice(pieces) for _ in range(draw.randrange(1, 6)))


def parameter_file(draw: random.Random, folder: Path) -> Path:
    path = folder / f"p{draw.choice(['.json', '.yaml', '.toml', '.yml', '.txt', ''])}"
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
    )
    content = draw.choice(
        [
            bomb + "rate: *a8\n", "rate: &r [*r]\n", "[" * 100_000, "{" * 2000, '{"a":' * 5000,
            "rate = 1\nrate = 2", "rate: !!python/object/apply:os.system [true]", "\0\0", "rate: ",
            json.dumps({draw.choice(["rate", "n", "seen", "x"]): draw.choice(NONSENSE)}),
            json.dumps({"rate": {"value": draw.choice(NONSENSE), "unit": words(draw)}}),
            f"rate: {words(draw)}", f"rate = {words(draw)}", "- 1", "1", "", "rate: 2026-01-01",
        ]
    )  # fmt: skip
    path.write_text(content)
    if draw.random() < 0.1:
        path.write_bytes(draw.randbytes(200))
    return path


MODEL = """model robust_neuron:
    state:
        V_m mV = 0 mV
    parameters:
        tau ms = 10 ms
    equations:
        V_m' = -V_m / tau
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()
"""


class Registering:
    """A plugin that gives nonsense."""

    def __init__(self, draw: random.Random) -> None:
        class Unspeakable(Exception):
            def __str__(self) -> str:
                raise ValueError

            __repr__ = __str__

        def what() -> object:
            kinds = [
                None, 42, "text", object(), [None], [42], [Net], [Rate], [Unspeakable()],
                [type("Net", (Net,), {"name": draw.choice(NONSENSE)})],
                [type("Net", (Net,), {"presets": draw.choice(NONSENSE)})],
                [type("Net", (Net,), {"Parameters": draw.choice(NONSENSE)})],
                [type("Net", (Net,), {"resolution": draw.choice(NONSENSE)})],
                [type("Net", (Net,), {"analyses": draw.choice(NONSENSE)})],
                [type("Rate", (Rate,), {"summary": draw.choice(NONSENSE)})],
            ]  # fmt: skip
            if draw.random() < 0.2:
                raise draw.choice(
                    [Unspeakable(), KeyboardInterrupt(), SystemExit(0), MemoryError()]
                )
            return draw.choice(kinds)

        for kind in ("models", "circuits", "analyses", "commands"):
            if draw.random() < 0.6:
                hook = hookimpl(lambda: what())
                setattr(self, f"neuromodels_{kind}", hook)
        self.load = lambda: what() if draw.random() < 0.3 else self


def of_value(draw: random.Random, folder: Path) -> tuple[object, str | None]:
    given = f"{draw.choice(['rate', 'n', 'seen', words(draw)])}={words(draw)}"
    return given, one_line([*dry(folder), "--set", given])


def of_file(draw: random.Random, folder: Path) -> tuple[object, str | None]:
    path = parameter_file(draw, folder)
    said, wrong = path.read_bytes()[:80], one_line([*dry(folder), "--params", str(path)])
    path.unlink()
    return said, wrong


def of_run(draw: random.Random, folder: Path) -> tuple[object, str | None]:
    path, page = folder / "damaged", str(folder / "page.html")
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(folder / "original", path)
    said = damage(path, draw.randrange(10**9))
    for arguments in (
        ["report", str(path), "--out", page], ["verify", str(path)], ["analyze", str(path)],
    ):  # fmt: skip
        if wrong := one_line(arguments):
            return said, f"{arguments[0]} {wrong}"
    return said, None


def of_source(draw: random.Random, folder: Path) -> tuple[object, str | None]:
    path = folder / "robust_neuron.nestml"
    text = bytearray(MODEL.encode())
    for _ in range(draw.randrange(1, 4)):
        place = draw.randrange(len(text))
        if draw.random() < 0.5:
            text[place] = draw.choice(b" ()[]=+*/'\"#\x00\xff\n:x9")
        else:
            del text[place : place + draw.randrange(1, 20)]
    path.write_bytes(bytes(text))
    return bytes(text)[:200], one_line(["check", str(path)])


def of_plugin(draw: random.Random, _folder: Path) -> tuple[object, str | None]:
    points: list[Any] = [
        SimpleNamespace(name="bad", dist=None, load=Registering(draw).load),
        SimpleNamespace(name="good", dist=None, load=lambda: PLUGIN),
    ]
    try:
        found = registry.Registry()
        with contextlib.redirect_stderr(io.StringIO()):
            found.discover(points)
    except BaseException as error:  # noqa: BLE001
        return "plugin", f"raises {type(error).__name__}\n{traceback.format_exc()[-1500:]}"
    good = found.plugins["good"]
    if good.status == "ok" or "claimed by both" in good.reason:
        return "plugin", None
    return "plugin", f"broke another: {good.reason}"


def dry(folder: Path) -> list[str]:
    """A command line that resolves all parameters, and runs nothing."""
    return ["submit", "run", "robust/net", "--dry-run", "--out", str(folder / "no")]


def inputs(count: int, draw: random.Random, deadline: float, folder: Path) -> int:
    tally = Tally("malformed inputs")
    forked(lambda: whole(folder / "original"))
    kinds = {
        "value": of_value, "file": of_file, "run": of_run, "source": of_source,
        "plugin": of_plugin,
    }  # fmt: skip
    for number in range(count):
        if time.monotonic() > deadline:
            break
        kind = list(kinds)[number % len(kinds)]
        tally.note(kind)
        said, wrong = kinds[kind](draw, folder)
        if wrong is not None:
            tally.fault(f"{kind} {said!r}: {wrong}")
    return tally.done()


def cold(count: int, _draw: random.Random, _deadline: float, folder: Path) -> int:
    tally = Tally("cold starts on one cache")
    code = (
        "import sys\nfrom neuromodels.nestml.build import build\n"
        "seen = []\nbuild(['background_noise_neuron'] if len(sys.argv) < 2 else sys.argv[1:], "
        "lambda stage, name: seen.append(stage))\nprint(seen.count('compile'))"
    )
    model = min(registry.registry().models)
    environment = {**os.environ, "NEUROMODELS_CACHE": str(folder / "cache")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, model], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    built = [process.communicate()[0].strip() for process in processes]
    tally.counts.update({"processes": count, "builds": built.count("1")})
    if built.count("1") != 1 or any(process.returncode for process in processes):
        tally.fault(f"built {built}")
    return tally.done()


def disk(count: int, draw: random.Random, deadline: float, folder: Path) -> int:
    tally = Tally("full disk")
    place = folder / "small"
    place.mkdir()
    size = 4 * 2**20
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        forked(lambda: whole(place / "run"))
        needed = sum(p.stat().st_size for p in (place / "run").rglob("*") if p.is_file())
        reference = folder / "reference"
        shutil.copytree(place / "run", reference)
        levels = list(range(count))
        draw.shuffle(levels)  # those that there is time for are spread over all
        for level in levels:
            if time.monotonic() > deadline:
                break
            shutil.rmtree(place / "run", ignore_errors=True)
            room = int(1.2 * needed * level / count)
            (place / "ballast").write_bytes(bytes(max(0, size - room - 2**16)))
            code = forked(lambda: whole(place / "run"))
            if (place / "run" / "run.json").exists():
                status = load_run(place / "run").status
                tally.note(f"{status} (exit code {code})")
                if status == "complete" and (w := compare(place / "run", load_run(reference))):
                    tally.fault(f"level {level}: looks complete and {w}")
            else:
                tally.note(f"nothing begun (exit code {code})")
            (place / "ballast").unlink()
            if code not in (0, 3) or forked(lambda: finish(place / "run")) != 0:
                tally.fault(f"level {level}: exit code {code}, or cannot be finished")
            elif wrong := compare(place / "run", load_run(reference)):
                tally.fault(f"level {level}: finished and {wrong}")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)
    return tally.done()


def soak(count: int, _draw: random.Random, deadline: float, folder: Path) -> int:
    tally = Tally("soak")

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

    points: list[tuple[int, float, int]] = []
    for number in range(count):
        if time.monotonic() > deadline:
            break
        runner.run("robust/net", out=folder / "run", analyze=False, progress=False)
        _ = load_run(folder / "run").spikes("cells"), load_run(folder / "run").signals.load()
        shutil.rmtree(folder / "run")
        tally.note("runs")
        if number % 10 == 9:
            points.append((number + 1, resident(), len(list(Path("/proc/self/fd").iterdir()))))
    later = np.array(points[len(points) // 4 :])  # caches fill in the beginning
    slope = np.polyfit(later[:, 0], later[:, 1], 1)[0] * 1000
    print(f"resident {points[0][1]:.0f} -> {points[-1][1]:.0f} MiB, {slope:+.1f} MiB per 1000 runs")
    print(f"open files {points[0][2]} -> {points[-1][2]}")
    if points[-1][2] > points[0][2]:
        tally.fault("open files grow")
    if slope > 20:
        tally.fault("memory grows")
    return tally.done()


def installed(folder: Path) -> None:
    """Make the circuit known to other processes too, as an installed plugin is."""
    info = folder / "robust-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: robust\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[neuromodels]\nrobust = robustness:PLUGIN\n")
    sys.path.insert(0, str(folder))
    registry.registry.cache_clear()


def main() -> int:
    """Read the command line, and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=list(COUNTS))
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="Begin no more after this time.")
    given = parser.parse_args()
    os.environ["PYNEST_QUIET"] = "1"
    deadline, draw = time.monotonic() + given.seconds, random.Random(given.seed)
    folder = Path(tempfile.mkdtemp(prefix="robustness-"))
    installed(folder / "site")
    if given.what not in ("cold", "sweeps"):
        for heavy in ("matplotlib.pyplot", "nest", "xarray", "h5netcdf", "pandas"):
            importlib.import_module(heavy)
    try:
        count = given.count or COUNTS[given.what]
        return CASES[given.what](count, draw, deadline, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


COUNTS = {"kills": 500, "sweeps": 10, "inputs": 500, "cold": 16, "disk": 20, "soak": 1000}
CASES = {
    "kills": kills, "sweeps": sweeps, "inputs": inputs, "cold": cold, "disk": disk, "soak": soak,
}  # fmt: skip
PLUGIN = Plugin()

if __name__ == "__main__":
    import robustness  # the module that other processes import

    sys.exit(robustness.main())
