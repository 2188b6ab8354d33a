"""Delivery of spikes through paired synapses, without what a synapse does not use.

Savings in the generated C++, with the same results to the last bit:

* A synapse adds the weight of a spike to the inputs of its target (`neuromodels::Inputs`), whose
  place it knows, instead of sending an event; all targets of a source are served in one loop.
* A synapse that reads third factors only, and whose ``onReceive(post)`` does nothing, needs no
  history of postsynaptic spikes: neither does the neuron keep one for it.
* A synapse that does nothing but pass its weight on is not looked at: the weights of a source lie
  side by side (`neuromodels::Rows`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from neuromodels.errors import ModelError
from neuromodels.nestml.rewriting import code


def _changed(file: Path) -> ModelError:
    return ModelError(
        "the generated C++ has changed: cannot shorten the delivery of spikes",
        where=str(file),
        fix="use a NESTML version that neuromodels supports",
    )


def _replace(
    pattern: str,
    replacement: str | Callable[[re.Match[str]], str],
    text: str,
    file: Path,
    *,
    count: int = 1,
) -> str:
    result, found = re.subn(pattern, replacement, text, flags=re.DOTALL)
    if found != count:
        raise _changed(file)
    return result


def _loosely(text: str) -> str:
    """Pattern for a piece of C++, whatever white space and comments are in it."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return r"(?:\s|//[^\n]*\n)*".join(re.escape(token) for token in tokens)


_BUFFER = """\
  if ( weight >= 0.0 )
  {
    nestml_buffer_idx = std::get<0>(rport_to_nestml_buffer_idx[e.get_rport()]);
  }
  else
  {
    nestml_buffer_idx = std::get<1>(rport_to_nestml_buffer_idx[e.get_rport()]);
    if ( nestml_buffer_idx != CLASS::PORT_NOT_AVAILABLE )
    {
      weight = -weight;
    }
    else
    {
      nestml_buffer_idx = std::get<0>(rport_to_nestml_buffer_idx[e.get_rport()]);
    }
  }
"""

_ADD = """\
  B_.spike_inputs_[ nestml_buffer_idx - MIN_SPIKE_RECEPTOR ].add_value(
    e.get_rel_delivery_steps( nest::kernel().simulation_manager.get_slice_origin() ),
    weight * e.get_multiplicity() );
  B_.spike_input_received_[ nestml_buffer_idx - MIN_SPIKE_RECEPTOR ].add_value(
    e.get_rel_delivery_steps( nest::kernel().simulation_manager.get_slice_origin() ),
    1. );
"""

_HANDLE = """
void
{cls}::enlist()
{{
  std::vector< neuromodels::Inputs::Port > ports;
  {ports}
  enlist_as( this, NUM_SPIKE_RECEPTORS, std::move( ports ) );
}}

void
{cls}::handle( nest::SpikeEvent& e )
{{
  inputs().add( neuromodels::Arrival::slot( e ),
    e.get_rport(),
    place(),
    e.get_weight() * e.get_multiplicity() );
}}
"""

_PORTS = """\
for ( const auto& [ positive, negative ] : rport_to_nestml_buffer_idx )
  {
    const bool two = negative != static_cast< int >( PORT_NOT_AVAILABLE );
    ports.push_back( { positive - MIN_SPIKE_RECEPTOR,
      two ? negative - MIN_SPIKE_RECEPTOR : neuromodels::Inputs::NONE } );
  }"""

_ONE_PORT = "ports.push_back( { 0, neuromodels::Inputs::NONE } );"


def receive(source: str, header: str, file: Path) -> tuple[str, str]:
    """Make a neuron a `neuromodels::Receiver`, to whose inputs synapses add without a call.

    Parameters
    ----------
    source, header : str
        C++ of the neuron.
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
    buffer = _loosely(_BUFFER).replace("CLASS", r"\w+")
    source = _replace(
        r"\nvoid (\w+)::handle\(nest::SpikeEvent ?&e\)\s*\{\s*(?:#ifdef DEBUG.*?#endif)?"
        r"(?:\s*assert\([^\n]*)*\s*double weight = e\.get_weight\(\);"
        r"\s*size_t nestml_buffer_idx = 0;"
        rf"\s*({buffer})?\s*{_loosely(_ADD)}\s*\}}",
        lambda found: _HANDLE.format(cls=found[1], ports=_PORTS if found[2] else _ONE_PORT),
        source,
        file,
    )
    header = _replace(
        r"(\n *)void handle\(nest::SpikeEvent ?&\) override;",
        r"\1void enlist() override;\g<0>",
        header,
        file,
    )
    return source, header


def send_directly(text: str, file: Path, *, paired: bool, timed: bool) -> str:
    """Let a synapse add the spikes that it emits to the inputs of its target, see `LOOP`.

    Parameters
    ----------
    text : str
        C++ of the synapse.
    file : Path
        Named in errors.
    paired : bool
        Whether it knows the class of its target.
    timed : bool
        Whether it reads the history of its target's spikes.
    """
    factors = paired and re.search(r"\(\(post_neuron_t\*\)\(__target\)\)->get_", text)
    far = [_SPIKES] if paired and timed else []
    far += [_FACTORS] if factors else []
    text = _replace(
        r"(\n *)bool(\n *)send\( Event& e, const nest_thread_t tid, (const \w+& cp) \)",
        lambda found: _SEND.format(
            cp=found[3],
            target=_TARGET if far else "",
            far="".join(far),
            near=_TARGET + _HISTORY if paired and timed else "",
        ),
        text,
        file,
    )
    return _replace(
        rf"{_loosely(_RECEIVER)}(.*?)"
        rf"\n *e\.set_weight\( ([^\n]*) \);(?:\s|//[^\n]*\n)*{_loosely(_EVENT)}",
        _EMIT,
        text,
        file,
        count=text.count("// begin generated code for emit_spike() function"),
    )


_SEND = """
  void
  prefetch_target( const size_t tid ) const
  {{{target}{far}
  }}

  void
  prefetch_input( const size_t tid, const neuromodels::Arrival& arrival ) const
  {{
    arrival.prefetch_input( this->target_ );{near}
  }}

  bool
  send( Event& e, const nest_thread_t tid, {cp} )
  {{
    neuromodels::Arrival arrival( e );
    return send( e, tid, cp, arrival );
  }}

  bool
  send( Event& e, const nest_thread_t tid, {cp}, neuromodels::Arrival& arrival )"""

_TARGET = "\n    const auto* target = static_cast< const post_neuron_t* >( get_target( tid ) );"

_SPIKES = "\n    target->prefetch_spikes();"

_FACTORS = "\n    target->prefetch_factors();"

_HISTORY = "\n    target->prefetch_history();"

_RECEIVER = "e.set_receiver( *__target );"

_EVENT = "e.set_delay_steps( get_delay_steps() ); e.set_rport( get_rport() ); e();"

_EMIT = r"""\1
      {
        const double __emitted = \2;
        if ( not arrival.deliver( this->target_, __emitted, get_delay_steps() ) )
        {
          e.set_receiver( *__target );
          e.set_weight( __emitted );
          e.set_delay_steps( get_delay_steps() );
          e.set_rport( get_rport() );
          e();
        }
      }"""


def look_back_quickly(source: str, header: str, file: Path) -> tuple[str, str]:
    """Let a neuron say that it has not spiked lately without a look into its history.

    Parameters
    ----------
    source, header : str
        C++ of the neuron.
    file : Path
        Named in errors.
    """
    if "::get_history__(" not in source:
        return source, header
    source = _replace(
        r"(\*finish = history_\.end\(\);\s*if \( history_\.empty\(\))( \))",
        r"\1\n    // the last entry is the last spike\n"
        r"    or last_spike_ < t1 + nest::kernel().connection_manager.get_stdp_eps()\2",
        source,
        file,
    )
    variables = re.search(r"\n *struct State_\s*\{(.*?)\n *State_\(", header, re.DOTALL)
    factors = [
        f"neuromodels::prefetch( &S_.{name} ); "
        for name in re.findall(
            r"\n *double get_(\w+)\( double t, const bool before_increment", header
        )
        if variables and re.search(rf"\bdouble {name};", variables[1])
    ]
    header = _replace(
        r"(\n *)(void get_history__\()",
        r"\1void prefetch_spikes() const { neuromodels::prefetch( &last_spike_ ); }"
        r"\1void prefetch_history() const { neuromodels::prefetch( history_.last() ); }"
        rf"\1void prefetch_factors() const {{ {''.join(factors)}}}\1\2",
        header,
        file,
    )
    return source, header


def remember(text: str, file: Path) -> str:
    """Calculate a power or exponential of a synapse once for all targets of a source.

    Most of them have seen the same presynaptic spikes, so that the arguments are the same.

    Parameters
    ----------
    text : str
        C++ of the synapse, which `send_directly` has given an `Arrival`.
    file : Path
        Named in errors.
    """
    text = re.sub(
        r"(update_internal_state_\([^;{]*?(& cp|\bcp))\)",
        lambda found: (
            found[1] + (", neuromodels::Arrival& arrival)" if "&" in found[2] else ", arrival)")
        ),
        text,
    )
    places = iter(range(8))  # as many as an Arrival has

    def once(found: re.Match[str]) -> str:
        place = next(places, None)
        return found[0] if place is None else f"arrival.{found[1]}< {place} >( "

    def body(found: re.Match[str]) -> str:
        return re.sub(r"(?<![\w.:])(?:std::)?(exp|pow)\(", once, found[0])

    for part in (
        r"neuromodels::Arrival& arrival \)\n *\{.*?\n  \}\n",
        r"::update_internal_state_\(double.*?\n\}\n",
    ):
        text = _replace(part, body, text, file)
    return text


_ON_PRE = re.compile(
    r"NESTML generated onReceive code block for presynaptic port[^/]*/(.*?)"
    r"state has now been fully updated to `__t_spike`",
    flags=re.DOTALL,
)
"""What a synapse does at a presynaptic spike, in its group."""


def ignores_post_spikes(text: str) -> bool:
    """Whether nothing in a paired synapse depends on when its target has spiked, or on time.

    Its ``onReceive(post)`` only says ``w = w`` (NESTML wants it), and it has no ``update`` block,
    no equations, and no ``timestep()``.
    """
    handlers = re.findall(
        r"NESTML generated onReceive code block for postsynaptic port[^/]*/(.*?)(?:/\*\*|\})",
        text,
        flags=re.DOTALL,
    )
    advance = re.search(r"::update_internal_state_\([^)]*\)\s*\{(.*)", text, flags=re.DOTALL)
    before = _ON_PRE.search(text)
    if not handlers or advance is None or before is None:
        return False
    idle = re.compile(r"(\s*S_\.(\w+) = S_\.\2;\s*)*")
    return (
        all(idle.fullmatch(code(handler)) for handler in handlers)
        and "S_." not in code(advance[1])
        and "timestep" not in code(before[0])
        and "V_." not in re.sub(r"V_\.__h\b", "", text)
    )


def forget_post_spikes(text: str, file: Path) -> str:
    """Take the history of postsynaptic spikes out of a synapse that `ignores_post_spikes`.

    With it go the times of its last spike and of its step: a connection is 24 bytes smaller.
    """
    text = _replace(r"\n *t\.register_stdp_connection\([^;]*;", "", text, file)
    text = _replace(
        r"\n *double timestep = 0;\n.*?"
        r"(?=\n *const double _tr_t = __t_spike - __dendritic_delay;)",
        "",
        text,
        file,
    )
    text = _replace(r"\n *if \(pre_before_post_flag\)\n *\{.*?\n    \}", "", text, file)
    text = _replace(
        r"\n *double __timestep;[^\n]*\n\s*if \(t_lastspike_ < 0\.\).*?else\s*\{.*?\}",
        "",
        text,
        file,
    )
    text = _replace(r"\n *if \(t_lastspike_ < 0\.\)\s*\{.*?\}", "", text, file)
    text = re.sub(r"\n *(public:\s*)?double t_lastspike_;", "\npublic:", text)
    text = re.sub(r"\n *t_lastspike_ = [^;]*;", "", text)
    text = re.sub(r"\n *(V_\.__h = [^;]*|assert\(V_\.__h > 0\)|double __h);", "", text)
    return re.sub(
        r"\n( *)(Parameters_|Variables_)( +[PV]_;)", r"\n\1[[no_unique_address]] \2\3", text
    )


def only_relays(text: str) -> bool:
    """Whether a synapse does nothing but pass its weight on, after `forget_post_spikes`."""
    received = _ON_PRE.search(text)
    weight = re.search(r"get_weight\(\) const\s*\{\s*return (S_\.\w+);", text)
    if received is None or weight is None:
        return False
    emission = _loosely(_RECEIVER + f"e.set_weight( {weight[1]} );" + _EVENT)
    return (
        re.fullmatch(rf"\s*{emission}\s*\}}\s*(/\*.*)?", code(received[1]), re.DOTALL) is not None
    )


def line_up(text: str, file: Path) -> str:
    """Let a synapse that `only_relays` take part in `neuromodels::Rows`, see `ROWS`."""
    text = _replace(
        r"::set_status\( const DictionaryDatum& __d,\s*ConnectorModel& cm \)\s*\{",
        r"\g<0>\n  ++neuromodels::changes();",
        text,
        file,
    )
    weight = re.search(r"get_weight\(\) const\s*\{\s*return S_\.(\w+);", text)
    if weight is None:
        raise _changed(file)
    name = weight[1]
    text = _replace(
        rf"(struct State_\s*\{{[^}}]*?)\bdouble {name};",
        rf"\1neuromodels::Weight {name};",
        text,
        file,
    )
    text = re.sub(rf"(__d\[[^;]*\] = )S_\.{name};", r"\1get_weight();", text)
    return _replace(
        r"(\n *)(inline double get_weight\(\) const)",
        rf'\1static constexpr const char* WEIGHT = "{name}";'
        rf"\1neuromodels::Weight& weight() {{ return S_.{name}; }}"
        r"\1const neuromodels::Target& to() const { return this->target_; }\1\2",
        text,
        file,
    )


ROWS = """\

  if ( not recorded )
  {{
    auto& rows = neuromodels::Rows< connection_{i} >::of( tid, syn_id_ );
    const auto* row = rows.find( lcid, C_ );
    if ( row and arrival.deliver_row( row->to, row->weights, row->n, row->delay ) )
    {{
      return row->n;
    }}
  }}"""
"""What `LOOP` begins with for a synapse that `only_relays`."""

LOOP = """\
template <>
size_t
nest::Connector< connection_{i} >::send( const size_t tid,
  const size_t lcid,
  const std::vector< nest::ConnectorModel* >& models,
  nest::Event& e )
{{
  if ( not connection_{i}::supports_flush_event and e.is_flush_event() )
  {{
    return 0;
  }}
  using Model = nest::GenericConnectorModel< connection_{i} >;
  const auto& common = static_cast< Model* >( models[ syn_id_ ] )->get_common_properties();
  const bool recorded = common.get_weight_recorder();
  // how many targets ahead memory is asked for: of the connection, of the target, and of its inputs
  constexpr size_t far = 16;
  constexpr size_t near = 8;
  constexpr size_t farthest = far + 1024 / sizeof( connection_{i} );
  const size_t size = C_.size();
  // a source likely has as many targets as the last one: no memory is asked for far behind them
  static thread_local size_t usual = farthest;
  const size_t last = std::min( lcid + usual + usual / 4, size );
  neuromodels::Arrival arrival( e );
  if ( not recorded )
  {{
    arrival.go_direct( e );
  }}{rows}
  for ( size_t i = lcid; i < std::min( lcid + farthest, last ); ++i )
  {{
    neuromodels::prefetch( &C_[ i ] );
  }}
  for ( size_t i = lcid; i < std::min( lcid + far, last ); ++i )
  {{
    C_[ i ].prefetch_target( tid );
  }}
  size_t next = lcid;
  bool more = true;
  while ( more )
  {{
    // a block of connections is one piece of memory
    connection_{i}* connection = &C_[ next ];
    const size_t end = std::min< size_t >( ( next | max_block_size_sub_1 ) + 1, size );
    for ( ; more and next < end; ++next, ++connection )
    {{
      if ( next + farthest < last )
      {{
        neuromodels::prefetch( connection + farthest );
      }}
      if ( next + far < std::min( end, last ) )
      {{
        connection[ far ].prefetch_target( tid );
        connection[ near ].prefetch_input( tid, arrival );
      }}
      more = connection->source_has_more_targets();
      if ( connection->is_disabled() )
      {{
        continue;
      }}
      e.set_port( next );
      if ( connection->send( e, tid, common, arrival ) and recorded )
      {{
        send_weight_event( tid, next, e, common );
      }}
    }}
  }}
  usual = next - lcid;
  return usual;
}}
"""
"""Delivery to all targets of a source."""
