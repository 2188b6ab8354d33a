"""The background noise that neurons draw for themselves: exact Poisson, whatever the rates do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

nest = pytest.importorskip("nest")

DT = 0.1
N_CELLS = 1000
UNIT = 1e-9  # weight of one background event: too small to move a neuron


@dataclass(frozen=True)
class Noisy:
    """A neuron model with background noise.

    Parameters
    ----------
    name : str
        The model.
    channels : sequence of str
        As in the parameters ``rate_*`` and ``w_bg_*``.
    conductances : sequence of str
        State variables that the channels' events add to.
    """

    name: str
    channels: Sequence[str]
    conductances: Sequence[str]

    def create(self, **rates: float):
        """Neurons whose conductances count background events."""
        weights = {f"w_bg_{c}": UNIT for c in self.channels}
        return nest.Create(
            self.name, N_CELLS, params={"tau_exc": 1e15, "tau_inh": 1e15, **weights, **rates}
        )

    def counts(self, cells) -> np.ndarray:
        """Background events so far, shape (n_cells, n_channels)."""
        state = cells.get(list(self.conductances))
        return (np.stack([state[k] for k in self.conductances], axis=1) / UNIT).round()


TWO_COMPARTMENTS = (
    ("soma_exc", "soma_inh", "dend_exc", "dend_inh"),
    ("g_exc_s", "g_inh_s", "g_exc_d", "g_inh_d"),
)
MODELS = (
    Noisy("pyramidal_burst_neuron", *TWO_COMPARTMENTS),
    Noisy("burst_poisson_neuron", *TWO_COMPARTMENTS),
    Noisy("adex_interneuron", ("exc", "inh"), ("g_exc", "g_inh")),
)


@pytest.fixture(params=MODELS, ids=lambda m: m.name)
def noisy(request, install_models) -> Noisy:
    """Each model, installed."""
    install_models(request.param.name)
    return request.param


def assert_poisson(observed: np.ndarray, expected: float) -> None:
    """Mean and variance of counts, within 4.5 standard errors of a Poisson distribution."""
    n = len(observed)
    assert abs(observed.mean() - expected) < 4.5 * np.sqrt(expected / n)
    fano = observed.var(ddof=1) / expected
    print(f"mean {observed.mean():.3f} (expected {expected:.3f}), Fano factor {fano:.3f}")
    assert abs(fano - 1) < 4.5 * np.sqrt((2 + 1 / expected) / n)


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_poisson(noisy, seed):
    nest.rng_seed = seed
    rates = dict(zip(noisy.channels, (40.0, 90.0, 500.0, 7.0), strict=False))
    cells = noisy.create(**{f"rate_{c}": r for c, r in rates.items()})
    nest.Simulate(1000.0)
    observed = noisy.counts(cells)
    for i, rate in enumerate(rates.values()):
        assert_poisson(observed[:, i], rate)
    correlation = np.corrcoef(observed.T) - np.eye(len(rates))
    assert np.abs(correlation).max() < 4.5 / np.sqrt(N_CELLS)
    assert np.array_equal(observed.sum(axis=1).round().astype(int), cells.get("n_bg_events"))


def test_changed_rates_are_followed(noisy):
    first, last = noisy.channels[0], noisy.channels[-1]
    cells = noisy.create(**{f"rate_{first}": 200.0})
    before = np.zeros((N_CELLS, len(noisy.channels)))
    for first_rate, last_rate, duration in (
        (200.0, 0.0, 50.0),
        (0.0, 0.0, 50.0),
        (2000.0, 30.0, 50.0),
        (0.0, 30.0, 300.0),
    ):
        cells.set({f"rate_{first}": first_rate, f"rate_{last}": last_rate})
        nest.Simulate(duration)
        now = noisy.counts(cells)
        gained = now - before
        assert not gained[:, 1:-1].any()
        for column, rate in ((0, first_rate), (-1, last_rate)):
            if rate:
                assert_poisson(gained[:, column], rate * duration / 1000)
            else:
                assert not gained[:, column].any()
        before = now


def test_several_events_per_step(noisy):
    rates = dict(zip(noisy.channels[-2:], (25000.0, 5000.0), strict=True))
    cells = noisy.create(**{f"rate_{c}": r for c, r in rates.items()})
    nest.Simulate(10.0)
    observed = noisy.counts(cells)
    assert_poisson(observed[:, -2], 250.0)
    assert_poisson(observed[:, -1], 50.0)


def test_does_not_start_in_step(noisy):
    """The first step has as many events as any other."""
    cells = noisy.create(**{f"rate_{noisy.channels[0]}": 500.0})
    per_step = []
    before = 0.0
    for _ in range(20):
        nest.Simulate(DT)
        total = noisy.counts(cells).sum()
        per_step.append(total - before)
        before = total
    expected = N_CELLS * 500.0 * DT / 1000
    assert abs(per_step[0] - expected) < 4.5 * np.sqrt(expected)
    assert abs(np.mean(per_step) - expected) < 4.5 * np.sqrt(expected / 20)


def test_bernoulli_noise_has_at_most_one_event_in_a_step(noisy):
    """Mean p and variance p (1 - p) in every step, as from one source neuron a channel."""
    first, last = noisy.channels[0], noisy.channels[-1]
    rates = {f"rate_{first}": 500.0, f"rate_{last}": 6000.0}
    cells = noisy.create(bernoulli_noise=True, **rates)
    before = noisy.counts(cells)
    events = []
    for _ in range(60):
        nest.Simulate(DT)
        now = noisy.counts(cells)
        events.append(now - before)
        before = now
    events = np.array(events)
    assert set(np.unique(events)) <= {0.0, 1.0}
    for column, rate in ((0, 500.0), (-1, 6000.0)):
        p, n = rate * DT / 1000.0, events[..., column].size
        assert abs(events[..., column].mean() - p) < 4.5 * np.sqrt(p * (1 - p) / n)
        # No memory from step to step: successive steps are independent.
        both = (events[1:, :, column] * events[:-1, :, column]).mean()
        assert abs(both - p * p) < 4.5 * np.sqrt(p * p * (1 - p * p) * 2 / n)
    assert not events[..., 1:-1].any()


def test_off_by_default(noisy):
    cell = nest.Create(noisy.name)
    nest.Simulate(100.0)
    assert cell.get(["n_bg_events", "bg_started"]) == {"n_bg_events": 0, "bg_started": 0}
