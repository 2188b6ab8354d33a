"""Four virtual processes give the same results however they are split over ranks and threads."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import studies

import neuromodels
from neuromodels.registry import registry

pytestmark = pytest.mark.mpi

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def runs(request, mpirun, tmp_path_factory):
    """Folders with the runs of all circuits that selected tests compare, by ranks: 4, 2 and 1."""
    selected = [item for item in request.session.items if item.path == request.path]
    names = {item.callspec.params["study"] for item in selected if hasattr(item, "callspec")}
    folders = {}
    for ranks in (4, 2, 1):
        folders[ranks] = tmp_path_factory.mktemp(f"ranks-{ranks}")
        done = mpirun(ranks, HERE / "studies.py", folders[ranks], 4 // ranks, *sorted(names))
        assert done.returncode == 0, done.stderr
    return folders


def arrays(path: Path):
    """All numbers of a run by name: spikes, signals, traces, weights."""
    run = neuromodels.load_run(path)
    with h5py.File(path / "spikes.h5") as file:
        for population, group in file["spikes"].items():
            for name in ("node_ids", "timestamps"):
                yield f"spikes/{population}/{name}", group[name][:]
    for name, values in run.signals.variables.items():
        yield f"signals/{name}", values.values
    for trace, dataset in run.traces.items():
        for name, values in dataset.variables.items():
            yield f"traces/{trace}/{name}", values.values
    with np.load(path / "weights.npz") as file:
        yield from file.items()


def test_every_circuit_of_the_studies_is_here():
    there = {name for name in registry().circuits if name.split("/")[0] in studies.STUDIES}
    if find_spec("torch") is None:
        there -= {"rdd/learning"}
    assert there == {studies.circuit_of(study) for study in studies.SMALL}


@pytest.mark.parametrize("study", studies.SMALL)
def test_same_to_the_last_bit(runs, study):
    one, two, four = (dict(arrays(runs[n] / studies.folder_of(study))) for n in (1, 2, 4))
    assert one.keys() == two.keys() == four.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(two[name], values, f"{name}, 2 ranks of 2 threads")
        np.testing.assert_array_equal(four[name], values, f"{name}, 4 ranks")
    counted = sum(values.size for name, values in one.items() if "node_ids" in name)
    learnt = sum(values.size for name, values in one.items() if name.endswith("/weights"))
    sampled = sum(values.size for name, values in one.items() if name.startswith("signals/"))
    enough = sampled > 10 if study in studies.WITHOUT_NEURONS else counted > 50 or learnt > 50
    assert enough, "nothing to compare"


@pytest.mark.parametrize("study", ["burstprop/xor"])
def test_the_files_are_those_of_one_process(runs, study):
    name = studies.folder_of(study)
    listed = {n: sorted(p.name for p in (runs[n] / name).iterdir()) for n in (1, 4)}
    assert listed[1] == listed[4]
    infos = {n: neuromodels.load_run(runs[n] / name).info for n in (1, 4)}
    assert (infos[4]["ranks"], infos[4]["threads"]) == (4, 1)
    assert (infos[1]["ranks"], infos[1]["threads"]) == (1, 4)
    assert infos[1]["recordings"] == infos[4]["recordings"]
