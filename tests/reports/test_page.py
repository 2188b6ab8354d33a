"""The page of a report: complete in itself, honest about its runs, readable in a browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
import tiny

from neuromodels import Analysis, Metric, Result, hookimpl, load_run
from neuromodels import registry as registry_module
from neuromodels.cli.main import execute
from neuromodels.disk.files import read_json, write_json
from neuromodels.errors import EnvironmentProblem, RunError, UsageError
from neuromodels.reports.page import render
from neuromodels.running import runner


class Page(HTMLParser):
    """Collects tags with attributes, and the text of everything visible."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.text += "" if tag == "wbr" else " "

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of the tiny circuit, with different seeds and rates."""
    folder = tmp_path_factory.mktemp("runs")
    fresh = registry_module.Registry()
    fresh.register(tiny.Plugin(), "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_module, "registry", lambda: fresh)
        yield [
            runner.run("tiny/net", seed=1, out=folder / "one"),
            runner.run("tiny/net", seed=2, parameters={"rate": 9500.0}, out=folder / "two"),
        ]


@pytest.fixture
def copied(runs, tmp_path):
    """A run that a test may change."""
    return Path(shutil.copytree(runs[0].path, tmp_path / "copied"))


def test_the_page_refers_to_nothing_outside_it(runs):
    page = Page(render(runs))
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
        assert tag not in {"script", "link", "iframe"}
    style = re.search(r"<style>(.*?)</style>", render(runs), re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_figures_are_vector_graphics(runs):
    images = [a["src"] for tag, a in Page(render(runs)).tags if tag == "img"]
    # one figure of the analysis and the overview, of two runs
    assert len(images) == 4
    assert all(image.startswith("data:image/svg+xml;base64,") for image in images)


def test_without_a_vector_graphic_the_image_is_shown(copied):
    for file in (copied / "figures").glob("*.svg"):
        file.unlink()
    images = [a["src"] for t, a in Page(render([load_run(copied)])).tags if t == "img"]
    assert images
    assert all(image.startswith("data:image/png;base64,") for image in images)


def test_only_parameters_that_differ_are_in_front(runs):
    text = Page(render(runs[1:])).text
    front, rest = text.split("the other 3 parameters")
    assert "rate 9500 Hz 9000 Background rate" in front
    assert "Length of each phase" not in front
    assert "Length of each phase" in rest
    assert "None." in Page(render(runs[:1])).text


def test_runs_side_by_side_are_told_apart_by_seed(runs):
    text = Page(render(runs)).text
    assert "seed 1" in text
    assert "seed 2" in text
    assert "rate 9000 9500 Hz" in text


def test_an_unfinished_run_says_so(copied):
    info = read_json(copied / "run.json")
    info.update(status="interrupted", error="stopped by Ctrl-C or SIGTERM")
    write_json(copied / "run.json", info)
    assert "is interrupted" in Page(render([load_run(copied)])).text


def test_what_users_write_is_escaped(runs, copied):
    info = read_json(copied / "run.json")
    info["machine"]["cpu"] = "<script>alert(1)</script>"
    write_json(copied / "run.json", info)
    text = render([load_run(copied)])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_run_of_a_plugin_that_is_gone_can_be_reported(runs, monkeypatch):
    empty = registry_module.Registry()
    monkeypatch.setattr(registry_module, "registry", lambda: empty)
    assert "its plugin is not installed here" in Page(render(runs)).text


def test_no_run_is_an_error():
    with pytest.raises(UsageError):
        render([])


def test_the_command_writes_beside_the_run_or_where_it_is_told(runs, tmp_path, capsys):
    assert execute(["report", str(runs[0].path)]) == 0
    assert (runs[0].path / "report.html").is_file()
    out = tmp_path / "new" / "page.html"
    assert execute(["report", *(str(run.path) for run in runs), "--out", str(out)]) == 0
    assert out.is_file()
    assert str(out) in capsys.readouterr().out


def test_a_directory_without_run_is_one_clear_line(tmp_path, capsys):
    assert execute(["report", str(tmp_path)]) == RunError.exit_code
    assert "holds no run" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written_is_one_clear_line(runs, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "page.html"
    assert execute(["report", str(runs[0].path), "--out", str(out)]) == EnvironmentProblem.exit_code
    assert capsys.readouterr().err.count("\n") == 1


class Cloud(Analysis):
    """A figure with very many marks."""

    name = "tiny/cloud"
    summary = "very many marks"

    def __call__(self, run):
        import numpy as np
        from matplotlib.figure import Figure

        figure = Figure()
        axes = figure.subplots()
        axes.plot(*np.random.default_rng(1).random((2, 50_000)), "o")
        return Result(metrics=[Metric("one", 1.0, "")], figures={"cloud": figure})


def test_a_cloud_of_marks_stays_small(copied, monkeypatch):
    fresh = registry_module.registry()
    if "cloud" not in fresh.plugins:
        fresh.register(type("P", (), {"neuromodels_analyses": staticmethod(hook)})(), "cloud")
    runner.analyze(copied, ["tiny/cloud"])
    assert (copied / "figures" / "cloud.svg").stat().st_size < 1_000_000


@hookimpl
def hook():
    return [Cloud]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it_without_errors_or_overflow(runs, tmp_path, width):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    # The page tells about itself in its title: no driver is needed.
    probe = """<script>
    const errors = []; addEventListener("error", e => errors.push(e.message || e.target.src), true);
    addEventListener("load", () => {
      const images = [...document.images];
      document.title = JSON.stringify({
        errors, images: images.length, visible: images.filter(i =>
          i.complete && i.naturalWidth > 0 && i.getBoundingClientRect().width > 100).length,
        overflow: document.documentElement.scrollWidth - innerWidth,
      });
    });
    </script>"""
    page = tmp_path / "page.html"
    page.write_text(render(runs).replace("<head>", "<head>" + probe))
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom",
        page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = html.unescape(re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)[1])
    seen = json.loads(title)
    assert seen["errors"] == []
    assert seen["images"] == seen["visible"] == 4
    assert seen["overflow"] <= 0
