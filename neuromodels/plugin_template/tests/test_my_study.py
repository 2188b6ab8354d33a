"""The neuron by itself against its solution on paper, and the circuit against its analysis."""

from __future__ import annotations

import math
from pathlib import Path

import neuromodels
import pytest


@pytest.mark.parametrize("current", [190.0, 250.0, 300.0])
def test_interval_of_the_neuron_is_that_of_its_equation(current: float) -> None:
    nest = pytest.importorskip("nest")
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    neuromodels.install("my_study_neuron")
    neuron = nest.Create("my_study_neuron", params={"I_e": current})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder)
    nest.Simulate(500.0)

    # From reset to threshold: V(t) = E_L + R I (1 - exp(-t/tau_m)), R = tau_m/C_m, in whole steps.
    depolarised = 20.0 / 250.0 * current
    steps = math.ceil(20.0 * math.log(depolarised / (depolarised - 15.0)) / nest.resolution)
    interval = 2.0 + steps * nest.resolution
    times = recorder.events["times"]
    assert len(times) == 1 + int((500.0 - times[0]) / interval + 1e-9)
    assert times[1:] - times[:-1] == pytest.approx(interval)


def test_weights_are_exact(tmp_path: Path) -> None:
    circuit, out = "my-study/pairing", tmp_path / "run"
    run = neuromodels.run(circuit, preset="smoke", out=out, progress=False)
    assert run.metrics["smallest_change"].verdict == "agrees"
    assert run.metrics["largest_change"].verdict == "agrees"
    assert float(run.metrics["smallest_change"]) < 0 < float(run.metrics["largest_change"])
    assert next(iter(run.figures)) == "weight_change"
