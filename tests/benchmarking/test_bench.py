"""``neuromodels bench``: what is measured, how it is told, and what follows for larger networks."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import installed_plugin
import pandas as pd
import pytest
import scaled_plugin

from neuromodels import registry
from neuromodels.benchmarking import measuring, pages
from neuromodels.benchmarking.cases import Case, request
from neuromodels.benchmarking.projection import fit, model_costs, project
from neuromodels.benchmarking.results import Results
from neuromodels.cli.main import execute
from neuromodels.errors import EnvironmentProblem, UnknownNameError, UsageError
from neuromodels.machine import installation

SIZES = (0.03, 1.0, 3.0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    installed_plugin.install(folder, Path(scaled_plugin.__file__), "scaled")
    return folder


@pytest.fixture(scope="module")
def plugin(site: Path) -> Iterator[None]:
    """The plugin, installed for this process and for those that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.setattr("neuromodels.machine.provenance.usable_cores", lambda: 2)
        registry.registry.cache_clear()
        yield
    registry.registry.cache_clear()
    sys.modules.pop("scaled_plugin", None)


@pytest.fixture(scope="module")
def measured(plugin: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """One turn of both circuits, and what the command ended with."""
    out = tmp_path_factory.mktemp("bench") / "out"
    arguments = ["bench", "scaled", "--sizes", "1,3,10", "--repeat", "1", "--duration", "0.2"]
    arguments += ["--threads", "1", "--ranks", "1,2", "--out", str(out), "--no-progress"]
    return execute(arguments), out


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "measurements.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_case_is_a_row(measured):
    code, out = measured
    assert code == 0
    found = {(row["name"], float(row["size"]), row["ranks"]): row for row in rows(out)}
    assert set(found) == {
        *(("scaled/net", size, ranks) for size in (1.0, 3.0, 10.0) for ranks in "12"),
        *(("scaled/fixed", 1.0, ranks) for ranks in "12"),
    }
    for name, size in (("scaled/net", 1.0), ("scaled/net", 3.0), ("scaled/fixed", 1.0)):
        row = found[name, size, "1"]
        assert not row["missing"]
        assert float(row["neurons"]) == 100 * size
        assert float(row["synapses"]) >= 1000 * size
        assert float(row["seconds"]) == 0.2  # also of two phases of an hour
        assert float(row["memory"]) == float(row["memory_largest"]) > 10e6
        stages = [float(row[stage]) for stage in pages.STAGES]
        assert all(stage > 0 for stage in stages)
        assert sum(stages) == pytest.approx(float(row["total"]))


def test_what_cannot_be_measured_says_why(measured):
    reasons = {(row["name"], float(row["size"]), row["ranks"]): row["missing"]
               for row in rows(measured[1])}  # fmt: skip
    assert "too large by far" in reasons["scaled/net", 10.0, "1"]
    if not installation.find_nest().mpi:
        assert "MPI" in reasons["scaled/net", 1.0, "2"]


def test_files(measured):
    _, out = measured
    assert {file.name for file in out.iterdir()} == {
        "bench.json", "measurements.csv", "measurements.parquet", "tables.md", "scaling.png",
        "scaling.svg",
    }  # fmt: skip
    content = json.loads((out / "bench.json").read_text())
    assert {"cpu", "cores_usable", "memory"} <= set(content["machine"])
    assert "host" not in content["machine"]
    assert "nest-simulator" in content["versions"]
    again = Results.load(out / "bench.json")
    assert pages.markdown(again) in (out / "tables.md").read_text()
    pd.testing.assert_frame_equal(
        again.table(), pd.read_parquet(out / "measurements.parquet"), check_dtype=False
    )


def test_projection_is_of_what_was_measured(measured):
    results = Results.load(measured[1] / "bench.json")
    ten = next(one for one in project(results) if one.size == 10.0)
    assert ten.name == "scaled/net"
    assert (ten.neurons, ten.updates, ten.events) == pytest.approx((1e3, 1e7, 3e5))
    assert ten.synapses == pytest.approx(12_000, rel=0.1)
    assert ten.protocol is not None
    assert ten.protocol == pytest.approx(7200 * ten.wall + ten.construct)


# -- fits, on numbers that are known --------------------------------------------------------------


def row(size: float, turn: int = 1, **changed) -> dict[str, object]:
    """A measurement of a circuit with 1 ms, 50 ns an update and 100 ns an event."""
    updates, events = 1e7 * size, 2e6 * size**2
    seconds = 2.0
    return {
        **Case("circuit", "some/thing", size).as_dict(), "turn": turn, "neurons": 1000 * size,
        "synapses": 1e5 * size**2, "seconds": seconds, "start": 1.0, "build": 0.01 * size,
        "connect": 0.2 * size**2, "record": 0.0, "write": 0.1, "total": 9.0, "cpu": 9.0,
        "simulate": seconds * (1e-3 + 5e-8 * updates + 1e-7 * events), "cpu_loop": 3.0,
        "memory": 2e8 + 1e3 * 1000 * size + 80 * 1e5 * size**2, "memory_largest": 1e8,
        "updates": updates, "events": events, "others": 0.0, "load": 0.0, "missing": "",
        **changed,
    }  # fmt: skip


def made(rows: list[dict[str, object]]) -> Results:
    return Results({"repeat": 2}, rows, {"memory": 2**33, "cpu": "x", "cores_usable": 2})


def test_fit_finds_what_went_in():
    results = made([row(size) for size in (0.03, 0.1, 0.3, 1.0, 3.0)])
    found = fit(results.best(), "wall", ("updates", "events"))
    assert found.coefficients == pytest.approx(
        {"constant": 1e-3, "updates": 5e-8, "events": 1e-7}, rel=1e-6
    )
    assert found.r2 == pytest.approx(1.0)
    assert found.residual < 1e-9
    ten, hundred = project(results)[1:]
    assert ten.wall == pytest.approx(1e-3 + 5e-8 * 1e8 + 1e-7 * 2e8)
    assert ten.memory == pytest.approx(2e8 + 1e7 + 80e7)
    assert hundred.synapses == pytest.approx(1e9)
    assert hundred.nodes == math.ceil(hundred.memory / 2**33)
    one = 1e-3 + 5e-8 * 1e7 + 1e-7 * 2e6
    assert ten.cores == math.ceil(ten.wall / one)


def test_cores_are_reckoned_with_the_efficiency_of_two():
    two = [row(s, threads=2, simulate=row(s)["simulate"] / 1.6) for s in (1.0, 3.0)]
    plain = project(made([row(1.0), row(3.0)]))[1]
    found = project(made([row(1.0), row(3.0), *two]))[1]
    assert found.efficiency == pytest.approx(0.8)
    assert found.cores == math.ceil(plain.wall / project(made([row(1.0), row(3.0)]))[0].wall / 0.8)


def test_the_best_of_turns_counts():
    slow = row(1.0, 2, simulate=1.3 * row(1.0)["simulate"], memory=9e9, others=0.7)
    best = made([slow, row(1.0)]).best()
    assert len(best) == 1
    assert best[0]["wall"] == pytest.approx(row(1.0)["simulate"] / 2.0)
    assert best[0]["spread"] == pytest.approx(0.3)
    assert (best[0]["memory"], best[0]["others"], best[0]["turns"]) == (9e9, 0.7, 2)


def test_a_synapse_is_told_from_its_neuron():
    def of(size: float, inputs: int):
        updates, events = 1e7 * size, 1e4 * size * inputs
        return row(
            size, kind="model", name="a_synapse", in_degree=inputs, updates=updates, events=events,
            synapses=1e3 * size * inputs, simulate=2 * (1e-3 + 5e-8 * updates + 2e-7 * events),
            memory=1e8 + 2e3 * 1e3 * size + 80 * 1e3 * size * inputs,
        )  # fmt: skip

    (cost,) = model_costs(made([of(0.1, 100), of(1.0, 100), of(10.0, 100), of(10.0, 0)]))
    assert cost.each == pytest.approx(2e-7)
    assert cost.memory == pytest.approx(80.0)


def test_what_would_take_too_long_or_too_much_is_left_out():
    empty = measuring._EMPTY
    taken = [
        measuring._Taken(Case("circuit", "x", size), made, pace, empty + filled)
        for size, made, pace, filled in ((1.0, 0.2, 0.4, 1e9), (3.0, 1.8, 3.6, 9e9))
    ]
    nine = Case("circuit", "x", 9.0)
    assert "81 s" in measuring._too_large(nine, 2.0, taken, 60.0, 1e12)
    assert "76 GiB" in measuring._too_large(nine, 2.0, taken, 600.0, 16 * 2**30)
    assert measuring._too_large(nine, 2.0, taken, 600.0, 1e12) is None
    # The process itself does not grow, and a shorter simulation takes less.
    small = [measuring._Taken(Case("circuit", "x", 0.03), 0.001, 0.1, empty)]
    assert measuring._too_large(Case("circuit", "x", 0.3), 2.0, small, 60.0, 2**30) is None
    assert measuring._too_large(Case("circuit", "x", 0.3), 10.0, small, 60.0, 2**30) is not None


# -- what circuits say ----------------------------------------------------------------------------


def scalable() -> list[str]:
    found = registry.registry().circuits
    return sorted(n for n, item in found.items() if item.object.scaled(1.0, 1.0) is not None)


def test_all_circuits_of_the_studies_have_sizes():
    ours = {name for name in registry.registry().circuits if not name.startswith("scaled/")}
    # Without neurons, or with images that decide how many inputs there are.
    learning = {"rdd/learning", "burstprop/deep", "burstprop/continuous", "burstprop/images"}
    assert ours - set(scalable()) <= learning


@pytest.mark.parametrize("name", scalable())
def test_sizes_are_relative_to_the_published_one(name):
    found = registry.registry().circuit(name)
    published = found(found.Parameters.resolve(found.presets["paper"]))
    updates = {}
    for size in SIZES:
        circuit = Case("circuit", name, size, seconds=2.0).circuit()
        assert sum(p.duration for p in circuit.protocol()) == pytest.approx(2000.0, rel=0.15)
        updates[size] = circuit.cost().neuron_updates
    if name != "burstprop/plasticity-protocols":  # measured without the protocol that has one size
        assert updates[1.0] == pytest.approx(published.cost().neuron_updates)
    assert updates[3.0] / updates[1.0] == pytest.approx(3.0, rel=0.05)
    assert updates[0.03] / updates[1.0] == pytest.approx(0.03, rel=0.7)


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["some/circuit"], "no circuit or study"),
        (["--models", "some_model"], "no model 'some_model'"),
        (["--sizes", "1,x"], "no positive numbers"),
        (["--threads", "0"], "no positive whole numbers"),
        (["--repeat", "0"], "--repeat"),
        (["--duration", "-1"], "--duration"),
        (["--out", "."], "not empty"),
    ],
)
def test_bad_input_is_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert execute(["bench", *arguments]) != 0
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1


def test_requests_are_checked():
    with pytest.raises(UsageError, match="sizes"):
        request(sizes=())
    with pytest.raises(UnknownNameError, match="burstprop"):
        request(["burstprob"])
    study = request(["relevance"])
    assert len(study.circuits) == 6
    assert not study.models


def test_a_circuit_that_lacks_something_says_so(monkeypatch):
    found = registry.registry().circuit("rdd/pair")

    def lacking(self, parameters):
        raise EnvironmentProblem("PyTorch is not installed")

    monkeypatch.setattr(found, "__init__", lacking)
    results = measuring.measure(request(["rdd/pair"], sizes=[1.0], threads=[1], repeat=2))
    assert [row["missing"] for row in results.rows] == ["PyTorch is not installed"]


def test_the_page_of_the_documentation_is_made_from_its_data(monkeypatch):
    folder = Path(__file__).parents[2] / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))
    import scaling

    assert scaling.PAGE.read_text(encoding="utf-8") == scaling.page(scaling.DATA)
