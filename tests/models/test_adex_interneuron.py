"""adex_interneuron in NEST: published replays of a PV and a SOM cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from published_replay import (
    DT,
    N_STEPS,
    arrivals,
    assert_single_precision,
    in_nest,
    published_input,
)

pytest.importorskip("nest")

NEURON = "adex_interneuron"
WEIGHTS = {"exc": 0.7, "inh": 0.3}
STATES = ("V_m", "w", "g_exc", "g_inh")
UPSTROKE = -40.0  # mV; above, a spike is under way


@dataclass(frozen=True)
class Cell:
    """Published parameters in SI units, adaptation in units of the leak; current of the replay."""

    tau_m: float
    leak: float
    slope: float
    v_th: float
    v_reset: float
    n_ref: int
    a: float
    b: float
    tau_w: float
    current: float

    def in_nest(self) -> dict[str, float]:
        """Parameters of the model, all of them."""
        return {
            "C_m": self.tau_m * self.leak * 1e12,
            "g_L": self.leak * 1e9,
            "Delta_T": self.slope * 1e3,
            "V_th": self.v_th * 1e3,
            "V_reset": self.v_reset * 1e3,
            "t_ref": self.n_ref * DT,
            "a": self.a * self.leak * 1e9,
            "b": self.b * self.leak * 1e12,
            "tau_w": self.tau_w * 1e3,
            "I_e": self.current * 1e12,
        }


PV = Cell(10e-3, 10e-9, 2e-3, -48e-3, -55e-3, 10, 0.0, 0.0, 5e-3, 230e-12)
SOM_TH = 25e-12 / 5.5e-9 - 70e-3 + 4e-3 - 4e-3 * np.log(1.1)
SOM = Cell(20e-3, 5e-9, 4e-3, SOM_TH, -65e-3, 20, 0.1, 2e-3, 500e-3, 40e-12)
CELLS = {"pv": PV, "som": SOM}


def replica(cell: Cell, arrived_spikes: np.ndarray, dtype: type) -> tuple[list[int], np.ndarray]:
    """Integrate the published equations in SI units and a chosen precision.

    Parameters
    ----------
    cell : Cell
        PV or SOM.
    arrived_spikes : array of int, shape (n_steps, 2)
        Number of spikes that reach each channel at the end of each step.
    dtype : type
        ``np.float32`` (as the published simulator) or ``np.float64``.

    Returns
    -------
    spikes : list of int
        Steps of the spikes.
    states : array, shape (n_steps, 4)
        The state after the delivery of spikes and before the injection of currents, in the order
        of `STATES`, voltages in mV and the adaptation current in pA.
    """
    f = dtype
    dt, rest = f(1e-4), f(-70e-3)
    capacitance = f(cell.tau_m * cell.leak)
    slope, v_th = f(cell.slope), f(cell.v_th)
    decay = np.exp(-dt / np.array([5e-3, 10e-3], f)).astype(f)
    weights = np.array(list(WEIGHTS.values()), f)
    v, w, g, refractory = rest, f(0), np.zeros(2, f), 0
    spikes, states = [], []
    for step, arrived in enumerate(arrived_spikes):
        power = f(1) + (v - v_th) / slope / f(256)
        for _ in range(8):
            power = power * power
        drive = (rest - v) + slope * power + g[0] * (f(0) - v) + g[1] * (f(-80e-3) - v) - w
        v = min(max(v + dt / f(cell.tau_m) * drive, f(-80e-3)), f(20e-3))
        if refractory:
            refractory -= 1
            v = rest
        elif v > 0:
            v, w, refractory = f(cell.v_reset), w + f(cell.b), cell.n_ref
            spikes.append(step)
        w = w + dt / f(cell.tau_w) * (f(cell.a) * (v - rest) - w)
        g = g * decay + weights * arrived.astype(f)
        states.append([v * 1e3, w * cell.leak * 1e12, *g])
        v = v + dt * f(cell.current) / capacitance
    return spikes, np.array(states, float)


@pytest.fixture(params=list(CELLS))
def replay(request, install_models, golden):
    """Name of the cell, its spikes and states on the published input, and the arrivals per step."""
    install_models(NEURON)
    emitted = published_input(golden("burstprop_unit_inputs"))[:2]
    cell = CELLS[request.param]
    spikes, states = in_nest(NEURON, cell.in_nest(), WEIGHTS, emitted, STATES)
    # NEST records after the injection of currents, the tables show the state before.
    states[:, 0] -= DT * cell.current * 1e12 / 100.0
    return request.param, spikes, states, arrivals(emitted)


def test_published_spikes(replay, golden):
    name, spikes, *_ = replay
    table = golden("burstprop_unit_spikes")
    assert spikes == table["step"][table["cell"] == name].astype(int).tolist()
    assert len(spikes) > 10


def test_states_equal_the_equations(replay):
    name, spikes, states, arrived = replay
    expected_spikes, expected = replica(CELLS[name], arrived, np.float64)
    assert spikes == expected_spikes
    assert len(states) == N_STEPS
    print("max |model - float64 equations|", np.abs(states - expected).max(axis=0))
    np.testing.assert_allclose(states, expected, rtol=1e-9, atol=1e-9)


def test_published_states_to_single_precision(replay, golden):
    """The tables differ from the model as single from double precision."""
    name, _, states, arrived = replay
    table = golden("burstprop_unit_adex_trace")
    leak_in_nS = CELLS[name].leak * 1e9
    scale = {"V_pv": 1e3, "V_som": 1e3, "w_som": 1e3 * leak_in_nS}
    columns = [c for c in scale if c.endswith(name)]
    published = np.stack([table[c] * scale[c] for c in columns], axis=1)
    n, k = published.shape
    (_, single), (_, double) = (
        replica(CELLS[name], arrived[:n], dtype) for dtype in (np.float32, np.float64)
    )
    assert_single_precision(states[:n, :k], published, single[:, :k], double[:, :k])
    # The upstroke multiplies a rounding error by the upstroke's own gain, up to exp(24).
    calm = published[:, 0] < UPSTROKE
    difference = np.abs(states[:n, 0] - published[:, 0])[calm]
    print(f"below {UPSTROKE} mV ({calm.mean():.1%} of the steps): {difference.max():.1e} mV")
    assert calm.mean() > 0.97
    np.testing.assert_array_less(difference, 1e-2)  # mV


def test_defaults_are_pv(install_models):
    import nest

    install_models(NEURON)
    defaults = nest.GetDefaults(NEURON)
    for name, value in PV.in_nest().items():
        if name != "I_e":
            assert defaults[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name
