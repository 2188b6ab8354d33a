/* Delivery of spikes to neurons of neuromodels.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connection.h"
#include "connection_manager.h"
#include "connector_model.h"
#include "event.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "neuromodels_inputs.h"
#include "neuromodels_memory.h"
#include "neuromodels_reveal.h"
#include "target_identifier.h"

namespace neuromodels
{

/* The target of a synapse, as nest::TargetIdentifierPtrRport, which also knows where the inputs of a
 * neuron of neuromodels are, so that the neuron itself needs not be looked at. */
class Target
{
public:
  void
  get_status( Dictionary& d ) const
  {
    if ( to_ ) // a synapse's prototype has no target
    {
      d[ nest::names::rport ] = static_cast< long >( get_rport() );
      d[ nest::names::target ] = static_cast< long >( get_target_ptr( 0 )->get_node_id() );
    }
  }

  nest::Node*
  get_target_ptr( const size_t ) const
  {
    const Inputs* of = inputs();
    return of ? of->node( place_ ) : reinterpret_cast< nest::Node* >( to_ );
  }

  size_t
  get_rport() const
  {
    return port_ == NO_PORT ? nest::invalid_port : port_;
  }

  void
  set_target( nest::Node* node )
  {
    if ( auto* receiver = dynamic_cast< Receiver* >( node ) )
    {
      to_ = reinterpret_cast< std::uintptr_t >( &receiver->inputs() ) | 1;
      place_ = receiver->place();
    }
    else
    {
      to_ = reinterpret_cast< std::uintptr_t >( node );
      place_ = 0;
    }
  }

  void
  set_rport( const size_t port )
  {
    port_ = port == nest::invalid_port ? NO_PORT : port;
    if ( port_ != port and port != nest::invalid_port )
    {
      throw nest::IllegalConnection( "receptor types of targets cannot be this large" );
    }
  }

  //! Null if the target is not a neuron of neuromodels.
  Inputs*
  inputs() const
  {
    return to_ & 1 ? reinterpret_cast< Inputs* >( to_ & ~std::uintptr_t( 1 ) ) : nullptr;
  }

  size_t
  place() const
  {
    return place_;
  }

  //! Whether a spike goes elsewhere if its weight is below 0.
  bool
  tells_signs() const
  {
    return inputs()->port( port_ ).negative != Inputs::NONE;
  }

  //! The same for targets whose inputs through the same port are together.
  bool
  like( const Target& other ) const
  {
    return to_ == other.to_ and port_ == other.port_;
  }

private:
  static constexpr std::uint32_t NO_PORT = -1;

  std::uintptr_t to_ = 0; // an odd address is that of Inputs, another one that of a node
  std::uint32_t place_ = 0;
  std::uint32_t port_ = 0;
};

/* One spike on its way to all targets of its source, and what is the same for many of them. */
class Arrival
{
public:
  explicit Arrival( const nest::Event& e )
    : begin_( e.get_stamp().get_steps() - 1 - nest::kernel().simulation_manager.get_slice_origin().get_steps() )
  {
  }

  //! Index of the step of arrival after a delay (in steps) in the buffers of a target.
  static size_t
  slot( const nest::Event& e )
  {
    return Arrival( e ).slot( e.get_delay_steps() );
  }

  /* Targets may be handed the spike without its event.  Not one from a device, which may have other
   * spikes for each target: its event asks for them. */
  void
  go_direct( const nest::Event& e )
  {
    direct_ = true;
    multiplicity_ = static_cast< const nest::SpikeEvent& >( e ).get_multiplicity();
  }

  //! Hand the spike on to a target; false if its event has to be sent.
  bool
  deliver( const Target& target, const double weight, const long delay )
  {
    if ( not( target.like( last_ ) and delay == delay_ ) and not find( target, delay ) )
    {
      return false;
    }
    if ( two_signs_ )
    {
      target.inputs()->add( slot( delay ), target.get_rport(), target.place(), weight * multiplicity_ );
    }
    else
    {
      buffer_.add( target.place(), weight * multiplicity_ );
    }
    return true;
  }

  //! Hand the spike on to `n` targets like `first` that follow it; false if their events have to be sent.
  bool
  deliver_row( const Target& first, const double* weights, const size_t n, const long delay )
  {
    if ( not find( first, delay ) )
    {
      return false;
    }
    buffer_.add_row( first.place(), weights, n, multiplicity_ );
    return true;
  }

  //! Ask for the memory of the inputs of a target, which is most likely like the last one.
  void
  prefetch_input( const Target& target ) const
  {
    prefetch( buffer_.sums + target.place() );
    prefetch( buffer_.lost + target.place() );
  }

  //! std::exp, which remembers its last result at each `place`.
  template < size_t place >
  double
  exp( const double x )
  {
    return once< place >( x, 0.0, []( double x, double ) { return std::exp( x ); } );
  }

  //! std::pow, likewise.
  template < size_t place >
  double
  pow( const double x, const double y )
  {
    return once< place >( x, y, []( double x, double y ) { return std::pow( x, y ); } );
  }

private:
  size_t
  slot( const long delay ) const
  {
    return nest::kernel().event_delivery_manager.get_modulo( begin_ + delay );
  }

  bool
  find( const Target& target, const long delay )
  {
    Inputs* inputs = target.inputs();
    if ( not direct_ or not inputs )
    {
      return false;
    }
    const Inputs::Port& port = inputs->port( target.get_rport() );
    two_signs_ = port.negative != Inputs::NONE;
    buffer_ = inputs->slot( slot( delay ), port.buffer );
    last_ = target;
    delay_ = delay;
    return true;
  }

  template < size_t place, typename Function >
  double
  once( const double x, const double y, const Function f )
  {
    Once& last = once_[ place ];
    const auto bits_x = std::bit_cast< std::uint64_t >( x ); // tells -0.0 from 0.0
    const auto bits_y = std::bit_cast< std::uint64_t >( y );
    if ( bits_x != last.x or bits_y != last.y )
    {
      last = { bits_x, bits_y, f( x, y ) };
    }
    return last.result;
  }

  struct Once
  {
    std::uint64_t x = -1; // one of many NaN, of which every function gives NaN
    std::uint64_t y = -1;
    double result = NAN;
  };

  long begin_;
  long delay_ = -1;
  Target last_;
  Inputs::Slot buffer_;
  bool two_signs_ = false;
  bool direct_ = false;
  double multiplicity_ = 1.0;
  std::array< Once, 8 > once_;
};

//! Stands in for the target while the kernel asks a source whether a synapse could transmit for it.
class AcceptsEverything : public nest::ConnTestDummyNodeBase
{
public:
  using nest::Node::handles_test_event;
  size_t handles_test_event( nest::SpikeEvent&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::RateEvent&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::DataLoggingRequest&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::CurrentEvent&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::ConductanceEvent&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::DoubleDataEvent&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::DSSpikeEvent&, size_t ) override { return nest::invalid_port; }
  size_t handles_test_event( nest::DSCurrentEvent&, size_t ) override { return nest::invalid_port; }
};

struct NumbersTag
{
  friend constexpr auto reveal( NumbersTag );
};
template struct Reveal< NumbersTag, &nest::ConnectionManager::num_connections_ >;

//! Fewer targets are as fast one by one.
constexpr size_t SHORTEST_ROW = 4;

/* The weight of a connection that does nothing but pass it on: in the connection, or in a row. */
class Weight
{
public:
  operator double() const
  {
    return at_ ? *at_ : own_;
  }

  Weight&
  operator=( const double weight )
  {
    double& here = at_ ? *at_ : own_;
    if ( not( weight >= 0.0 ) and here >= 0.0 )
    {
      ++changes(); // it may have to go elsewhere
    }
    here = weight;
    return *this;
  }

  //! Keep it in another place; null: in the connection.
  void
  move( double* to )
  {
    const double weight = *this;
    at_ = to;
    ( at_ ? *at_ : own_ ) = weight;
  }

private:
  double own_ = 0.0;
  double* at_ = nullptr;
};

/* Weights of connections that do nothing but pass them on, side by side: a source whose targets follow
 * each other, as in an all-to-all projection, is one loop over an array.  They are those of the
 * connections of one synapse model on one thread, which know where theirs are; laid out anew when
 * something other than weights may have changed, which whoever does it counts in `changes`. */
template < typename ConnectionT >
class Rows
{
public:
  struct Row
  {
    size_t n;              //!< of targets
    const double* weights; //!< of them
    Target to;             //!< the first of them
    long delay;
  };

  Rows( const size_t tid, const size_t syn_id )
    : tid_( tid )
    , syn_id_( syn_id )
  {
  }

  static Rows&
  of( const size_t tid, const size_t syn_id )
  {
    // never destroyed, like what is static in the module
    static auto& all = *new std::unordered_map< size_t, Rows >();
    static auto& mutex = *new std::mutex();
    static thread_local std::pair< size_t, Rows* > last { -1, nullptr };
    const size_t key = syn_id * nest::kernel().vp_manager.get_num_threads() + tid;
    if ( key != last.first )
    {
      const std::lock_guard< std::mutex > lock( mutex );
      last = { key, &all.try_emplace( key, tid, syn_id ).first->second };
    }
    return *last.second;
  }

  //! The row of the source whose connections begin at `lcid`; null if there is none.
  template < typename Connections >
  const Row*
  find( const size_t lcid, Connections& connections )
  {
    if ( changing() )
    {
      return nullptr;
    }
    if ( not current( &connections ) )
    {
      seen_ = changes();
      n_ = number();
      of_ = &connections;
      lay_out( connections );
    }
    const auto found = rows_.find( lcid );
    return found != rows_.end() ? &found->second : nullptr;
  }

  //! The weights of all connections in their order, if they lie so; null if they do not.
  template < typename Connections >
  double*
  whole( const Connections& connections )
  {
    return straight_ and current( &connections ) and not changing() ? weights_.data() : nullptr;
  }

private:
  //! Of connections, those that have been disconnected not among them.
  size_t
  number() const
  {
    return ( nest::kernel().connection_manager.*reveal( NumbersTag() ) )[ tid_ ][ syn_id_ ];
  }

  //! Whether they are as they were when they were laid out.
  bool
  current( const void* connections ) const
  {
    return changes() == seen_ and number() == n_ and connections == of_;
  }

  static bool
  changing()
  {
    return nest::kernel().connection_manager.connections_have_changed()
      or nest::kernel().sp_manager.is_structural_plasticity_enabled();
  }

  template < typename Connections >
  void
  lay_out( Connections& connections )
  {
    std::vector< double > weights( connections.size() );
    rows_.clear();
    straight_ = true;
    size_t n = 0;
    for ( size_t lcid = 0; lcid < connections.size(); lcid += n )
    {
      n = 1;
      while ( connections[ lcid + n - 1 ].source_has_more_targets() )
      {
        ++n;
      }
      const std::vector< size_t > places = order( lcid, n, connections );
      if ( places.empty() )
      {
        straight_ = false;
      }
      for ( size_t i = 0; i < n; ++i )
      {
        connections[ lcid + i ].weight().move( places.empty() ? nullptr : &weights[ lcid + places[ i ] ] );
        straight_ = straight_ and places[ i ] == i;
      }
      if ( not places.empty() )
      {
        const size_t first = std::find( places.begin(), places.end(), 0 ) - places.begin();
        const ConnectionT& begin = connections[ lcid + first ];
        rows_[ lcid ] = { n, &weights[ lcid ], begin.to(), begin.get_delay_steps() };
        straight_ = straight_ and not begin.to().tells_signs();
      }
    }
    weights_.swap( weights ); // which moves no weight
  }

  //! The places of the weights of a source in its row; nothing if it can have none.
  template < typename Connections >
  static std::vector< size_t >
  order( const size_t lcid, const size_t n, Connections& connections )
  {
    const ConnectionT& one = connections[ lcid ];
    if ( n < SHORTEST_ROW or not one.to().inputs() )
    {
      return {};
    }
    bool negative = false;
    size_t first = one.to().place();
    for ( size_t i = lcid; i < lcid + n; ++i )
    {
      const ConnectionT& connection = connections[ i ];
      negative = negative or not( connection.get_weight() >= 0.0 );
      if ( connection.is_disabled() or not connection.to().like( one.to() )
        or connection.get_delay_steps() != one.get_delay_steps() )
      {
        return {};
      }
      first = std::min( first, connection.to().place() );
    }
    if ( negative and one.to().tells_signs() )
    {
      return {};
    }
    // the kernel sorts connections by source, and there is no order among a source's
    std::vector< size_t > places( n );
    std::vector< bool > there( n );
    for ( size_t i = 0; i < n; ++i )
    {
      places[ i ] = connections[ lcid + i ].to().place() - first;
      if ( places[ i ] >= n or there[ places[ i ] ] )
      {
        return {};
      }
      there[ places[ i ] ] = true;
    }
    return places;
  }

  size_t tid_;
  size_t syn_id_;
  size_t seen_ = -1;         // changes when they were laid out
  size_t n_ = 0;             // connections
  const void* of_ = nullptr; // which they are
  bool straight_ = false;    // in the order of the connections, whatever their sign
  std::unordered_map< size_t, Row > rows_; // by first connection
  std::vector< double > weights_;          // by connection, but for their order in a row
};

/* Delivery of a spike to all targets of its source, whose connections begin at `lcid`: what
 * nest::Connector::send does, without an event for targets among neurons of neuromodels.  Memory is asked
 * for some targets ahead. */
template < typename ConnectionT, typename Recorded >
inline size_t
send_to_targets( BlockVector< ConnectionT >& connections,
  const nest::synindex syn_id,
  const size_t tid,
  const size_t lcid,
  const std::vector< nest::ConnectorModel* >& models,
  nest::Event& e,
  const Recorded& send_weight_event )
{
  if ( not ConnectionT::supports_flush_event and e.is_flush_event() )
  {
    return 0;
  }
  using Model = nest::GenericConnectorModel< ConnectionT >;
  const auto& common = static_cast< Model* >( models[ syn_id ] )->get_common_properties();
  const bool recorded = common.get_weight_recorder();
  // how many targets ahead: of the connection, of the target, and of its inputs
  constexpr size_t far = 16;
  constexpr size_t near = 8;
  constexpr size_t farthest = far + 1024 / sizeof( ConnectionT );
  const size_t size = connections.size();
  // a source likely has as many targets as the last one: no memory is asked for far behind them
  static thread_local size_t usual = farthest;
  const size_t last = std::min( lcid + usual + usual / 4, size );
  Arrival arrival( e );
  if ( not recorded )
  {
    arrival.go_direct( e );
  }
  if constexpr ( requires { ConnectionT::WEIGHT; } )
  {
    if ( not recorded )
    {
      auto& rows = Rows< ConnectionT >::of( tid, syn_id );
      const auto* row = rows.find( lcid, connections );
      if ( row and arrival.deliver_row( row->to, row->weights, row->n, row->delay ) )
      {
        return row->n;
      }
    }
  }
  for ( size_t i = lcid; i < std::min( lcid + farthest, last ); ++i )
  {
    prefetch( &connections[ i ] );
  }
  for ( size_t i = lcid; i < std::min( lcid + far, last ); ++i )
  {
    connections[ i ].prefetch_target( tid );
  }
  size_t next = lcid;
  bool more = true;
  while ( more )
  {
    // a block of connections is one piece of memory
    ConnectionT* connection = &connections[ next ];
    const size_t end = std::min< size_t >( ( next | max_block_size_sub_1 ) + 1, size );
    for ( ; more and next < end; ++next, ++connection )
    {
      if ( next + farthest < last )
      {
        prefetch( connection + farthest );
      }
      if ( next + far < std::min( end, last ) )
      {
        connection[ far ].prefetch_target( tid );
        connection[ near ].prefetch_input( tid, arrival );
      }
      more = connection->source_has_more_targets();
      if ( connection->is_disabled() )
      {
        continue;
      }
      e.set_port( next );
      if ( connection->send( e, tid, common, arrival ) and recorded )
      {
        send_weight_event( next, common );
      }
    }
  }
  usual = next - lcid;
  return usual;
}

} // namespace neuromodels
