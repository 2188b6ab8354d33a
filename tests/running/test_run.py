"""A run from start to end, and what it leaves on disk."""

from __future__ import annotations

import json

import h5py
import nest
import numpy as np
import pytest
import tiny
import xarray as xr
from same import same

from neuromodels import Phase, errors, load_run
from neuromodels.disk.files import read_json, write_json
from neuromodels.running import runner
from neuromodels.running.simulation import Pace


@pytest.fixture
def done(run):
    return run(seed=3)


def test_run_json_says_everything(done):
    info = json.loads((done.path / "run.json").read_text())
    assert info["status"] == done.status == "complete"
    assert info["circuit"] == {"name": "tiny/net", "class": "tiny:Tiny", "plugin": "tiny"}
    assert info["parameters"]["rate"] == {"value": 9000.0, "unit": "Hz"}
    assert (info["preset"], info["seed"], info["threads"], info["ranks"]) == ("paper", 3, 1, 1)
    assert [(p["name"], p["start"], p["stop"]) for p in info["phases"]] == [
        ("low", 0.0, 200.0),
        ("high", 200.0, 400.0),
    ]
    assert all(p["wall"] > 0 for p in info["phases"])
    assert info["biological_time"] == 400.0
    assert {"python", "numpy", "nest-simulator", "nestml", "neuromodels"} <= set(info["versions"])
    assert {"cpu", "cores", "memory", "os"} <= set(info["machine"])
    assert {
        "construct", "connect", "prepare", "simulate", "record", "write", "assemble", "analyse",
        "total",
    } <= set(info["wall"])  # fmt: skip
    assert 0 < info["wall"]["connect"] < info["wall"]["construct"]
    assert info["cpu_time"] > 0
    assert info["speed"]["neuron_updates_per_second"] > 0
    assert info["peak_memory"] > 10e6


def test_files(done):
    names = {path.name for path in done.path.iterdir()} - {".lock"}
    assert names == {"run.json", "log.txt", "spikes.h5", "signals.nc", "metrics.json", "figures"}
    assert "complete" in (done.path / "log.txt").read_text()
    assert done.figures["potential"].read_bytes().startswith(b"\x89PNG")


def test_spikes_are_sonata(done):
    with h5py.File(done.path / "spikes.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        assert list(file.attrs["version"]) == [0, 1]
        assert set(file["spikes"]) == {"exc", "inh"}
        group = file["spikes/exc"]
        sorting = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
        assert sorting[{v: k for k, v in sorting.items()}[group.attrs["sorting"]]] == 2
        assert sorting["by_time"] == group.attrs["sorting"]
        assert group["timestamps"].attrs["units"] == "milliseconds"
        assert group["node_ids"].dtype == np.uint64
        times, ids = group["timestamps"][:], group["node_ids"][:]
    assert np.all(np.diff(times) >= 0)
    assert ids.min() == 0
    assert ids.max() == 19
    # Exact to the step: the nearest double to a multiple of 0.1 ms.
    assert np.array_equal(times, np.round(times * 10) / 10)


def test_spikes_are_those_of_a_bare_script(done):
    """The same network, simulated in one piece with nothing of ours."""
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(resolution=0.1, rng_seed=3)
    rng = np.random.Generator(np.random.PCG64(3))
    exc = nest.Create("iaf_psc_alpha", 20)
    exc.V_m = rng.uniform(-70.0, -55.0, 20)
    inh = nest.Create("iaf_psc_alpha", 5)
    noise = nest.Create("poisson_generator", params={"rate": 9000.0})
    nest.Connect(noise, exc + inh, syn_spec={"weight": 20.0, "delay": 1.5})
    more = nest.Create("poisson_generator", params={"rate": 500.0})
    nest.Connect(more, inh, syn_spec={"weight": 20.0, "delay": 1.5})
    rule = {"rule": "pairwise_bernoulli", "p": 0.3}
    nest.Connect(exc, exc + inh, rule, {"weight": 10.0, "delay": 1.5})
    nest.Connect(inh, exc, rule, {"weight": -50.0, "delay": 1.7})
    recorder = nest.Create("spike_recorder", params={"time_in_steps": True})
    nest.Connect(exc, recorder, syn_spec={"delay": 1.5})
    edges = np.unique(np.round(np.concatenate([np.arange(0, 400, 2.3), np.arange(0, 401, 5)]), 1))
    for duration in np.round(np.diff(edges), 1):  # samples that cut slices are part of the circuit
        if round(nest.biological_time, 1) == 200.0:
            noise.rate = 13500.0
        nest.Simulate(float(duration))
    events = recorder.get("events")
    order = np.lexsort((events["senders"], events["times"]))
    spikes = done.spikes("exc")
    assert np.array_equal(events["times"][order] / 10, spikes.times)
    assert np.array_equal(events["senders"][order] - 1, spikes.node_ids)


def test_windows_of_spikes(done):
    spikes = done.spikes("exc")
    part = done.spikes("exc", 100.0, 110.0)
    assert (part.t_start, part.t_stop, part.n_neurons) == (100.0, 110.0, 20)
    chosen = (spikes.times > 100.0) & (spikes.times <= 110.0)
    assert np.array_equal(part.times, spikes.times[chosen])
    assert np.array_equal(part.times, spikes.between(100.0, 110.0).times)


def test_signals(done):
    signals = done.signals
    assert np.array_equal(signals["time"], np.arange(81) * 5.0)
    assert np.array_equal(signals["time_2.3ms"], np.arange(174) * 23 / 10)
    # The kernel itself says when it was read, in steps.
    assert np.array_equal(signals["clock"], np.arange(81) * 50)
    assert signals["v_each"].dims == ("time_2.3ms", "cell")
    assert list(signals["cell"].to_numpy()) == ["a", "b", "c"]
    assert signals["v_mean"].attrs == {"units": "mV", "long_name": "mean potential"}
    phase = signals["phase"].to_numpy()
    assert list(phase[[0, 1, 40, 41, 80]]) == ["low", "low", "low", "high", "high"]
    # Anyone's xarray reads it too, with provenance in the attributes.
    with xr.open_dataset(done.path / "signals.nc", decode_timedelta=False) as plain:
        assert plain.attrs["seed"] == 3
        assert json.loads(plain.attrs["parameters"])["n_neurons"]["value"] == 20


def test_traces_reach_the_end_and_agree_with_signals(done):
    trace = done.traces["cells"]
    assert np.array_equal(trace["time"], np.arange(1, 572) * 7 / 10)
    assert trace["V_m"].dims == ("time", "neuron")
    assert trace["V_m"].attrs["units"] == "mV"
    shared = np.arange(1, 25) * 16.1  # multiples of 2.3 and of 0.7 ms
    read = done.signals["v_each"].sel({"time_2.3ms": shared}, method="nearest")
    metered = trace["V_m"].sel(time=shared, method="nearest")
    assert np.array_equal(read[:, 1:], metered)


def test_a_mean_over_neurons_alone_can_be_kept(done):
    mean, cells = done.traces["mean"]["V_m"], done.traces["cells"]["V_m"]
    assert mean.dims == ("time",)
    assert mean.attrs["cell_methods"] == "neuron: mean"
    assert mean.attrs["long_name"] == "V_m, mean over 2 neurons"
    np.testing.assert_array_equal(mean["time"], cells["time"])
    np.testing.assert_allclose(mean, cells.mean("neuron"), rtol=1e-14)


def test_metrics_and_verdicts(done):
    rate = done.metrics["rate_exc"]
    assert float(rate) == done.spikes("exc").rate
    assert rate.verdict == "differs"
    assert np.isnan(done.metrics["nothing"].value)
    content = json.loads((done.path / "metrics.json").read_text())
    entry = content["metrics"][0]
    assert entry["tolerance"] == pytest.approx(9.9248 * 5 * np.sqrt(4 / 3), rel=1e-4)
    assert entry["reference"]["source"] == "nowhere"
    assert content["metrics"][1]["value"] is None
    assert done.analyses["tiny/rates"]["status"] == "ok"


def test_observers_see_every_stage(plugin, run):
    run()
    assert plugin.seen == [
        "before tiny/net at 0.0",
        "after low at 200.0",
        "after high at 400.0",
        "run complete",
    ]


def test_plot_draws_again(done):
    assert set(done.plot()) == {"potential", "overview"}


def test_neo(done):
    segment = done.to_neo().segments[0]
    spikes = done.spikes("exc")
    trains = segment.spiketrains[:20]
    assert [len(train) for train in trains] == list(np.bincount(spikes.node_ids, minlength=20))
    assert np.array_equal(trains[3].rescale("ms").magnitude, spikes.of(3))
    assert trains[3].annotations["population"] == "exc"
    potential = next(s for s in segment.analogsignals if s.name == "v_mean")
    assert float(potential.sampling_period.rescale("ms")) == 5.0
    assert list(segment.epochs[0].labels) == ["low", "high"]


@pytest.mark.parametrize("slices", [1, 4, 10**6])
def test_how_time_is_cut_changes_nothing(run, monkeypatch, slices):
    usual = run(seed=5)
    # Chunks of other lengths, and a drain and a part after each of them.
    chunk = slices * 15
    monkeypatch.setattr(runner, "pace", lambda *_: Pace(chunk, chunk))
    monkeypatch.setattr("neuromodels.disk.parts.Spool.due", True)
    assert same(usual, run(seed=5))


def test_where_time_is_cut_does_not_depend_on_the_machine(run, monkeypatch):
    """NEST's shared generator advances with every call: `mip_generator` would notice."""
    calls = []
    real = nest.Run
    monkeypatch.setitem(nest.__dict__, "Run", lambda t: (calls.append(t), real(t)))
    quick = run("tiny/shared", seed=5)
    first = calls.copy()
    calls.clear()
    slow = run("tiny/shared", seed=5, parameters={"slow": 0.01})
    assert calls == first
    assert same(quick, slow)


def test_seeds_and_parameters_matter(run):
    one = run(seed=1)
    assert not same(one, run(seed=2))
    assert not same(one, run(seed=1, parameters={"rate": "9.5 kHz"}))


def test_two_threads_reproduce(run):
    assert same(run(seed=4, threads=2), run(seed=4, threads=2))


def test_rerun_repeats_bit_for_bit(run, tmp_path):
    first = run(seed=7, parameters={"n_neurons": 30, "duration": "0.15 s"}, threads=2)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "run.json").write_text((first.path / "run.json").read_text())
    again = runner.rerun(alone / "run.json", tmp_path / "again")
    assert same(first, again)
    assert again.parameters == first.parameters
    assert again.metrics == first.metrics or again.metrics.keys() == first.metrics.keys()


def test_rerun_says_which_versions_differ(run, tmp_path):
    first = run(preset="smoke")
    info = read_json(first.path / "run.json")
    info["versions"]["numpy"] = "0.1"
    write_json(first.path / "run.json", info)
    with pytest.warns(UserWarning, match=r"numpy 0\.1 \(now "):
        runner.rerun(first.path, tmp_path / "again")


def test_a_class_and_an_instance_run_too(run):
    by_name = run(preset="smoke")
    assert same(by_name, run(tiny.Tiny, preset="smoke"))
    instance = tiny.Tiny(tiny.TinyParameters(duration=50.0))
    assert same(by_name, run(instance))
    with pytest.raises(errors.UsageError, match="has its own already"):
        run(instance, parameters={"rate": 1.0})


def test_analyze_again(run):
    done = run("tiny/net", analyze=False)
    assert dict(done.metrics) == {}
    again = runner.analyze(done.path)
    assert set(again.metrics) == {"rate_exc", "nothing"}
    assert set(runner.analyze(done.path, ["tiny/rates"]).figures) == {"potential", "overview"}
    with pytest.raises(errors.UnknownNameError, match="tiny/rates"):
        runner.analyze(done.path, ["tiny/rate"])


def test_default_directories_are_unique(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [runner.run("tiny/net", preset="smoke", seed=2) for _ in range(2)]
    assert runs[0].path != runs[1].path
    assert all(r.path.parent == tmp_path / "runs" for r in runs)
    assert runs[0].path.name.startswith("tiny-net-")
    assert runs[0].path.name.endswith("-s2")
    assert load_run(runs[0].path).status == "complete"


def test_verbosity_is_given_back(run):
    before = nest.verbosity
    run(preset="smoke")
    assert nest.verbosity == before


def test_a_control_acts_before_signals_are_read(run):
    class Loop(tiny.Tiny):
        """Counts the calls of a control."""

        def build(self, network):
            super().build(network)
            self.times = []
            network.control(lambda: self.times.append(network.nest.biological_time), interval=50.0)
            network.signal("acts", lambda: len(self.times), interval=25.0, unit="")

    made = Loop(Loop.Parameters(duration=75.0))
    acts = run(made).signals["acts"].to_numpy()
    assert made.times == [50.0, 100.0, 150.0]
    assert acts.tolist() == [0, 0, 1, 1, 2, 2, 3]


def test_a_control_that_comes_too_late(run):
    class Late(tiny.Tiny):
        """Declares a control in a phase."""

        def more(self, network):
            network.control(lambda: None, interval=50.0)

    with pytest.raises(errors.UsageError, match="declared too late"):
        run(Late(Late.Parameters(duration=50.0)))


class Seeded(tiny.Tiny):
    """Two phases in an order that is drawn from the seed."""

    name = "tiny/seeded"

    def protocol(self):
        order = np.random.default_rng(self.seed).permutation(["a", "b", "c", "d", "e"])
        yield from (Phase(str(name), 10.0) for name in order)


def test_a_protocol_knows_the_seed(run):
    orders = {
        seed: [p.name for p in run(Seeded, seed=seed, preset="smoke").phases] for seed in (3, 4)
    }
    assert orders[3] != orders[4]
    circuit = Seeded(Seeded.Parameters())
    assert [p.name for p in run(circuit, seed=4).phases] == orders[4]
