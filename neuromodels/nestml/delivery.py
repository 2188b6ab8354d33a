"""Delivery of spikes through paired synapses, without what a synapse does not use.

Savings in the generated C++, with the same results to the last bit:

* A paired synapse knows the class of its target, so the spike goes there by a direct call instead
  of two virtual ones, and all targets of a source are served in one loop.
* A synapse that reads third factors only, and whose ``onReceive(post)`` does nothing, needs no
  history of postsynaptic spikes: neither does the neuron keep one for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from neuromodels.errors import ModelError


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


def receive_directly(source: str, header: str, file: Path) -> tuple[str, str]:
    """Give a neuron a function `receive` for spikes that its own synapses call without a detour.

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
    if "handle(nest::SpikeEvent &e)" not in source:
        return source, header
    found = re.search(
        r"\nvoid (\w+)::handle\(nest::SpikeEvent &e\)\n\{(.*?)\n\}", source, re.DOTALL
    )
    if found is None:
        raise _changed(file)
    cls, body = found.groups()
    body = _replace(r"#ifdef DEBUG.*?#endif", "", body, file)
    body = _replace(r"\n *assert\(e\.get_delay_steps\(\) > 0\);", "", body, file)
    body = _replace(r"\n *double weight = e\.get_weight\(\);", "", body, file)
    body = _replace(
        r"neuromodels::Arrival\( e \)\.slot\( e\.get_delay_steps\(\) \)", "slot", body, file
    )
    body = body.replace("e.get_rport()", "port").replace("e.get_multiplicity()", "multiplicity")
    if re.search(r"\be\.", body):
        raise _changed(file)
    source = source.replace(found[0], _RECEIVE.format(cls=cls, body=body))
    header = _replace(
        r"(\n *)void handle\(nest::SpikeEvent ?&\) override;",
        r"\1void receive( double weight, size_t port, size_t multiplicity, size_t slot ) override;"
        r"\g<0>",
        header,
        file,
    )
    return source, header


_RECEIVE = """
inline void __attribute__(( always_inline ))
{cls}::receive( double weight, const size_t port, const size_t multiplicity, const size_t slot )
{{{body}
}}

void
{cls}::handle( nest::SpikeEvent& e )
{{
  const size_t slot = neuromodels::Arrival( e ).slot( e.get_delay_steps() );
  receive( e.get_weight(), e.get_rport(), e.get_multiplicity(), slot );
}}
"""


def send_directly(text: str, file: Path, *, paired: bool, timed: bool) -> str:
    """Let a synapse hand the spikes that it emits to `receive` of its target, see `LOOP`.

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
    text = _replace(
        r"(\n *)bool(\n *)send\( Event& e, const nest_thread_t tid, (const \w+& cp) \)",
        lambda found: _SEND.format(
            cp=found[3],
            receiver=_PAIRED_RECEIVER if paired else _RECEIVER,
            slot=_PAIRED_SLOT.format(history=_HISTORY if timed else "") if paired else _SLOT,
        ),
        text,
        file,
    )
    return re.sub(
        r"(e\.set_rport\( get_rport\(\) \);\s*)e\(\);",
        r"\1" + (_PAIRED_EMIT if paired else _EMIT),
        text,
    )


_SEND = """
  void
  prefetch_receiver( const size_t tid, const neuromodels::Arrival& arrival ) const
  {{
    {receiver}
  }}

  void
  prefetch_slot( const size_t tid, const neuromodels::Arrival& arrival ) const
  {{
    {slot}
  }}

  bool
  send( Event& e, const nest_thread_t tid, {cp} )
  {{
    neuromodels::Arrival arrival( e );
    return send( e, tid, cp, arrival );
  }}

  bool
  send( Event& e, const nest_thread_t tid, {cp}, neuromodels::Arrival& arrival )"""

_RECEIVER = "arrival.prefetch_receiver( get_target( tid ) );"

_SLOT = "arrival.prefetch_slot( get_target( tid ) );"

_PAIRED_RECEIVER = """\
const auto* target = static_cast< const post_neuron_t* >( get_target( tid ) );
    const auto* receiver = static_cast< const neuromodels::Receiver* >( target );
    neuromodels::prefetch( receiver );
    neuromodels::prefetch( receiver + 1 ); // where the history is"""

_PAIRED_SLOT = """\
if ( const auto* target = static_cast< const post_neuron_t* >( get_target( tid ) ) )
    {{
      target->prefetch_slot( arrival.last_slot() );{history}
    }}"""

_HISTORY = "\n      target->prefetch_history();"

_PAIRED_EMIT = """\
if ( arrival.direct() )
        {
          __target->receive( e.get_weight(), get_rport(),
            static_cast< nest::SpikeEvent& >( e ).get_multiplicity(),
            arrival.slot( get_delay_steps() ) );
        }
        else
        {
          e();
        }"""

_EMIT = "arrival.deliver( e, __target, get_rport(), get_delay_steps() );"


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
    header = _replace(
        r"(\n *)(void get_history__\()",
        r"\1void prefetch_history() const { neuromodels::prefetch( history_.last() ); }\1\2",
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


def _code(text: str) -> str:
    """Text without comments and what is for debugging only."""
    text = re.sub(r"#ifdef DEBUG.*?#endif", "", text, flags=re.DOTALL)
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


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
    before = re.search(
        r"NESTML generated onReceive code block for presynaptic port.*?"
        r"state has now been fully updated to `__t_spike`",
        text,
        flags=re.DOTALL,
    )
    if not handlers or advance is None or before is None:
        return False
    idle = re.compile(r"(\s*S_\.(\w+) = S_\.\2;\s*)*")
    return (
        all(idle.fullmatch(_code(handler)) for handler in handlers)
        and "S_." not in _code(advance[1])
        and "timestep" not in _code(before[0])
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
  // how many targets ahead memory is asked for: first where an input is, then the input
  constexpr size_t far = 16;
  constexpr size_t near = 8;
  const size_t size = C_.size();
  neuromodels::Arrival arrival( e );
  arrival.{directly};
  for ( size_t i = lcid; i < std::min( lcid + far, size ); ++i )
  {{
    C_[ i ].prefetch_receiver( tid, arrival );
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
      if ( next + far < end )
      {{
        connection[ far ].prefetch_receiver( tid, arrival );
        connection[ near ].prefetch_slot( tid, arrival );
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
  return next - lcid;
}}
"""
"""Delivery to all targets of a source."""

DIRECTLY = {True: "go_direct()", False: "go_direct( C_[ lcid ].get_target( tid ) )"}
"""How `LOOP` reaches the targets of a synapse that is paired, and of one that is not."""
