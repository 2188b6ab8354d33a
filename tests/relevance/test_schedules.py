"""Schedules of the relevance study against their description, and files of the user's own."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_relevance import schedules
from neuromodels_relevance.schedules import Timing

from neuromodels.errors import ParameterError

TIMING = Timing()


def rng(seed=1):
    return np.random.default_rng(seed)


def durations(schedule, name):
    return set(np.diff(schedule.events[name], axis=1).ravel().tolist())


def test_learning_to_ignore():
    counts = []
    for seed in range(40):
        s = schedules.learning_to_ignore(rng(seed), TIMING, duration=2000.0, gaps=(20.0, 30.0))
        us, cs1, cs2 = (s.starts(name) for name in ("US", "CS1", "CS2"))
        assert s.n_cycles == 100_000
        assert len(us) == len(cs1) == len(cs2)
        np.testing.assert_array_equal(us - cs1, 5)
        assert 999 <= np.diff(us).min() <= np.diff(us).max() <= 1501
        assert {11} == durations(s, "US") == durations(s, "CS1") == durations(s, "CS2")
        assert s.on("US").sum() == 11 * len(us)
        counts.append(len(us))
    # Reference: 79.5 ± 1.05 over 100 schedules
    assert 77 <= min(counts) <= max(counts) <= 83
    assert abs(np.mean(counts) - 79.5) < 4 * 1.05 * (1 / 40 + 1 / 100) ** 0.5


def test_cross_correlation_of_us_and_cs1():
    """Table `relevance_xcorr`: 11 times the number of US at lag 5, nothing beyond -6 and 16."""
    s = schedules.learning_to_ignore(rng(), TIMING, duration=2000.0, gaps=(20.0, 30.0))
    us, cs1 = s.on("US").astype(float), s.on("CS1").astype(float)
    lags = np.arange(-30, 31)
    found = np.array([np.dot(us, np.roll(cs1, lag)) for lag in lags])
    n = len(s.starts("US"))
    assert found[lags == 5] == 11 * n
    np.testing.assert_array_equal(found[(lags < -5) | (lags > 15)], 0)
    assert found[lags == 0] == 6 * n


def test_blocking():
    s = schedules.blocking(
        rng(), TIMING, n_preexposure=50, n_conditioning=50, n_compound=50, n_test=10,
        gaps=(10.0, 15.0),
    )  # fmt: skip
    assert [len(s.starts(name)) for name in ("CS1", "CS2", "US")] == [160, 110, 100]
    assert 2000 * 50 < s.n_cycles < 2100 * 50
    np.testing.assert_array_equal(s.starts("US") - s.starts("CS1")[50:150], 5)
    np.testing.assert_array_equal(s.starts("CS1")[100:150], s.starts("CS2")[50:100])
    assert [name for name, _ in s.phases] == ["preexposure", "conditioning", "compound", "test"]
    assert s.phases[-1][1] == s.n_cycles


@pytest.mark.parametrize("shown", [0, 30])
@pytest.mark.parametrize("reduced", ["none", "conditioning", "test"])
def test_latent_inhibition_is_exact(shown, reduced):
    s = schedules.latent_inhibition(
        TIMING, n_preexposure=shown, n_conditioning=3, n_test=4, reduced=reduced
    )
    n = shown + 7
    assert s.n_cycles == 500 * n
    # Sample 200 of the published code, which counts from 1, is the first of the first CS1.
    np.testing.assert_array_equal(s.starts("CS1"), 199 + 500 * np.arange(n))
    np.testing.assert_array_equal(s.starts("US"), s.starts("CS1")[shown : shown + 3])
    assert durations(s, "CS1") == {301}
    window = {"none": None, "conditioning": [500 * shown, 500 * (shown + 3)],
              "test": [500 * (shown + 3), s.n_cycles]}[reduced]  # fmt: skip
    assert (s.events["share"].tolist() == [window]) if window else ("share" not in s.events)


def test_fear_expression():
    s = schedules.fear_expression(
        rng(), TIMING, manipulation="inhibition", n_pulses=108, gaps=(4.0, 36.0)
    )
    assert [len(s.starts(name)) for name in ("CS1", "CS2", "US")] == [25, 13, 5]
    np.testing.assert_array_equal(s.starts("US"), s.starts("CS1")[4:9])
    pulses, last = s.events["scale"][:-1], s.events["scale"][-1]
    assert len(pulses) == 108
    assert set(np.diff(pulses, axis=1).ravel()) == {14}
    np.testing.assert_array_equal(np.unique(np.diff(pulses[:, 0])), [55, 56])
    assert last.tolist() == [s.starts("CS1")[21], s.n_cycles]
    e = schedules.fear_expression(
        rng(), TIMING, manipulation="excitation", n_pulses=108, gaps=(4.0, 36.0)
    )
    assert [len(e.starts(name)) for name in ("CS1", "CS2", "US")] == [17, 9, 5]
    np.testing.assert_array_equal(e.events["scale"], e.events["CS1"][13:])


def test_learned_irrelevance_and_categorization():
    s = schedules.learned_irrelevance(
        rng(), TIMING, preexposure=True, n_preexposure=100, n_paired=100
    )
    assert [len(s.starts(name)) for name in ("CS1", "US")] == [200, 200]
    np.testing.assert_array_equal(s.starts("US")[100:] - s.starts("CS1")[100:], 5)
    np.testing.assert_array_equal(s.starts("US")[100:], 40_000 + 250 * np.arange(1, 101) - 1)
    c = schedules.categorization(TIMING, duration=100.0, rewarded=1)
    assert c.n_cycles == 5000
    assert len(c.starts("CS1")) == len(c.starts("US")) == 49
    assert {len(c.starts(f"CS{k}")) for k in range(2, 11)} == {50}
    together = sum(c.on(f"CS{k}").astype(int) for k in range(1, 11))
    assert together[:10].sum() == 0
    assert set(together[10:]) == {1}


def test_overlapping_events_merge():
    s = schedules.Schedule(20, {"CS1": np.array([[2, 6], [4, 9], [9, 12]])})
    assert [x.tolist() for x in s.switches("CS1")] == [[2, 12], [1.0, -1.0]]
    assert schedules.Schedule.of_rows(s.rows(), 20).events["CS1"].tolist() == [
        [2, 6],
        [4, 9],
        [9, 12],
    ]


def test_a_schedule_of_ones_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("event,start,stop\nCS1,1.0,1.2\nUS,1.1,1.3\nshare,0.5,2\nend,0,3\n")
    s = schedules.read(str(file), TIMING, where="x")
    assert s.n_cycles == 150
    assert s.events["CS1"].tolist() == [[50, 60]]
    assert s.events["US"].tolist() == [[55, 65]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event,start,stop\nCS11,1,2\n", "no event"),
        ("event,start,stop\nCS1,2,1\n", "does not end"),
        ("event,start,stop\nCS1,a,1\n", "no times"),
        ("event,start,stop\n", "no events"),
        ("event,start,stop\nCS1,5,6\nend,0,2\n", "after its end"),
    ],
)
def test_a_wrong_schedule(tmp_path, text, message):
    file = tmp_path / "mine.csv"
    file.write_text(text)
    with pytest.raises(ParameterError, match=message):
        schedules.read(str(file), TIMING, where="x")
    with pytest.raises(ParameterError, match="cannot be read"):
        schedules.read(str(tmp_path / "none.csv"), TIMING, where="x")
