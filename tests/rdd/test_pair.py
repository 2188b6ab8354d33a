"""The circuits rdd/pair and rdd/many-inputs, recomputed from currents and feedback."""

from __future__ import annotations

import exact_pair as exact
import numpy as np
import pytest
from neuromodels_rdd.pair import naive, reference
from neuromodels_rdd.pair.circuit import ManyInputs, Pair

import neuromodels
from neuromodels.errors import ParameterError

nest = pytest.importorskip("nest")


def recorded(kind, tmp_path, **parameters):
    """A run with currents and feedback of all lower units in every step."""

    class Recorded(kind):
        analyses = ()

        def build(self, network):
            super().build(network)
            network.traces("lower", self.lower, {"I": "", "f": ""}, interval=1.0)
            network.traces("upper", self.upper, {"I": ""}, interval=1.0)

    circuit = Recorded(kind.Parameters(**parameters))
    return neuromodels.run(circuit, seed=2, out=tmp_path / "run")


CASES = {
    "pair": (Pair, {"trials": 4, "alpha": 0.5}, {"gain": 1.0, "window": 20, "usable": 1.0}),
    "many": (
        ManyInputs, {"units": 8, "w_max": 2000.0},
        {"gain": 2.0, "window": 50, "usable": 10.0, "own_leak": False, "running": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_estimates_equal_a_calculation_step_by_step(case, tmp_path):
    kind, parameters, setting = CASES[case]
    run = recorded(kind, tmp_path, **parameters, duration=3.0, interval=3.0)
    current, f = (run.traces["lower"][name].values for name in ("I", "f"))
    trials, units = run.parameters["trials"], run.parameters["units"]
    spikes = run.spikes("lower")
    ours = {name: np.asarray(run.signals[name])[-1].ravel() for name in run.signals}
    for i in range(trials * units):
        samples, times = exact.unit(current[:, i], f[:, i], **setting)
        np.testing.assert_array_equal(np.round(spikes.times[spikes.node_ids == i]) - 1, times)
        eta = run.parameters["eta"]
        for name, value in (
            ("rdd_grad", samples.sgd("y", eta)),
            ("rdd_grad_net", samples.sgd("net", eta)),
            ("rdd_lsq", samples.least_squares()),
            ("meandiff", samples.mean_difference()),
        ):
            np.testing.assert_allclose(ours[name][i], value, rtol=1e-8, atol=1e-11, err_msg=name)
        assert ours["windows_upper"][i] == sum(samples.spiked)
        assert ours["windows_lower"][i] == len(samples.spiked) - sum(samples.spiked)
    # What comes from above is the filtered train of the trial's upper unit
    upper = run.spikes("upper")
    for trial in range(trials):
        z = np.zeros(len(f))
        z[np.round(upper.times[upper.node_ids == trial]).astype(int) - 1] = 1
        assert z.sum() > 10
        np.testing.assert_allclose(f[:, trial * units], naive.filtered(z), atol=1e-12)


def test_noise(tmp_path):
    """Means, spreads and correlations of the input, as the published parameters have them."""
    run = recorded(Pair, tmp_path, trials=30, alpha=0.25, duration=4.0, interval=4.0)
    current = run.traces["lower"]["I"].values  # (steps, trials * 2)
    n = current.size
    assert abs(current.mean() - 68.3) < 5 * 152 / np.sqrt(n) + 0.05
    assert abs(current.std() / 152.07 - 1) < 5 / np.sqrt(2 * n)
    r = [np.corrcoef(current[:, 2 * k], current[:, 2 * k + 1])[0, 1] for k in range(30)]
    assert abs(np.mean(r) - 0.324) < 5 * 0.9 / np.sqrt(len(current) * 30)
    across = [np.corrcoef(current[:, 2 * k], current[:, 2 * k + 2])[0, 1] for k in range(29)]
    assert abs(np.mean(across)) < 5 / np.sqrt(len(current) * 29)
    after = np.corrcoef(current[:-1, 0], current[1:, 0])[0, 1]
    assert abs(after) < 5 / np.sqrt(len(current))


def test_naive_estimators():
    rng = np.random.default_rng(0)
    z = (rng.random(2000) < 0.03).astype(float)
    q = rng.random(2000)
    bins = [(z[i : i + 20].any(), q[i : i + 20].sum()) for i in range(0, 2000, 20)]
    expected = np.mean([s for b, s in bins if b]) - np.mean([s for b, s in bins if not b])
    np.testing.assert_allclose(naive.binned(z, q), expected)
    after = [(z[t], q[t + 1 : t + 21].sum()) for t in range(1980)]
    expected = np.mean([s for b, s in after if b]) - np.mean([s for b, s in after if not b])
    np.testing.assert_allclose(naive.triggered(z, q), expected)
    assert np.isnan(naive.binned(np.zeros(100), q[:100]))


def test_reference_is_what_the_summary_says():
    """The table of single pairs, summarised as runs are, against the reference's own summary."""
    for alpha, r, slope, sign in ((1.0, 0.514, 0.970e-4, 68.8), (0.25, 0.665, 0.935e-4, 77.5)):
        for quantity, value, tolerance in (
            ("r", r, 0.04),
            ("slope", slope, 2e-6),
            ("sign", sign, 0.1),
        ):
            found = reference.of(alpha, "rdd_lsq", quantity)
            assert abs(found.mean - value) < tolerance, quantity


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        (Pair, {"weights": (1.0, 2.0, 3.0)}, "3 weights for 2 units"),
        (Pair, {"interval": 7.0}, "no multiple"),
        (ManyInputs, {"interval": 3.0}, "no multiple"),
    ],
)
def test_bad_parameters(kind, values, says):
    with pytest.raises(ParameterError, match=says):
        kind(kind.Parameters(**values))


def test_smoke(tmp_path):
    run = neuromodels.run("rdd/many-inputs", preset="smoke", seed=1, out=tmp_path / "run")
    weight = np.asarray(run.signals["weight"])[-1]
    assert (weight < 0).sum() == 40
    assert {"estimates", "convergence"} <= set(run.figures)
    assert {m.verdict for m in run.metrics.values()} == {"no reference"}
    given = {"weights": (600.0, -400.0), "trials": 3, "duration": 2.5}
    run = neuromodels.run("rdd/pair", parameters=given, seed=1, out=tmp_path / "pair")
    np.testing.assert_array_equal(np.asarray(run.signals["weight"])[-1], [[600.0, -400.0]] * 3)
