"""Update of neurons of a class that follow each other, by one call (`neuromodels::Order`)."""

from __future__ import annotations

import re
from pathlib import Path

from neuromodels.nestml.rewriting import substitute

_UPDATE = r"""
void
\1::update( nest::Time const& origin, const long from, const long to )
{
  auto& inputs = neuromodels::Inputs::of< \1 >( get_thread() );\2
  const long origin_steps = origin.get_steps();
  const auto* steps = inputs.steps( from, to );
  const auto run = inputs.order().next( *this );
  // more than a cache holds: each is larger than what a processor fetches by itself
  const bool many = ( run.second - run.first ) * sizeof( \1 ) > ( 1 << 20 );
  const auto update = [ & ]( const neuromodels::Order::Member& neuron )
  {
    if ( not neuron.frozen )
    {
      static_cast< \1* >( neuron.node )
        ->__update_one( origin, from, to, origin_steps, neuron.logs, steps, neuron.place );
    }
  };
  for ( const auto* it = run.first; it != run.second; ++it )
  {
    if ( many and run.second - it > 4 )
    {
      const auto* later = static_cast< \1* >( it[ 4 ].node );
      neuromodels::prefetch_all( static_cast< const neuromodels::Receiver* >( later ), later + 1 );
    }
    update( *it );
  }
}

void
\1::__emit( nest::Time const& origin, const long lag )
{
  set_spiketime( nest::Time::step( origin.get_steps() + lag + 1 ) );
  neuromodels::emit( *this, is_observed(), lag );
}

inline void
\1::__update_one( nest::Time const& origin,
  const long from,
  const long to,
  const long origin_steps,
  const bool logs,
  const neuromodels::Inputs::Step* steps,
  const size_t place )
{"""

_CPP = (
    (
        (
            r"\nvoid (\w+)::update\(\s*nest::Time const ?& ?origin,"
            r"\s*const long from,\s*const long to\s*\)\s*\{"
            r"(\s*const neuromodels::FlushSubnormals flush_subnormals;)?"
        ),
        _UPDATE,
    ),
    (r"\n *const long origin_steps = origin\.get_steps\(\);(?=\n *for)", ""),
    (r"(B_\.logger_\.record_data\()", r"if ( logs )\n      \1"),
)
_H = (
    (
        r"(\n *)void update\(nest::Time const ?&, const long, const long\) override;",
        (
            r"\g<0>"
            r"\1__attribute__( ( noinline ) )"
            r"\1void __emit( const nest::Time&, const long );"
            r"\1void __update_one( const nest::Time&, const long, const long, const long, "
            r"const bool, const neuromodels::Inputs::Step*, const size_t );"
        ),
    ),
    (
        r"(::get_status\(DictionaryDatum& ?(\w+)\) const\s*\{)",
        r"\1\n  show();\n  \2[ nest::names::frozen ] = is_frozen();",
    ),
    (
        r"(::set_status\(const DictionaryDatum& ?\w+\)\s*\{)",
        r"\1\n  show();\n  ++neuromodels::settings();",
    ),
    (
        r"return (B_\.logger_\.connect_logging_device)",
        r"inputs().order().log( this );\n  return \1",
    ),
)


def update_in_runs(source: str, header: str, file: Path) -> tuple[str, str]:
    """Let the call for the first of several neurons update them all.

    Parameters
    ----------
    source, header : str
        C++ of a neuron with common `neuromodels::Inputs`.
    file : Path
        Named in errors.

    Returns
    -------
    (str, str)
        Changed source and header.

    Raises
    ------
    ModelError
        The generated code looks different.
    """
    what = "update neurons together"
    for pattern, replacement in _CPP:
        source = substitute(pattern, replacement, source, what, file)
    for pattern, replacement in _H:
        header = substitute(pattern, replacement, header, what, file)
    # in every neuron that spikes: out of the way of those that do not
    source = re.sub(
        r"set_spiketime\(nest::Time::step\(origin\.get_steps\(\) \+ lag \+ 1\)\);"
        r"\s*nest::SpikeEvent se;"
        r"\s*nest::kernel\(\)\.event_delivery_manager\.send\(\*this, se, lag\);",
        "__emit( origin, lag );",
        source,
    )
    return source, header
