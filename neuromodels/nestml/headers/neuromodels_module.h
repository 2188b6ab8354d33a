/* What every compiled module of neuromodels shares; the first thing in its one source file.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
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

/* What arrives at the spike ports of all neurons of a class on one thread, step by step.  Takes the place
 * of two nest::RingBuffers in each neuron for every port (weights, and whether anything came).  The
 * inputs of a step through a port lie side by side, neuron by neuron: a spike that reaches hundreds of
 * neurons writes into a few pages instead of into as many neurons, and a step without inputs is a byte
 * that is read.
 *
 * NEST delivers the spikes of a slice rank by rank, and thread by thread within a rank, so the order in
 * which three weights are added depends on how virtual processes are split over ranks and threads, and
 * with it the last bit of a plain sum.  What rounding takes away is therefore kept apart (D. E. Knuth,
 * TAOCP 2, section 4.2.2, theorem B) and given back at the end: the sum is that of exact arithmetic,
 * rounded once, in whatever order its terms come. */
class Inputs
{
public:
  //! Where an input of a port is added: one buffer, or another one (with the sign changed) below 0.
  struct Port
  {
    size_t buffer;
    size_t negative; //!< NONE: it has none of its own
  };
  static constexpr size_t NONE = -1;

  //! Sum of the weights of a step, and what rounding took away from it.
  struct Cell
  {
    double sum;
    double lost;
  };

  //! One buffer in one step: the inputs of all neurons.
  struct Slot
  {
    Cell* cells = nullptr;
    unsigned char* flags = nullptr;
    unsigned char flag = 0;

    void
    add( const size_t neuron, const double weight ) const
    {
      Cell& cell = cells[ neuron ];
      unsigned char& received = flags[ neuron ];
      if ( not( received & flag ) )
      {
        received |= flag;
        cell = { weight, -0.0 }; // x + -0.0 is x, for every x
        return;
      }
      const double before = cell.sum;
      const double sum = before + weight;
      const double added = sum - before;
      cell.lost += ( before - ( sum - added ) ) + ( weight - added );
      cell.sum = sum;
    }
  };

  //! Those of a neuron class on a thread, for as long as the process lives.
  template < typename NeuronT >
  static Inputs&
  of( const size_t tid )
  {
    // never destroyed: neurons may live longer than what is static in their module
    static auto& all = *new std::map< size_t, Inputs >();
    return all[ tid ];
  }

  //! Give a neuron its place.
  size_t
  enlist( nest::Node* node, const size_t buffers, std::vector< Port > ports )
  {
    buffers_ = buffers;
    ports_ = std::move( ports );
    nodes_.push_back( node );
    ++alive_;
    if ( steps_ > 0 and nodes_.size() > capacity_ )
    {
      // spikes may come before the kernel initializes it: one by one, so with room for more
      reserve( 2 * nodes_.size() );
    }
    return nodes_.size() - 1;
  }

  //! A neuron has gone; places are given anew when all have.
  void
  leave()
  {
    if ( --alive_ == 0 )
    {
      *this = Inputs();
    }
  }

  nest::Node*
  node( const size_t neuron ) const
  {
    return nodes_[ neuron ];
  }

  const Port&
  port( const size_t number ) const
  {
    return ports_[ number ];
  }

  //! Whether there is room for the inputs of a neuron.
  bool
  has( const size_t neuron ) const
  {
    return neuron < capacity_;
  }

  //! Make room for all neurons and the kernel's delays, unless there is.
  void
  prepare()
  {
    reserve( nodes_.size() );
  }

  //! A buffer in the step of index `step`, see Arrival.
  Slot
  slot( const size_t step, const size_t buffer )
  {
    return { cells_.data() + ( step * buffers_ + buffer ) * capacity_,
      flags_.data() + ( step * groups() + buffer / 8 ) * capacity_,
      static_cast< unsigned char >( 1 << buffer % 8 ) };
  }

  //! Add a spike through port number `number`.
  void
  add( const size_t step, const size_t number, const size_t neuron, const double weight )
  {
    const Port& port = ports_[ number ];
    const bool negative = not( weight >= 0.0 ) and port.negative != NONE;
    slot( step, negative ? port.negative : port.buffer ).add( neuron, negative ? -weight : weight );
  }

  //! Move what came for a neuron in a step to `sums` and `received`, which hold the step before.
  template < size_t N >
  void
  take( const size_t step, const size_t neuron, std::array< double, N >& sums, std::bitset< N >& received )
  {
    constexpr size_t groups = ( N + 7 ) / 8;
    unsigned char* flags = flags_.data() + step * groups * capacity_ + neuron;
    unsigned char any = 0;
    for ( size_t group = 0; group < groups; ++group )
    {
      any |= flags[ group * capacity_ ];
    }
    if ( not any )
    {
      if ( received.any() )
      {
        sums.fill( 0.0 );
        received.reset();
      }
      return;
    }
    const Cell* cell = cells_.data() + step * N * capacity_ + neuron;
    for ( size_t buffer = 0; buffer < N; ++buffer, cell += capacity_ )
    {
      const bool came = flags[ buffer / 8 * capacity_ ] >> buffer % 8 & 1;
      received[ buffer ] = came;
      sums[ buffer ] = came ? cell->sum + cell->lost : 0.0;
    }
    for ( size_t group = 0; group < groups; ++group )
    {
      flags[ group * capacity_ ] = 0;
    }
  }

private:
  void
  reserve( const size_t neurons )
  {
    const auto& delays = nest::kernel().connection_manager;
    const size_t steps = delays.get_min_delay() + delays.get_max_delay();
    if ( neurons <= capacity_ and steps == steps_ )
    {
      return;
    }
    // cells of 64 bytes, an odd number of them: in all steps and ports the same neuron's would otherwise
    // claim the same place of a cache
    Inputs larger;
    larger.buffers_ = buffers_;
    larger.steps_ = steps;
    larger.capacity_ = 4 * ( ( std::max( neurons, capacity_ ) + 3 ) / 4 | 1 );
    larger.cells_.resize( larger.capacity_ * steps * buffers_ );
    larger.flags_.resize( larger.capacity_ * steps * groups() );
    for ( size_t step = 0; step < std::min( steps, steps_ ); ++step )
    {
      for ( size_t buffer = 0; buffer < buffers_; ++buffer )
      {
        const Slot from = slot( step, buffer );
        const Slot to = larger.slot( step, buffer );
        std::copy_n( from.cells, capacity_, to.cells );
        std::copy_n( from.flags, capacity_, to.flags );
      }
    }
    cells_.swap( larger.cells_ );
    flags_.swap( larger.flags_ );
    capacity_ = larger.capacity_;
    steps_ = steps;
  }

  size_t
  groups() const
  {
    return ( buffers_ + 7 ) / 8;
  }

  std::vector< Cell > cells_;          // step, buffer, neuron
  std::vector< unsigned char > flags_; // step, eight buffers, neuron
  size_t capacity_ = 0;                // neurons
  size_t steps_ = 0;
  size_t buffers_ = 0;
  size_t alive_ = 0;
  std::vector< Port > ports_;
  std::vector< nest::Node* > nodes_;
};

/* A neuron of neuromodels as a target of spikes, for synapses of whatever module. */
class Receiver
{
public:
  //! Where its inputs are; gives it a place at the first call, which is on its own thread.
  Inputs&
  inputs()
  {
    if ( not inputs_ )
    {
      enlist();
    }
    return *inputs_;
  }

  //! Its place among them.
  size_t
  place() const
  {
    return place_;
  }

protected:
  Receiver() = default;
  //! A copy has inputs of its own.
  Receiver( const Receiver& )
    : Receiver()
  {
  }
  Receiver& operator=( const Receiver& ) = delete;
  ~Receiver()
  {
    if ( inputs_ )
    {
      const std::lock_guard< std::mutex > lock( mutex() );
      inputs_->leave();
    }
  }

  virtual void enlist() = 0;

  template < typename NeuronT >
  void
  enlist_as( NeuronT* neuron, const size_t buffers, std::vector< Inputs::Port > ports )
  {
    const std::lock_guard< std::mutex > lock( mutex() );
    inputs_ = &Inputs::of< NeuronT >( neuron->get_thread() );
    place_ = inputs_->enlist( neuron, buffers, std::move( ports ) );
  }

  /* Make room; not for the prototype of a model, which is no node.  All neurons of the class on the
   * thread get their places at once, so that there is room for as many as there are. */
  template < typename NeuronT >
  void
  prepare_inputs( const NeuronT& node )
  {
    if ( node.get_node_id() == 0 )
    {
      return;
    }
    if ( not inputs_ or not inputs_->has( place_ ) )
    {
      const auto& nodes = nest::kernel().node_manager.get_local_nodes( node.get_thread() );
      for ( auto it = nodes.begin(); it != nodes.end(); ++it )
      {
        if ( auto* other = dynamic_cast< NeuronT* >( it->get_node() ) )
        {
          other->inputs();
        }
      }
    }
    inputs().prepare();
  }

  //! What came in a step of the slice.
  template < size_t N >
  void
  take_inputs( const long lag, std::array< double, N >& sums, std::bitset< N >& received )
  {
    inputs_->take( nest::kernel().event_delivery_manager.get_modulo( lag ), place_, sums, received );
  }

private:
  static std::mutex&
  mutex()
  {
    static auto& one = *new std::mutex();
    return one;
  }

  Inputs* inputs_ = nullptr;
  size_t place_ = 0;
};

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

  //! Ask for the memory of the inputs of a target, which is most likely like the last one.
  void
  prefetch_input( const Target& target ) const
  {
    prefetch( buffer_.cells + target.place() );
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

  long begin_;
  long delay_ = -1;
  Target last_;
  Inputs::Slot buffer_;
  bool two_signs_ = false;
  bool direct_ = false;
  double multiplicity_ = 1.0;
  std::array< Once, 8 > once_;
};

/* Asks for the memory of a neuron that is updated soon: neurons of a model lie one after the other, but
 * each is larger than what a processor fetches by itself. */
template < typename NeuronT >
void
prefetch_next( const NeuronT* neuron )
{
  const char* next = reinterpret_cast< const char* >( neuron + 4 );
  const char* here = reinterpret_cast< const char* >( neuron );
  const size_t used = reinterpret_cast< const char* >( static_cast< const Receiver* >( neuron ) ) - here;
  prefetch( next );
  for ( size_t i = used / 64 * 64; i < sizeof( NeuronT ); i += 64 )
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
  double first = 0.0;   //!< the first weight
  double sum = 0.0;     //!< of differences from it, which cancel less than weights do
  double squares = 0.0; //!< of these differences
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
        of.first = of.n == 0.0 ? w : of.first;
        const double difference = w - of.first;
        of.n += 1.0;
        of.sum += difference;
        of.squares += difference * difference;
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
