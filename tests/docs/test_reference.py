"""Pages that are written from what is registered: complete, and right about their source."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from generator import circuits, errors, header, hooks, models
from generator import write as write_pages

from neuromodels import error_codes, new_plugin
from neuromodels.models import NeuronModel, SynapseModel
from neuromodels.nestml import declarations
from neuromodels.nestml.source import Source
from neuromodels.registry import Registry, registry

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found():
    return registry()


def test_every_model_has_a_page_with_all_its_parameters(found):
    pages = models.pages(found)
    assert set(pages) == {f"{name}.md" for name in found.models}
    for name, item in found.models.items():
        text = Source.read(item.object).text
        page = pages[f"{name}.md"]
        assert page.startswith(f"# {name}\n")
        for entry in (*declarations.parameters(text), *declarations.state(text)):
            assert f"| `{entry['name']}` | `{entry['default']}` |" in page
        assert text.rstrip() in page
        for label in header.references(text):
            assert f"* **{label}** " in page


def test_parameters_have_units_sources_and_links(found):
    page = models.page(found, "pyramidal_burst_neuron")
    row = next(line for line in page.splitlines() if line.startswith("| `tau_s`"))
    assert "| `16` | ms | Somatic membrane time constant |" in row
    assert "[Payeur2021](https://doi.org/10.1038/s41593-021-00857-x)" in row
    assert r"\frac{dV_{s}}{dt}" in page
    assert "| `soma_exc` | spikes | `SOMA_EXC`: 1 | Excitation of the soma |" in page
    assert "| `past[30]` | `0.0` |" in models.page(found, "rdd_neuron")  # a vector
    page = models.page(found, "burst_dependent_synapse")
    assert "[pyramidal_burst_neuron](pyramidal_burst_neuron.md)" in page
    assert "reads `burst_valence` (as `valence`)" in page
    row = next(line for line in page.splitlines() if line.startswith("| `eta`"))
    assert "all synapses together" in row


def test_every_circuit_has_a_page_with_all_its_parameters_and_presets(found):
    pages = circuits.pages(found)
    assert len(pages) == len(found.circuits)
    for name, item in found.circuits.items():
        page = pages[f"{name.replace('/', '-')}.md"]
        for entry in item.object.Parameters.describe():
            assert f"| `{entry['name']}` | " in page
        for preset in item.object.presets:
            assert f"| `{preset}`" in page
    page = pages["burstprop-learning-rule.md"]
    assert "What differs from it" in page
    assert "| `eta` | `0.0035` |  | \\>= 0 |" in page


def test_every_error_code_is_on_the_page():
    page = errors.page()
    for code, entry in error_codes.CODES.items():
        assert f"### {code}\n\n{entry.meaning[:20]}" in page


def test_every_hook_is_on_the_page():
    from neuromodels import hookspecs

    page = hooks.page()
    for name in vars(hookspecs):
        if name.startswith("neuromodels_"):
            assert f"### {name}\n" in page
    assert "def neuromodels_after_phase(circuit: Circuit[Any]" in page


def test_a_new_model_appears_by_itself(tmp_path):
    """The template's models, with nothing written about them."""
    folder = new_plugin.template() / "neuromodels_my_study" / "models"

    class Study:
        def neuromodels_models(self):
            return [
                NeuronModel(name="my_study_neuron", source=folder / "my_study_neuron.nestml"),
                SynapseModel(
                    name="my_study_synapse",
                    source=folder / "my_study_synapse.nestml",
                    neuron="my_study_neuron",
                ),
            ]

    from neuromodels import hookimpl

    Study.neuromodels_models = hookimpl(Study.neuromodels_models)
    fresh = Registry()
    fresh.register(Study(), "my-study")
    page = models.pages(fresh)["my_study_neuron.md"]
    assert r"\frac{dV_{m}}{dt} = - ( V_{m} - E_{L} ) / \tau_{m}" in page
    assert "[Bienenstock1982](https://doi.org/" in page


def test_pages_of_an_earlier_build_go(tmp_path):
    write_pages(tmp_path)
    folder = tmp_path / "reference" / "generated"
    (folder / "models" / "gone.md").write_text("# gone")
    before = (folder / "models.md").stat().st_mtime_ns
    write_pages(tmp_path)
    assert not (folder / "models" / "gone.md").exists()
    assert (folder / "models.md").stat().st_mtime_ns == before
    shutil.rmtree(tmp_path)


def test_everything_public_is_on_the_page_about_python():
    import neuromodels

    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    for name in set(neuromodels.__all__) - {"__version__", "errors", "hookimpl"}:
        listed = rf":members:.*\b{name}\b|auto(?:function|class):: {name}\b"
        assert re.search(listed, page), name
    readme = (ROOT / "README.md").read_text()
    public = readme.partition("`neuromodels` itself and its modules")[2].partition(":")[0]
    for module in re.findall(r"`(\w+)`", public.partition("; everything")[0]):
        assert f"neuromodels.{module}" in page or module in {
            "circuit",
            "models",
            "parameters",
            "hookspecs",
        }


# What is written by hand --------------------------------------------------------------------------

PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "generated" not in page.parts]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_a_page_names_exist(page):
    pattern = r"`((?:plugins|neuromodels|nestml_models|tests|benchmarks|docs|\.ci)/[\w./-]+)`"
    for name in re.findall(pattern, page.read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_circuits_and_models_that_a_page_names_exist(page, found):
    text = page.read_text()
    for name in re.findall(r"neuromodels (?:run|show) ([a-z]\w*/[\w-]+)", text):
        assert name in found.circuits or name.startswith("my-study/"), name
    for name in re.findall(r"generated/circuits/([\w-]+)\.md", text):
        assert name in {circuit.replace("/", "-") for circuit in found.circuits}
    for name in re.findall(r"generated/models/(\w+)\.md", text):
        assert name in found.models, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_on_a_page_parses(page):
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        compile(code, str(page), "exec")


def test_the_tutorial_shows_the_template_and_nothing_else():
    """All code of the tutorial that is more than a line comes from the template."""
    text = (ROOT / "docs" / "start" / "tutorial.md").read_text()
    included = re.findall(r"\{literalinclude\} (\S+)", text)
    assert len(included) >= 8
    for name in included:
        file = (ROOT / "docs" / "start" / name).resolve()
        assert file.is_relative_to(ROOT / "neuromodels" / "plugin_template")
        assert file.exists()
    assert "```python\n" not in text
