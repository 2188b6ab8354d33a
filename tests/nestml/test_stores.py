"""Caches of several directories, shared with others, and of whom modules are taken."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from small_plugins import neuron

from neuromodels.cli.main import execute
from neuromodels.errors import EnvironmentProblem, UsageError
from neuromodels.nestml import cache
from neuromodels.nestml.family import Family
from neuromodels.nestml.stores import stores

FAMILY = Family(neuron("plain_neuron"))
KEY = "0123456789abcdef"
STRANGER = 54321

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Directories of a user and of a site."""
    made = [tmp_path / "user", tmp_path / "site"]
    monkeypatch.setenv("NEUROMODELS_CACHE", os.pathsep.join(map(str, made)))
    monkeypatch.delenv("NEUROMODELS_CACHE_OWNERS", raising=False)
    return made


def put(work: Path) -> cache.Built:
    (work / "m.so").write_bytes(b"binary")
    return cache.Built(work / "m.so", "fast", "")


def never(work: Path) -> cache.Built:
    raise AssertionError("was built again")


def filled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> cache.Entry:
    """An entry in `folder` alone."""
    with monkeypatch.context() as patch:
        patch.setenv("NEUROMODELS_CACHE", str(folder))
        return cache.get_or_build(FAMILY, KEY, put)


def test_modules_are_taken_from_wherever_they_are_and_built_in_the_first(folders, monkeypatch):
    user, site = folders
    entry = filled(site, monkeypatch)
    assert cache.get_or_build(FAMILY, KEY, never).path == entry.path
    assert not (user / "modules").exists()
    other = cache.get_or_build(FAMILY, KEY[::-1], put)
    assert other.path.is_relative_to(user)
    assert {e.path for e in cache.entries()} == {entry.path, other.path}


def test_others_may_read_what_is_built_and_nobody_may_change_it(folders, monkeypatch):
    mask = os.umask(0o002)
    try:
        entry = filled(folders[0], monkeypatch)
    finally:
        os.umask(mask)
    mode = stat.S_IMODE(entry.path.parent.stat().st_mode)
    assert mode == 0o755
    assert {stat.S_IMODE(p.stat().st_mode) for p in entry.path.parent.iterdir()} == {0o644}


def test_a_directory_of_a_group_stays_open_to_the_group(folders, monkeypatch):
    folders[0].mkdir()
    folders[0].chmod(0o2775)
    filled(folders[0], monkeypatch)
    for name in ("modules", "building", "locks", "failed"):
        assert stat.S_IMODE((folders[0] / name).stat().st_mode) == 0o2775
    (lock,) = (folders[0] / "locks").iterdir()
    assert stat.S_IMODE(lock.stat().st_mode) & 0o060 == 0o060


@pytest.mark.parametrize("what", ["directory", "modules", "entry", "file", "manifest.json"])
@pytest.mark.parametrize("how", ["writable", "owner", "link"])
def test_what_others_could_have_written_is_not_loaded(folders, monkeypatch, capsys, what, how):
    entry = filled(folders[0], monkeypatch)
    folder = entry.path.parent
    path = {
        "directory": folders[0], "modules": folder.parent, "entry": folder, "file": entry.path,
        "manifest.json": folder / "manifest.json",
    }[what]  # fmt: skip
    if how == "writable":
        path.chmod(path.stat().st_mode | 0o002)
    elif how == "owner":
        if os.geteuid() != 0:
            pytest.skip("only root can give files away")
        os.chown(path, STRANGER, -1)
    else:
        if what in ("directory", "modules"):
            pytest.skip("directories may lie elsewhere")
        path.rename(folders[0] / "elsewhere")
        path.symlink_to(folders[0] / "elsewhere")
    monkeypatch.setenv("NEUROMODELS_CACHE", str(folders[0]))
    assert cache.lookup(KEY) is None
    with pytest.raises(EnvironmentProblem, match=str(path)) as caught:
        cache.get_or_build(FAMILY, KEY, never)
    assert caught.value.code == "NM325"
    execute(["doctor"])
    said = capsys.readouterr().out
    assert any("PROBLEM" in line and str(path) in line for line in said.splitlines())
    if how == "owner":
        monkeypatch.setenv("NEUROMODELS_CACHE_OWNERS", str(STRANGER))
        assert cache.lookup(KEY) == entry
    # A directory of one's own in front of it is used instead.
    own = folders[1]
    monkeypatch.setenv("NEUROMODELS_CACHE", f"{own}:{folders[0]}")
    monkeypatch.delenv("NEUROMODELS_CACHE_OWNERS", raising=False)
    assert cache.get_or_build(FAMILY, KEY, put).path.is_relative_to(own)


@pytest.mark.parametrize("file", ["../../../evil.so", "/evil.so", "sub/evil.so"])
def test_a_manifest_leads_to_nothing_outside_of_its_entry(folders, monkeypatch, tmp_path, file):
    entry = filled(folders[0], monkeypatch)
    (tmp_path / "evil.so").write_bytes(b"binary")
    manifest = entry.path.parent / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "file": file}))
    assert cache.lookup(KEY) is None


def test_clean_removes_nothing_but_modules(folders, monkeypatch):
    filled(folders[0], monkeypatch)
    mine = [folders[0] / "modules" / "thesis", folders[0] / "failed" / "notes"]
    for path in mine:
        path.mkdir(parents=True)
        (path / "text").write_text("mine")
    damaged = folders[0] / "modules" / KEY[::-1]
    damaged.mkdir()
    assert [entry.key for entry in cache.clean()] == [KEY]
    assert all((path / "text").read_text() == "mine" for path in mine)
    assert not damaged.exists()


def test_owners_who_do_not_exist(monkeypatch):
    monkeypatch.setenv("NEUROMODELS_CACHE_OWNERS", "no-such-user-here")
    with pytest.raises(UsageError, match="no user 'no-such-user-here'"):
        stores()


_AS_ANOTHER = """
import os, sys, tempfile
from pathlib import Path
key, how, user, group, shared, *path = sys.argv[1:]
sys.path[:0] = path
from small_plugins import neuron
from neuromodels.nestml import cache
from neuromodels.nestml.family import Family
def put(work):
    (work / "m.so").write_bytes(b"binary")
    return cache.Built(work / "m.so", "fast", "")
def never(work):
    raise SystemExit("was built again")
family = Family(neuron("plain_neuron"))
with tempfile.TemporaryDirectory() as own:  # imports what only root may be able to read
    os.environ["NEUROMODELS_CACHE"] = own
    cache.get_or_build(family, "warm", put)
os.environ["NEUROMODELS_CACHE"] = shared
os.setgroups([int(group)])
os.setgid(int(user))
os.setuid(int(user))
os.umask(0o022)
print(cache.get_or_build(family, key, put if how == "build" else never).path)
"""


@as_root
@pytest.mark.parametrize("mode", [0o2775, 0o755])
def test_two_users_and_one_cache(mode):
    """One builds, the other takes it from there; a group may also build, others only read."""
    base = Path(tempfile.mkdtemp(dir="/tmp"))
    base.chmod(0o755)
    shared = base / "cache"
    shared.mkdir()
    group, one, two = 54399, 54301, 54302
    os.chown(shared, one, group)
    shared.chmod(mode)

    def call(user: int, key: str, how: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable, "-c", _AS_ANOTHER, key, how, str(user), str(group), str(shared),
                *sys.path,
            ],
            env={**os.environ, "NEUROMODELS_CACHE_OWNERS": f"{one},{two}"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    first = call(one, KEY, "build")
    assert first.returncode == 0, first.stderr
    again = call(two, KEY, "look")
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout
    more = call(two, KEY[::-1], "build")
    if mode == 0o755:
        assert "cannot be written" in more.stderr
        return
    assert more.returncode == 0, more.stderr
    back = call(one, KEY[::-1], "look")
    assert back.returncode == 0, back.stderr
