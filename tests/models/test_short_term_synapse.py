"""short_term_synapse in NEST: the published replay, and the published equations step by step."""

from __future__ import annotations

import numpy as np
import pytest
from published_replay import assert_single_precision
from transmitted_spikes import DT, transmitted

nest = pytest.importorskip("nest")

SYNAPSE = "short_term_synapse"
KINDS = {
    "facilitating": {},  # the defaults
    "depressing": {"tau_D": 20.0, "tau_F": 1000.0, "U": 0.9},
}
DEFAULTS = {"tau_D": 100.0, "tau_F": 100.0, "U": 0.02}


def replica(train: np.ndarray, kind: str, dtype: type) -> np.ndarray:
    """Efficacy of each spike, by Euler steps in a chosen precision.

    Parameters
    ----------
    train : array of int
        Emission steps, from 0; a step may be there twice.
    kind : str
        A key of `KINDS`.
    dtype : type
        ``np.float32`` (as the published simulator) or ``np.float64``.
    """
    f = dtype
    parameters = {**DEFAULTS, **KINDS[kind]}
    U = f(parameters["U"])
    euler_D, euler_F = (f(DT / 1000) / f(parameters[k] / 1000) for k in ("tau_D", "tau_F"))
    x, u = f(1), f(0.01)
    efficacy = []
    for n_spikes in np.bincount(train):
        for _ in range(n_spikes):
            efficacy.append(u * x)
            x, u = x - u * x, u + U * (f(1) - u)
        x, u = x + euler_D * (f(1) - x), u + euler_F * (U - u)
    return np.array(efficacy, float)


@pytest.mark.parametrize("kind", KINDS)
def test_published_replay(install_models, golden, kind):
    install_models(SYNAPSE)
    table = golden("burstprop_unit_stp")
    train = table["emission_step"].astype(np.int64)
    # Time 0 of the synapse is the start of the first step.  A spike of step m of the tables finds m
    # steps of relaxation, so in NEST its time stamp is m steps.
    [(steps, sent)] = transmitted([train], SYNAPSE, delays=[8], weights=1.0, shared=KINDS[kind])
    np.testing.assert_array_equal(steps, train)
    single, double = (replica(train, kind, dtype) for dtype in (np.float32, np.float64))
    print("max |synapse - equations|", np.abs(sent - double).max())
    np.testing.assert_allclose(sent, double, rtol=1e-11)
    published = table[f"efficacy_{kind}"]
    columns = (values[:, None] for values in (sent, published, single, double))
    found = assert_single_precision(*columns)
    np.testing.assert_array_less(found, 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_exact_on_random_trains(install_models, kind):
    install_models(SYNAPSE)
    rng = np.random.default_rng(2)
    trains = [
        np.unique(9 + np.cumsum(rng.exponential(10000 / rate, 50).astype(int)))
        for rate in np.geomspace(5, 500, 12)
    ]
    delays = rng.integers(8, 30, len(trains)).tolist()
    weights = np.linspace(0.05, 2.0, len(trains))
    found = transmitted(trains, SYNAPSE, delays=delays, weights=weights, shared=KINDS[kind])
    for train, weight, (steps, sent) in zip(trains, weights, found, strict=True):
        np.testing.assert_array_equal(steps, train)
        np.testing.assert_allclose(sent, weight * replica(train, kind, np.float64), rtol=1e-11)


def test_weight_is_not_touched(install_models):
    """What a user reads and sets is the weight, not the last efficacy."""
    install_models(SYNAPSE)
    source, parrot, cell = (
        nest.Create(m) for m in ("spike_generator", "parrot_neuron", "iaf_psc_exp")
    )
    source.spike_times = [10.0, 20.0, 30.0]
    nest.Connect(source, parrot)
    nest.Connect(parrot, cell, syn_spec={"synapse_model": SYNAPSE, "weight": 0.37})
    nest.Simulate(50.0)
    connection = nest.GetConnections(parrot, cell)
    assert connection.weight == 0.37
    assert connection.x < 1
