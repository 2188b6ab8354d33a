/* What every compiled module of neuromodels shares; the first thing in its one source file.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "connection_manager.h"
#include "connector_base.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "node_manager.h"
#include "target_identifier.h"

#if defined( __SSE__ )
#include <xmmintrin.h>
#endif

namespace neuromodels
{

/* Flushes subnormal numbers to zero for as long as it lives, and restores the caller's
 * floating-point mode afterwards: a conductance that decays in silence would otherwise become
 * subnormal and make its neuron ten times slower for ever.  Scoped, so that the rest of the process
 * (NumPy, say) keeps IEEE arithmetic. */
class FlushSubnormals
{
public:
#if defined( __SSE__ )
  FlushSubnormals()
    : saved_( _mm_getcsr() )
  {
    _mm_setcsr( saved_ | 0x8040u ); // FTZ (bit 15) and DAZ (bit 6)
  }
  ~FlushSubnormals() { _mm_setcsr( saved_ ); }

private:
  unsigned int saved_;
#elif defined( __aarch64__ )
  FlushSubnormals()
  {
    asm volatile( "mrs %0, fpcr" : "=r"( saved_ ) );
    asm volatile( "msr fpcr, %0" ::"r"( saved_ | ( 1ull << 24 ) ) ); // FZ
  }
  ~FlushSubnormals() { asm volatile( "msr fpcr, %0" ::"r"( saved_ ) ); }

private:
  unsigned long long saved_ = 0;
#else
#error "neuromodels does not know how to flush subnormal numbers on this processor"
#endif
  FlushSubnormals( const FlushSubnormals& ) = delete;
  FlushSubnormals& operator=( const FlushSubnormals& ) = delete;
};

//! Ask for memory that is read or written soon.
inline void
prefetch( const void* address )
{
#if defined( __GNUC__ )
  __builtin_prefetch( address, 1 );
#endif
}

/* A neuron of neuromodels as a target of spikes, for synapses of whatever module.  Holds what an arriving
 * spike needs first, in one line of the cache: where the inputs of a step are, and their flags. */
class alignas( 64 ) Receiver
{
public:
  //! Take a spike that arrives in the step of index `slot`, see Arrival.
  virtual void receive( double weight, size_t port, size_t multiplicity, size_t slot ) = 0;

  //! Ask for the memory of an input; the Receiver's own must be there.
  void
  prefetch_slot( const size_t slot ) const
  {
    prefetch( sums_ + slot * stride_ );
  }

protected:
  Receiver() = default;
  //! A copy has inputs of its own.
  Receiver( const Receiver& )
    : Receiver()
  {
  }
  ~Receiver() = default;

private:
  template < size_t N >
  friend class SpikeInputs;

  const char* sums_ = nullptr;
  size_t stride_ = 0;
  alignas( 8 ) unsigned char flags_[ 32 ] = {};
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
  size_t
  slot( const long delay )
  {
    if ( delay != delay_ )
    {
      delay_ = delay;
      slot_ = nest::kernel().event_delivery_manager.get_modulo( begin_ + delay );
    }
    return slot_;
  }

  //! The last one of these.
  size_t
  last_slot() const
  {
    return slot_;
  }

  /* Targets may be handed the spike without its event.  Not one from a device, which may have other
   * spikes for each target: its event asks for them. */
  void
  go_direct()
  {
    direct_ = true;
  }

  bool
  direct() const
  {
    return direct_;
  }

  //! The same for targets of whatever class, most of which are like `first`.
  void
  go_direct( nest::Node* first )
  {
    if ( auto* receiver = dynamic_cast< Receiver* >( first ) )
    {
      class_ = class_of( first );
      offset_ = reinterpret_cast< char* >( receiver ) - reinterpret_cast< char* >( first );
    }
  }

  //! What takes the spike at `target`; null if its event has to be sent.
  Receiver*
  receiver( nest::Node* target ) const
  {
    const bool known = class_of( target ) == class_;
    return known ? reinterpret_cast< Receiver* >( reinterpret_cast< char* >( target ) + offset_ ) : nullptr;
  }

  //! Hand the spike on to a target of unknown class.
  void
  deliver( nest::Event& e, nest::Node* target, const size_t port, const long delay )
  {
    if ( auto* known = receiver( target ) )
    {
      known->receive( e.get_weight(), port, static_cast< nest::SpikeEvent& >( e ).get_multiplicity(), slot( delay ) );
    }
    else
    {
      e();
    }
  }

  //! Ask for the memory that tells where an input of `target` is.
  void
  prefetch_receiver( const nest::Node* target ) const
  {
    prefetch( target );
    prefetch( reinterpret_cast< const char* >( target ) + offset_ );
  }

  //! Ask for the memory of an input of `target`.
  void
  prefetch_slot( nest::Node* target ) const
  {
    const Receiver* known = target ? receiver( target ) : nullptr;
    if ( known )
    {
      known->prefetch_slot( slot_ );
    }
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
  template < size_t place, typename Function >
  double
  once( const double x, const double y, const Function f )
  {
    Once& last = once_[ place ];
    if ( not( x == last.x and y == last.y ) )
    {
      last = { x, y, f( x, y ) };
    }
    return last.result;
  }

  struct Once
  {
    double x = NAN; // equal to nothing
    double y = NAN;
    double result = NAN;
  };

  //! Address of the table of virtual functions.
  static const void*
  class_of( const nest::Node* node )
  {
    return *reinterpret_cast< const void* const* >( node );
  }

  long begin_;
  long delay_ = -1;
  size_t slot_ = 0;
  bool direct_ = false;
  const void* class_ = nullptr;
  ptrdiff_t offset_ = 0;
  std::array< Once, 8 > once_;
};

/* What arrives at the spike ports of a neuron, step by step.  Takes the place of two nest::RingBuffers
 * for every port (weights, and whether anything came): the flags of a step are one byte in the Receiver
 * (where delays are not long), so that nothing more is read in a step without input, and its weights
 * are one piece of memory, inside of the neuron where delays are a few steps.
 *
 * NEST delivers the spikes of a slice rank by rank, and thread by thread within a rank, so the order in
 * which three weights are added depends on how virtual processes are split over ranks and threads, and
 * with it the last bit of a plain sum.  What rounding takes away is therefore kept apart (D. E. Knuth,
 * TAOCP 2, section 4.2.2, theorem B) and given back at the end: the sum is that of exact arithmetic,
 * rounded once, in whatever order its terms come. */
template < size_t N >
class SpikeInputs
{
public:
  using Sums = std::array< double, N >;
  using Received = std::bitset< N >;

  SpikeInputs() = default;
  SpikeInputs( const SpikeInputs& ) = delete; // it points into itself
  SpikeInputs& operator=( const SpikeInputs& ) = delete;

  //! Forget everything, also the size.
  void
  clear()
  {
    sums_ = nullptr;
  }

  //! Make room for the kernel's delays, unless there is.
  void
  prepare( Receiver& receiver )
  {
    if ( sums_ )
    {
      return;
    }
    const auto& delays = nest::kernel().connection_manager;
    steps_ = delays.get_min_delay() + delays.get_max_delay();
    const bool short_flags = steps_ * sizeof( Flags ) <= sizeof( receiver.flags_ );
    many_flags_.assign( short_flags ? 0 : steps_, 0 );
    flags_ = short_flags ? reinterpret_cast< Flags* >( receiver.flags_ ) : many_flags_.data();
    std::fill_n( flags_, steps_, Flags( 0 ) );
    far_.assign( near() ? 0 : steps_, Sums {} );
    near_ = {};
    lost_.clear();
    sums_ = near() ? near_.data() : far_.data();
    receiver.sums_ = reinterpret_cast< const char* >( sums_ );
    receiver.stride_ = sizeof( Sums );
  }

  //! End of the memory that every update uses.
  const void*
  end() const
  {
    return near_.data() + ( near() ? near_.size() : 0 );
  }

  //! Ask for all that has come for a slice at once, before it: one wait instead of one in every step.
  void
  prefetch_slice( const long from, const long to ) const
  {
    if ( near() )
    {
      return;
    }
    for ( long step = from; step < to; ++step )
    {
      const size_t index = nest::kernel().event_delivery_manager.get_modulo( step );
      if ( flags_[ index ] )
      {
        prefetch( &sums_[ index ] );
      }
    }
  }

  //! A spike reaches `port` in the step of index `index`, see Arrival.
  void
  add( const size_t index, const size_t port, const double weight )
  {
    Flags& flags = flags_[ index ];
    double& of = sums_[ index ][ port ];
    const Flags flag = Flags( 1 ) << port;
    if ( not( flags & flag ) )
    {
      of = weight;
      flags |= flag;
      return;
    }
    const double before = of;
    const double sum = before + weight;
    const double added = sum - before;
    const double lost = ( before - ( sum - added ) ) + ( weight - added );
    of = sum;
    if ( lost != 0.0 )
    {
      if ( lost_.empty() )
      {
        lost_.resize( steps_ );
      }
      lost_[ index ][ port ] += lost;
      flags |= ROUNDED;
    }
  }

  //! Move what came in a step of the slice to `sums` and `received`, which hold the step before.
  void
  take( const long step, Sums& sums, Received& received )
  {
    const size_t index = nest::kernel().event_delivery_manager.get_modulo( step );
    const Flags flags = flags_[ index ];
    if ( flags )
    {
      sums = sums_[ index ];
      sums_[ index ].fill( 0.0 );
      flags_[ index ] = 0;
      if ( flags & ROUNDED )
      {
        for ( size_t port = 0; port < N; ++port )
        {
          sums[ port ] += lost_[ index ][ port ];
        }
        lost_[ index ].fill( 0.0 );
      }
      received = Received( flags );
    }
    else if ( received.any() )
    {
      sums.fill( 0.0 );
      received.reset();
    }
  }

private:
  //! Of each port: received; and whether any sum was rounded.
  using Flags = std::conditional_t< ( N < 8 ), unsigned char, unsigned long >;
  static constexpr Flags ROUNDED = Flags( 1 ) << N;
  static_assert( N < 64 );

  bool
  near() const
  {
    return steps_ <= near_.size();
  }

  Flags* flags_ = nullptr;
  Sums* sums_ = nullptr; // null: there is no room yet
  size_t steps_ = 0;
  std::array< Sums, 4 > near_ {};
  std::vector< Sums > far_;
  std::vector< Flags > many_flags_;
  std::vector< Sums > lost_; // in rounding, slot by slot; empty until a sum is rounded
};

/* Asks for the memory of a neuron that is updated soon: neurons of a model lie one after the other, but
 * each is larger than what a processor fetches by itself. */
template < typename NeuronT >
void
prefetch_next( const NeuronT* neuron, const void* end )
{
  const char* next = reinterpret_cast< const char* >( neuron + 4 );
  const char* here = reinterpret_cast< const char* >( neuron );
  const size_t used = reinterpret_cast< const char* >( static_cast< const Receiver* >( neuron ) ) - here;
  prefetch( next );
  for ( size_t i = used; i < static_cast< size_t >( static_cast< const char* >( end ) - here ); i += 64 )
  {
    prefetch( next + i );
  }
}

/* The spikes of a neuron that its plastic synapses still have to read: what std::deque does, as far as
 * the generated code needs it, in one piece of memory.  Every delivered spike looks into the history
 * of another neuron, and the pages of a deque cost it two cache misses more. */
template < typename Entry >
class History : private std::vector< Entry >
{
  using Base = std::vector< Entry >;

public:
  using iterator = typename Base::iterator;
  using reverse_iterator = typename Base::reverse_iterator;
  using Base::back;
  using Base::end;
  using Base::push_back;
  using Base::rbegin;

  iterator begin() { return Base::begin() + read_; }
  reverse_iterator rend() { return Base::rend() - read_; }
  Entry& front() { return *begin(); }
  Entry& operator[]( const size_t i ) { return begin()[ i ]; }
  const Entry* last() const { return Base::data() + Base::size() - 1; }
  size_t size() const { return Base::size() - read_; }
  bool empty() const { return size() == 0; }

  void
  clear()
  {
    Base::clear();
    read_ = 0;
  }

  //! Forget the oldest spike; makes room once half of all are forgotten.
  void
  pop_front()
  {
    ++read_;
    if ( 2 * read_ > Base::size() )
    {
      Base::erase( Base::begin(), Base::begin() + read_ );
      read_ = 0;
    }
  }

private:
  size_t read_ = 0;
};

/* NEST keeps three things private that a module needs: the registration of one variant of a
 * connection model (the public call always instantiates three, which adds 40 % to the compile time),
 * the connectors of a thread, and the connections inside a connector (reading 200 000 weights through
 * the public interface takes seconds).  An explicit instantiation may name private members
 * ([temp.spec.general]), and hands them on through a friend. */
template < typename Tag, auto Member >
struct Reveal
{
  friend constexpr auto
  reveal( Tag )
  {
    return Member;
  }
};

struct ConnectorsTag
{
  friend constexpr auto reveal( ConnectorsTag );
};
template struct Reveal< ConnectorsTag, &nest::ConnectionManager::connections_ >;

template < typename ConnectionT >
struct ConnectionsTag
{
  friend constexpr auto reveal( ConnectionsTag );
};

template < typename ConnectionT >
struct RegisterTag
{
  friend constexpr auto reveal( RegisterTag );
};

/* What `weight_sums` gives for each thread. */
struct WeightSums
{
  double n = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  double smallest = HUGE_VAL;
  double largest = -HUGE_VAL;
};

/* Sums over the connections of synapse model `syn_id`, for each of up to `capacity` threads of this
 * rank; returns how many threads there are.  Added up in the order of virtual processes, they do not
 * depend on how these are split over ranks and threads. */
template < typename ConnectionT >
long
weight_sums( const long syn_id, const long capacity, WeightSums* sums )
{
  long threads = 0;
  for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
  {
    WeightSums of;
    if ( syn_id < static_cast< long >( connectors.size() ) and connectors[ syn_id ] )
    {
      auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
      for ( auto& connection : connector.*reveal( ConnectionsTag< ConnectionT >() ) )
      {
        const double w = connection.get_weight();
        of.n += 1.0;
        of.sum += w;
        of.squares += w * w;
        of.smallest = w < of.smallest ? w : of.smallest;
        of.largest = w > of.largest ? w : of.largest;
      }
    }
    if ( threads < capacity )
    {
      sums[ threads ] = of;
    }
    ++threads;
  }
  return threads;
}

/* Copies the weight and the target of every local connection of synapse model `syn_id`, up to
 * `capacity` of them, in the kernel's order; returns how many there are. */
template < typename ConnectionT >
long
copy_weights( const long syn_id, const long capacity, double* weights, long* targets )
{
  long n = 0;
  size_t tid = 0;
  for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
  {
    if ( syn_id < static_cast< long >( connectors.size() ) and connectors[ syn_id ] )
    {
      auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
      for ( auto& connection : connector.*reveal( ConnectionsTag< ConnectionT >() ) )
      {
        if ( n < capacity )
        {
          weights[ n ] = connection.get_weight();
          targets[ n ] = static_cast< long >( connection.get_target( tid )->get_node_id() );
        }
        ++n;
      }
    }
    ++tid;
  }
  return n;
}

/* A variable of a neuron or a connection; `set` is null where it can only be read. */
template < typename T >
struct Variable
{
  const char* name;
  double ( *get )( const T& );
  void ( *set )( T&, double );
};

template < typename T, size_t N >
const Variable< T >*
find_variable( const Variable< T > ( &variables )[ N ], const char* name, const bool set )
{
  for ( const auto& variable : variables )
  {
    if ( std::strcmp( variable.name, name ) == 0 and ( variable.set or not set ) )
    {
      return &variable;
    }
  }
  return nullptr;
}

template < typename T >
void
access_value( const Variable< T >& variable, T& owner, const bool set, double& value )
{
  if ( set )
  {
    variable.set( owner, value );
  }
  else
  {
    value = variable.get( owner );
  }
}

/* Reads or writes a variable of every local connection of synapse model `syn_id`, in the kernel's
 * order, up to `capacity` of them.  Returns how many there are, or -1 if there is no such variable. */
template < typename ConnectionT, size_t N >
long
access_connections( const Variable< ConnectionT > ( &variables )[ N ],
  const char* name,
  const bool set,
  const long syn_id,
  const long capacity,
  double* values )
{
  const auto* variable = find_variable( variables, name, set );
  if ( not variable )
  {
    return -1;
  }
  long n = 0;
  for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
  {
    if ( syn_id >= static_cast< long >( connectors.size() ) or not connectors[ syn_id ] )
    {
      continue;
    }
    auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
    for ( auto& connection : connector.*reveal( ConnectionsTag< ConnectionT >() ) )
    {
      if ( n < capacity )
      {
        access_value( *variable, connection, set, values[ n ] );
      }
      ++n;
    }
  }
  return n;
}

/* Reads (`set` false) or writes a variable of the nodes `ids`, as far as they live on this rank; leaves
 * the entries of `values` that belong to others as they are.  Returns -1 if there is no such variable,
 * or a node is of another model. */
template < typename NeuronT, size_t N >
long
access_values( const Variable< NeuronT > ( &variables )[ N ],
  const char* name,
  const bool set,
  const long n,
  const long* ids,
  double* values )
{
  const auto* variable = find_variable( variables, name, set );
  if ( not variable )
  {
    return -1;
  }
  for ( long i = 0; i < n; ++i )
  {
    nest::Node* node = nest::kernel().node_manager.get_mpi_local_node_or_device_head( ids[ i ] );
    if ( node->is_proxy() )
    {
      continue;
    }
    auto* neuron = dynamic_cast< NeuronT* >( node );
    if ( not neuron )
    {
      return -1;
    }
    access_value( *variable, *neuron, set, values[ i ] );
  }
  return n;
}

} // namespace neuromodels
