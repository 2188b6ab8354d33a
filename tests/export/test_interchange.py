"""Other readers open what a run leaves: libsonata, Neo is in test_run, pynwb."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuromodels import errors


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    import tiny

    from neuromodels import registry as registry_module
    from neuromodels.running import runner

    fresh = registry_module.Registry()
    fresh.register(tiny.Plugin(), "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_module, "registry", lambda: fresh)
        yield runner.run("tiny/net", seed=3, out=tmp_path_factory.mktemp("runs") / "run")


def test_libsonata_reads_our_spikes(done):
    libsonata = pytest.importorskip("libsonata")
    reader = libsonata.SpikeReader(str(done.path / "spikes.h5"))
    assert set(reader.get_population_names()) == {"exc", "inh"}
    for name in ("exc", "inh"):
        population, ours = reader[name], done.spikes(name)
        assert population.sorting == "by_time"
        found = population.get_dict()
        assert np.array_equal(found["timestamps"], ours.times)
        assert np.array_equal(found["node_ids"], ours.node_ids)
        some = population.get(node_ids=[3, 4], tstart=100.0, tstop=200.0)
        mine = np.isin(ours.node_ids, [3, 4]) & (ours.times >= 100.0) & (ours.times <= 200.0)
        assert [(int(i), t) for i, t in some] == [
            (int(i), t) for i, t in zip(ours.node_ids[mine], ours.times[mine], strict=True)
        ]


@pytest.fixture(scope="module")
def nwb(done, tmp_path_factory):
    pytest.importorskip("pynwb")
    return done.to_nwb(tmp_path_factory.mktemp("nwb") / "run.nwb")


def test_pynwb_reads_spikes_signals_and_phases(done, nwb):
    import pynwb

    with pynwb.NWBHDF5IO(nwb, "r") as io:
        file = io.read()
        assert "tiny/net" in file.session_description
        units = file.units.to_dataframe()
        assert list(units["population"]) == ["exc"] * 20 + ["inh"] * 5
        for name in ("exc", "inh"):
            ours = done.spikes(name)
            for _, unit in units[units["population"] == name].iterrows():
                mine = ours.of(unit["node_id"]) / 1000.0
                assert np.array_equal(unit["spike_times"], mine)
        v_mean = file.acquisition["v_mean"]
        assert (v_mean.unit, v_mean.rate, v_mean.starting_time) == ("mV", 200.0, 0.0)
        assert np.array_equal(v_mean.data[:], done.signals["v_mean"])
        assert file.acquisition["v_each"].data.shape == done.signals["v_each"].shape
        trace = done.traces["cells"]["V_m"]
        assert np.array_equal(file.acquisition["cells_V_m"].data[:], trace)
        assert file.acquisition["cells_V_m"].starting_time == pytest.approx(0.0007)
        phases = file.intervals["phases"].to_dataframe()
        assert list(phases["phase"]) == ["low", "high"]
        assert list(phases["stop_time"]) == [0.2, 0.4]
        assert json.loads(file.notes)["parameters"]["rate"] == {"value": 9000.0, "unit": "Hz"}
        assert ["nest-simulator", done.info["versions"]["nest-simulator"]] in [
            list(entry) for entry in file.was_generated_by[:]
        ]


def test_the_inspector_of_nwb_finds_nothing_serious(nwb):
    nwbinspector = pytest.importorskip("nwbinspector")
    found = [
        (message.check_function_name, message.message)
        # There was no animal.
        for message in nwbinspector.inspect_nwbfile(
            nwbfile_path=str(nwb), ignore=["check_subject_exists"]
        )
        if message.importance.name in {"ERROR", "PYNWB_VALIDATION", "CRITICAL"}
    ]
    assert found == []


def test_an_existing_file_is_left_alone(done, nwb, tmp_path):
    file = tmp_path / "mine.nwb"
    file.write_text("mine")
    with pytest.raises(errors.UsageError, match="exists already"):
        done.to_nwb(file)
    assert file.read_text() == "mine"


def test_a_folder_that_does_not_exist_is_one_line(done, nwb, tmp_path):
    with pytest.raises(errors.NeuromodelsError, match="cannot be written"):
        done.to_nwb(tmp_path / "none" / "run.nwb")
