"""Reference of the NESTML models, from their sources."""

from __future__ import annotations

from collections.abc import Mapping

from generator import equations, header
from generator.markdown import slug, table
from neuromodels.models import NeuronModel, SynapseModel
from neuromodels.nestml import declarations
from neuromodels.nestml.source import Source
from neuromodels.registry import Registry

__all__ = ["pages"]


def pages(found: Registry) -> Mapping[str, str]:
    """File name -> Markdown, of every registered model."""
    return {f"{slug(name)}.md": page(found, name) for name in sorted(found.models)}


def page(found: Registry, name: str) -> str:
    """Page of one model: description, equations, pairing, ports, parameters, state, source."""
    item = found.models[name]
    model = item.object
    text = Source.read(model).text
    known = header.references(text)
    parameters, state = declarations.parameters(text), declarations.state(text)
    symbols = {entry["name"] for entry in (*parameters, *state)}
    kind = "Synapse" if isinstance(model, SynapseModel) else "Neuron"
    parts = [
        f"# {name}",
        f"{model.summary}." if model.summary else "",
        f"{kind} model, plugin `{item.plugin}`. " + _use(model),
        header.markdown(text, symbols),
        _pairing(model),
    ]
    if lines := declarations.equations(text):
        parts += ["## Equations in the source", _equations(lines, symbols)]
    if ports := declarations.ports(text):
        parts += ["## Ports", _ports(model, ports)]
    parts += ["## Parameters", _variables(parameters, known, "default")] if parameters else []
    parts += ["## State", _variables(state, known, "initial")] if state else []
    if known:
        entries = "\n".join(
            f"* **{label}** {header.escaped(entry)}" for label, entry in known.items()
        )
        parts += ["## References", entries]
    parts += ["## Source", f"````{{dropdown-source}} {model.file.name}\n{text.rstrip()}\n````"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _use(model: NeuronModel | SynapseModel) -> str:
    if isinstance(model, NeuronModel):
        code = f'neuromodels.install("{model.name}"); nest.Create("{model.name}")'
    else:
        code = f'neuromodels.install("{model.name}"); {{"synapse_model": "{model.name}"}}'
    return f"`{code}`"


def _pairing(model: NeuronModel | SynapseModel) -> str:
    if isinstance(model, NeuronModel):
        return ""
    if model.neuron is None:
        return "It sees presynaptic spikes only, and connects to any neuron."
    text = f"It is compiled together with [{model.neuron}]({slug(model.neuron)}.md)"
    text += ", and connects to neurons of this model only."
    if model.third_factors:
        read = ", ".join(
            f"`{variable}`" + (f" (as `{port}`)" if port != variable else "")
            for port, variable in model.third_factors.items()
        )
        text += f" At each spike of that neuron it reads {read}."
    return text


def _equations(lines: list[str], symbols: set[str]) -> str:
    typeset = []
    for line in lines:
        # `inline pull_s mV = ...`: the declared type is no part of the equation.
        words = line.removeprefix("recordable ").split()
        text = f"{words[1]} {' '.join(words[3:])}" if words[0] == "inline" else line
        names = symbols | ({words[1]} if words[0] == "inline" else set())
        typeset.append(equations.latex(text, names))
    body = " \\\\\n".join(typeset)
    return "```{math}\n\\begin{array}{l}\n" + body + "\n\\end{array}\n```"


def _ports(model: NeuronModel | SynapseModel, ports: list[declarations.Port]) -> str:
    spiking = [port for port in ports if port["kind"] == "spike"]
    numbered = isinstance(model, NeuronModel) and len(spiking) > 1
    rows = [
        (
            f"`{port['name']}`",
            "spikes" if port["kind"] == "spike" else "the neuron's variable",
            f"`{port['name'].upper()}`: {spiking.index(port) + 1}"
            if numbered and port in spiking
            else "",
            header.escaped(port["doc"]),
        )
        for port in ports
    ]
    return table(("port", "receives", "receptor type", "meaning"), rows)


def _variables(
    entries: list[declarations.Declaration], known: Mapping[str, str], value: str
) -> str:
    rows = []
    for entry in entries:
        meaning, source = header.cited(entry["doc"], known)
        rows.append(
            (
                f"`{entry['name']}`",
                f"`{entry['default']}`",
                header.escaped(entry["unit"]),
                "all synapses together" if entry["shared"] else "",
                meaning,
                source,
            )
        )
    return table(("name", value, "unit", "value for", "meaning", "source"), rows)
