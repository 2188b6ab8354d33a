"""Currents of devices: what a neuron's current port does."""

from __future__ import annotations

import numpy as np
import pytest

nest = pytest.importorskip("nest")

DT = 0.1


@pytest.mark.parametrize(
    ("model", "parameter", "port", "states"),
    [
        ("pyramidal_burst_neuron", "I_s", "I_STIM_S", ("V_s", "V_d")),
        ("pyramidal_burst_neuron", "I_d", "I_STIM_D", ("V_s", "V_d")),
        ("adex_interneuron", "I_e", "I_STIM", ("V_m",)),
    ],
)
def test_current_port_equals_parameter(install_models, model, parameter, port, states):
    """A device's current acts like the constant one, two steps later (delay, input buffer)."""
    install_models(model)
    by_parameter, by_device = nest.Create(model), nest.Create(model)
    # NEST numbers current ports only where there are several.
    receptor = nest.GetDefaults(model).get("continuous_inputs", {}).get(port, 0)
    source = nest.Create(
        "step_current_generator",
        params={"amplitude_times": [9.9, 209.9], "amplitude_values": [600.0, 0.0]},
    )
    nest.Connect(source, by_device, syn_spec={"delay": DT, "receptor_type": receptor})
    multimeter = nest.Create("multimeter", params={"interval": DT, "record_from": list(states)})
    nest.Connect(multimeter, by_parameter + by_device)
    for current, duration in ((0.0, 10.0), (600.0, 200.0), (0.0, 90.0)):
        by_parameter.set({parameter: current})
        nest.Simulate(duration)
    events = multimeter.events
    for state in states:
        first, second = (
            events[state][events["senders"] == n.global_id] for n in (by_parameter, by_device)
        )
        np.testing.assert_allclose(first, second, rtol=1e-12)
        assert np.ptp(first) > 1


def test_no_port_no_connection(install_models):
    """A neuron whose currents are parameters only says so, instead of ignoring a device."""
    install_models("burst_poisson_neuron")
    source, neuron = nest.Create("dc_generator"), nest.Create("burst_poisson_neuron")
    with pytest.raises(nest.NESTErrors.IllegalConnection, match="current input"):
        nest.Connect(source, neuron)
