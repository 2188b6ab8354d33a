"""Profiles: what is understood, and what bad ones get."""

from __future__ import annotations

import pytest

from neuromodels.errors import UsageError
from neuromodels.slurm.profile import Profile, clock, default_path, seconds


@pytest.mark.parametrize(
    ("text", "limit", "written"),
    [
        ("90 min", 5400, "01:30:00"),
        ("2h", 7200, "02:00:00"),
        ("1.5 d", 129600, "1-12:00:00"),
        ("30", 1800, "00:30:00"),
        ("30:15", 1815, "00:30:15"),
        ("2:00:00", 7200, "02:00:00"),
        ("1-12", 129600, "1-12:00:00"),
        ("1-12:30", 131400, "1-12:30:00"),
        ("10-01:02:03", 867723, "10-01:02:03"),
    ],
)
def test_times(text, limit, written):
    assert seconds(text) == limit
    assert clock(limit) == written
    assert seconds(written) == limit


def test_a_profile_and_options_over_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Profile.load() == Profile()
    default_path().parent.mkdir()
    default_path().write_text(
        "partition: cpu\naccount: abc\ntime: 2:00:00\nmemory: 8 GB\nthreads: 4\n"
        "setup:\n  - module load openmpi\noptions: [--mail-type=END]\n"
    )
    profile = Profile.load()
    assert (profile.partition, profile.time, profile.memory) == ("cpu", "02:00:00", "8G")
    changed = profile.changed(time="30 min", partition=None, tasks=2)
    assert (changed.partition, changed.time, changed.tasks) == ("cpu", "00:30:00", 2)
    assert changed.setup == ["module load openmpi"]
    other = tmp_path / "other.yaml"
    other.write_text("")
    assert Profile.load(other) == Profile()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("partion: cpu", "'partion' is not understood.*did you mean partition"),
        ("time: soon", "time 'soon' is not accepted: write a time like 90 min"),
        ("time: 0", "time '0' is not accepted"),
        ("memory: 8", "memory '8' is not accepted: write a size with its unit"),
        ("tasks: 0", "tasks '0' is not accepted: input should be greater than or equal to 1"),
        ("setup: module load x", "setup 'module load x' is not accepted: input should be a valid"),
        ("options: [mail]", "no option of sbatch"),
        ("partition: ''", "write one line of text"),
        ("[1", "is not valid YAML"),
        ("3", "holds no table"),
    ],
)
def test_bad_profiles(tmp_path, text, message):
    file = tmp_path / "site.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        Profile.load(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_profile_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        Profile.load(tmp_path / "none.yaml")


def test_bad_options():
    with pytest.raises(UsageError, match="job: time 'x' is not accepted"):
        Profile().changed(time="x")
