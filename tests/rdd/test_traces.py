"""The NESTML models replay traces of the published code, step by step."""

from __future__ import annotations

import exact_rdd as exact
import numpy as np
import pytest

import neuromodels

nest = pytest.importorskip("nest")

PRINTED = 1e-6  # the tables have six to eight digits
LAG = 7


def fresh(*models: str) -> None:
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    neuromodels.install(*models)
    nest.set(resolution=1.0, local_num_threads=1, rng_seed=1)


def recorded(nodes, variables):
    """Record `variables` in every step; returns a function that gives them, (steps, units)."""
    meters = nest.Create("multimeter", len(nodes), {"record_from": variables, "interval": 1.0})
    nest.Connect(meters, nodes, "one_to_one")

    def read(first: int, steps: int) -> dict[str, np.ndarray]:
        found = {}
        for name in variables:
            columns = []
            for meter in meters:
                events = meter.get("events")
                at = np.searchsorted(events["times"], first + 1 + np.arange(steps))
                columns.append(events[name][at])
            found[name] = np.array(columns).T
        return found

    return read


def agree(ours, published, names):
    for name, column in names.items():
        np.testing.assert_allclose(
            ours[name], published[column], rtol=0, atol=PRINTED * max(1, np.abs(ours[name]).max()),
            err_msg=name,
        )  # fmt: skip
        assert np.ptp(ours[name]) > 0, name


def test_pair(trace):
    published = trace("rdd_trace_pair")
    fresh("rdd_pair_neuron")
    steps = len(published["v"])
    units = nest.Create(
        "rdd_pair_neuron", 3, {"own_sd": 0.0, "own_mean": 0.0, "eta": 3e-4}
    )  # fmt: skip
    lower, upper = units[:2], units[2]
    ports = nest.GetDefaults("rdd_pair_neuron")["receptor_types"]
    nest.Connect(
        lower, upper, "all_to_all",
        {"weight": [[600.0, -400.0]], "delay": 1.0, "receptor_type": ports["FEEDFORWARD"]},
    )  # fmt: skip
    nest.Connect(upper, lower, syn_spec={"delay": 1.0, "receptor_type": ports["FEEDBACK"]})
    # A current is felt two steps later
    inputs = np.column_stack([published["I_in"], published["I2_ext"][:, 0]])
    for unit, values in zip(units, inputs.T, strict=True):
        generator = nest.Create(
            "step_current_generator",
            params={
                "amplitude_times": 1.0 + np.arange(steps + 1),
                "amplitude_values": np.append(values, 0.0),
            },
        )
        nest.Connect(generator, unit, syn_spec={"delay": 1.0})
    names = {
        "v": "v", "u": "u", "window_left": "win_left", "window_max": "max_u",
        "window_spikes": "n_spikes", "f": "feedback", "R": "R", "refractory_left": "refr_left",
        "c_upper": "c_above", "c_lower": "c_below", "m_upper": "m_above", "m_lower": "m_below",
    }  # fmt: skip
    read = recorded(lower, list(names))
    read_upper = recorded(upper, ["v", "I"])
    nest.Simulate(steps + 10.0)
    start = first_step(read, published["v"], steps)
    agree(read(start, steps), published, names)
    ours = read_upper(start, steps)
    agree(ours, {name: published[name][:, :1] for name in ("v2", "I2_total")},
          {"v": "v2", "I": "I2_total"})  # fmt: skip


def first_step(read, v, steps):
    """The step in which the first current is felt."""
    found = [
        start for start in range(5)
        if np.allclose(read(start, steps)["v"][:5], v[:5], rtol=0, atol=PRINTED)
    ]  # fmt: skip
    assert len(found) == 1
    return found[0]


@pytest.fixture
def net(trace):
    """The 3-2-2 network of the trace, simulated by NEST and by NumPy."""
    published = trace("rdd_trace_net")
    steps = len(published["v"])
    weights = [
        np.array([[60.0, -20.0, 30.0], [-25.0, 50.0, 40.0]]),
        np.array([[30.0, -20.0], [10.0, 25.0]]),
    ]
    fresh("rdd_neuron", "rdd_detector", "rdd_forward_synapse", "rdd_feedback_synapse")
    ports = nest.GetDefaults("rdd_neuron")["receptor_types"]
    driven = {"drive_start": 0, "drive_stop": 10**9}
    layers = [
        nest.Create("rdd_neuron", n, {"clock": -1 - LAG * (i + 1), **(driven if i == 0 else {})})
        for i, n in enumerate((3, 2, 2))
    ]
    detectors = nest.Create(
        "rdd_detector", 3, {"clock": -1 - LAG, "reports_windows": True, **driven}
    )
    for i in range(3):
        counts = published["drive_count"][:, i]
        at = np.flatnonzero(counts)
        generator = nest.Create(
            "spike_generator", params={"spike_times": at + 1.0, "spike_weights": counts[at]}
        )
        spec = {"weight": 4.0, "delay": float(LAG), "receptor_type": ports["DRIVE"]}
        nest.Connect(generator, layers[0][i], syn_spec=spec)
        nest.Connect(generator, detectors[i], syn_spec=spec)
    for W, pre, post in zip(weights, layers, layers[1:], strict=False):
        nest.Connect(
            pre, post, "all_to_all",
            {"synapse_model": "rdd_forward_synapse", "weight": W, "delay": float(LAG),
             "receptor_type": ports["FEEDFORWARD"]},
        )  # fmt: skip
    nest.Connect(
        layers[1], detectors, "all_to_all",
        {"synapse_model": "rdd_feedback_synapse", "delay": float(LAG),
         "receptor_type": ports["FEEDFORWARD"]},
    )  # fmt: skip
    plain = exact.Network(weights)
    return published, steps, layers, plain


STATES = {
    "filtered": "B", "v": "v", "u": "u", "window_left": "win_left", "window_max": "max_u",
    "window_spikes": "n_spikes", "refractory_left": "refr_left",
}  # fmt: skip
LINES = {"m_upper": "m_above", "c_upper": "c_above", "m_lower": "m_below", "c_lower": "c_below"}


def test_network(net):
    published, steps, layers, plain = net
    read = recorded(layers[0], list(STATES))
    read_above = recorded(layers[1], ["v"])
    nest.Simulate(steps + 4.0 * LAG)
    agree(read(LAG, steps), published, STATES)
    above = np.column_stack([published[f"L1_v{k}"][:, 0] for k in range(2)])
    agree(read_above(2 * LAG, steps), {"v": above}, {"v": "v"})

    for counts in published["drive_count"]:
        plain.step(0, counts)
    found = nest.GetConnections(synapse_model="rdd_feedback_synapse").get(
        ["source", "target", "w", *LINES]
    )
    i = np.array(found["target"]) - min(found["target"])
    k = np.array(found["source"]) - min(found["source"])
    # The synapses know what happened up to their source's last spike: all windows but a last one
    for ours, name in {**LINES, "w": "beta"}.items():
        table = np.array([published[f"{name}{k}"] for k in range(2)])  # (source, step, target)
        for value, target, source in zip(found[ours], i, k, strict=True):
            history = table[source, :, target]
            assert np.abs(history - value).min() < 1e-10, (ours, target, source)
            late = steps - 1 - np.flatnonzero(np.abs(history - value) < 1e-10).max()
            assert late < 60
        assert np.abs(np.array(found[ours])).max() > 0
    for name in ("c_above", "m_below", "beta"):
        last = np.array([published[f"{name}{k}"][-1] for k in range(2)]).T
        np.testing.assert_allclose(plain.layers[0].estimates[name], last, atol=1e-10)


def test_plain_network_is_the_published_one(trace):
    """What other tests and the benchmark compare with, against the trace."""
    published = trace("rdd_trace_net")
    plain = exact.Network(
        [np.array([[60.0, -20.0, 30.0], [-25.0, 50.0, 40.0]]), np.array([[30.0, -20.0], [10, 25]])]
    )
    for t, counts in enumerate(published["drive_count"]):
        plain.step(0, counts)
        layer = plain.layers[0]
        for ours, name in (
            (layer.v, "v"), (layer.u, "u"), (layer.B, "B"), (layer.M, "max_u"),
            (layer.omega, "win_left"), (layer.spikes, "n_spikes"), (layer.rho, "refr_left"),
        ):  # fmt: skip
            np.testing.assert_allclose(ours, published[name][t], rtol=0, atol=1e-6, err_msg=name)
        for k in range(2):
            for ours, name in (
                (layer.R, "R"), (layer.R_pre, "Rpre"), *((layer.estimates[n], n) for n in
                layer.estimates),
            ):  # fmt: skip
                np.testing.assert_allclose(
                    ours[:, k], published[f"{name}{k}"][t], rtol=0, atol=1e-7, err_msg=name
                )
