"""The C++ of a module: repairs of the generated code, and the one file that is compiled.

Repairs are text substitutions that must match; a generated file that looks different from what is
expected here stops the build, so that no protection is ever lost silently.
"""

from __future__ import annotations

import re
from pathlib import Path

from neuromodels.nestml import conditions, delivery, updates
from neuromodels.nestml.generate import Generated
from neuromodels.nestml.rewriting import closing, substitute


def repair_neuron(text: str, file: Path, *, decays: bool = True) -> str:
    """Keep two things out of the update loop: subnormal numbers, which make it ten times slower,
    unless there can be none, and the conversion of the slice's time for a logger that is rarely
    there.
    """
    if decays:
        text = substitute(
            r"(::update\(\s*nest::Time const ?& ?origin,"
            r"\s*const long from,\s*const long to\s*\)\s*\{)",
            r"\1\n  const neuromodels::FlushSubnormals flush_subnormals;",
            text,
            "insert the protection against subnormal numbers",
            file,
        )
    text = substitute(
        r"B_\.logger_\.record_data\(origin\.get_steps\(\) \+ lag\);",
        "B_.logger_.record_data( origin_steps + lag );",
        text,
        "find the logger",
        file,
    )
    return substitute(
        r"(\n *)for \( long lag = from ; lag < to ; \+\+lag \)",
        r"\1const long origin_steps = origin.get_steps();\g<0>",
        text,
        "find the update loop",
        file,
    )


# What `gather_spike_inputs` changes: pattern -> replacement.
_SPIKE_INPUTS_CPP = (
    (r"\n *, spike_inputs_\( [^\n]*", ""),
    (r"\n *, spike_inputs_grid_sum_\( [^\n]*", ""),
    (r"\n *, spike_input_received_\( [^\n]*", ""),
    (r"\n *, spike_input_received_grid_sum_\( [^\n]*", ""),
    (r"\n *get_spike_inputs_grid_sum_\(\)\.clear\(\);", ""),
    (r"\n *get_spike_input_received_\(\)\.clear\(\);", ""),
    (r"\n *get_spike_input_received_grid_sum_\(\)\.clear\(\);", ""),
    (r"\n *get_spike_inputs_\(\)\.clear\(\);", ""),
    (r"B_\.spike_inputs_\.resize\(NUM_SPIKE_RECEPTORS\);", "prepare_inputs( *this );"),
    (r"\n *B_\.spike_inputs_grid_sum_\.resize\(NUM_SPIKE_RECEPTORS\);", ""),
    (r"\n *B_\.spike_input_received_\.resize\(NUM_SPIKE_RECEPTORS\);", ""),
    (r"\n *B_\.spike_input_received_grid_sum_\.resize\(NUM_SPIKE_RECEPTORS\);", ""),
    (
        (
            r"for \(long i = 0; i < NUM_SPIKE_RECEPTORS; \+\+i\)\s*\{\s*"
            r"get_spike_inputs_grid_sum_\(\)\[i\] = "
            r"get_spike_inputs_\(\)\[i\]\.get_value\(lag\);\s*"
            r"get_spike_input_received_grid_sum_\(\)\[i\] = "
            r"get_spike_input_received_\(\)\[i\]\.get_value\(lag\);\s*\}"
        ),
        (
            "[[maybe_unused]] const auto received = "
            "steps[ lag ].take( place, B_.spike_inputs_grid_sum_ );"
        ),
    ),
)
_SPIKE_INPUTS_H = (
    (r"(class \w+ : public nest::ArchivingNode)\b", r"\1, public neuromodels::Receiver"),
    (r"std::vector< nest::RingBuffer > spike_inputs_;", ""),
    (
        r"std::vector< double > spike_inputs_grid_sum_;",
        "std::array< double, NUM_SPIKE_RECEPTORS > spike_inputs_grid_sum_ {};",
    ),
    (r"std::vector< nest::RingBuffer > spike_input_received_;", ""),
    (r"std::vector< double > spike_input_received_grid_sum_;", ""),
    # accessors that nothing calls any more
    (
        r"inline std::vector< nest::RingBuffer >& get_spike_input_received_\(\)\s*\{[^}]*\}",
        "",
    ),
    (
        r"inline std::vector< double >& get_spike_input_received_grid_sum_\(\)\s*\{[^}]*\}",
        "",
    ),
    (r"inline std::vector< nest::RingBuffer >& get_spike_inputs_\(\)\s*\{[^}]*\}", ""),
    (
        r"inline std::vector< double >& get_spike_inputs_grid_sum_\(\)",
        "inline auto& get_spike_inputs_grid_sum_()",
    ),
)


def gather_spike_inputs(source: str, header: str, file: Path) -> tuple[str, str]:
    """Give the neurons of a class common `neuromodels::Inputs` in place of ring buffers of each.

    Not a repair but a saving: half of a small neuron's time goes into reading buffers, two for each
    port, that are empty in nearly every step.  The sums are the same, but for the last bit of three
    or more weights: they do not depend on the order in which spikes come.
    """
    if "spike_inputs_" not in header:
        return source, header
    what = "replace the buffers of the spike ports"
    for pattern, replacement in _SPIKE_INPUTS_CPP:
        source = substitute(pattern, replacement, source, what, file)
    for pattern, replacement in _SPIKE_INPUTS_H:
        header = substitute(pattern, replacement, header, what, file)
    # not in every neuron: what handles spikes when they come
    source = source.replace("B_.spike_input_received_grid_sum_[", "received[")
    # the header of one with a single port has none
    sizes = r"\n *assert\([^\n]*spike_inputs_\.size\(\)[^\n]*"
    return re.sub(sizes, "", source), re.sub(sizes, "", header)


def keep_internals(text: str) -> str:
    """Take out of a neuron the new calculation of its internals, twice, at each of its spikes.

    Nothing to be calculated lies between the two, and internals that depend on parameters alone are
    as they were.
    """
    if not conditions.internals_are_settled(text):
        return text
    return re.sub(
        r"\n *const double old___h = V_\.__h;\s*V_\.__h = t_sp_ms - last_spike_;"
        r"\s*if \(V_\.__h > 1E-12\)\s*\{\s*recompute_internal_variables\(true\);"
        r"\s*V_\.__h = old___h;\s*recompute_internal_variables\(true\);\s*\}",
        "",
        text,
    )


def take_square_roots(text: str) -> str:
    """Replace a power of one half by the square root, which takes a tenth of its time."""
    for call in reversed([*re.finditer(r"(?<![\w:.])pow\(", text)]):
        end = closing(text, call.end() - 1)
        comma = text.rfind(",", call.end(), end)
        if text[comma + 1 : end - 1].strip() == "0.5":
            root = f"std::sqrt({text[call.end() : comma]})"
            text = text[: call.start()] + root + text[end:]
    return text


def gather_history(text: str) -> str:
    """Give a neuron with paired synapses, or such a synapse, `neuromodels::History` for deques."""
    return re.sub(r"std::deque< (histentry__\w+) >", r"neuromodels::History< \1 >", text)


def repair_synapse(text: str, file: Path, *, name: str, neuron: str | None) -> str:
    """Throw instead of ending the process, and leave registration and access to the module.

    NESTML's check of the postsynaptic neuron prints a line and calls ``exit(1)``.  Its registration
    function would instantiate three variants of the synapse.  State variables, and functions that
    read and set them, are private.

    A synapse without a paired neuron registers as a reader of its target's spikes and never reads
    them: a target that has paired synapses too would keep every spike for ever.
    """
    if neuron is not None:
        text = substitute(
            r"std::cerr << \"wrong type of neuron connected![^;]*;\s*exit\(1\);",
            f'throw nest::IllegalConnection( "synapse model {name} only connects to '
            f'neurons of model {neuron}" );',
            text,
            "replace the process exit on a wrong neuron",
            file,
        )
    else:
        text = substitute(
            r"\n *t\.register_stdp_connection\([^;]*;",
            "",
            text,
            "register no reader of spikes that reads none",
            file,
        )
    text = substitute(
        r"\n\s*register_connection_model< *\w+ *>\( *name *\);",
        "\n",
        text,
        "take over the registration of the synapse",
        file,
    )
    return substitute(
        r"(\n *)(double t_lastspike_;)", r"\1public:\1\2", text, "find the synapse's state", file
    )


def use_plain_names(text: str, names: dict[str, str]) -> str:
    """Put plain model names into string literals, which are messages to the user."""
    literal = re.compile(r"^(?!\s*#include)(.*)$", re.MULTILINE)

    def plain(line: re.Match[str]) -> str:
        result = line.group(0)
        if '"' in result:
            for generated, name in names.items():
                result = re.sub(rf'(["\' ]){generated}(["\' .]|:(?!:))', rf"\1{name}\2", result)
        return result

    return literal.sub(plain, text)


_MODULE = """\
#include "neuromodels_module.h"
{includes}

{reveals}

class {module} : public nest::NESTExtensionInterface
{{
public:
  void initialize() override;
}};

{module} {module}_LTX_module;

void
{module}::initialize()
{{
{registrations}
}}

{readers}
"""

_REVEAL = """\
using connection_{i} = nest::{cls}::{cls}< neuromodels::Target >;
template struct neuromodels::Reveal< neuromodels::ConnectionsTag< connection_{i} >,
  &nest::Connector< connection_{i} >::C_ >;
template struct neuromodels::Reveal< neuromodels::RegisterTag< connection_{i} >,
  static_cast< void ( nest::ModelManager::* )( const std::string& ) >(
    &nest::ModelManager::register_specific_connection_model_< connection_{i} > ) >;
"""

_READERS = """\
extern "C" long
neuromodels_weight_sums_{name}( const long syn_id,
  const long capacity,
  neuromodels::WeightSums* sums )
{{
  return neuromodels::weight_sums< connection_{i} >( syn_id, capacity, sums );
}}

extern "C" long
neuromodels_copy_weights_{name}( const long syn_id,
  const long capacity,
  double* weights,
  long* targets )
{{
  return neuromodels::copy_weights< connection_{i} >( syn_id, capacity, weights, targets );
}}
"""

_ACCESS = """\
static const neuromodels::Variable< {cls} > variables_{name}[] = {{
{variables}
}};

extern "C" long
neuromodels_access_{name}( const char* name,
  const int set,
  const long {first},
  const {second},
  double* values )
{{
  return neuromodels::access_{what}( variables_{name}, name, set, {arguments}, values );
}}
"""

_VARIABLE = """\
  {{ "{name}",
    []( const {cls}& owner ) -> double {{ return owner.get_{name}(); }},
    []( {cls}& owner, const double value ) {{ owner.set_{name}( value ); }} }},"""

_LAST_UPDATE = """\
  {{ "t_last_update",
    []( const {cls}& owner ) -> double {{ return owner.t_lastspike_; }},
    nullptr }},"""


def _variables(header: str, cls: str) -> list[str]:
    """C++ for the scalar parameters and state variables that a model's set_status takes."""
    assigned = set(re.findall(r"\n *set_(\w+)\(tmp_\1\);", header))
    typed = re.findall(r"inline void set_(\w+)\(const (?:double|long|bool) __v\)", header)
    return [_VARIABLE.format(name=name, cls=cls) for name in sorted(assigned.intersection(typed))]


def _access_neurons(header: str, cls: str, neuron: str) -> str:
    variables = _variables(header, cls)
    if not variables:
        return ""
    return _ACCESS.format(
        cls=cls,
        name=neuron,
        variables="\n".join(variables),
        what="values",
        first="n",
        second="long* ids",
        arguments="n, ids",
    )


def _access_connections(header: str, connection: str, synapse: str, *, timed: bool) -> str:
    last = [_LAST_UPDATE.format(cls=connection)] if timed else []
    return _ACCESS.format(
        cls=connection,
        name=synapse,
        variables="\n".join([*_variables(header, connection), *last]),
        what="connections",
        first="syn_id",
        second="long capacity",
        arguments="syn_id, capacity",
    )


def write_module(
    generated: Generated, module: str, neuron: str | None, paired: dict[str, bool]
) -> Path:
    """Repair the generated files in place and write the file that includes them all.

    One translation unit: NEST's headers are parsed once (5 s each time otherwise).

    Parameters
    ----------
    generated : Generated
    module : str
        Name of the module; NEST wants the shared object to be called the same.
    neuron : str or None
        Plain name of the neuron.
    paired : dict
        Plain name of each synapse -> whether it is paired with `neuron`.

    Returns
    -------
    Path
        The ``.cpp`` file to compile.
    """
    includes: list[str] = []
    registrations: list[str] = []
    readers: list[str] = []
    if generated.neuron_class is not None:
        file = generated.directory / f"{generated.neuron_class}.cpp"
        header = file.with_suffix(".h")
        text = repair_neuron(file.read_text(), file, decays=generated.decays)
        declarations = header.read_text()
        if re.search(r"\bhandle\(nest::SpikeEvent ?&", declarations):  # it takes spikes
            text, declarations = delivery.receive(text, declarations, file)
            text, declarations = gather_spike_inputs(text, declarations, file)
            text, declarations = updates.update_in_runs(text, declarations, file)
            text = conditions.look_once(text, file)
        text, declarations = delivery.look_back_quickly(text, declarations, file)
        text = take_square_roots(keep_internals(text))
        header.write_text(gather_history(declarations))
        file.write_text(use_plain_names(gather_history(text), generated.plain_names))
        includes.append(file.name)
        registrations.append(f'  register_{generated.neuron_class}( "{neuron}" );')
        readers.append(_access_neurons(declarations, generated.neuron_class, str(neuron)))
    reveals: list[str] = []
    for i, (name, cls) in enumerate(sorted(generated.synapse_classes.items())):
        file = generated.directory / f"{cls}.h"
        of = neuron if paired[name] else None
        text = repair_synapse(file.read_text(), file, name=name, neuron=of)
        timeless = of is not None and delivery.ignores_post_spikes(text)
        if timeless:
            text = delivery.forget_post_spikes(text, file)
        relays = timeless and delivery.only_relays(text)
        reveals.append(_REVEAL.format(i=i, cls=cls))
        text = delivery.send_directly(text, file, paired=of is not None, timed=not timeless)
        text = delivery.remember(text, file)
        if relays:
            text = delivery.line_up(text, file)
        rows = delivery.ROWS.format(i=i) if relays else ""
        reveals.append(delivery.LOOP.format(i=i, rows=rows))
        file.write_text(use_plain_names(gather_history(text), generated.plain_names))
        includes.append(file.name)
        readers.append(_READERS.format(i=i, name=name))
        readers.append(_access_connections(text, f"connection_{i}", name, timed=not timeless))
        registrations.append(
            "  ( nest::kernel().model_manager.*reveal( "
            f'neuromodels::RegisterTag< connection_{i} >() ) )( "{name}" );'
        )
    path = generated.directory / f"{module}.cpp"
    path.write_text(
        _MODULE.format(
            module=module,
            includes="\n".join(f'#include "{name}"' for name in includes),
            reveals="\n".join(reveals),
            registrations="\n".join(registrations),
            readers="\n".join(readers),
        )
    )
    return path
