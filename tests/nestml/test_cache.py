"""The cache: what makes a new entry, and what happens when many processes, or kill -9, meet it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_plugins import MODELS, neuron, synapse

from neuromodels.errors import EnvironmentProblem, UnknownNameError, UsageError
from neuromodels.machine import installation, toolchain
from neuromodels.nestml import cache
from neuromodels.nestml.family import Family

FAMILY = Family(neuron("plain_neuron"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _put(work: Path) -> cache.Built:
    (work / "m.so").write_bytes(b"binary")
    return cache.Built(work / "m.so", "fast", "")


def test_why_a_model_was_left_to_the_plain_engine() -> None:
    assert cache.left_to_plain("plain_neuron") == ""

    def build(work: Path) -> cache.Built:
        return cache.Built(_put(work).path, "plain", "plain_neuron: its equations have delays")

    entry = cache.get_or_build(FAMILY, "k1", build)
    assert entry.engine == "plain"
    assert cache.left_to_plain("plain_neuron") == entry.reason
    assert "delays" in entry.reason


def test_an_entry_is_built_once_and_listed() -> None:
    calls = []

    def build(work: Path) -> cache.Built:
        calls.append(work)
        return _put(work)

    first = cache.get_or_build(FAMILY, "k1", build)
    second = cache.get_or_build(FAMILY, "k1", build)
    assert first == second and len(calls) == 1
    assert (
        first.complete
        and first.models == ("plain_neuron",)
        and first.path.read_bytes() == b"binary"
    )
    assert [e.key for e in cache.entries()] == ["k1"]


@pytest.mark.parametrize(
    "damage", ["truncated", "flipped", "missing", "no manifest", "bad manifest"]
)
def test_a_damaged_entry_is_rebuilt_not_loaded(damage: str) -> None:
    entry = cache.get_or_build(FAMILY, "k1", _put)
    if damage == "truncated":
        entry.path.write_bytes(b"bin")
    elif damage == "flipped":
        entry.path.write_bytes(b"binarz")
    elif damage == "missing":
        entry.path.unlink()
    elif damage == "no manifest":
        (entry.path.parent / "manifest.json").unlink()
    else:
        (entry.path.parent / "manifest.json").write_text("{")
    assert cache.lookup("k1") is None
    assert cache.get_or_build(FAMILY, "k1", _put).path.read_bytes() == b"binary"


def test_clean_removes_what_is_named_or_everything() -> None:
    cache.get_or_build(FAMILY, "k1", _put)
    cache.get_or_build(Family(None, (synapse("halving_synapse"),)), "k2", _put)
    with pytest.raises(UnknownNameError, match="no compiled model 'x'"):
        cache.clean(["x"])
    assert [e.key for e in cache.clean(["halving_synapse"])] == ["k2"]
    assert [e.key for e in cache.entries()] == ["k1"]
    assert [e.key for e in cache.clean()] == ["k1"]
    assert cache.entries() == []


def test_the_key_depends_on_everything_that_changes_the_binary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "plain_neuron.nestml"
    text = (MODELS / "plain_neuron.nestml").read_text()
    source.write_text(text)
    key = cache.key(Family(neuron("plain_neuron", source)))
    assert key == cache.key(Family(neuron("plain_neuron")))  # not on where the file is

    source.write_text(text + "\n# a comment")
    keys = {key, cache.key(Family(neuron("plain_neuron", source)))}
    source.write_text(text)
    other = toolchain.Compiler(("/usr/bin/other",), "other 1.0")
    with monkeypatch.context() as patch:
        patch.setattr(toolchain, "find_compiler", lambda: other)
        keys.add(cache.key(Family(neuron("plain_neuron", source))))
    with monkeypatch.context() as patch:
        patch.setattr(toolchain, "compile_flags", lambda: ("-O0",))
        keys.add(cache.key(Family(neuron("plain_neuron", source))))
    with monkeypatch.context() as patch:
        patch.setattr(toolchain, "find_nestml", lambda: "9.0.9")
        keys.add(cache.key(Family(neuron("plain_neuron", source))))
    with monkeypatch.context() as patch:
        patch.setattr(cache, "generator_revision", lambda: "other")
        keys.add(cache.key(Family(neuron("plain_neuron", source))))
    pairing = {"neuron": "hazard_neuron", "factor": "count"}
    hazard = neuron("hazard_neuron")
    for factor in ("count", "parity"):
        counting = synapse("counting_synapse", **{**pairing, "factor": factor})
        keys.add(cache.key(Family(hazard, (counting,))))
    assert len(keys) == 8


def test_the_key_knows_all_that_writes_cpp() -> None:
    """Code, templates and headers alike, but what runs builds and keeps their results."""
    package = Path(cache.__file__).parent
    hashed = {str(file) for file in cache._generator(package)}
    written = {str(f) for s in ("*.py", "*.h", "*.jinja2") for f in package.rglob(s)}
    bystanders = {
        "build.py", "cache.py", "checking.py", "declarations.py", "given.py", "pairing.py",
        "stores.py",
    }  # fmt: skip
    assert written - hashed == {str(package / name) for name in bystanders}


def test_the_engine_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    family = Family(neuron("plain_neuron"))
    fast = cache.key(family)
    monkeypatch.setenv("NEUROMODELS_ENGINE", "plain")
    assert cache.key(family) != fast
    monkeypatch.setenv("NEUROMODELS_ENGINE", "quick")
    with pytest.raises(UsageError, match="NEUROMODELS_ENGINE is 'quick'"):
        cache.key(family)


_BUILDER = """
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from small_plugins import neuron
from neuromodels.nestml import cache
from neuromodels.nestml.family import Family

def build(work):
    with open(sys.argv[2], "a") as log:
        log.write(f"{os.getpid()}\\n")
    (work / "m.so").write_bytes(b"half")
    time.sleep(float(sys.argv[3]))
    (work / "m.so").write_bytes(b"whole")
    return cache.Built(work / "m.so", "fast", "")

entry = cache.get_or_build(Family(neuron("plain_neuron")), "shared", build)
print(entry.path.read_bytes().decode())
"""


def _builder(log: Path, seconds: float) -> subprocess.Popen[str]:
    support = str(Path(__file__).parents[1] / "support")
    return subprocess.Popen(
        [sys.executable, "-c", _BUILDER, support, str(log), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_start_cold_together_build_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    processes = [_builder(log, 0.5) for _ in range(6)]
    assert [p.communicate()[0].strip() for p in processes] == ["whole"] * 6
    assert len(log.read_text().split()) == 1


def test_a_killed_build_is_taken_over(tmp_path: Path, own_cache: Path) -> None:
    log = tmp_path / "log"
    first = _builder(log, 60.0)
    for _ in range(200):
        if list(own_cache.glob("building/*/m.so")):
            break
        time.sleep(0.05)
    waiting = _builder(log, 0.0)
    time.sleep(0.5)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert waiting.communicate(timeout=30)[0].strip() == "whole"
    assert list(own_cache.glob("building/*")) == []
    assert len(log.read_text().split()) == 2


def test_a_failed_build_leaves_nothing_that_looks_built(own_cache: Path) -> None:
    def fail(work: Path) -> cache.Built:
        _put(work)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get_or_build(FAMILY, "k1", fail)
    assert cache.entries() == [] and list(own_cache.glob("building/*")) == []


def test_a_full_disk_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache.Path, "rename", full)
    with pytest.raises(EnvironmentProblem, match="No space left on device.*NEUROMODELS_CACHE"):
        cache.get_or_build(FAMILY, "k1", _put)
    assert cache.entries() == []


def test_a_cache_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        cache.get_or_build(FAMILY, "k1", _put)


def test_the_manifest_says_what_it_was_built_with() -> None:
    entry = cache.get_or_build(FAMILY, "k1", _put)
    manifest = json.loads((entry.path.parent / "manifest.json").read_text())
    assert manifest["nest"] == installation.find_nest().version
    assert manifest["compiler"] == toolchain.find_compiler().version


@pytest.mark.parametrize("given", ["cache here", "~/cache"])
def test_the_cache_may_be_named_from_the_current_directory(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generator works in another directory, and a module is loaded by its path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NEUROMODELS_CACHE", given)
    assert cache.directory() == tmp_path / given.removeprefix("~/")


def test_cleaning_during_a_build_does_not_harm_it() -> None:
    def build(work: Path) -> cache.Built:
        cache.clean()
        return _put(work)

    assert cache.get_or_build(FAMILY, "k1", build).complete
