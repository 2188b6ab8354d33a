"""The command line: what it prints, its exit codes, and what bad input gets."""

import errno
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

import neuromodels.cli.group
from neuromodels import (
    Analysis,
    Circuit,
    Metric,
    NeuronModel,
    Parameters,
    Reference,
    Result,
    hookimpl,
    parameter,
)
from neuromodels.cli.main import execute
from neuromodels.errors import AnalysisFailed, EnvironmentProblem, ModelError, RunError
from neuromodels.registry import RESERVED_COMMANDS, Registry


class Size(Parameters):
    n: int = parameter(10, unit="", ge=1, doc="Number of neurons", source="Table 1")
    pause: float = parameter(5.0, unit="ms", gt=0, doc="Silence")


class Thing(Circuit):
    """A thing that does nothing."""

    name = "study/thing"
    summary = "A thing"
    Parameters = Size
    analyses = ("study/look",)

    def build(self, network):
        pass

    def protocol(self) -> Iterator:
        return iter(())


class Faulty(Thing):
    name = "study/faulty"
    analyses = ("study/none",)


class Look(Analysis):
    name = "study/look"
    summary = "A look"

    def __call__(self, run):
        return Result()


class Study:
    @hookimpl
    def neuromodels_circuits(self):
        return [Thing, Faulty]

    @hookimpl
    def neuromodels_analyses(self):
        return [Look]

    @hookimpl
    def neuromodels_commands(self):
        @click.command(name="greet")
        @click.option("--fail", is_flag=True)
        def greet(fail):
            """Say hello."""
            if fail:
                raise ZeroDivisionError("two\nlines")
            click.echo("hello")

        return [greet]


@pytest.fixture(autouse=True)
def study(monkeypatch):
    """Only the study above is installed."""
    found = Registry()
    found.register(Study(), "study")
    for module in ("registry", "cli.list", "cli.show", "cli.models", "cli.doctor"):
        __import__(f"neuromodels.{module}")
        monkeypatch.setattr(f"neuromodels.{module}.registry", lambda: found)
    return found


class FakeRun:
    def __init__(self, path="/somewhere/run", figures=None):
        self.path = Path(path)
        self.status = "complete"
        self.figures = figures or {"rates": Path(path) / "figures" / "rates.png"}
        self.analyses = {"study/look": {"status": "ok"}}
        self.missing = []
        long = "a_metric_with_a_very_long_name_that_must_never_be_cut_" + "x" * 60
        reference = Reference(mean=5.0, sd=0.5, n=3, dof=2, source="Table 1")
        self.metrics = {
            "rate": Metric("rate", 5.123456, "Hz", reference),
            long: Metric(long, 3.0, ""),
        }
        self.long = long


@pytest.fixture
def runner(monkeypatch):
    """A runner that notes its calls."""
    calls = []
    fake = types.ModuleType("neuromodels.running.runner")
    fake.error = None

    def note(name):
        def call(*args, **options):
            calls.append((name, args, options))
            if fake.error is not None:
                raise fake.error
            return FakeRun()

        return call

    fake.run, fake.resume, fake.analyze = note("run"), note("resume"), note("analyze")
    fake.calls = calls
    monkeypatch.setitem(sys.modules, "neuromodels.running.runner", fake)
    monkeypatch.setattr("neuromodels.running.runner", fake, raising=False)
    return fake


@pytest.fixture
def call(capsys):
    def run(*arguments):
        code = execute(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def one_line(err):
    assert err.count("\n") == 1
    return err


def test_list_prints_names_plugins_and_summaries(call):
    code, out, err = call("list")
    assert code == 0
    assert "study/thing" in out
    assert "study/look" in out
    assert "broken: circuit study/faulty of plugin study: its analysis 'study/none'" in err


def test_list_json(call):
    code, out, _ = call("list", "circuits", "--json")
    content = json.loads(out)
    assert code == 0
    assert [entry["name"] for entry in content["circuits"]] == ["study/thing"]
    assert content["circuits"][0]["summary"] == "A thing"
    assert content["broken"][0]["name"] == "study/faulty"
    assert set(json.loads(call("list", "--json")[1])) == {
        "models", "circuits", "analyses", "comparisons", "plugins", "broken",
    }  # fmt: skip


def test_show_circuit(call):
    code, out, _ = call("show", "study/thing")
    assert code == 0
    (row,) = [line for line in out.splitlines() if line.startswith("n ")]
    assert row.split() == ["n", "10", ">=", "1", "Number", "of", "neurons", "Table", "1"]
    content = json.loads(call("show", "study/thing", "--json")[1])
    assert content["parameters"][1]["unit"] == "ms"
    assert content["presets"] == {"smoke": {}, "paper": {}}


def test_show_model(call, study):
    import neuromodels_burstprop

    study.register(neuromodels_burstprop, "burstprop")
    content = json.loads(call("show", "burst_dependent_synapse", "--json")[1])
    eta = next(entry for entry in content["parameters"] if entry["name"] == "eta")
    assert (eta["default"], eta["unit"], eta["type"]) == ("0.0035", "", "shared")
    assert content["neuron"] == "pyramidal_burst_neuron"
    out = call("show", "burst_dependent_synapse")[1]
    assert "w <- w + eta * burst_valence * pre_event_trace" in out
    assert ".. [Payeur2021] Payeur A" in out
    assert re.search(r"^valence +values +The neuron's burst_valence", out, re.MULTILINE)
    assert re.search(r"^parameter +default +unit +meaning$", out, re.MULTILINE)


def test_show_says_presets_as_set_takes_them(call, study):
    import neuromodels_burstprop

    study.register(neuromodels_burstprop, "burstprop")
    out = call("show", "burstprop/learning-rule")[1]
    assert "preset smoke: n_pre=400" in out
    assert "segment=5 s, bin=0.5 s\n" in out


def test_plugin_commands(call):
    assert "greet" in call("--help")[1]
    assert call("greet") == (0, "hello\n", "")


def test_core_commands_are_reserved():
    assert set(neuromodels.cli.group.CORE) <= RESERVED_COMMANDS


def test_version_names_what_is_installed(call):
    code, out, _ = call("--version")
    assert code == 0
    assert out.startswith("neuromodels ")
    assert "NEST 3.10" in out
    assert "NESTML 9.0" in out


def test_run_passes_what_was_given(call, runner, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("n: 20\npause: 1 s\n")
    code, _, _ = call(
        "run", "study/thing", "--params", str(file), "--set", "n=30", "--preset", "smoke",
        "--seed", "4", "--threads", "2", "--out", str(tmp_path / "run"), "--no-progress",
    )  # fmt: skip
    assert code == 0
    name, args, options = runner.calls[0]
    assert (name, args) == ("run", ("study/thing",))
    assert options == {
        "parameters": {"n": "30", "pause": "1 s"},
        "preset": "smoke",
        "seed": 4,
        "threads": 2,
        "out": tmp_path / "run",
        "progress": False,
    }


def test_run_ends_with_table_figures_and_directory(call, runner):
    _, out, err = call("run", "study/thing")
    header, rate, long, figure, where = out.splitlines()
    assert header.split("  ")[0] == "metric"
    assert "reference ± spread" in header
    assert rate.split() == [
        "rate", "5", "±", "0.5", "Hz", "(n", "=", "3)", "5.123", "Hz", "agrees",
    ]  # fmt: skip
    assert long.split() == [FakeRun().long, "3", "no", "reference"]
    assert figure == "figure: /somewhere/run/figures/rates.png"
    assert where == "run: /somewhere/run (complete)"
    assert err == ""


def test_a_terminal_cuts_no_name_either(call, runner, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = call("run", "study/thing")
    assert "…" not in out
    assert out.replace("\n", "").replace(" ", "").count("x") >= 60


def test_run_json(call, runner):
    content = json.loads(call("run", "study/thing", "--json")[1])
    assert content["path"] == "/somewhere/run"
    assert content["metrics"]["rate"]["verdict"] == "agrees"
    assert content["figures"] == {"rates": "/somewhere/run/figures/rates.png"}


def test_resume_takes_the_directory_alone(call, runner):
    assert call("run", "--resume", "some/run")[0] == 0
    assert runner.calls[0][:2] == ("resume", (Path("some/run"),))
    code, _, err = call("run", "study/thing", "--resume", "some/run", "--seed", "3")
    assert code == 2
    assert "CIRCUIT, --seed cannot be changed" in one_line(err)


def test_a_failed_analysis_still_prints_the_run_and_fails(call, runner):
    runner.error = AnalysisFailed("study/look raised", run=FakeRun())
    code, out, err = call("run", "study/thing")
    assert code == AnalysisFailed.exit_code
    assert "run: /somewhere/run" in out
    assert "study/look raised" in one_line(err)


def test_analyze(call, runner):
    assert call("analyze", "some/run", "--analysis", "study/look")[0] == 0
    assert runner.calls == [("analyze", (Path("some/run"),), {"names": ["study/look"]})]
    assert "did you mean study/look?" in call("analyze", "x", "--analysis", "study/lok")[2]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lst"], 2, "no command 'lst'; did you mean list?"),
        (["run", "study/thign"], 2, "no circuit 'study/thign' (did you mean study/thing?"),
        (["run", "study/faulty"], 5, "cannot be used: its analysis"),
        (["show", "nothing-like-it"], 2, "no circuit, model, analysis or comparison"),
        (["run"], 2, "which circuit?"),
        (["run", "study/thing", "--threads", "0"], 2, "'--threads': 0 is not in the range x>=1"),
        (["run", "study/thing", "--threads", "-2"], 2, "'--threads': -2 is not in the range"),
        (["run", "study/thing", "--seed", "0"], 2, "'--seed': 0 is not in the range"),
        (["run", "study/thing", "--set", "n"], 2, "--set: 'n' is not an assignment (write"),
        (["run", "study/thing", "--params", "none.json"], 2, "none.json: cannot be read"),
        (["run", "study/thing", "--params", "none"], 2, "none: does not exist"),
        (["run", "study/thing", "--params", os.devnull], 2, "unknown format ''"),
        (["run", "study"], 2, "no circuit 'study' (choose from study/"),
        (["run", "study/thing", "--nope"], 2, "--nope"),
        (["list", "things"], 2, "'things' is not one of"),
        (["greet", "--fail"], 70, "ZeroDivisionError: two lines (this is a defect"),
    ],
)
def test_bad_input_gets_one_line_and_a_code(call, arguments, code, message):
    got, out, err = call(*arguments)
    assert got == code
    assert out == ""
    assert re.match(r"error\[NM\d{3}\]: ", one_line(err))
    assert message in err


@pytest.mark.parametrize("group", [[], ["models"], ["submit"]])
def test_a_group_alone_shows_its_help_as_it_is(call, group):
    code, _, err = call(*group)
    assert code == 2
    assert err.startswith("Usage: neuromodels")
    assert "\nCommands:\n" in err


def test_a_file_that_may_not_be_touched_is_no_defect(call, runner, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/closed/run.json")

    monkeypatch.setattr("neuromodels.running.runner.run", refuse)
    code, _, err = call("run", "study/thing")
    assert code == EnvironmentProblem.exit_code
    assert one_line(err).strip() == "error[NM321]: /closed/run.json: Permission denied"


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.json", "{"), ("p.toml", "a = = 1"), ("p.yaml", "a: [1"), ("p.json", "[1, 2]")],
)
def test_bad_parameter_files(call, tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    code, _, err = call("run", "study/thing", "--params", str(file))
    assert code == 2
    assert str(file) in one_line(err)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", '{"n": 3, "pause": "1 s"}'),
        ("p.toml", 'n = 3\npause = "1 s"\n'),
        ("p.yml", "n: 3\npause: 1 s\n"),
        ("run.json", '{"circuit": {}, "parameters": {"n": 3, "pause": "1 s"}, "seed": 1}'),
    ],
)
def test_parameter_files(call, runner, tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    assert call("run", "study/thing", "--params", str(file))[0] == 0
    assert runner.calls[0][2]["parameters"] == {"n": 3, "pause": "1 s"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "p.yaml",
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
            + "n: *a8\n",
        ),
        ("p.yaml", "n: &n [*n]\n"),
        ("p.json", "[" * 100_000),
        ("p.yaml", "[" * 5_000),
        ("p.toml", "n = " + "[" * 5_000),
    ],
    ids=["references", "itself", "json", "yaml", "toml"],
)
def test_files_without_measure_are_refused_at_once(call, tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    code, _, err = call("run", "study/thing", "--params", str(file))
    assert code == 2
    assert str(file) in one_line(err)
    assert len(err) < 3000


def test_errors_of_ours_keep_their_code_and_debug_shows_the_traceback(call, runner):
    runner.error = RunError("is locked", where="some/run", fix="wait")
    code, _, err = call("run", "study/thing")
    assert (code, err) == (RunError.exit_code, "error[NM600]: some/run: is locked (wait)\n")
    code, _, err = call("--debug", "run", "study/thing")
    assert code == RunError.exit_code
    assert "Traceback" in err


def test_ctrl_c(call, runner):
    runner.error = KeyboardInterrupt()
    code, _, err = call("run", "study/thing")
    assert code == 130
    assert err.strip() == "interrupted"


@pytest.fixture
def cache(monkeypatch):
    entry = types.SimpleNamespace(
        models=("cell", "syn"),
        key="0123456789abcdef",
        size=3 * 2**20,
        built=datetime.now(UTC),
        path=Path("/cache/x.so"),
        complete=True,
        engine="plain",
        reason="cell: its equations have delays",
    )
    from neuromodels.nestml import cache

    cleaned = []
    monkeypatch.setattr(cache, "entries", lambda: [entry])
    monkeypatch.setattr(cache, "clean", lambda names=(): cleaned.append(names) or [entry])
    return cleaned


def test_models_list(call, cache):
    code, out, _ = call("models", "list")
    assert code == 0
    assert "cell, syn" in out
    assert "3.0 MiB" in out
    assert "0123456789abcdef" in out
    assert "plain (cell: its equations have delays)" in out
    (entry,) = json.loads(call("models", "list", "--json")[1])
    assert entry["models"] == ["cell", "syn"]


def test_models_clean(call, cache):
    assert call("models", "clean", "cell")[:2] == (0, "removed 1 compiled module, 3.0 MiB\n")
    assert call("models", "clean")[0] == 0
    assert cache == [["cell"], []]


def test_models_build_builds_what_is_named(call, study, monkeypatch, tmp_path):
    source = tmp_path / "small_neuron.nestml"
    source.write_text("model small_neuron:\n    state:\n        x real = 0\n")

    class Small:
        @hookimpl
        def neuromodels_models(self):
            return [NeuronModel(name="small_neuron", source=source)]

    study.register(Small(), "small")
    built = []

    def build(families, report=None):
        built.extend(family.name for family in families)
        report("compile", families[0].name)
        return []

    monkeypatch.setattr("neuromodels.nestml.build.build_families", build)
    code, _, err = call("models", "build", "small_neuron")
    assert (code, err, built) == (0, "compile small_neuron\n", ["small_neuron"])


def test_models_build_refuses_unknown_names(call):
    code, _, err = call("models", "build", "nobody")
    assert code == 2
    assert "no model 'nobody'" in one_line(err)


def test_doctor(call, study, tmp_path, monkeypatch):
    from neuromodels.machine import checks, diagnosis

    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path))
    found = [checks.Check("NEST", True, "3.10.0")]
    monkeypatch.setattr(diagnosis, "diagnose", lambda: found)
    study.broken.clear()
    code, out, _ = call("doctor")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} == {"ok"}
    found.append(checks.Check("compiler", False, "none found", "apt-get install g++"))
    code, out, _ = call("doctor")
    assert code == 1
    assert "PROBLEM  compiler" in out
    assert "none found (apt-get install g++)" in out
    failed = [entry["name"] for entry in json.loads(call("doctor", "--json")[1]) if not entry["ok"]]
    assert failed == ["compiler"]


def test_doctor_lists_broken_plugins_and_an_unusable_cache(call, study, tmp_path, monkeypatch):
    from neuromodels.machine import diagnosis

    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("NEUROMODELS_CACHE", str(blocked / "cache"))
    monkeypatch.setattr(diagnosis, "diagnose", list)
    code, out, _ = call("doctor")
    assert code == 1
    assert "PROBLEM  model cache" in out
    assert "PROBLEM  circuit study/faulty" in out


SLOW = ("nest", "pynestml", "xarray", "matplotlib", "pint", "scipy", "h5py", "rich")


@pytest.mark.parametrize(
    "code",
    [
        "import neuromodels",
        "from neuromodels.cli.main import execute; assert execute(['list']) == 0",
        "from neuromodels.cli.main import execute; assert execute(['list', '--json']) == 0",
        "from neuromodels.cli.main import execute; assert execute(['--help']) == 0",
        "from neuromodels.cli.main import execute; assert execute(['run', '--help']) == 0",
    ],
)
def test_quick_commands_import_nothing_slow(code):
    """With the installed studies: also they must keep their modules light."""
    check = f"{code}\nimport sys; print([m for m in {SLOW!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_a_very_narrow_terminal_folds_no_name(call, runner, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    lines = call("run", "study/thing")[1].splitlines()
    assert FakeRun().long in lines
    assert "  ours: 5.123 Hz" in lines
    lines = call("list")[1].splitlines()
    assert "study/thing" in lines
    assert "  summary: A thing" in lines


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["show", "study/nothing"]])
def test_closed_output_is_no_defect(arguments):
    command = [sys.executable, "-m", "neuromodels", *arguments]
    for redirection in (">&-", "2>&-", ">&- 2>&-"):
        shell = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]
        done = subprocess.run(shell, capture_output=True, text=True)
        assert "defect" not in done.stderr
        assert done.returncode == (2 if "show" in arguments else 0)


@pytest.mark.parametrize("unbuffered", ["", "1"])  # the error comes at the end, or at once
@pytest.mark.parametrize("arguments", [["list"], ["show", "burstprop/xor"]])
def test_a_full_disk_behind_standard_output_is_one_line(arguments, unbuffered):
    command = [sys.executable, "-m", "neuromodels", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert done.returncode == EnvironmentProblem.exit_code
    assert "the output cannot be written: No space left" in one_line(done.stderr)


def test_json_is_alone_on_standard_output(capfd, runner):
    """Whatever circuits, analyses and NEST's C++ print."""
    kept = runner.run

    def loud(*args, **options):
        print("from Python")
        os.write(1, b"from C++\n")
        return kept(*args, **options)

    runner.run = loud
    assert execute(["run", "study/thing", "--json"]) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["status"] == "complete"
    assert "from Python" in captured.err
    assert "from C++" in captured.err


def test_metrics_of_an_interrupted_run_come_with_a_warning(call, runner, monkeypatch):
    monkeypatch.setattr(FakeRun, "t_stop", 1500.0, raising=False)
    runner.analyze = lambda *_, **__: interrupted
    interrupted = FakeRun()
    interrupted.status = "interrupted"
    _, _, err = call("analyze", "some/run")
    assert "only 1.5 s were recorded" in one_line(err)


def test_show_of_a_model_that_is_not_text(call, study, tmp_path):
    source = tmp_path / "bad_neuron.nestml"
    source.write_bytes(b"model bad_neuron:\n    # \xff\n")

    class Plugin:
        @hookimpl
        def neuromodels_models(self):
            return [NeuronModel(name="bad_neuron", source=source)]

    study.register(Plugin(), "bad")
    code, _, err = call("show", "bad_neuron")
    assert code == ModelError.exit_code
    assert "bad_neuron.nestml:2: " in one_line(err)
