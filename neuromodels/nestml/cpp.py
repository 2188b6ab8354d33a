"""The C++ of a module: repairs of the generated code, and the one file that is compiled.

Repairs are text substitutions that must match; a generated file that looks different from what is
expected here stops the build, so that no protection is ever lost silently.
"""

from __future__ import annotations

import re
from pathlib import Path

from neuromodels.errors import ModelError
from neuromodels.nestml.generate import Generated


def _substitute(pattern: str, replacement: str, text: str, what: str, file: Path) -> str:
    result, count = re.subn(pattern, replacement, text)
    if count == 0:
        raise ModelError(
            f"the generated C++ has changed: cannot {what}",
            where=str(file),
            fix="use a NESTML version that neuromodels supports",
        )
    return result


def repair_neuron(text: str, file: Path) -> str:
    """Keep subnormal numbers out of the update loop (toolchain defect: 10-fold slowdown)."""
    return _substitute(
        r"(::update\(\s*nest::Time const ?& ?origin,\s*const long from,\s*const long to\s*\)\s*\{)",
        r"\1\n  const neuromodels::FlushSubnormals flush_subnormals;",
        text,
        "insert the protection against subnormal numbers",
        file,
    )


def repair_synapse(text: str, file: Path, *, name: str, neuron: str | None) -> str:
    """Throw instead of ending the process, and leave registration to the module.

    NESTML's check of the postsynaptic neuron prints a line and calls ``exit(1)``.  Its registration
    function would instantiate three variants of the synapse.
    """
    if neuron is not None:
        text = _substitute(
            r"std::cerr << \"wrong type of neuron connected![^;]*;\s*exit\(1\);",
            f'throw nest::IllegalConnection( "synapse model {name} only connects to '
            f'neurons of model {neuron}" );',
            text,
            "replace the process exit on a wrong neuron",
            file,
        )
    return _substitute(
        r"\n\s*register_connection_model< *\w+ *>\( *name *\);",
        "\n",
        text,
        "take over the registration of the synapse",
        file,
    )


def use_plain_names(text: str, names: dict[str, str]) -> str:
    """Put plain model names into string literals, which are messages to the user."""
    literal = re.compile(r"^(?!\s*#include)(.*)$", re.MULTILINE)

    def plain(line: re.Match[str]) -> str:
        result = line.group(0)
        if '"' in result:
            for generated, name in names.items():
                result = re.sub(rf'(["\' ]){generated}(["\' :.])', rf"\1{name}\2", result)
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
using connection_{i} = nest::{cls}::{cls}< nest::TargetIdentifierPtrRport >;
template struct neuromodels::Reveal< neuromodels::ConnectionsTag< connection_{i} >,
  &nest::Connector< connection_{i} >::C_ >;
template struct neuromodels::Reveal< neuromodels::RegisterTag< connection_{i} >,
  static_cast< void ( nest::ModelManager::* )( const std::string& ) >(
    &nest::ModelManager::register_specific_connection_model_< connection_{i} > ) >;
"""

_READERS = """\
extern "C" long
neuromodels_weight_sums_{name}( const long syn_id, double* sums )
{{
  return neuromodels::weight_sums< connection_{i} >( syn_id, sums );
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
    if generated.neuron_class is not None:
        file = generated.directory / f"{generated.neuron_class}.cpp"
        text = repair_neuron(file.read_text(), file)
        file.write_text(use_plain_names(text, generated.plain_names))
        includes.append(file.name)
        registrations.append(f'  register_{generated.neuron_class}( "{neuron}" );')
    reveals: list[str] = []
    readers: list[str] = []
    for i, (name, cls) in enumerate(sorted(generated.synapse_classes.items())):
        file = generated.directory / f"{cls}.h"
        of = neuron if paired[name] else None
        text = repair_synapse(file.read_text(), file, name=name, neuron=of)
        file.write_text(use_plain_names(text, generated.plain_names))
        includes.append(file.name)
        reveals.append(_REVEAL.format(i=i, cls=cls))
        readers.append(_READERS.format(i=i, name=name))
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
