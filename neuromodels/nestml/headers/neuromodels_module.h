/* What every compiled module of neuromodels shares; the first thing in its one source file.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
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

/* Where in the buffers of its targets the spike of an event arrives.  All targets of a source that have
 * the same delay share it, so it is looked up once for them. */
class Arrival
{
public:
  explicit Arrival( const nest::Event& e )
    : begin_( e.get_stamp().get_steps() - 1 - nest::kernel().simulation_manager.get_slice_origin().get_steps() )
  {
  }

  //! Index of the step of arrival after a delay, in steps.
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

private:
  long begin_;
  long delay_ = -1;
  size_t slot_ = 0;
};

/* What arrives at the spike ports of a neuron, step by step.  Takes the place of two nest::RingBuffers
 * for every port (weights, and whether anything came): one block of memory a neuron, inside of it where
 * delays are a few steps, one cache line or two for an arriving spike, and nothing to read in a step
 * without input.
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

  //! Forget everything, also the size.
  void
  clear()
  {
    near_ = {};
    far_.clear();
    lost_.clear();
  }

  //! Make room for the kernel's delays, unless there is.
  void
  prepare()
  {
    const auto& delays = nest::kernel().connection_manager;
    const size_t steps = delays.get_min_delay() + delays.get_max_delay();
    many_ = steps > near_.size();
    if ( many_ and far_.empty() )
    {
      far_.resize( steps );
    }
  }

  //! Ask for all of it at once, before a slice: one wait for memory instead of one in every step.
  void
  prefetch() const
  {
#if defined( __GNUC__ )
    const char* begin = reinterpret_cast< const char* >( far_.data() );
    for ( size_t i = 0; i < far_.size() * sizeof( Slot ); i += 64 )
    {
      __builtin_prefetch( begin + i, 1 );
    }
#endif
  }

  //! A spike reaches `port` in the step of index `index`, see Arrival.
  void
  add( const size_t index, const size_t port, const double weight )
  {
    Slot& slot = at( index );
    if ( not slot.flags[ port ] )
    {
      slot.sums[ port ] = weight;
      slot.flags[ port ] = true;
      return;
    }
    const double before = slot.sums[ port ];
    const double sum = before + weight;
    const double added = sum - before;
    const double lost = ( before - ( sum - added ) ) + ( weight - added );
    slot.sums[ port ] = sum;
    if ( lost != 0.0 )
    {
      if ( lost_.empty() )
      {
        lost_.resize( many_ ? far_.size() : near_.size() );
      }
      lost_[ index ][ port ] += lost;
      slot.flags[ ROUNDED ] = true;
    }
  }

  //! Move what came in a step of the slice to `sums` and `received`, which hold the step before.
  void
  take( const long step, Sums& sums, Received& received )
  {
    const size_t index = nest::kernel().event_delivery_manager.get_modulo( step );
    Slot& slot = at( index );
    if ( slot.flags.any() )
    {
      sums = slot.sums;
      if ( slot.flags[ ROUNDED ] )
      {
        for ( size_t port = 0; port < N; ++port )
        {
          sums[ port ] += lost_[ index ][ port ];
        }
        lost_[ index ].fill( 0.0 );
      }
      received = Received( slot.flags.to_ullong() );
      slot = Slot();
    }
    else if ( received.any() )
    {
      sums.fill( 0.0 );
      received.reset();
    }
  }

private:
  static constexpr size_t ROUNDED = N;
  static_assert( N < 64 );

  struct Slot
  {
    Sums sums {};
    std::bitset< N + 1 > flags; // of each port: received; and whether any sum was rounded
  };

  Slot&
  at( const size_t index )
  {
    return many_ ? far_[ index ] : near_[ index ];
  }

  std::array< Slot, 4 > near_ {};
  std::vector< Slot > far_;
  std::vector< Sums > lost_; // in rounding, slot by slot; empty until a sum is rounded
  //! The same for all neurons of a kernel, and there is one kernel in a process.
  static inline bool many_ = false;
};

/* Asks for the memory of a neuron that is updated soon: neurons of a model lie one after the other, but
 * each is larger than what a processor fetches by itself. */
template < typename NeuronT >
void
prefetch_next( const NeuronT* neuron, const void* state )
{
#if defined( __GNUC__ )
  const char* next = reinterpret_cast< const char* >( neuron + 4 );
  const size_t used = static_cast< const char* >( state ) - reinterpret_cast< const char* >( neuron );
  __builtin_prefetch( next );
  for ( size_t i = used; i < sizeof( NeuronT ); i += 64 )
  {
    __builtin_prefetch( next + i, 1 );
  }
#endif
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
