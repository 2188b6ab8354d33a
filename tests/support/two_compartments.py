"""The published equations of the two-compartment pyramidal neuron, step by step in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

CHANNELS = ("soma_exc", "soma_inh", "dend_exc", "dend_inh")
STATES = ("V_s", "V_d", "w_s", "w_d", "theta", "g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d")


def replica(
    arrived_spikes: np.ndarray,
    weights: Sequence[float],
    I_s: npt.ArrayLike,
    I_d: npt.ArrayLike,
    dtype: type = np.float64,
) -> tuple[list[int], np.ndarray]:
    """Integrate the published equations in SI units and a chosen precision.

    Parameters
    ----------
    arrived_spikes : array of int, shape (n_steps, 4)
        Number of spikes that reach each channel at the end of each step.
    weights : sequence of float, shape (4,)
        Of the channels.
    I_s, I_d : float or array, shape (n_steps,)
        Currents injected into soma and dendrite at the end of each step (pA).
    dtype : type
        ``np.float32`` (as the published simulator) or ``np.float64``.

    Returns
    -------
    spikes : list of int
        Steps of the spikes.
    states : array, shape (n_steps, 9)
        The state after the delivery of spikes and before the injection of currents, in the order
        of `STATES`, voltages in mV.
    """
    f = dtype
    dt, rest = f(1e-4), f(-70e-3)
    tau_s, tau_d, c_s, c_d = f(16e-3), f(7e-3), f(370e-12), f(170e-12)
    decay = np.exp(-dt / np.array([5e-3, 10e-3, 5e-3, 10e-3], f)).astype(f)
    decay_ws = f(np.exp(-dt / f(0.1)))
    w = np.array(weights, f)
    currents = (np.broadcast_to(i, len(arrived_spikes)).astype(f) for i in (I_s, I_d))
    into_s, into_d = (f(1e-12) * current for current in currents)
    v_s = v_d = rest
    w_s, w_d, theta = f(0), f(1e-4), f(-50e-3)
    g = np.zeros(4, f)
    box = 0
    spikes, states = [], []
    for step, arrived in enumerate(arrived_spikes):
        sigma = f(1) / (f(1) + np.exp(-(v_d - f(-38e-3)) / f(6e-3)))
        syn_s = g[0] * (f(0) - v_s) + g[1] * (f(-80e-3) - v_s)
        syn_d = g[2] * (f(0) - v_s) + g[3] * (f(-80e-3) - v_s)
        regen_s = f(1300e-12) / c_s * sigma + f(-200e-12) / c_s * w_s
        regen_d = f(1200e-12) / c_d * sigma + f(-13e-9) / c_d * w_d
        bap = f(2600e-12) / c_d if box > 0 else f(0)
        g = g * decay
        v_s, v_d = (
            v_s + dt * ((rest - v_s) / tau_s + regen_s + syn_s / tau_s),
            v_d + dt * ((rest - v_d) / tau_d + regen_d + bap + syn_d / tau_d),
        )
        box = max(box - 1, 0)
        w_s = w_s * decay_ws
        w_d = w_d + dt / f(30e-3) * ((v_d - rest) - w_d)
        theta = theta + dt / f(27e-3) * (f(-50e-3) - theta)
        if v_s > theta:
            v_s, theta, w_s, box = rest, theta + f(2e-3), w_s + f(1), 20
            spikes.append(step)
        g = g + w * arrived.astype(f)
        mv = 1000.0
        states.append([v_s * mv, v_d * mv, w_s, w_d * mv, theta * mv, *g])
        v_s = v_s + dt * into_s[step] / c_s
        v_d = v_d + dt * into_d[step] / c_d
    return spikes, np.array(states, float)
