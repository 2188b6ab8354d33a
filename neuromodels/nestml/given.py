"""What a call gives: names of models, files, texts or models; and what models these are.

Kind, ports and weight of a model that comes as a file are read from its text, where that leaves one
answer; else the caller is asked.  What is concluded here is checked again on the parsed model
(`neuromodels.nestml.lint`).
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuromodels.errors import UnknownNameError, UsageError
from neuromodels.models import Model, NeuronModel, Readable, SynapseModel, Text
from neuromodels.nestml import declarations
from neuromodels.nestml.family import Models, Registered
from neuromodels.nestml.pairing import Said
from neuromodels.nestml.source import Source, alone, models_in, read_text

Given = str | os.PathLike[str] | Readable | NeuronModel | SynapseModel
"""Name of a registered model, path of a NESTML file, NESTML text (of several lines), or a model."""

_EMISSION = re.compile(r"\bemit_spike\s*\(\s*([^\s)][^)]*)\)")
_HANDLER = re.compile(r"\s*onReceive\s*\(\s*(\w+)")
_POST = "post_spikes"


@dataclass(frozen=True)
class _Entry:
    """A model that no plugin registers, as the registry would hold it."""

    object: Model
    plugin: str = ""


@dataclass
class Request:
    """Models that a call asks for, as `neuromodels.nestml.family.resolve` wants them.

    Attributes
    ----------
    registry : Models
    installed : mapping
        Models that earlier calls brought, plain name -> model.
    names : list of str
        Plain names, in the order of the call.
    own : dict
        Those models that the call brings itself.
    """

    registry: Models
    installed: Mapping[str, Model] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    own: dict[str, Model] = field(default_factory=dict)

    @property
    def models(self) -> Mapping[str, Registered]:
        """Plain name -> model; those of the call come before others of their name."""

        def entries(models: Mapping[str, Model]) -> dict[str, Registered]:
            return {name: _Entry(model) for name, model in models.items()}

        return {**entries(self.installed), **self.registry.models, **entries(self.own)}

    def model(self, name: str) -> Model:
        """The model of a name, or an `UnknownNameError` that helps."""
        found = self.models.get(name)
        if found is not None:
            return found.object
        try:
            return self.registry.model(name)
        except UnknownNameError as error:
            fix = f"{error.fix or 'neuromodels list models'}; the path of a file ends in '.nestml'"
            raise UnknownNameError(
                error.what, where=error.where, fix=fix, code=error.code
            ) from None

    def partner(self, name: str) -> NeuronModel:
        """The neuron that a synapse of the call is paired with: of the call, or the kernel's."""
        model = self.own.get(name) or self.installed.get(name) or self.model(name)
        if not isinstance(model, NeuronModel):
            raise UsageError(
                f"a synapse is paired with '{name}', which is not a neuron", code="NM293"
            )
        if self.model(name) != model:
            self.own[name] = model
        return model

    def bring(self, model: Model) -> None:
        """Take a model of the call; two different ones of one name are refused."""
        before = self.own.setdefault(model.name, model)
        if before != model:
            raise UsageError(
                f"two models are called '{model.name}', of {before.source} and of {model.source}",
                fix="rename one, or give it another name: NeuronModel(name=…, source=FILE)",
                code="NM292",
            )


def read(
    given: Iterable[Given],
    registry: Models,
    *,
    pairs: Mapping[str, str] | None = None,
    codegen_opts: Mapping[str, Any] | None = None,
    installed: Mapping[str, Model] | None = None,
    complete: bool = True,
) -> Request:
    """Find out which models a call gives.

    Their text is that of now: what is installed does not change with its file.

    Parameters
    ----------
    given : iterable
    registry : Models
    pairs : mapping, optional
        Synapse -> its postsynaptic neuron.
    codegen_opts : mapping, optional
        NESTML's code-generation options.
    installed : mapping, optional
        Models that earlier calls brought.
    complete : bool
        Whether a synapse must have its neuron.

    Raises
    ------
    UsageError
        Something else is given, or it is not clear how a synapse is paired.
    UnknownNameError
        A name stands for nothing.
    ModelError
        A file cannot be read or has no model in it.
    """
    said = Said.read(pairs or {}, codegen_opts or {})
    request = Request(registry, installed or {})
    files: dict[str, Text] = {}
    for item in given:
        file = _file(item)
        if file is not None:
            for text, name in _models(file):
                request.names.append(name)
                if files.setdefault(name, text) != text:
                    raise UsageError(
                        f"two models are called '{name}', of {files[name]} and of {text}",
                        fix="rename one",
                        code="NM292",
                    )
        elif isinstance(item, (NeuronModel, SynapseModel)):
            source = Source.read(item)
            request.names.append(item.name)
            request.bring(dataclasses.replace(item, source=Text(source.text, source.shown)))
        elif isinstance(item, str):
            request.names.append(item)
            request.model(item)
        else:
            raise UsageError(
                f"models are given by name, as files or as NESTML text, not as {item!r}",
                fix='write neuromodels.install("one_model", "my_neuron.nestml")',
                code="NM244",
            )
    said.check(set(files))
    synapses = {name: text for name, text in files.items() if is_synapse(text.text, name, said)}
    for name, text in files.items():
        if name not in synapses:
            neuron = NeuronModel(name=name, source=text)
            if said.solver is not None:
                neuron = dataclasses.replace(neuron, numeric_solver=said.solver)
            request.bring(neuron)
    others = dict.fromkeys(name for name in request.names if name not in synapses)
    neurons = [name for name in others if isinstance(request.model(name), NeuronModel)]
    for name, text in synapses.items():
        request.bring(_synapse(name, text, said, request, neurons, complete))
    return request


def is_synapse(text: str, name: str, said: Said | None = None) -> bool:
    """Whether a model is a synapse: it is called one, or emits spikes that have a weight."""
    return (
        (said is not None and name in said.synapses)
        or name.endswith("_synapse")
        or _EMISSION.search(_code(text)) is not None
    )


def _synapse(
    name: str, text: Text, said: Said, request: Request, neurons: list[str], complete: bool
) -> SynapseModel:
    """Registration of a synapse that comes as a file, in a call with `neurons`."""
    ports = declarations.ports(text.text)
    spikes = [port["name"] for port in ports if port["kind"] == "spike"]
    values = [port["name"] for port in ports if port["kind"] == "continuous"]
    post = said.post_ports.get(name) or _post_port(spikes, text.text)
    model = SynapseModel(
        name=name,
        source=text,
        weight_variable=said.weights.get(name) or _weight(name, text),
        delay_variable=said.delays.get(name) or _delay(text.text),
    )
    if post is None and not values and name not in said.neurons:
        return model
    if not complete and name not in said.neurons and len(neurons) != 1:
        factors = {port: port for port in values}
        return dataclasses.replace(model, post_port=post or _POST, third_factors=factors)
    neuron = request.partner(said.neurons.get(name) or _only(name, text, neurons))
    state = {entry["name"] for entry in declarations.state(Source.read(neuron).text)}
    factors = dict(said.third_factors.get(name, {}))
    for port in values:
        if port not in factors and port not in state:
            raise UsageError(
                f"port '{port}' of synapse '{name}' does not say which variable of "
                f"'{neuron.name}' it reads, and there is none called '{port}'",
                where=str(text),
                fix=f"rename the port, or say it: SynapseModel(…, third_factors={{'{port}': …}})",
                code="NM293",
            )
        factors.setdefault(port, port)
    return dataclasses.replace(
        model, neuron=neuron.name, post_port=post or _POST, third_factors=factors
    )


def _only(name: str, text: Text, neurons: list[str]) -> str:
    """The only neuron of the call."""
    if len(neurons) == 1:
        return neurons[0]
    example = f"pairs={{'{name}': '{neurons[0] if neurons else 'my_neuron'}'}}"
    raise UsageError(
        f"synapse '{name}' sees the spikes of its postsynaptic neuron, and "
        + (f"{' and '.join(neurons)} are given" if neurons else "no neuron is given with it"),
        where=str(text),
        fix=f"say which: {example}" if neurons else f"give its neuron too, or say {example}",
        code="NM293",
    )


def _post_port(spikes: list[str], text: str) -> str | None:
    """The port for postsynaptic spikes: the one of that name, or that no spike is sent on from."""
    if len(spikes) < 2:
        return None
    if _POST in spikes:
        return _POST
    handler, sending = "", set()
    for line in _code(text).splitlines():
        if found := _HANDLER.match(line):
            handler = found[1]
        if _EMISSION.search(line):
            sending.add(handler)
    left = [port for port in spikes if port not in sending]
    return left[0] if len(left) == 1 else None


def _weight(name: str, text: Text) -> str:
    declared = _declared(text.text)
    for variable in ("w", "weight"):
        if variable in declared:
            return variable
    sent = {str(found).strip() for found in _EMISSION.findall(_code(text.text))} & set(declared)
    if len(sent) == 1:
        return min(sent)
    raise UsageError(
        f"it is not clear which variable of synapse '{name}' is its weight",
        where=str(text),
        fix=f"call it 'w', or say it: codegen_opts={{'weight_variable': {{'{name}': …}}}}",
        code="NM293",
    )


def _delay(text: str) -> str | None:
    declared = _declared(text)
    return next((v for v in ("d", "delay") if declared.get(v) == "ms"), None)


def _declared(text: str) -> dict[str, str]:
    """Variable -> unit."""
    entries = [*declarations.state(text), *declarations.parameters(text)]
    return {entry["name"]: entry["unit"] for entry in entries}


def _code(text: str) -> str:
    return "\n".join(line.partition("#")[0] for line in text.splitlines())


def is_path(text: str) -> bool:
    """Whether a text stands for a file rather than for a name."""
    return text.endswith(".nestml") or os.sep in text


def _file(item: object) -> Readable | None:
    """The file or text that is given; None if it is a name, or nothing that we know."""
    if isinstance(item, str):
        if "\n" in item:
            return Text(item)
        return _existing(item) if is_path(item) else None
    if isinstance(item, os.PathLike):
        return _existing(os.fspath(item))
    return item if isinstance(item, Readable) else None


def _existing(path: str) -> Readable:
    file = Path(path).expanduser()
    if not file.is_file():
        what = "this is a folder" if file.is_dir() else "there is no such file"
        raise UsageError(what, where=path, fix="give the path of a NESTML file", code="NM292")
    return file


def _models(file: Readable) -> Iterator[tuple[Text, str]]:
    """Text and name of every model in a file."""
    text, shown = read_text(file), str(file)
    for name in models_in(text, shown):
        yield Text(alone(text, name), shown), name


__all__ = ["Given", "Request", "is_path", "is_synapse", "read"]
