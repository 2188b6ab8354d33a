"""What a caller says about models that come as files: pairs, and NESTML's own options."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from neuromodels.errors import UsageError

Solver = Literal["rk45", "forward-Euler"]
_SOLVERS = ("rk45", "forward-Euler")
#: Options of NESTML that we read, by the option's name.
_READ = frozenset(
    {
        "neuron_synapse_pairs",
        "synapse_models",
        "weight_variable",
        "delay_variable",
        "numeric_solver",
    }
)
#: Options of NESTML that change nothing where they have these values (None: any).
_GRANTED: Mapping[str, str | None] = {
    "continuous_state_buffering_method": "post_spike_based",
    "strictly_synaptic_vars": None,
    "neuron_models": None,
    "nest_version": None,
}


@dataclass
class Said:
    """What is said about the synapses of a call; each mapping is by the synapse's name.

    Attributes
    ----------
    neurons : dict
        Its postsynaptic neuron.
    post_ports : dict
        Its input port for postsynaptic spikes.
    third_factors : dict
        Its other input ports -> variables of the neuron.
    weights, delays : dict
        Its variable that is NEST's weight or delay.
    synapses : set
        Models that are called synapses.
    solver : "rk45", "forward-Euler" or None
        Numeric solver of the neurons.
    """

    neurons: dict[str, str] = field(default_factory=dict)
    post_ports: dict[str, str] = field(default_factory=dict)
    third_factors: dict[str, dict[str, str]] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)
    delays: dict[str, str] = field(default_factory=dict)
    synapses: set[str] = field(default_factory=set)
    solver: Solver | None = None

    @classmethod
    def read(cls, pairs: Mapping[str, str], codegen_opts: Mapping[str, Any]) -> Said:
        """Read both.

        Raises
        ------
        UsageError
            They are malformed, contradict each other, or want what neuromodels does not do.
        """
        said = cls()
        for name, value in codegen_opts.items():
            said._option(name, value)
        for synapse, neuron in _mapping(pairs, "pairs").items():
            said._pair(synapse, neuron)
        said.synapses |= {*said.neurons, *said.weights, *said.delays}
        return said

    def check(self, names: Collection[str]) -> None:
        """Refuse what is said about a model that is not among the files' models `names`."""
        for name in sorted(self.synapses):
            if name not in names:
                raise UsageError(
                    f"the pairs or options name '{name}', which is not a model of the given files",
                    fix=f"name one of {', '.join(sorted(names)) or 'those of a given file'}",
                    code="NM294",
                )

    def _option(self, name: str, value: Any) -> None:
        if name in _GRANTED:
            if _GRANTED[name] not in (None, value):
                raise UsageError(
                    f"option '{name}' can only be '{_GRANTED[name]}'",
                    fix="leave it out: third factors are read at the spikes of their neuron",
                    code="NM294",
                )
        elif name not in _READ:
            raise UsageError(
                f"NESTML's option '{name}' is not used by neuromodels",
                fix=f"leave it out; used are {', '.join(sorted(_READ))}",
                code="NM294",
            )
        elif name == "neuron_synapse_pairs":
            for pair in _sequence(value, name):
                self._neuron_synapse_pair(_mapping(pair, name))
        elif name == "synapse_models":
            self.synapses |= {str(synapse) for synapse in _sequence(value, name)}
        elif name == "numeric_solver":
            if value not in _SOLVERS:
                raise UsageError(
                    f"'{value}' is not a numeric solver",
                    code="NM294",
                    fix=f"choose from {', '.join(_SOLVERS)}",
                )
            self.solver = value
        else:
            into = self.weights if name == "weight_variable" else self.delays
            into.update(_mapping(value, name))

    def _neuron_synapse_pair(self, pair: Mapping[str, Any]) -> None:
        """``{"neuron": N, "synapses": {S: {"post_ports": [...]}}}``, or the older form of it."""
        neuron = pair.get("neuron")
        synapses = pair.get("synapses")
        if synapses is None and "synapse" in pair:
            ports = {k: v for k, v in pair.items() if k not in ("neuron", "synapse")}
            synapses = {pair["synapse"]: ports}
        if not isinstance(neuron, str) or not isinstance(synapses, Mapping):
            raise UsageError(
                "an entry of 'neuron_synapse_pairs' has no neuron or no synapses",
                fix='write {"neuron": "n", "synapses": {"s": {"post_ports": ["post_spikes"]}}}',
                code="NM294",
            )
        for synapse, ports in synapses.items():
            self._pair(synapse, neuron)
            unknown = {k for k, v in ports.items() if v} - {"post_ports"}
            if unknown:
                raise UsageError(
                    f"'{sorted(unknown)[0]}' of synapse '{synapse}' is not supported",
                    fix="deliver the signal as a variable of the neuron, listed in post_ports",
                    code="NM294",
                )
            for port in _sequence(ports.get("post_ports", ()), "post_ports"):
                if isinstance(port, str):
                    if self.post_ports.setdefault(synapse, port) != port:
                        raise UsageError(
                            f"synapse '{synapse}' has two ports for spikes of '{neuron}'",
                            code="NM294",
                        )
                else:
                    name, variable = port
                    self.third_factors.setdefault(synapse, {})[str(name)] = str(variable)

    def _pair(self, synapse: str, neuron: str) -> None:
        if self.neurons.setdefault(synapse, neuron) != neuron:
            raise UsageError(
                f"synapse '{synapse}' is paired with '{self.neurons[synapse]}' and with '{neuron}'",
                fix="give it a second name: SynapseModel(name=…, source=FILE, neuron=…)",
                code="NM294",
            )


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"'{what}' is not a mapping but {value!r}", code="NM294")
    return value


def _sequence(value: Any, what: str) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise UsageError(f"'{what}' is not a list but {value!r}", code="NM294")
    return value


__all__ = ["Said"]
