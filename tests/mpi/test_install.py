"""The toolchain with a NEST built with MPI: other headers, other ABI, several ranks at once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from neuromodels.nestml import cache

Launch = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.mpi

_SCRIPT = """
import sys
sys.path.insert(0, {support!r})
import nest
from small_plugins import registered
import neuromodels

nest.verbosity = nest.VerbosityLevel.ERROR
assert nest.build_info["have_mpi"], "this is the wrong NEST"
with registered():
    neuromodels.install("hazard_neuron")
    nest.total_num_virtual_procs = 2
    cells = nest.Create("hazard_neuron", 10)
    try:
        wrong = nest.Create("parrot_neuron")
        nest.Connect(cells, wrong, syn_spec={{"synapse_model": "counting_synapse"}})
    except neuromodels.errors.ConnectionRefused:
        print("refused")
    spec = {{"synapse_model": "counting_synapse", "receptor_type": 1, "weight": 2.0}}
    nest.Connect(cells, cells, syn_spec=spec)
    nest.ResetKernel()
    nest.Create("hazard_neuron")
    print("rank", nest.Rank(), "of", nest.NumProcesses(), "installed")
"""


def test_ranks_that_start_cold_build_once(
    mpirun: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    support = str(Path(__file__).parents[1] / "support")
    script.write_text(_SCRIPT.format(support=support))
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "cache"))
    done = mpirun(2, script, NEUROMODELS_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    output = done.stdout
    assert sorted(line for line in output.splitlines() if line.startswith("rank")) == [
        "rank 0 of 2 installed",
        "rank 1 of 2 installed",
    ]
    assert output.count("refused") == 2
    (entry,) = cache.entries()
    assert (
        entry.complete
        and "-D_GLIBCXX_USE_CXX11_ABI=1" in (entry.path.parent / "manifest.json").read_text()
    )
